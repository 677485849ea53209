"""What small files beside a vocabulary or a tokenizer.json say, as transformers understands it."""

import json

import pytest
import torch
from test_transformers import old_distilbert, old_model, old_roberta, ours, reviews, words_of  # noqa: F401
from tokenizers import BertWordPieceTokenizer
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification, BertTokenizer, RobertaTokenizer

CONFIG, SPECIAL, ADDED = "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"
TEXTS = [
    *("The film was GOOD, but naïve.", "[unused1] a [unused2]", "a[unused1]b", "电影 [MASK] [E1]x [E2]"),
    *("[CLS] a [SEP]", "one [E1] two [E2] three", " ".join(map(str, range(60)))),
]
FLAGS = {"lstrip": True, "rstrip": False, "normalized": False, "single_word": False, "special": True}


def write(folder, files):
    for name, contents in files.items():
        (folder / name).write_text(json.dumps(contents))


def compare(ours, folder, tokenizer, texts=TEXTS, length=24):  # noqa: F811
    expected = [tokenizer(text, truncation=True, max_length=length)["input_ids"] for text in texts]
    assert ours("ids", folder, texts, length) == expected


def grow(folder, model):
    """Vectors for two more pieces."""
    model.resize_token_embeddings(model.config.vocab_size + 2)
    old_model(folder, model)


@pytest.fixture
def cased(tmp_path):
    """BERT's words in a tokenizer.json that keeps capitals."""
    torch.manual_seed(1)
    folder = tmp_path / "cased"
    size = words_of(folder)
    words = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]
    (folder / "vocab.txt").unlink()
    numbers = {word: number for number, word in enumerate(words)}
    BertWordPieceTokenizer(vocab=numbers, lowercase=False).save(str(folder / "tokenizer.json"))
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    model = BertForSequenceClassification(BertConfig(vocab_size=size, num_labels=2, **sizes))
    model.save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    "files",
    [
        {SPECIAL: {"additional_special_tokens": ["[unused1]", "[unused2]"]}},
        {CONFIG: {"additional_special_tokens": ["[unused2]"]}},
        {CONFIG: {"extra_special_tokens": ["[unused1]"]}},
        {SPECIAL: {"cls_token": "[SEP]"}, CONFIG: {"cls_token": "[CLS]"}},
        {SPECIAL: {"mask_token": "[unused1]"}, CONFIG: {"mask_token": "[MASK]"}},
        {CONFIG: {"added_tokens_decoder": {"2": {"content": "[unused1]", **FLAGS}}}, SPECIAL: {"cls_token": "[SEP]"}},
        {CONFIG: {"added_tokens_decoder": {"30522": {"content": "[E1]", **FLAGS}, "30523": {"content": "[E2]", **FLAGS}}}},
        {ADDED: {"[E2]": 30522, "[E1]": 30523}, SPECIAL: {"additional_special_tokens": ["[E1]"]}},
        {CONFIG: {"truncation_side": "left"}},
        {CONFIG: {"tokenizer_class": "BertTokenizer", "do_lower_case": False}},
    ],
)
def test_ids_of_an_old_bert(ours, old_distilbert, files):  # noqa: F811
    folder, model = old_distilbert
    grow(folder, model)
    write(folder, files)
    compare(ours, folder, BertTokenizer.from_pretrained(folder))


@pytest.mark.parametrize("files", [{CONFIG: {"truncation_side": "left"}}, {CONFIG: {"additional_special_tokens": ["film"]}}])
def test_ids_of_an_old_roberta(ours, old_roberta, files):  # noqa: F811
    folder, model = old_roberta
    grow(folder, model)
    write(folder, files)
    compare(ours, folder, RobertaTokenizer.from_pretrained(folder))


@pytest.mark.parametrize("name", ["BertTokenizer", "PreTrainedTokenizerFast"])
@pytest.mark.parametrize(
    "said", [{"do_lower_case": True}, {"do_lower_case": False}, {"do_lower_case": True, "strip_accents": False}]
)
def test_settings_beside_a_tokenizer_json_count_as_for_its_class(ours, cased, name, said):  # noqa: F811
    write(cased, {CONFIG: {"tokenizer_class": name, **said}})
    compare(ours, cased, AutoTokenizer.from_pretrained(cased))


def test_a_tokenizer_json_says_where_to_cut(ours, cased):  # noqa: F811
    file = cased / "tokenizer.json"
    contents = json.loads(file.read_text())
    contents["truncation"] = {"direction": "Left", "max_length": 128, "strategy": "LongestFirst", "stride": 0}
    file.write_text(json.dumps(contents))
    write(cased, {CONFIG: {"tokenizer_class": "PreTrainedTokenizerFast", "truncation_side": "left"}})
    tokenizer = AutoTokenizer.from_pretrained(cased)
    compare(ours, cased, tokenizer)
    (cased / CONFIG).unlink()
    assert ours("ids", cased, TEXTS[-1:], 24) == [tokenizer(TEXTS[-1], truncation=True, max_length=24)["input_ids"]]


@pytest.mark.parametrize("name", ["HerbertTokenizer", "BertJapaneseTokenizer", "GPT2TokenizerFast"])
def test_a_tokenizer_of_another_kind_is_refused(ours, old_distilbert, name, capfd):  # noqa: F811
    folder, _ = old_distilbert
    write(folder, {CONFIG: {"tokenizer_class": name}})
    with pytest.raises(Exception):
        ours("ids", folder, TEXTS, 24)
    assert f"its tokenizer is a {name.removesuffix('Fast')}" in capfd.readouterr().err
