"""What LoRA has learned here, in Python: the merged model in transformers, and the adapter's files in peft.
`cargo xtask test` runs this with the program of examples/parity in UNIT8_PARITY."""

import json
import os
import subprocess
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1")

import peft
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer

FIXTURES = Path(__file__).parents[1] / "fixtures"
MODELS = ["bert", "distilbert", "roberta"]
TEXTS = ["the film was good", "a bad film", "so so", "the plot was not good", "good", "bad, bad"]


@pytest.fixture
def ours(tmp_path):
    """The logits of our program."""
    texts = tmp_path / "texts.json"
    texts.write_text(json.dumps(TEXTS))

    def ours(what, name, adapter, *more):
        arguments = [os.environ["UNIT8_PARITY"], what, FIXTURES / "models" / name, adapter, texts, *more]
        run = subprocess.run(list(map(str, arguments)), check=True, stdout=subprocess.PIPE, text=True)
        return torch.tensor(json.loads(run.stdout.splitlines()[-1]))

    return ours


@torch.inference_mode()
def theirs(model, name):
    tokens = AutoTokenizer.from_pretrained(FIXTURES / "models" / name)(TEXTS, padding=True, return_tensors="pt")
    tokens.pop("token_type_ids", None)
    return model.eval()(**tokens).logits


def base(name):
    return AutoModelForSequenceClassification.from_pretrained(FIXTURES / "models" / name)


def assert_close(logits, others, most=1e-5):
    assert logits.shape == others.shape
    assert (logits - others).abs().max() < most


def by_hand(name, folder):
    """W + alpha / r B A for each layer, and the last layers."""
    model, adapter = base(name), load_file(folder / "adapter_model.safetensors")
    config = json.loads((folder / "adapter_config.json").read_text())
    parameters, taken = dict(model.named_parameters()), 0
    with torch.no_grad():
        for key, value in adapter.items():
            key = key.removeprefix("base_model.model.")
            if key.endswith(".lora_A.weight"):
                layer = key.removesuffix(".lora_A.weight")
                b = adapter[f"base_model.model.{layer}.lora_B.weight"]
                parameters[f"{layer}.weight"] += config["lora_alpha"] / config["r"] * b @ value
                taken += 2
            elif "lora_B" not in key:
                parameters[key].copy_(value)
                taken += 1
    assert taken == len(adapter)
    return model


@pytest.mark.parametrize("adapter", ["new", "peft's"])
@pytest.mark.parametrize("name", MODELS)
def test_what_was_learned_opens_in_transformers(ours, name, adapter, tmp_path):
    given = FIXTURES / "lora" / name if adapter == "peft's" else adapter
    logits = ours("lora", name, given, tmp_path)
    assert (logits - theirs(base(name), name)).abs().max() > 0.1, "it has learned"
    load = AutoModelForSequenceClassification.from_pretrained
    merged, info = load(tmp_path / "merged", output_loading_info=True)
    assert not any(info.values()), info
    assert_close(theirs(merged, name), logits)
    assert_close(theirs(by_hand(name, tmp_path / "adapter"), name), logits)


@pytest.mark.parametrize("name", MODELS)
def test_an_adapter_of_ours_opens_in_peft(ours, name, tmp_path):
    logits = ours("lora", name, "new", tmp_path)
    model = peft.PeftModel.from_pretrained(base(name), tmp_path / "adapter")
    assert_close(theirs(model, name), logits)
    merged = dict(model.merge_and_unload().named_parameters())
    for key, value in load_file(tmp_path / "merged" / "model.safetensors").items():
        assert_close(merged[key], value, 1e-6)


@pytest.mark.parametrize("targets", ["all-linear", "q.*|.*(lin1|key)", "usual"])
@pytest.mark.parametrize("name", MODELS)
def test_an_adapter_of_peft_opens_here(ours, name, targets, tmp_path):
    usual = ["q_lin", "v_lin"] if name == "distilbert" else ["query", "value"]
    last = {"distilbert": ["pre_classifier"], "bert": ["pooler"], "roberta": []}[name]
    pattern = ".*" + targets if "*" in targets else targets
    config = peft.LoraConfig(
        task_type="SEQ_CLS",
        target_modules=usual if targets == "usual" else pattern,
        modules_to_save=last or None,
        r=5,
        lora_alpha=7,
        init_lora_weights=False,
    )
    torch.manual_seed(1)
    model = peft.get_peft_model(base(name), config)
    model.save_pretrained(tmp_path)
    assert (theirs(model, name) - theirs(base(name), name)).abs().max() > 1e-3
    assert_close(ours("adapted", name, tmp_path), theirs(model, name))
