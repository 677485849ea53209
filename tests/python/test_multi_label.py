"""Texts with several labels, beside PyTorch, scikit-learn, pandas and transformers. `cargo xtask test`
runs this with the program of examples/parity in UNIT8_PARITY."""

import json
import os
import shutil
import subprocess
import warnings
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="true")

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    f1_score,
    hamming_loss,
    precision_recall_fscore_support,
    roc_auc_score,
)
from sklearn.preprocessing import MultiLabelBinarizer
from torch.nn import BCEWithLogitsLoss
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

MODELS = Path(__file__).parents[1] / "fixtures" / "models"
CASES = 120
EXACT = {"rtol": 0, "atol": 1e-12}
FLOAT32 = {"rtol": 1e-6, "atol": 1e-6}
TEXTS = ["good", "a bad film", "the movie was not very good", "mask", ""]


def said(*arguments):
    command = [os.environ["UNIT8_PARITY"], *map(str, arguments)]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(run.stdout.splitlines()[-1])


def answers(what, cases, folder):
    file = folder / "cases.json"
    file.write_text(json.dumps(cases))
    return said(what, file)


def random_case(seed):
    """Logits with many ties, some at the threshold; some labels nobody has, some all have."""
    random = np.random.default_rng(seed)
    examples, classes = int(random.integers(1, 50)), int(random.integers(1, 7))
    labels = random.random((examples, classes)) < random.choice([0.0, 0.1, 0.5, 0.9, 1.0], size=classes)
    logits = random.normal(size=(examples, classes)).round(int(random.integers(0, 3)))
    logits[:, random.random(classes) < 0.2] -= 200
    logits[:, random.random(classes) < 0.2] += 200
    return {"logits": logits.tolist(), "labels": labels.tolist(), "threshold": float(random.choice([0.5, 0.3, 0.9]))}


def binary_cross_entropy(case, weight=None):
    labels = torch.tensor(case["labels"], dtype=torch.float32)
    return BCEWithLogitsLoss(pos_weight=weight)(torch.tensor(case["logits"], dtype=torch.float32), labels).item()


def test_metrics_are_those_of_scikit_learn(tmp_path):
    cases = [random_case(seed) for seed in range(CASES)]
    for case, got in zip(cases, answers("labels", cases, tmp_path), strict=True):
        labels = np.array(case["labels"])
        expected = torch.tensor(case["logits"], dtype=torch.float32).sigmoid().numpy()
        np.testing.assert_allclose(got["probabilities"], expected, rtol=0, atol=1e-7)
        scores = np.array(got["probabilities"], dtype=np.float32)
        given = scores >= case["threshold"]
        assert got["names"] == [[str(label) for label in np.flatnonzero(row)] for row in given]
        np.testing.assert_allclose(got["loss"], binary_cross_entropy(case), **FLOAT32)
        np.testing.assert_allclose(got["hamming"], np.mean(labels != given), **EXACT)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if labels.shape[1] > 1:  # scikit-learn takes one column for two classes
                np.testing.assert_allclose(got["accuracy"], accuracy_score(labels, given), **EXACT)
                np.testing.assert_allclose(got["hamming"], hamming_loss(labels, given), **EXACT)
                for average in ["micro", "macro", "weighted", "samples"]:
                    expected = precision_recall_fscore_support(labels, given, average=average, zero_division=0)
                    np.testing.assert_allclose(got[average][:3], expected[:3], **EXACT)
                    assert got[average][3] == labels.sum()
                expected = precision_recall_fscore_support(labels, given, zero_division=0)
                np.testing.assert_allclose(got["classes"], np.transpose(expected), **EXACT)
        for label, areas in enumerate(got["areas"]):
            has = labels[:, label]
            if has.all() or not has.any():
                assert areas == [None, None]
            else:
                expected = [roc_auc_score(has, scores[:, label]), average_precision_score(has, scores[:, label])]
                np.testing.assert_allclose(areas, expected, **EXACT)


def test_losses_are_those_of_pytorch(tmp_path):
    cases = []
    for seed in range(CASES):
        case, random = random_case(seed), np.random.default_rng(1000 + seed)
        labels = np.array(case["labels"])
        case["logits"] = np.clip(case["logits"], -30, 30).tolist()
        case["smoothing"] = 0.0
        case["batch_size"] = int(random.integers(1, len(labels) + 1))
        mixed = (labels.any(0) & ~labels.all(0)).all()
        weights = random.uniform(0.1, 20, labels.shape[1]).tolist()
        case["weights"] = [None, weights, "balanced" if mixed else None][seed % 3]
        cases.append(case)
    assert sum(case["weights"] == "balanced" for case in cases) > 3
    for case, (train, val, f1, accuracy) in zip(cases, answers("losses", cases, tmp_path), strict=True):
        labels, weights = np.array(case["labels"]), case["weights"]
        if weights == "balanced":
            weights = (~labels).sum(0) / labels.sum(0)
        weight = None if weights is None else torch.tensor(weights, dtype=torch.float32)
        np.testing.assert_allclose([train, val], binary_cross_entropy(case, weight), **FLOAT32)
        given = torch.tensor(case["logits"], dtype=torch.float32).sigmoid().numpy() >= 0.5
        np.testing.assert_allclose(accuracy, (given == labels).all(1).mean(), **EXACT)
        if labels.shape[1] > 1:
            np.testing.assert_allclose(f1, f1_score(labels, given, average="macro", zero_division=0), **EXACT)


