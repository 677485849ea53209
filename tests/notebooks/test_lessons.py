"""The numbers that the executed lessons in target/lessons must show."""

import json
import re
from pathlib import Path

import nbformat
from conftest import ROOT

# Test accuracies of the same recipes in Python, in percent, with three seeds: see python_lessons.py.
PYTHON = json.loads(Path(__file__).with_name("python_lessons.json").read_text())


def assert_as_in_python(accuracy, recipe, points=2):
    """Within so many points of what Python has with one seed or another."""
    least, most = min(PYTHON[recipe]) - points, max(PYTHON[recipe]) + points
    assert least <= accuracy <= most, (recipe, accuracy)


def outputs(lesson):
    notebook = nbformat.read(ROOT / "target" / "lessons" / f"{lesson}.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [output for cell in cells for output in cell.outputs]


def printed(lesson):
    return "".join(o.text for o in outputs(lesson) if o.output_type == "stream")


def html(lesson):
    return [o.data["text/html"] for o in outputs(lesson) if "text/html" in o.get("data", {})]


def accuracies(lesson):
    """Of train, val and test, in percent."""
    return map(float, re.findall(r"^(?:train|val|test) accuracy ([\d.]+) %", printed(lesson), re.M))


def test_the_data_set():
    lesson = "8.2-bag-of-words/part1-dataset"
    (reviews,) = re.findall(r"IMDB: (?:all|the) ([\d,]+) ", printed(lesson))
    reviews = int(reviews.replace(",", ""))
    assert reviews in (25_000, 50_000)
    assert f"{reviews * 7 // 10:,}</td>" in "".join(html(lesson))
    assert "".join(html(lesson)).count("image/svg+xml") == 2
    assert "true" in [o.data["text/plain"] for o in outputs(lesson) if o.output_type == "execute_result"]


def test_the_classifier():
    lesson = "8.2-bag-of-words/part2-classifier"
    train, val, test = accuracies(lesson)
    # On this split of the 25,000 reviews, scikit-learn's counts and the same training in PyTorch give
    # 87.34 % (`cargo xtask bench`); on all 50,000, the course has 88.27 %.
    expected = 88.27 if "IMDB: all 50,000" in printed(lesson) else 87.34
    assert abs(test - expected) <= 0.5
    assert train > val > 85
    figures = [output for output in html(lesson) if "image/svg+xml" in output]
    assert len(figures) == 1 and figures[0].count("image/svg+xml") == 2
    words = next(output for output in html(lesson) if "largest weights" in output)
    assert "worst (-" in words and "excellent (+" in words


def test_the_last_layers():
    lesson = "8.7-distilbert-finetuning/part1-last-layers"
    train, val, test = accuracies(lesson)
    assert train > 72 and val > 68
    assert_as_in_python(test, "part1, last layers")
    pictures = [output for output in html(lesson) if "image/svg+xml" in output]
    assert len(pictures) == 2, "attention, and loss and accuracy"
    # The model that was saved says what the one in memory says.
    said = [output for output in html(lesson) if "probabilities of 2 examples" in output]
    assert len(said) == 2 and said[0] == said[1]


def test_the_whole_model_is_better_than_its_last_layers():
    lesson = "8.7-distilbert-finetuning/part2-whole-model"
    train, val, test = accuracies(lesson)
    *_, last_layers = accuracies("8.7-distilbert-finetuning/part1-last-layers")
    assert train > 90 and val > 79
    assert_as_in_python(test, "part2, whole model")
    assert test > last_layers + 3


def test_the_comparison_has_all_four_ways():
    lesson = "8.7-distilbert-finetuning/part3-comparison"
    words, last, blocks, whole = map(float, re.findall(r"^([\d.]+) % in ", printed(lesson), re.M))
    assert_as_in_python(words, "part3, bag of words")
    assert_as_in_python(last, "part3, last layers")
    assert_as_in_python(blocks, "part3, last layers + 2 blocks")
    assert_as_in_python(whole, "part3, whole model")
    assert whole > last + 3 and blocks > last + 3
    assert any("the same reviews, four ways" in output for output in html(lesson))


def test_exercise_and_solution():
    (exercise,) = re.findall(r"test accuracy ([\d.]+) %", printed("exercises/exercise-1-other-llms"))
    *_, solution = accuracies("solutions/exercise-1-other-llms")
    for accuracy in (float(exercise), solution):
        # Over 300 reviews, five seeds alone lie between 63.7 and 70.3 %.
        assert_as_in_python(accuracy, "solution, last layers", points=5)
