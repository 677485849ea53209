"""The template, as somebody uses it who changes its cell of settings: tasks of different kinds, with the
installed model and with one of another make."""

import csv
import json
import os
import random
import subprocess
import sys

import hub_models
import nbformat
import pytest
from conftest import ROOT
from numbers_of_lessons import printed, shown
from run_lesson import only_installed

# One folder below the project, like the template, so that `path = ".."` holds.
FOLDER = ROOT / "target"
WORDS = {
    "spam": "win prize free money click now offer",
    "ham": "lunch meeting tomorrow thanks project see you",
    "card": "card arrived lost stolen new pin",
    "transfer": "transfer sent account late beneficiary arrived",
    "rate": "rate exchange euro dollar currency price",
    "top-up": "top up cash limit failed automatic",
}
# The classes, and how the file is written.
TASKS = {
    "two classes": (["ham", "spam"], {"delimiter": ","}),
    "many classes": (list(WORDS), {"delimiter": ";"}),
}
# What the template's last section tells to write for texts with several labels.
SEVERAL = {
    "Reviews::from_csv(path, text_column, label_column)?": 'Reviews::from_csv_multi_label(path, text_column, &["ham", "spam", "card"], &unit8::CsvOptions::default())?',
    "stratified_split": "split",
    ".labels()": ".multi_labels()",
    "trainer.evaluate(": "trainer.evaluate_multi_label(",
    "prediction_name.clone()": 'prediction_names.join(", ")',
    "label_name.clone()": 'label_names.join(", ")',
    "trainer.predict(": "trainer.predict_multi_label(",
}
MODELS = ["all-MiniLM-L6-v2", hub_models.DISTILBERT]


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    hub = tmp_path_factory.mktemp("hub")
    hub_models.distilbert(hub, **hub_models.SMALL[hub_models.DISTILBERT])
    return hub


def write_task(path, classes, dialect):
    """Texts of four words of their class, one of them twice and one missing."""
    chance = random.Random(1)
    texts = [(" ".join(chance.choices(WORDS[c].split(), k=4)) + f" {n}", c) for n in range(40) for c in classes]
    rows = [*texts, (texts[0][0].upper(), texts[0][1]), ("", classes[0])]
    chance.shuffle(rows)
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, **dialect).writerows([("message", "kind"), *rows])


def settings(path, model):
    return f"""let (path, text_column, label_column) = ("{path}", "message", "kind");
let model_name = "{model}";
let max_length: usize = 16;
let (batch_size, num_epochs, learning_rate): (usize, usize, f64) = (8, 6, 5e-4);
let num_texts: usize = usize::MAX;
let seed: u32 = 1;"""


def run(notebook, settings, name, hub):
    """The template with other settings, executed."""
    (cell,) = [c for c in notebook.cells if c.cell_type == "code" and "let model_name" in c.source]
    cell.source = settings
    path = FOLDER / f"template-{name}.ipynb".replace(" ", "-")
    nbformat.write(notebook, path)
    script = ROOT / "xtask" / "python" / "run_lesson.py"
    env = os.environ | only_installed(FOLDER / "template") | {"HF_HOME": str(hub)}
    done = subprocess.run([sys.executable, script, path, path], capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return nbformat.read(path, as_version=4)


def template():
    return nbformat.read(ROOT / "notebooks" / "template.ipynb", as_version=4)


def saved_config():
    return json.loads((FOLDER / "logs" / "template" / "model" / "config.json").read_text())


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("task", TASKS)
def test_the_template_learns_a_task_of_ones_own(task, model, hub, tmp_path):
    classes, dialect = TASKS[task]
    write_task(tmp_path / "mine.csv", classes, dialect)
    executed = run(template(), settings(tmp_path / "mine.csv", model), f"{task}-{model}", hub)
    assert f"\n{model}: " in f"\n{printed(executed)}"
    values = "\n".join(shown(executed, "text/plain"))
    # What was twice or missing is gone, and a fifth of the others is to judge by.
    assert f"over {len(classes) * 8} examples" in values, values
    accuracy = float(values.split("accuracy ")[-1].split(" %")[0])
    if model == MODELS[0]:
        assert accuracy > 90, values
    assert list(saved_config()["id2label"].values()) == sorted(classes)


@pytest.mark.parametrize("model", MODELS)
def test_the_template_learns_several_labels(model, hub, tmp_path):
    chance, classes = random.Random(2), ["ham", "spam", "card"]
    with open(tmp_path / "mine.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["message", *classes])
        for number in range(200):
            has = [chance.random() < 0.4 for _ in classes]
            words = [word for c, is_of in zip(classes, has, strict=True) if is_of for word in chance.choices(WORDS[c].split(), k=3)]
            rows.writerow([" ".join([*words, f"and {number}"]), *map(int, has)])
    notebook = template()
    for old, new in SEVERAL.items():
        cells = [c for c in notebook.cells if c.cell_type == "code" and old in c.source]
        assert cells, old
        for cell in cells:
            cell.source = cell.source.replace(old, new)
    executed = run(notebook, settings(tmp_path / "mine.csv", model), f"several-{model}", hub)
    assert "the most confident mistakes" in "".join(shown(executed, "text/html"))
    assert saved_config()["problem_type"] == "multi_label_classification"
    assert list(saved_config()["id2label"].values()) == classes


def test_the_last_section_says_what_to_write():
    text = template().cells[-1].source
    for old, new in SEVERAL.items():
        old, new = (line.split("(")[0].strip(".") for line in (old, new))
        assert old in text and new in text, (old, new)


def test_the_template_is_short():
    notebook = nbformat.read(ROOT / "notebooks" / "template.ipynb", as_version=4)
    assert sum(cell.cell_type == "code" for cell in notebook.cells) <= 12
