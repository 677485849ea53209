"""Files of weights as other tools leave them, beside transformers."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from test_transformers import ours, words_of  # noqa: F401
from transformers import AutoModelForSequenceClassification, BertConfig, BertForSequenceClassification, BertTokenizer

TEXTS = ["A wonderful film.", "the plot, the plot, the plot", ""]


@pytest.fixture
def bert(tmp_path):
    torch.manual_seed(1)
    folder = tmp_path / "bert"
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = BertConfig(vocab_size=words_of(folder), num_labels=2, initializer_range=0.3, **sizes)
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def compare(ours, folder):  # noqa: F811
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokens = BertTokenizer.from_pretrained(folder)(TEXTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        expected = model(**tokens).logits
    assert (torch.tensor(ours("logits", folder, TEXTS, 64, 2)) - expected).abs().max() < 1e-5


@pytest.mark.parametrize("rename", ["model.{}".format, "_orig_mod.{}".format, lambda name: name.removeprefix("bert.")])
def test_of_two_copies_the_one_with_the_very_name_counts(ours, bert, rename):  # noqa: F811
    file = bert / "model.safetensors"
    weights = load_file(file)
    copies = {rename(name): torch.randn_like(weight) for name, weight in weights.items()}
    save_file({**copies, **weights}, file, metadata={"format": "pt"})
    compare(ours, bert)


@pytest.mark.parametrize("activation", ["silu", "swish", "gelu_python", "gelu_fast", "gelu_accurate"])
def test_what_a_config_may_leave_out_or_call_otherwise(ours, bert, activation):  # noqa: F811
    config = json.loads((bert / "config.json").read_text())
    del config["max_position_embeddings"], config["type_vocab_size"]
    (bert / "config.json").write_text(json.dumps({**config, "hidden_act": activation}))
    compare(ours, bert)


def test_numbers_of_another_kind_are_named(ours, bert, capfd):  # noqa: F811
    file = bert / "model.safetensors"
    eighth = {"scale": torch.zeros(4).to(torch.float8_e4m3fn)}
    save_file({**load_file(file), **eighth}, file, metadata={"format": "pt"})
    with pytest.raises(Exception):
        ours("logits", bert, TEXTS, 64, 2)
    said = capfd.readouterr().err
    assert "numbers of the kind F8_E4M3" in said and "delete it" not in said
