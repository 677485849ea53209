"""The words that a model goes by, beside a plain implementation of integrated gradients in PyTorch.
`cargo xtask test` runs this with the program of examples/parity in UNIT8_PARITY."""

import json
import os
import subprocess
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1")

import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

FIXTURES = Path(__file__).parents[1] / "fixtures" / "models"
TEXTS = ["the film was good", "a bad, bad film!", "good", "the plot was not good, but the film was", "电影"]
STEPS = 500


def integrated_gradients(model, tokenizer, text):
    """What each token adds to the margin of the answer, by the midpoint rule, and the margins at the
    ends of the path."""
    tokens = tokenizer(text, truncation=True, max_length=16, return_tensors="pt", return_special_tokens_mask=True)
    special = tokens.pop("special_tokens_mask").bool()
    ids = tokens["input_ids"]
    vocabulary = tokenizer.get_vocab()
    blank = vocabulary["<mask>"] if "<mask>" in vocabulary else vocabulary["[MASK]"]
    table = model.get_input_embeddings().weight.detach()
    start, end = table[torch.where(special, ids, blank)], table[ids]
    captured = {}
    hook = model.get_input_embeddings().register_forward_hook(lambda *_: captured["words"])

    def margins(words):
        captured["words"] = words
        logits = model(input_ids=ids.expand(len(words), -1)).logits
        others = (logits.sum(-1, keepdim=True) - logits) / (logits.shape[-1] - 1)
        return logits, logits - others

    logits, ends = margins(torch.cat([start, end]))
    answer = logits[1].argmax().item()
    places = ((torch.arange(STEPS) + 0.5) / STEPS).view(-1, 1, 1)
    words = (start + places * (end - start)).requires_grad_()
    margins(words)[1][:, answer].sum().backward()
    hook.remove()
    parts = (words.grad.mean(0) * (end - start)[0]).sum(-1)
    return answer, parts.tolist(), ends[:, answer].tolist()


def words_of(tokenizer, text, parts):
    """The sums over what stands between spaces."""
    encoding = tokenizer(text, truncation=True, max_length=16, return_offsets_mapping=True)
    sums = dict.fromkeys(range(len(text.split())), 0.0)
    for (start, end), part in zip(encoding["offset_mapping"], parts):
        if end > 0:  # A piece of nothing but the space before a word belongs to that word.
            letter = next((place for place in range(start, len(text)) if not text[place].isspace()), start)
            sums[len(text[: letter + 1].split()) - 1] += part
    return sums


@pytest.fixture
def ours(tmp_path):
    """What our program says about each text."""

    def ours(model, texts, max_length):
        file = tmp_path / "texts.json"
        file.write_text(json.dumps(texts))
        command = [os.environ["UNIT8_PARITY"], "explain", str(model), str(file), str(max_length)]
        run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        return json.loads(run.stdout.splitlines()[-1])

    return ours


def test_the_words_of_the_installed_model_add_up(ours):
    text = "A wonderful cast, but the plot is so dull that I fell asleep.\n" * 3
    for explained in ours("all-MiniLM-L6-v2", [text, "Great!"], 64):
        baseline, logit = explained["ends"]
        missing = logit - baseline - sum(number for _, number in explained["words"])
        assert abs(missing) < 1e-3 * max(abs(logit - baseline), 0.1)


@pytest.mark.parametrize("name", ["bert", "distilbert", "roberta", "electra", "mpnet", "modernbert"])
def test_integrated_gradients(name, ours):
    folder = FIXTURES / name
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    # DistilBERT's last layers have corners, ReLU's, which few points of a path don't find exactly; with
    # 16 numbers behind each they matter.
    close = 2e-3 if name == "distilbert" else 1e-4
    for text, said in zip(TEXTS, ours(folder, TEXTS, 16), strict=True):
        answer, parts, ends = integrated_gradients(model, tokenizer, text)
        assert said["class"] == answer
        assert said["ends"] == pytest.approx(ends, abs=1e-4)
        if text.isascii():
            expected = words_of(tokenizer, text, parts)
            assert [word for word, _ in said["words"]] == text.split()[: len(said["words"])]
            for place, (word, number) in enumerate(said["words"]):
                assert number == pytest.approx(expected[place], abs=close), (text, word)
        assert sum(number for _, number in said["words"]) == pytest.approx(sum(parts), abs=2e-3)