NAMES = ["sport", "politics", "arts, culture", "Sport", "ä\u00df", 'the "net"', "0", "New York"]


def label_file(seed, folder):
    """A file as pandas writes it, and what it holds: lists in JSON lines, names with a separator, or 0 and 1."""
    random = np.random.default_rng(seed)
    names = random.permutation(NAMES)[: int(random.integers(1, len(NAMES) + 1))]
    lists = [list(random.permutation(names)[: int(random.integers(0, len(names) + 1))]) for _ in range(int(random.integers(1, 20)))]
    lists[0] = lists[0] or [names[0]]
    texts = [f"text {row}, \"so\"\nsaid" for row in range(len(lists))]
    frame, case = pd.DataFrame({"id": range(len(lists)), "text": texts}), {"columns": ["labels"]}
    binarizer = MultiLabelBinarizer()
    rows, path = binarizer.fit_transform(lists), folder / f"{seed}.csv"
    if seed % 3 == 0:
        path = path.with_suffix(".jsonl")
        frame.assign(labels=lists).to_json(path, orient="records", lines=True)
    elif seed % 3 == 1:
        case["separator"] = [";", "|", "/"][seed % 2]
        frame.assign(labels=[case["separator"].join(names) for names in lists]).to_csv(path, index=False)
    else:
        case["columns"] = list(binarizer.classes_)
        kind = [int, bool, float][seed // 3 % 3]
        frame.join(pd.DataFrame(rows, columns=binarizer.classes_).astype(kind)).to_csv(path, index=bool(seed % 2))
    return case | {"path": str(path)}, texts, rows.astype(bool).tolist(), list(binarizer.classes_)


def test_files_have_the_labels_that_pandas_and_scikit_learn_give(tmp_path):
    files = [label_file(seed, tmp_path) for seed in range(300)]
    got = answers("label-files", [case for case, *_ in files], tmp_path)
    for (case, texts, rows, names), got in zip(files, got, strict=True):
        assert got == {"texts": texts, "rows": rows, "names": names}, case


@pytest.mark.parametrize("kind", ["distilbert", "bert", "roberta", "electra", "modernbert"])
def test_a_saved_model_is_one_of_several_labels_in_a_pipeline(kind, tmp_path, monkeypatch):
    """Trained and saved here, opened there, and the other way round."""
    monkeypatch.setenv("UNIT8_DATA", str(tmp_path / "cache"))
    new, texts, saved, theirs = (tmp_path / name for name in ["new", "texts.json", "saved", "theirs"])
    shutil.copytree(MODELS / kind, new)
    config = json.loads((new / "config.json").read_text())
    # Without last layers it learns what it is given.
    from safetensors.torch import load_file, save_file

    weights = load_file(new / "model.safetensors")
    encoder = {name: tensor for name, tensor in weights.items() if not name.startswith("classifier")}
    save_file(encoder, new / "model.safetensors", metadata={"format": "pt"})
    texts.write_text(json.dumps(TEXTS))
    rows = json.dumps([[True, False, True], [False] * 3, [False, True, True], [True] * 3, [False] * 3])
    ours = said("multi-label", new, texts, 16, rows, saved)

    model, info = AutoModelForSequenceClassification.from_pretrained(saved, output_loading_info=True)
    assert not any(info.values()), info
    assert model.config.problem_type == "multi_label_classification"
    assert model.config.id2label == {0: "ham", 1: "spam", 2: "egg"}
    classify = pipeline("text-classification", model=str(saved), top_k=None)
    for row, scores in zip(ours, classify(TEXTS, truncation=True, max_length=16), strict=True):
        scores = {answer["label"]: answer["score"] for answer in scores}
        np.testing.assert_allclose([scores[name] for name in ["ham", "spam", "egg"]], row, **FLOAT32)
    # transformers takes the binary cross entropy by itself.
    tokens = AutoTokenizer.from_pretrained(saved)(TEXTS, padding=True, truncation=True, max_length=16, return_tensors="pt")
    labels = torch.tensor(json.loads(rows), dtype=torch.float32)
    out = model(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"], labels=labels)
    np.testing.assert_allclose(out.loss.item(), BCEWithLogitsLoss()(out.logits, labels).item(), **FLOAT32)

    model.save_pretrained(theirs)
    shutil.copy(saved / "tokenizer.json", theirs)
    np.testing.assert_allclose(said("sigmoids", theirs, texts, 16), ours, **FLOAT32)
    assert config["model_type"] == model.config.model_type
