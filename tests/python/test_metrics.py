"""Losses and metrics beside those of PyTorch and scikit-learn, on random numbers. `cargo xtask test`
runs this with the program of examples/parity.rs in UNIT8_PARITY."""

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

EXACT = {"rtol": 0, "atol": 1e-12}
FLOAT32 = {"rtol": 1e-6, "atol": 1e-6}


def ours(what, case, tmp_path):
    file = tmp_path / "case.json"
    file.write_text(json.dumps(case))
    command = [os.environ["UNIT8_PARITY"], what, str(file)]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(run.stdout.splitlines()[-1])


def random_case(seed, classes):
    """Logits with many ties; some classes may occur nowhere."""
    random = np.random.default_rng(seed)
    examples = int(random.integers(5, 60))
    occurring = random.choice(classes, size=int(random.integers(1, classes + 1)), replace=False)
    labels = random.choice(occurring, size=examples)
    logits = random.normal(size=(examples, classes)).round(int(random.integers(0, 3)))
    logits[:, random.random(classes) < 0.2] -= 100
    return {"logits": logits.tolist(), "labels": labels.tolist()}, random


@pytest.mark.parametrize("seed", range(40))
def test_losses_are_those_of_pytorch(tmp_path, seed):
    classes = 2 + seed % 5
    case, random = random_case(seed, classes)
    # All classes occur, so that balanced weights are defined, and that as many are known as there are.
    case["labels"][:classes] = range(min(classes, len(case["labels"])))
    case["logits"] = np.clip(case["logits"], -9, 9).tolist()
    labels = np.array(case["labels"])
    present = np.unique(labels)
    balanced = len(present) == classes and seed % 3 == 0
    given = random.uniform(0.1, 5, classes).tolist()
    weights = "balanced" if balanced else given if seed % 3 == 1 else None
    case |= {"weights": weights, "smoothing": [0.0, 0.1, 0.5][seed % 2 + (seed % 7 == 0)]}
    case["batch_size"] = int(random.integers(1, len(labels) + 1))
    if balanced:
        weights = compute_class_weight("balanced", classes=present, y=labels)
    weight = None if weights is None else torch.tensor(weights, dtype=torch.float32)
    criterion = CrossEntropyLoss(weight=weight, label_smoothing=case["smoothing"])
    expected = criterion(torch.tensor(case["logits"], dtype=torch.float32), torch.from_numpy(labels)).item()
    train, val, _ = ours("losses", case, tmp_path)
    np.testing.assert_allclose([train, val], expected, **FLOAT32)


@pytest.mark.parametrize("seed", range(40))
def test_averages_are_those_of_scikit_learn(tmp_path, seed):
    case, _ = random_case(seed, 2 + seed % 6)
    got = ours("metrics", case, tmp_path)
    labels, predicted = np.array(case["labels"]), np.array(got["probabilities"]).argmax(1)
    for average in ["macro", "weighted"]:
        expected = precision_recall_fscore_support(labels, predicted, average=average, zero_division=0)
        np.testing.assert_allclose(got[average][:3], expected[:3], **EXACT)
    every = list(range(2 + seed % 6))
    expected = precision_recall_fscore_support(labels, predicted, labels=every, zero_division=0)
    np.testing.assert_allclose(got["classes"], np.transpose(expected), **EXACT)
    logits = torch.tensor(case["logits"], dtype=torch.float32)
    expected = CrossEntropyLoss()(logits, torch.from_numpy(labels)).item()
    np.testing.assert_allclose(got["loss"], expected, **FLOAT32)
    case |= {"weights": None, "smoothing": 0.0, "batch_size": 8}
    assert ours("losses", case, tmp_path)[2] == got["macro"][2]


@pytest.mark.parametrize("seed", range(40))
def test_curves_are_those_of_scikit_learn(tmp_path, seed):
    case, _ = random_case(seed, 2)
    got = ours("metrics", case, tmp_path)
    labels = np.array(case["labels"])
    if len(np.unique(labels)) < 2:
        assert got["roc"] is None and got["precision_recall"] is None
        return
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
