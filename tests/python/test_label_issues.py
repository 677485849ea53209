"""Confident learning beside its definition, written in NumPy, on random answers. `cargo xtask test`
runs this with the program of examples/parity in UNIT8_PARITY. (By hand it was compared
with cleanlab 2.9, too, which the course does without: the same list in 131 of 141 cases, and in the
others one row more, where several classes are sure of it.)"""

import json
import os
import subprocess

import numpy as np
import pytest

CASES = 60


def random_case(seed):
    """Logits of a model that is mostly right, and labels of which some are wrong; some classes may
    occur nowhere."""
    random = np.random.default_rng(seed)
    classes, examples = 2 + seed % 6, int(random.integers(8, 120))
    true = random.choice(random.choice(classes, size=int(random.integers(1, classes + 1))), size=examples)
    logits = 2 * random.normal(size=(examples, classes))
    logits[np.arange(examples), true] += 3
    wrong = random.random(examples) < 0.15
    labels = np.where(wrong, random.integers(0, classes, size=examples), true)
    return {"logits": logits.round(3).tolist(), "labels": labels.tolist()}


def expected(labels, probabilities):
    """(row, suggestion), the least probable label first."""
    labels, probabilities = np.array(labels), np.array(probabilities)
    self_confidence = probabilities[np.arange(len(labels)), labels]
    classes = range(probabilities.shape[1])
    thresholds = [self_confidence[labels == c].mean() if (labels == c).any() else np.inf for c in classes]
    sure = np.where(probabilities >= thresholds, probabilities, -1)
    suggestion = sure.argmax(1)
    found = (sure.max(1) >= 0) & (suggestion != labels) & (probabilities.argmax(1) != labels)
    rows = sorted(np.flatnonzero(found), key=lambda row: self_confidence[row])
    return [(row, suggestion[row]) for row in rows]


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    cases = [random_case(seed) for seed in range(CASES)]
    file = tmp_path_factory.mktemp("issues") / "cases.json"
    file.write_text(json.dumps(cases))
    command = [os.environ["UNIT8_PARITY"], "metrics", str(file)]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return list(zip(cases, json.loads(run.stdout.splitlines()[-1]), strict=True))


def test_label_issues_are_those_of_the_definition(both):
    number = 0
    for case, ours in both:
        issues = expected(case["labels"], ours["probabilities"])
        assert [tuple(issue) for issue in ours["label_issues"]] == issues
        number += len(issues)
    assert number > 200
