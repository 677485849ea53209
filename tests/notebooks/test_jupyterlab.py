"""A lesson in a real JupyterLab, driven in headless Chromium as a student would."""

import shutil

import psutil
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
    scroll_to,
    wait_until_idle,
    write_notebook,
)
from conftest import ROOT

pytestmark = needs_browser
FOLDER = ROOT / "target" / "jupyterlab"


@pytest.fixture(scope="module")
def lab():
    folder = empty_folder(FOLDER.name)
    shutil.copy(ROOT / "notebooks/8.2-bag-of-words/part2-classifier.ipynb", folder / "lesson.ipynb")
    cells = ["let a = 1;", "a + 41", 'let text = std::fs::read_to_string("no/such/file")?;', "a + 1"]
    write_notebook(folder / "errors.ipynb", cells)
    with jupyterlab(folder) as (address, server):
        yield address, server


@pytest.fixture(scope="module")
def page(lab):
    with opened(lab[0], FOLDER) as page:
        yield page


def test_the_launcher_page_offers_our_kernel_and_the_lesson_opens(page):
    assert page.locator("text=notified about official Jupyter news").count() == 0
    page.locator(".jp-LauncherCard", has_text="Rust (Unit 8)").first.wait_for()
    page.locator(".jp-DirListing-item", has_text="lesson.ipynb").dblclick()
    page.locator(".jp-Notebook h1", has_text="8.2 Bag of words, part 2").wait_for()
    wait_until_idle(page)


def test_restart_and_run_all_draws_the_figures(page):
    restart_and_run_all(page)
    page.locator('.jp-NotebookPanel-toolbar [data-status="busy"]').wait_for()
    page.locator(".jp-OutputArea-output", has_text="probabilities of").wait_for()
    wait_until_idle(page)
    training = cell(page, "trainer.fit(&model, &train, &val)")
    scroll_to(page, training)
    figures = training.locator("img[alt]")
    figures.nth(1).wait_for()
    assert figures.count() == 2
    assert page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').count() == 0
    figures.first.scroll_into_view_if_needed()
    page.wait_for_timeout(2000)  # the notebook draws what comes into view
    page.screenshot(path=FOLDER / "figures.png")


def test_stop_during_training_keeps_the_variables(page):
    endless = "let endless = Trainer { num_epochs: 1_000_000, ..trainer.clone() };"
    run_below(page, cell(page, "trainer.fit(&model"), f"{endless} let history = endless.fit(&model, &train, &val)?;")
    training = cell(page, "endless.fit")
    page.locator('.jp-NotebookPanel-toolbar [data-status="busy"]').wait_for()
    # Until it says how far it is, it trains.
    training.locator(".jp-OutputArea", has_text="examples/s").wait_for()
    page.locator('[data-command="notebook:interrupt-kernel"], [title^="Interrupt the kernel"]').first.click()
    training.locator(".jp-OutputArea", has_text="stopped after").wait_for()
    wait_until_idle(page)
    run_below(page, training, "(history.stopped, splits.train.len())")
    page.locator(".jp-OutputArea-output", has_text="(true, 17500)").wait_for()


def test_a_reloaded_page_finds_the_training_and_its_stop_button(page):
    code = "let history = endless.fit(&model, &train, &val)?;"
    run_below(page, cell(page, "history.stopped"), code)
    busy = page.locator('.jp-NotebookPanel-toolbar [data-status="busy"]')
    busy.wait_for()
    page.wait_for_timeout(5000)
    save(page, FOLDER / "lesson.ipynb", lambda cells: any(cell.source == code for cell in cells))
    page.reload()
    busy.wait_for()
    page.locator('[data-command="notebook:interrupt-kernel"], [title^="Interrupt the kernel"]').first.click()
    wait_until_idle(page)
    run_below(page, cell(page, "history.stopped"), "(history.stopped, 1 + 1)")
    page.locator(".jp-OutputArea-output", has_text="(true, 2)").wait_for()


def test_shift_tab_shows_the_documentation(page):
    run_below(page, cell(page, "history.stopped"), "Trainer")
    page.keyboard.press("Enter")
    page.keyboard.press("End")
    page.keyboard.press("Shift+Tab")
    tooltip = page.locator(".jp-Tooltip")
    tooltip.wait_for()
    assert "Trainer" in tooltip.inner_text() and len(tooltip.inner_text()) > 100
    page.screenshot(path=FOLDER / "tooltip.png")
    page.keyboard.press("Escape")


def prompts(page, side):
    return [text.strip() for text in page.locator(f".jp-NotebookPanel:visible .jp-{side}Prompt").all_inner_texts()]


def test_run_all_stops_at_the_failing_cell_and_numbers_agree(page):
    page.locator(".jp-DirListing-item", has_text="errors.ipynb").dblclick()
    panel = page.locator(".jp-NotebookPanel:visible", has_text="no/such/file")
    panel.wait_for()
    wait_until_idle(page, "errors.ipynb")
    restart_and_run_all(page)
    # JupyterLab draws an error as it draws stderr: red.
    # Beside it may stand that another test's kernel compiles the library.
    error = panel.locator('[data-mime-type="application/vnd.jupyter.stderr"]', has_text="No such file")
    error.wait_for()
    assert error.count() == 1
    page.wait_for_timeout(2000)
    page.screenshot(path=FOLDER / "error.png")
    assert prompts(page, "Input") == ["[1]:", "[2]:", "[3]:", "[ ]:"]
    assert [prompt for prompt in prompts(page, "Output") if prompt] == ["[2]:"]


def test_nothing_is_left_when_the_server_is_killed(lab):
    server = psutil.Process(lab[1].pid)
    kernels = server.children(recursive=True)
    assert kernels
    server.kill()
    _, alive = psutil.wait_procs(kernels, timeout=10)
    assert not alive
