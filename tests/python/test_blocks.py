"""Learning rates of blocks and gradual unfreezing beside PyTorch's parameter groups. `cargo xtask test`
runs this with the program of examples/parity in UNIT8_PARITY."""

import json
import os
import re
import subprocess
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1")

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer

FIXTURES = Path(__file__).parents[1] / "fixtures" / "models"
TEXTS = ["the film was good", "a bad film", "so so", "the plot was not good", "good", "bad, bad"]
BLOCKS = 2


def depth(name):
    """0 of the last layers, 1 of the last block, and so on."""
    if re.search(r"pooler|classifier|^head\.", name):
        return 0
    if "final_norm" in name:
        return 1
    block = re.search(r"\.layers?\.(\d+)\.", name)
    return BLOCKS - int(block[1]) if block else BLOCKS + 1


def theirs(folder, optimizer, decay, gradual):
    model = AutoModelForSequenceClassification.from_pretrained(folder).train()
    tokens = AutoTokenizer.from_pretrained(folder)(TEXTS, padding=True, return_tensors="pt")
    tokens.pop("token_type_ids", None)
    labels = torch.arange(len(TEXTS)) % 3
    groups = [
        {
            "params": [parameter],
            "lr": 1e-4 * decay ** depth(name),
            "weight_decay": 0.01 if parameter.dim() > 1 and optimizer == "AdamW" else 0.0,
        }
        for name, parameter in model.named_parameters()
    ]
    optimizer = getattr(torch.optim, optimizer)(groups)
    for epoch in range(3):
        for name, parameter in model.named_parameters():
            parameter.requires_grad = gradual is None or depth(name) * gradual <= epoch
        model.zero_grad()
        model(**tokens, labels=labels).loss.backward()
        optimizer.step()
    return model.state_dict()


@pytest.mark.parametrize("gradual", [None, 1, 2])
@pytest.mark.parametrize("optimizer", ["Adam", "AdamW"])
@pytest.mark.parametrize("name", ["bert", "distilbert", "modernbert"])
def test_three_steps_with_a_learning_rate_for_each_block(name, optimizer, gradual, tmp_path):
    texts = tmp_path / "texts.json"
    texts.write_text(json.dumps(TEXTS))
    settings = {"optimizer": optimizer, "layer_decay": 0.5, "gradual": gradual}
    folder = FIXTURES / name
    program = os.environ["UNIT8_PARITY"]
    arguments = ["blocks", folder, texts, tmp_path, json.dumps(settings)]
    subprocess.run([program, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)
    ours, expected = load_file(tmp_path / "model.safetensors"), theirs(folder, optimizer, 0.5, gradual)
    before = load_file(folder / "model.safetensors")
    for key, value in ours.items():
        # Their true gradient is 0: Adam makes steps of what rounding leaves.
        if re.search(r"(key|k_lin|\.k)\.bias$", key):
            continue
        assert (value - expected[key]).abs().max() < 1e-6, key
        waits = gradual is not None and depth(key) * gradual > 2
        assert torch.equal(value, before[key]) == waits or "token_type" in key, key
