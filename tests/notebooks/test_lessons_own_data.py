"""The lesson on data of one's own, on the installed snippets and on banking77, beside the same recipe in
Python (see python_own_data.py).

`cargo xtask run` has executed it in target/lessons, with what is installed. Where banking77 can be found,
it is executed with that, too: in the folder named by UNIT8_BANKING77, in `shared/data/banking77` beside
the project, or where the library keeps what it downloaded. Elsewhere that is skipped.
"""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import mean

import nbformat
import pytest
from conftest import ROOT
from numbers_of_lessons import printed, shown
from run_lesson import is_cut_short

LESSON = "your-own-data"
# One folder below the project, like the lesson, so that `path = ".."` holds.
FOLDER = ROOT / "target"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "unit8" / "data"
PLACES = [
    Path(os.environ.get("UNIT8_BANKING77") or "nowhere"),
    ROOT.parent / "shared" / "data" / "banking77",
    CACHE / "banking77",
]
BANKING77 = next((place for place in PLACES if (place / "test.csv").is_file()), None)
# Accuracy and macro F1 in percent, with three seeds.
FILE = Path(__file__).with_name("python_own_data.json")
PYTHON = json.loads(FILE.read_text()) if FILE.is_file() else {}
POINTS = 2


def scores(notebook):
    """Accuracy and macro F1 by way."""
    found = re.findall(r"^([a-z ]+): test accuracy ([\d.]+) %, macro F1 ([\d.]+) %$", printed(notebook), re.M)
    return {way: (float(accuracy), float(f1)) for way, accuracy, f1 in found}


def check(notebook, classes):
    """What the lesson shows, whatever the data."""
    assert scores(notebook).keys() == {"bag of words", "last layers", "whole model"}
    html = "".join(shown(notebook, "text/html"))
    for title in ("a check of the data", "the labels that look most wrong", "three ways", "the most confident mistakes"):
        assert title in html
    # Two of the data, one of labels, one of the weakest classes; and loss and accuracy three times.
    assert html.count("image/svg+xml") == 4 + 3 * 2
    assert f"\n{classes} classes; the largest has" in printed(notebook)
    table = "text," + printed(notebook).split("\ntext,")[-1]
    answers = list(csv.DictReader(table.strip().splitlines()))
    assert [row["file"] for row in answers] == [f"data/new/{number}.txt" for number in range(5)]
    assert all(0 < float(row["probability"]) <= 1 and row["class_name"] for row in answers)


def compare(notebook, data):
    """The lesson is within two points of the mean of the same recipe in Python."""
    if data not in PYTHON:
        pytest.skip(f"{FILE.name} has no figures of {data}: python_own_data.py makes them")
    ours = scores(notebook)
    for way, seeds in PYTHON[data].items():
        for number, theirs in enumerate(map(mean, zip(*seeds, strict=True))):
            assert abs(ours[way][number] - theirs) <= POINTS, (way, ours[way], seeds)


# The installed snippets would be few, and banking77 take many minutes.
in_full = pytest.mark.skipif(is_cut_short(LESSON), reason="this processor is not built for 16-bit numbers")


@in_full
def test_the_lesson_on_the_installed_snippets():
    notebook = nbformat.read(ROOT / "target" / "lessons" / f"{LESSON}.ipynb", as_version=4)
    assert "not banking77, but the 8,530 installed film snippets" in printed(notebook)
    check(notebook, 2)
    compare(notebook, "snippets")


@in_full
def test_the_lesson_on_banking77():
    if os.environ.get("UNIT8_BANKING77") and BANKING77 != PLACES[0]:
        pytest.fail(f"UNIT8_BANKING77: there is no {PLACES[0] / 'test.csv'}")
    if BANKING77 is None:
        pytest.skip("no banking77: name a folder with its train.csv and test.csv by UNIT8_BANKING77")
    data = FOLDER / "own-data"
    (data / "banking77").mkdir(parents=True, exist_ok=True)
    for name in ("train.csv", "test.csv"):
        shutil.copyfile(BANKING77 / name, data / "banking77" / name)
    path = FOLDER / f"{LESSON}-banking77.ipynb"
    script = ROOT / "xtask" / "python" / "run_lesson.py"
    # From a copy, as what the lesson writes lies beside it.
    shutil.copyfile(ROOT / "notebooks" / f"{LESSON}.ipynb", path)
    command = [sys.executable, script, "--installed", path, path]
    subprocess.run(command, env={**os.environ, "UNIT8_DATA": str(data)}, check=True)
    notebook = nbformat.read(path, as_version=4)
    assert "banking77: 13,083 questions to a bank in 77 classes" in printed(notebook)
    check(notebook, 77)
    compare(notebook, "banking77")
