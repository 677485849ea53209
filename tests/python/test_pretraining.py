"""What the pretraining of an encoder takes, beside Python's transformers: states of all tokens, random
weights, a smaller vocabulary."""

import json
from collections import Counter

import pytest
import torch
from safetensors.torch import load_file
from test_transformers import ADVERSARIAL, BUNDLED, PACKAGE, encoded, four, largest_difference, ours, reviews, said, theirs
from tokenizers import Tokenizer
from transformers import AutoModel, AutoTokenizer, DistilBertConfig, DistilBertForSequenceClassification

__all__ = ["four", "ours", "reviews"]  # fixtures


def test_the_states_of_all_tokens(ours, four):
    encoder, tokenizer = AutoModel.from_pretrained(PACKAGE), AutoTokenizer.from_pretrained(PACKAGE)
    expected = theirs(encoder, tokenizer, four).last_hidden_state
    got = torch.tensor(ours("hidden", BUNDLED, four, 256)).view_as(expected)
    # What stands at padding means nothing, and nobody looks at it.
    ids = encoded(tokenizer, four, 256)
    assert len({len(row) for row in ids}) > 1
    for row, length in enumerate(map(len, ids)):
        assert largest_difference(got[row, :length], expected[row, :length]) < 1e-4


def test_random_weights_are_drawn_as_transformers_draws_them(tmp_path):
    sizes = {"dim": 96, "hidden_dim": 200, "n_layers": 2, "n_heads": 4, "max_position_embeddings": 64}
    for folder in (tmp_path, tmp_path / "again"):
        said("untrained", json.dumps(sizes | {"initializer_range": 0.05}), folder)
    files = [(folder / "model.safetensors").read_bytes() for folder in (tmp_path, tmp_path / "again")]
    assert files[0] == files[1], "the same seed"
    torch.manual_seed(2)
    config = DistilBertConfig(vocab_size=30522, num_labels=2, initializer_range=0.05, **sizes)
    expected = DistilBertForSequenceClassification(config).state_dict()
    got = load_file(tmp_path / "model.safetensors")
    assert {name: t.shape for name, t in got.items()} == {name: t.shape for name, t in expected.items()}
    for name, weight in expected.items():
        if weight.std() == 0:
            assert torch.equal(got[name], weight), name
            continue
        # Of n normal numbers the mean has a deviation of s / sqrt(n), and s one of s / sqrt(2 n).
        error = 5 * 0.05 / weight.numel() ** 0.5
        assert abs(got[name].mean()) < error and abs(got[name].std() - 0.05) < error, name
    words = "distilbert.embeddings.word_embeddings.weight"
    assert [name for name in expected if (expected[name] == 0).all(-1).any() and expected[name].dim() == 2] == [words]
    assert torch.equal(got[words].eq(0).all(-1), expected[words].eq(0).all(-1)), "the padding's row"
    # And the file opens.
    model, info = DistilBertForSequenceClassification.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(info.values()) and model.config.n_layers == 2


def cut(texts, size, length=512):
    """The same smaller vocabulary, by the rule in the documentation, of texts that are cut off."""
    file = json.loads((PACKAGE / "tokenizer.json").read_text())
    counts = Counter(i for ids in encoded(AutoTokenizer.from_pretrained(PACKAGE), list(texts), length) for i in ids)
    special = {token["id"] for token in file["added_tokens"]}
    pieces = {i: piece.removeprefix("##") for piece, i in file["model"]["vocab"].items()}
    letters = {letter for i in counts for letter in pieces[i]}
    dispensable = lambda i: i not in special and not (len(pieces[i]) == 1 and pieces[i] in letters)
    order = sorted((dispensable(i), -counts[i], i) for i in pieces)
    new = {old: number for number, old in enumerate(sorted(i for *_, i in order[:size]))}
    file["model"]["vocab"] = {p: new[i] for p, i in file["model"]["vocab"].items() if i in new}
    for token in file["added_tokens"]:
        token["id"] = new[token["id"]]
    for token in file["post_processor"]["special_tokens"].values():
        token["ids"] = [new[i] for i in token["ids"]]
    tokenizer = Tokenizer.from_str(json.dumps(file))
    tokenizer.no_padding()
    tokenizer.enable_truncation(512)
    return tokenizer


@pytest.mark.parametrize("size", [1000, 8000])
def test_ids_of_a_smaller_vocabulary(ours, reviews, tmp_path, size):
    some = reviews[:500]
    file = tmp_path / "texts.json"
    file.write_text(json.dumps(some))
    said("cut", file, size, tmp_path / "small")
    texts = ADVERSARIAL + reviews[500:1000]
    expected = [encoding.ids for encoding in cut(some, size).encode_batch(texts)]
    assert ours("ids", tmp_path / "small", texts, 512) == expected
    assert encoded(AutoTokenizer.from_pretrained(tmp_path / "small"), texts, 512) == expected
    assert max(map(max, expected)) < size
