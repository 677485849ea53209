"""The lessons with the models that they ask the hub for, as whoever has a network meets them: a
DistilBERT, and a RoBERTa in files of the older kind, both small and with random weights. There is no
time for many reviews, as on a slow machine."""

import os
import subprocess
import sys

import hub_models
import nbformat
import pytest
from conftest import ROOT
from numbers_of_lessons import printed, shown
from run_lesson import only_installed

# Two folders below the project, like the lessons, so that `path = "../.."` holds.
FOLDER = ROOT / "target" / "other-models"
MINUTES = "let minutes: f64 = 5.0;"
# The lessons, their model, and the smallest number of reviews that they take.
LESSONS = {
    "8.7-distilbert-finetuning/part1-last-layers": (hub_models.DISTILBERT, 250),
    "8.7-distilbert-finetuning/part2-whole-model": (hub_models.DISTILBERT, 200),
    "8.7-distilbert-finetuning/part3-comparison": (hub_models.DISTILBERT, 150),
    "8.7-distilbert-finetuning/part4-hyperparameters": (hub_models.DISTILBERT, 250),
    "8.7-distilbert-finetuning/part5-lora": (hub_models.DISTILBERT, 450),
    "exercises/exercise-1-other-llms": (hub_models.DISTILBERT, 1_500),
    "solutions/exercise-1-other-llms": (hub_models.SIEBERT, 100),
}


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    hub = tmp_path_factory.mktemp("hub")
    hub_models.distilbert(hub, **hub_models.SMALL[hub_models.DISTILBERT])
    hub_models.siebert(hub, **hub_models.SMALL[hub_models.SIEBERT])
    return hub


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_lesson_runs_with_the_model_of_the_hub(lesson, hub):
    model, reviews = LESSONS[lesson]
    notebook = nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", as_version=4)
    if reviews < 1_000:
        (cell,) = [c for c in notebook.cells if c.cell_type == "code" and MINUTES in c.source]
        cell.source = cell.source.replace(MINUTES, "let minutes: f64 = 0.0;")
    path = FOLDER / f"{lesson.replace('/', '-')}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    script = ROOT / "xtask" / "python" / "run_lesson.py"
    env = os.environ | only_installed(FOLDER) | {"HF_HOME": str(hub)}
    done = subprocess.run([sys.executable, script, path, path], capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    executed = nbformat.read(path, as_version=4)
    text = printed(executed)
    assert f"\n{model}: " in f"\n{text}", text[:1000]
    assert f", not {model}" not in text
    # Those that the lesson works with are the last that it shows.
    splits = [output for output in shown(executed, "text/plain") if output.startswith("the three splits")][-1]
    assert sum(int(line.split()[1].replace(",", "")) for line in splits.split("\n")[2:]) == reviews, splits
