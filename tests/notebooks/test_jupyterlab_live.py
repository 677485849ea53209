"""A training in a real JupyterLab: the curve grows while one looks at it."""

import re
import time

import pytest
from browser import (
    cell,
    empty_folder,
    jupyterlab,
    needs_browser,
    opened,
    restart_and_run_all,
    run_below,
    save,
    wait_until_idle,
    write_notebook,
)
from conftest import DEP, PATIENCE, ROOT
from test_kernel import TRAINING

pytestmark = needs_browser
FOLDER = ROOT / "target" / "jupyterlab-live"
# So many epochs that it takes some ten seconds, on whatever machine.
TRAINER = """
let first = Trainer { num_epochs: 1, quiet: true, learning_rate: 0.01, optimizer: Optimizer::Sgd, ..Default::default() };
first.fit(&model, &data, &data)?; // which is slower than the others
let started = std::time::Instant::now();
first.fit(&model, &data, &data)?;
let num_epochs = (10.0 / started.elapsed().as_secs_f64()).ceil() as usize + 1;
let trainer = Trainer { num_epochs, quiet: false, ..first.clone() };
"""
FIT = "let history = trainer.fit(&model, &data, &data)?;"


@pytest.fixture(scope="module")
def lab():
    folder = empty_folder(FOLDER.name)
    # A page may take long to load; two trainings at once take many times as long as one.
    for name, seconds in {"light": 10, "dark": 10, "one": 2, "two": 2, "reloaded": 40}.items():
        trainer = TRAINER.replace("10.0", f"{seconds}.0")
        write_notebook(folder / f"{name}.ipynb", [DEP, TRAINING, trainer, f'println!("above");\n{FIT}'])
    stops = [DEP, TRAINING, TRAINER.replace("10.0", "600.0"), FIT]
    write_notebook(folder / "stopped.ipynb", stops)
    with jupyterlab(folder) as (address, _):
        yield address


def run_all(page):
    wait_until_idle(page)
    restart_and_run_all(page)


def has_the_figure(cells):
    """What was printed, and the figure in its last state."""
    outputs = cells[3].outputs
    # Nothing stands any more where the stop button was.
    return len(outputs) == 3 and outputs[2].data == {} and " epochs in " in outputs[1].get("data", {}).get("text/html", "")


def state(training):
    """The pictures and the text that stand below the cell."""
    pictures = [image.get_attribute("src") for image in training.locator("img[alt]").all()]
    return pictures, training.locator(".jp-OutputArea").inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_curve_grows_in_its_place(lab, theme):
    with opened(lab, FOLDER, f"/tree/{theme}.ipynb") as page:
        wait_until_idle(page)
        for entry in ("Settings", "Theme", f"JupyterLab {theme.title()}"):
            page.locator(".lm-MenuBar-item, .lm-Menu-item", has_text=re.compile(f"^{entry}$")).last.click()
        page.locator(f'body[data-jp-theme-light="{str(theme == "light").lower()}"]').wait_for(state="attached")
        run_all(page)
        training = cell(page, "trainer.fit(&model")
        training.locator("img[alt]").nth(1).wait_for()
        seen = []
        deadline = time.monotonic() + PATIENCE
        while " epochs in " not in training.locator(".jp-OutputArea").inner_text():
            assert time.monotonic() < deadline, training.locator(".jp-OutputArea").inner_text()
            now = state(training)
            # Asked afterwards: what ends in between is not counted.
            if training.locator("progress").count():
                seen.append(now)
                page.screenshot(path=FOLDER / f"{theme}-{len(seen)}.png")
            page.wait_for_timeout(1000)
        pictures, text = state(training)
        page.screenshot(path=FOLDER / f"{theme}-end.png")
        # It stands below what was printed before, and is another one each time.
        assert len(seen) >= 3 and len({tuple(pictures) for pictures, _ in seen}) == len(seen)
        assert all("examples/s" in text for _, text in seen[1:]), [text for _, text in seen]
        assert text.startswith("above") and len(pictures) == 2 and training.locator("progress").count() == 0
        save(page, FOLDER / f"{theme}.ipynb", has_the_figure)


@pytest.mark.parametrize("loaded_anew", [False, True])
def test_the_button_below_a_training_stops_it(lab, loaded_anew):
    with opened(lab, FOLDER, "/tree/stopped.ipynb") as page:
        run_all(page)
        training = cell(page, "trainer.fit(&model")
        button = training.locator("button", has_text="Stop")
        button.wait_for()
        if loaded_anew:
            save(page, FOLDER / "stopped.ipynb", lambda cells: len(cells[3].outputs) == 2)
            page.reload()
            button.wait_for()
        button.scroll_into_view_if_needed()
        page.screenshot(path=FOLDER / f"stop-{loaded_anew}.png")
        button.dblclick()
        wait_until_idle(page)
        button.wait_for(state="detached")
        if not loaded_anew:  # else the page has forgotten which cell has to show it
            training.locator(".jp-OutputArea", has_text="stopped after").wait_for()
        # A second stop would have ended the cell, and all variables with it.
        run_below(page, training, "(history.stopped, data.len())")
        page.locator(".jp-CodeCell").last.locator(".jp-OutputArea", has_text="(true, ").wait_for()
        page.screenshot(path=FOLDER / f"stopped-{loaded_anew}.png")


def test_two_notebooks_train_at_once_and_each_sees_its_own(lab):
    with opened(lab, FOLDER, "/tree/one.ipynb") as one, one.context.browser.new_page() as two:
        two.goto(f"{lab}/workspaces/two/tree/two.ipynb?token=unit8&reset")
        for page in (one, two):
            run_all(page)
        for page in (one, two):
            training = cell(page, "trainer.fit(&model")
            training.locator(".jp-OutputArea", has_text=" epochs in ").wait_for()
            assert training.locator("img[alt]").count() == 2


def test_a_page_reloaded_in_the_middle_has_the_figure_at_the_end(lab):
    with opened(lab, FOLDER, "/tree/reloaded.ipynb") as page:
        run_all(page)
        training = cell(page, "trainer.fit(&model")
        training.locator("progress").wait_for()
        page.reload()
        page.locator('.jp-NotebookPanel-toolbar [data-status="busy"]').wait_for()
        # A cell that waits shows the figure that grows, and then what it has to show itself.
        run_below(page, cell(page, "trainer.fit(&model"), "history")
        shown = page.locator(".jp-CodeCell").last
        shown.locator("progress").wait_for()
        page.screenshot(path=FOLDER / "waiting.png")
        wait_until_idle(page)
        shown.locator("summary", has_text="all epochs").wait_for()
        assert shown.locator("img[alt]").count() == 2 and shown.locator("progress").count() == 0
        page.screenshot(path=FOLDER / "reloaded.png")


def test_a_saved_notebook_shows_its_figures_without_a_kernel(lab):
    with opened(lab, FOLDER, "/tree/light.ipynb") as page:
        training = cell(page, "trainer.fit(&model")
        training.locator("img[alt]").nth(1).wait_for()
        sizes = [image.evaluate("image => image.naturalWidth") for image in training.locator("img[alt]").all()]
        assert min(sizes) > 100, sizes
