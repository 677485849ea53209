"""MPNet beside transformers: models with random weights, and all-mpnet-base-v2 where `cargo xtask models`
has installed it. `cargo xtask test` runs this with the program of examples/parity in UNIT8_PARITY."""

import json
import sys
from pathlib import Path

import pytest
import torch
from test_transformers import (
    ADVERSARIAL,
    MASKED,
    assert_same_ids,
    encoded,
    four,  # noqa: F401
    largest_difference,
    old_model,
    ours,  # noqa: F401
    refusal,
    reviews,  # noqa: F401
    said,
    theirs,
    words_of,
)
from transformers import (
    AutoModel,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    MPNetConfig,
    MPNetForMaskedLM,
    MPNetForSequenceClassification,
    MPNetTokenizer,
)

INSTALLED = Path(sys.prefix) / "share" / "unit8" / "all-mpnet-base-v2"
SMALL = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=4)
SMALL |= dict(max_position_embeddings=514, layer_norm_eps=1e-5, initializer_range=0.3, num_labels=2)


@pytest.fixture
def vocabulary(tmp_path):
    """A folder with nothing but MPNet's vocab.txt: BERT's words, and four tokens of its own before and
    one behind them."""
    folder = tmp_path / "mpnet"
    words_of(folder)
    words = (folder / "vocab.txt").read_text(encoding="utf-8")
    (folder / "vocab.txt").write_text(f"<s>\n<pad>\n</s>\n<unk>\n{words}<mask>\n", encoding="utf-8")
    return folder


def classifier(folder, **settings):
    """A model whose every weight counts, with a tokenizer.json."""
    tokenizer = MPNetTokenizer.from_pretrained(folder)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(1)
    config = MPNetConfig(vocab_size=len(tokenizer), **(SMALL | settings))
    model = MPNetForSequenceClassification(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.normal_(std=0.2)
        model.mpnet.encoder.relative_attention_bias.weight.normal_()
    model.save_pretrained(folder)
    return model, AutoTokenizer.from_pretrained(folder)


@pytest.mark.parametrize(
    "settings",
    [{}, {"relative_attention_num_buckets": 48}, {"pad_token_id": 4}, {"hidden_act": "relu"}]
    + [{"num_attention_heads": 1, "num_hidden_layers": 1}],
)
def test_logits_of_short_padded_and_long_texts(ours, reviews, vocabulary, settings):  # noqa: F811
    model, tokenizer = classifier(vocabulary, **settings)
    longest = " ".join(sorted(reviews, key=len)[-2:])
    for texts, max_length in [(["good", "", longest, "a bad film"], 512), (["good"], 3), ([longest], 512)]:
        expected = theirs(model, tokenizer, texts, max_length).logits
        got = ours("logits", vocabulary, texts, max_length, 2)
        assert largest_difference(got, expected) < 1e-5, (settings, texts[0], max_length)
    assert len(encoded(tokenizer, [longest], 512)[0]) == 512


def test_a_short_table_of_distances_is_refused(vocabulary, tmp_path):
    classifier(vocabulary)
    config = json.loads((vocabulary / "config.json").read_text())
    for buckets, reason in [(16, "an MPNet needs 32 or more"), ("x", "must be a number"), (33, "shape")]:
        config["relative_attention_num_buckets"] = buckets
        (vocabulary / "config.json").write_text(json.dumps(config))
        line = refusal("save", vocabulary, tmp_path / "new")
        assert reason in line and "panicked" not in line, line


def test_a_saved_model_opens_in_transformers(ours, four, vocabulary, tmp_path):  # noqa: F811
    model, tokenizer = classifier(vocabulary)
    expected = theirs(model, tokenizer, four).logits
    said("names", vocabulary, tmp_path / "new", json.dumps(["ham", "spam"]))
    again, info = AutoModelForSequenceClassification.from_pretrained(tmp_path / "new", output_loading_info=True)
    assert type(again) is MPNetForSequenceClassification
    assert not any(info.values()), info
    assert again.config.label2id == {"ham": 0, "spam": 1}
    assert torch.equal(theirs(again, AutoTokenizer.from_pretrained(tmp_path / "new"), four).logits, expected)


@pytest.mark.parametrize(
    "settings",
    [{}, {"do_lower_case": False}, {"strip_accents": False}, {"mask_token": "<unk>"}],
)
def test_ids_from_a_vocab_txt(ours, reviews, vocabulary, settings):  # noqa: F811
    """As microsoft/mpnet-base was saved once: vocab.txt, pytorch_model.bin, a model for filling gaps."""
    if settings:
        (vocabulary / "tokenizer_config.json").write_text(json.dumps(settings))
    tokenizer = MPNetTokenizer.from_pretrained(vocabulary)
    torch.manual_seed(1)
    model = MPNetForMaskedLM(MPNetConfig(vocab_size=len(tokenizer), **SMALL))
    old_model(vocabulary, model)
    texts = ADVERSARIAL + MASKED + ["a <mask>, <pad> and <unk> [UNK]"] + reviews[:2000]
    assert_same_ids(ours, vocabulary, tokenizer, texts)
    expected = theirs(model.mpnet, tokenizer, texts[-3:]).last_hidden_state[:, 0]
    assert largest_difference(ours("features", vocabulary, texts[-3:], 256), expected) < 1e-5


# The model of full size.


@pytest.fixture
def installed():
    if not INSTALLED.is_dir():
        pytest.skip("all-mpnet-base-v2 is not installed: `cargo xtask models` installs it")
    return INSTALLED


def test_ids_of_all_mpnet_base_v2(ours, reviews, installed):  # noqa: F811
    texts = ADVERSARIAL + MASKED + reviews[:5000]
    expected = encoded(AutoTokenizer.from_pretrained(installed), texts, 512)
    assert ours("ids", "all-mpnet-base-v2", texts, 512) == expected


@pytest.mark.parametrize("max_length", [16, 256])
def test_features_of_all_mpnet_base_v2(ours, four, installed, max_length):  # noqa: F811
    encoder, tokenizer = AutoModel.from_pretrained(installed), AutoTokenizer.from_pretrained(installed)
    expected = theirs(encoder, tokenizer, four, max_length).last_hidden_state[:, 0]
    assert expected.std(0).mean() > 1e-2, "the texts must differ"
    assert largest_difference(ours("features", "all-mpnet-base-v2", four, max_length), expected) < 1e-4


def test_all_mpnet_base_v2_is_saved_as_a_classifier(ours, four, installed, tmp_path):  # noqa: F811
    said("save", "all-mpnet-base-v2", tmp_path / "new")
    model, info = AutoModelForSequenceClassification.from_pretrained(tmp_path / "new", output_loading_info=True)
    assert not any(info.values()), info
    expected = theirs(model, AutoTokenizer.from_pretrained(tmp_path / "new"), four).logits
    assert largest_difference(ours("logits", tmp_path / "new", four, 256, 2), expected) < 1e-4
