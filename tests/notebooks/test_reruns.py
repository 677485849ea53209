"""The lessons promise that every cell can be changed and run again. Here each cell runs twice in a
row, and then the whole lesson once more in the same kernel, where the processor is fast enough for that.
What takes long is made small.

Those that ask the Hugging Face hub for a model find it, as whoever has a network does: a DistilBERT, and
a RoBERTa in files of the older kind, both small and with random weights."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import hub_models
import nbformat
import pytest
from conftest import PLACES, ROOT
from numbers_of_lessons import printed, shown
from run_lesson import is_slow, only_installed

SLOW = is_slow()
# Two folders below the project, like most lessons, so that `path = "../.."` holds; the others, which lie
# in notebooks/ itself, one.
FOLDER = ROOT / "target" / "reruns"
# So that the smallest number of reviews is taken.
NO_TIME = {"let minutes: f64 = 5.0;": "let minutes: f64 = 0.0;"}
# Of the variants of a small transformer.
FEW = {
    "num_reviews: usize = 2_000;": "num_reviews: usize = 100;",
    "num_epochs: usize = 4;": "num_epochs: usize = 1;",
}
# The model of the hub that a lesson takes, and how many reviews.
OF_THE_HUB = {
    "8.7-distilbert-finetuning/part1-last-layers": (hub_models.DISTILBERT, 250),
    "8.7-distilbert-finetuning/part2-whole-model": (hub_models.DISTILBERT, 200),
    "8.7-distilbert-finetuning/part3-comparison": (hub_models.DISTILBERT, 150),
    "8.7-distilbert-finetuning/part4-hyperparameters": (hub_models.DISTILBERT, 250),
    "8.7-distilbert-finetuning/part5-lora": (hub_models.DISTILBERT, 450),
    "exercises/exercise-1-other-llms": (hub_models.DISTILBERT, 200),
    "solutions/exercise-1-other-llms": (hub_models.SIEBERT, 100),
}

# The settings of a training, and smaller ones.
SMALLER = {
    "8.2-bag-of-words/part1-dataset": {},
    "8.2-bag-of-words/part2-classifier": {"num_epochs: usize = 30;": "num_epochs: usize = 2;"},
    "8.3-recurrent-networks/part1-by-hand": {},
    "8.3-recurrent-networks/part2-lstm-classifier": {
        "num_reviews: usize = 5_000;": "num_reviews: usize = 100;",
        "num_epochs: 6, learning_rate: 5e-3": "num_epochs: 1, learning_rate: 5e-3",
    },
    "8.4-attention/part1-by-hand": {},
    "8.4-attention/part2-own-transformer": {
        "num_reviews: usize = 4_000;": "num_reviews: usize = 100;",
        "num_epochs: usize = 6;": "num_epochs: usize = 1;",
    },
    "8.6-pretraining/pretraining": NO_TIME | {
        "texts[..1_000]": "texts[..100]", ".texts()?[..2_000]": ".texts()?[..100]", "num_epochs: 6,": "num_epochs: 1,",
        "all.sample(1_430)": "all.sample(100)", "all.sample(7_500)": "all.sample(500)", "num_epochs: 5,": "num_epochs: 1,",
    },
    "8.7-distilbert-finetuning/part1-last-layers": NO_TIME,
    "8.7-distilbert-finetuning/part2-whole-model": NO_TIME | {"num_epochs: usize = 3;": "num_epochs: usize = 1;"},
    "8.7-distilbert-finetuning/part3-comparison": NO_TIME | {"num_epochs: usize = 3;": "num_epochs: usize = 1;"},
    "8.7-distilbert-finetuning/part4-hyperparameters": NO_TIME,
    "8.7-distilbert-finetuning/part5-lora": NO_TIME | {"num_epochs: usize = 3;": "num_epochs: usize = 1;"},
    "exercises/exercise-8.4-attention": FEW,
    "exercises/exercise-1-other-llms": {"{ 1_500 };": "{ 200 };"},
    "solutions/exercise-8.4-attention": FEW,
    "solutions/exercise-1-other-llms": NO_TIME,
    "template": {"num_texts: usize = 3_000;": "num_texts: usize = 100;"},
    "your-own-data": NO_TIME | {"num_epochs: 10, learning_rate: 5e-3, best_by": "num_epochs: 1, learning_rate: 5e-3, best_by"},
}


def test_the_lessons_are_all_here():
    lessons = {str(place.with_suffix("")) for place in PLACES}
    assert lessons - {"README"} == set(SMALLER)


def path_of(lesson):
    folder = FOLDER if "/" in lesson else FOLDER.parent
    return folder / f"{lesson.replace('/', '-')}.ipynb"


def run_again(lesson, hub):
    notebook = nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for setting, smaller in SMALLER[lesson].items():
        (cell,) = [cell for cell in cells if setting in cell.source]
        cell.source = cell.source.replace(setting, smaller)
    again = [nbformat.v4.new_code_cell(cell.source) for cell in cells for _ in range(2)]
    if not SLOW:
        again += [nbformat.v4.new_code_cell(cell.source) for cell in cells]
    notebook.cells = again
    path = path_of(lesson)
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    script = ROOT / "xtask" / "python" / "run_lesson.py"
    env = os.environ | only_installed(FOLDER)
    if lesson in OF_THE_HUB:
        env["HF_HOME"] = str(hub)
    command = [sys.executable, script, path, path]
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=1800)


@pytest.fixture(scope="module")
def runs(request, tmp_path_factory):
    """Those of the lessons that are asked for, two at a time: compiling a cell keeps one core busy."""
    hub = tmp_path_factory.mktemp("hub")
    hub_models.distilbert(hub, **hub_models.SMALL[hub_models.DISTILBERT])
    hub_models.siebert(hub, **hub_models.SMALL[hub_models.SIEBERT])
    ours = [item for item in request.session.items if "runs" in item.fixturenames]
    with ThreadPoolExecutor(2) as pool:
        asked = [item.callspec.params["lesson"] for item in ours]
        yield {lesson: pool.submit(run_again, lesson, hub) for lesson in asked}


@pytest.mark.parametrize("lesson", SMALLER)
def test_cells_of_the_lessons_run_again(lesson, runs):
    done = runs[lesson].result()
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    if lesson in OF_THE_HUB:
        model, reviews = OF_THE_HUB[lesson]
        executed = nbformat.read(path_of(lesson), as_version=4)
        text = printed(executed)
        assert f"\n{model}: " in f"\n{text}", text[:1000]
        assert f", not {model}" not in text
        # Those that the lesson works with are the last that it shows.
        splits = [output for output in shown(executed, "text/plain") if output.startswith("the three splits")][-1]
        assert sum(int(line.split()[1].replace(",", "")) for line in splits.split("\n")[2:]) == reviews, splits
