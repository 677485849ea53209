"""The numbers that the executed lessons in target/lessons must show."""

import re

import nbformat
from conftest import ROOT


def outputs(lesson):
    notebook = nbformat.read(ROOT / "target" / "lessons" / f"{lesson}.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [output for cell in cells for output in cell.outputs]


def printed(lesson):
    return "".join(o.text for o in outputs(lesson) if o.output_type == "stream")


def test_bag_of_words():
    lesson = "8.2-bag-of-words/bag-of-words"
    accuracy = float(re.search(r"test accuracy ([\d.]+) %", printed(lesson))[1])
    # scikit-learn's counts and the same training in PyTorch: 87.70 %
    assert abs(accuracy - 87.70) <= 0.5
    figures = [o for o in outputs(lesson) if "<svg" in o.get("data", {}).get("text/html", "")]
    assert len(figures) == 1
    assert figures[0].data["text/html"].count("<svg") == 2
