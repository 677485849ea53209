"""8.2 with all 50,000 reviews, as whoever has a network meets it.

Where they can be found, the lessons are executed with them: in the file named by UNIT8_REVIEWS
(imdb-50000.csv, or the same packed by xz), in a folder `shared/data/imdb` beside the project, or where
the library keeps what it downloaded. Elsewhere that is skipped. The saved notebooks are looked at
everywhere.
"""

import lzma
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT
from numbers_of_lessons import accuracies, printed, shown

FOLDER = ROOT / "target" / "all-reviews"
NAME = "imdb-50000.csv"
LESSONS = ("part1-dataset", "part2-classifier")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "unit8" / "data"
PLACES = [
    Path(os.environ.get("UNIT8_REVIEWS") or "nowhere"),
    ROOT.parent / "shared" / "data" / "imdb" / f"{NAME}.xz",
    CACHE / NAME,
]
REVIEWS = next(filter(Path.is_file, PLACES), None)


def saved(lesson):
    return nbformat.read(ROOT / "notebooks" / "8.2-bag-of-words" / f"{lesson}.ipynb", as_version=4)


@pytest.fixture(scope="module")
def executed():
    """Both lessons, executed with all reviews."""
    if os.environ.get("UNIT8_REVIEWS") and not PLACES[0].is_file():
        pytest.fail(f"UNIT8_REVIEWS: there is no file {PLACES[0]}")
    if REVIEWS is None:
        pytest.skip("no file with all 50,000 reviews: name one by UNIT8_REVIEWS")
    data = FOLDER / "data"
    data.mkdir(parents=True, exist_ok=True)
    with (lzma.open if REVIEWS.suffix == ".xz" else open)(REVIEWS, "rb") as packed, open(data / NAME, "wb") as file:
        shutil.copyfileobj(packed, file)
    script = ROOT / "xtask" / "python" / "run_lesson.py"
    for lesson in LESSONS:
        source = FOLDER / f"{lesson}.ipynb"
        nbformat.write(saved(lesson), source)
        command = [sys.executable, script, "--installed", source, source]
        subprocess.run(command, env={**os.environ, "UNIT8_DATA": str(data)}, check=True)
    return {lesson: nbformat.read(FOLDER / f"{lesson}.ipynb", as_version=4) for lesson in LESSONS}


def check(data_set, classifier):
    """What the course has: its splits, and its accuracy."""
    assert "IMDB: all 50,000 reviews" in printed(data_set) and "IMDB: all 50,000 reviews" in printed(classifier)
    (splits,) = (text.split("\n")[2:] for text in shown(data_set, "text/plain") if "the three splits" in text)
    assert [line.split() for line in splits] == [
        ["train", "35,000", "17,452", "17,548"],
        ["val", "5,000", "2,542", "2,458"],
        ["test", "10,000", "5,006", "4,994"],
    ]
    assert abs(accuracies(classifier)["test"] - 88.27) <= 0.5


def test_the_splits_and_the_accuracy_are_those_of_the_course(executed):
    check(*executed.values())


def test_the_saved_lessons_have_all_reviews():
    check(*map(saved, LESSONS))
