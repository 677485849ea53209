"""Losses and metrics beside those of PyTorch and scikit-learn, on random numbers. `cargo xtask test`
runs this with the program of examples/parity in UNIT8_PARITY."""

import json
import os
import subprocess

import numpy as np
import pytest
import torch
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    precision_recall_fscore_support,
    roc_auc_score,
    roc_curve,
)
from sklearn.utils.class_weight import compute_class_weight
from torch.nn import CrossEntropyLoss

CASES = 60
EXACT = {"rtol": 0, "atol": 1e-12}
FLOAT32 = {"rtol": 1e-6, "atol": 1e-6}


@pytest.fixture
def ours(tmp_path):
    """What our program says about each case."""

    def ours(what, cases):
        file = tmp_path / "cases.json"
        file.write_text(json.dumps(cases))
        command = [os.environ["UNIT8_PARITY"], what, str(file)]
        run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        return json.loads(run.stdout.splitlines()[-1])

    return ours


def random_case(seed, classes):
    """Logits with many ties; some classes may occur nowhere."""
    random = np.random.default_rng(seed)
    examples = int(random.integers(5, 60))
    occurring = random.choice(classes, size=int(random.integers(1, classes + 1)), replace=False)
    labels = random.choice(occurring, size=examples)
    logits = random.normal(size=(examples, classes)).round(int(random.integers(0, 3)))
    logits[:, random.random(classes) < 0.2] -= 100
    return {"logits": logits.tolist(), "labels": labels.tolist()}


def cross_entropy(case, **options):
    logits = torch.tensor(case["logits"], dtype=torch.float32)
    return CrossEntropyLoss(**options)(logits, torch.tensor(case["labels"])).item()


def loss_case(seed):
    """The same with weights, smoothing and batches."""
    classes = 2 + seed % 5
    case, random = random_case(seed, classes), np.random.default_rng(1000 + seed)
    labels = case["labels"]
    case["logits"] = np.clip(case["logits"], -9, 9).tolist()
    case["smoothing"] = [0.0, 0.1, 0.5][seed % 2 + (seed % 7 == 0)]
    case["batch_size"] = int(random.integers(1, len(labels) + 1))
    case["weights"] = [None, random.uniform(0.1, 5, classes).tolist(), "balanced"][seed % 3]
    if case["weights"] == "balanced":
        labels[:] = [label % min(classes, len(labels)) for label in range(len(labels))]
        labels[-1] = labels[0]
    return case


def test_losses_are_those_of_pytorch(ours):
    cases = [loss_case(seed) for seed in range(CASES)]
    for case, (train, val, *_) in zip(cases, ours("losses", cases), strict=True):
        weights = case["weights"]
        if weights == "balanced":
            labels = np.array(case["labels"])
            weights = compute_class_weight("balanced", classes=np.unique(labels), y=labels)
            weights = np.append(weights, np.ones(len(case["logits"][0]) - len(weights)))
        weight = None if weights is None else torch.tensor(weights, dtype=torch.float32)
        expected = cross_entropy(case, weight=weight, label_smoothing=case["smoothing"])
        np.testing.assert_allclose([train, val], expected, **FLOAT32)


def test_averages_are_those_of_scikit_learn(ours):
    cases = [random_case(seed, 2 + seed % 6) for seed in range(CASES)]
    for case, got in zip(cases, ours("metrics", cases), strict=True):
        labels, predicted = np.array(case["labels"]), np.array(got["probabilities"]).argmax(1)
        for average in ["macro", "weighted"]:
            expected = precision_recall_fscore_support(labels, predicted, average=average, zero_division=0)
            np.testing.assert_allclose(got[average][:3], expected[:3], **EXACT)
        every = range(len(case["logits"][0]))
        expected = precision_recall_fscore_support(labels, predicted, labels=every, zero_division=0)
        np.testing.assert_allclose(got["classes"], np.transpose(expected), **EXACT)
        np.testing.assert_allclose(got["loss"], cross_entropy(case), **FLOAT32)


def test_curves_are_those_of_scikit_learn(ours):
    cases = [random_case(seed, 2) for seed in range(CASES)]
    seen = 0
    for case, got in zip(cases, ours("metrics", cases), strict=True):
        labels = np.array(case["labels"])
        if len(np.unique(labels)) < 2:
            assert got["roc"] is None and got["precision_recall"] is None
            continue
        seen += 1
        scores = np.array(got["probabilities"], dtype=np.float32)[:, 1]
        false, true, thresholds = roc_curve(labels, scores, drop_intermediate=False)
        np.testing.assert_allclose(got["roc"]["points"], np.stack([false, true], 1), **EXACT)
        np.testing.assert_allclose(got["roc"]["thresholds"], thresholds[1:], **FLOAT32)
        np.testing.assert_allclose(got["roc"]["area"], roc_auc_score(labels, scores), **EXACT)
        precision, recall, _ = precision_recall_curve(labels, scores)
        expected = np.stack([recall, precision], 1)[::-1]
        np.testing.assert_allclose(got["precision_recall"]["points"], expected, **EXACT)
        area = average_precision_score(labels, scores)
        np.testing.assert_allclose(got["precision_recall"]["area"], area, **EXACT)
    assert seen > CASES / 3
