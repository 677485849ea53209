"""A lesson in a real JupyterLab, driven in headless Chromium as a student would."""

import os
import re
import shutil
import subprocess
import sys
import time

import nbformat
import psutil
import pytest
from conftest import ROOT

playwright = pytest.importorskip("playwright.sync_api")

# Two folders below the project, like the lessons, so that `path = "../.."` holds; and not the
# lessons themselves, since JupyterLab saves what it runs.
FOLDER = ROOT / "target" / "jupyterlab"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)

pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no browser: install one (Debian: apt install chromium)"
)


@pytest.fixture(scope="module")
def lab():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    shutil.copy(ROOT / "notebooks/8.2-bag-of-words/part2-classifier.ipynb", FOLDER / "lesson.ipynb")
    cells = ["let a = 1;", "a + 41", 'let text = std::fs::read_to_string("no/such/file")?;', "a + 1"]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(code) for code in cells],
        metadata={"kernelspec": {"name": "unit8", "display_name": "Rust (Unit 8)", "language": "rust"}},
    )
    nbformat.write(notebook, FOLDER / "errors.ipynb")
    # Settings of its own, not those of whoever runs the tests.
    settings = FOLDER / "settings"
    log = open(FOLDER / "jupyterlab.log", "w+")
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0"]
        + ["--IdentityProvider.token=unit8", "--ServerApp.root_dir=."],
        cwd=FOLDER,
        env={**os.environ, "JUPYTERLAB_SETTINGS_DIR": str(settings)},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    address = None
    for _ in range(300):
        address = re.search(r"http://(?:localhost|127\.0\.0\.1):\d+/lab", open(log.name).read())
        if address or server.poll() is not None:
            break
        time.sleep(0.2)
    assert address, open(log.name).read()
    yield address[0], server
    server.terminate()
    server.wait()


@pytest.fixture(scope="module")
def page(lab):
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1366, "height": 900})
        page.goto(f"{lab[0]}?token=unit8&reset")
        yield page
        page.screenshot(path=FOLDER / "last.png")
        browser.close()


def cell(page, text):
    return page.locator(".jp-CodeCell", has_text=text).first


def wait_until_idle(page, seconds):
    page.locator('.jp-NotebookPanel-toolbar [data-status="idle"]').wait_for(timeout=seconds * 1000)


def test_the_launcher_page_offers_our_kernel_and_the_lesson_opens(page):
    assert page.locator("text=notified about official Jupyter news").count() == 0
    page.locator(".jp-LauncherCard", has_text="Rust (Unit 8)").first.wait_for(timeout=60_000)
    page.locator(".jp-DirListing-item", has_text="lesson.ipynb").dblclick()
    page.locator(".jp-Notebook h1", has_text="8.2 Bag of words, part 2").wait_for(timeout=60_000)
    wait_until_idle(page, 120)


def test_restart_and_run_all_draws_the_figures(page):
    page.locator('[data-command="notebook:restart-run-all"], [title^="Restart the kernel and run all"]').first.click()
    page.locator(".jp-Dialog .jp-mod-accept").click()
    figures = cell(page, "trainer.fit(&model, &train, &val)").locator("img[alt]")
    page.locator('.jp-NotebookPanel-toolbar [data-status="busy"]').wait_for(timeout=60_000)
    figures.nth(1).wait_for(timeout=180_000)
    page.locator(".jp-OutputArea-output", has_text="probabilities of").wait_for(timeout=60_000)
    wait_until_idle(page, 60)
    assert figures.count() == 2
    assert page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').count() == 0
    figures.first.scroll_into_view_if_needed()
    page.wait_for_timeout(2000)  # the notebook draws what comes into view
    page.screenshot(path=FOLDER / "figures.png")


def run_below(page, above, code):
    """Types the code into a new cell, and runs it."""
    above.locator(".cm-content").click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    page.keyboard.type(code)
    page.keyboard.press("Control+Enter")


def test_stop_during_training_keeps_the_variables(page):
    endless = "let endless = Trainer { num_epochs: 1_000_000, ..trainer.clone() };"
    run_below(page, cell(page, "trainer.fit(&model"), f"{endless} let history = endless.fit(&model, &train, &val)?;")
    training = cell(page, "endless.fit")
    page.locator('.jp-NotebookPanel-toolbar [data-status="busy"]').wait_for(timeout=30_000)
    # Until it says how far it is, it trains.
    training.locator(".jp-OutputArea", has_text="examples/s").wait_for(timeout=60_000)
    page.locator('[data-command="notebook:interrupt-kernel"], [title^="Interrupt the kernel"]').first.click()
    training.locator(".jp-OutputArea", has_text="stopped after").wait_for(timeout=30_000)
    wait_until_idle(page, 30)
    run_below(page, training, "(history.stopped, splits.train.len())")
    page.locator(".jp-OutputArea-output", has_text="(true, 17500)").wait_for(timeout=30_000)


def test_a_reloaded_page_finds_the_training_and_its_stop_button(page):
    run_below(page, cell(page, "history.stopped"), "let history = endless.fit(&model, &train, &val)?;")
    busy = page.locator('.jp-NotebookPanel-toolbar [data-status="busy"]')
    busy.wait_for(timeout=30_000)
    page.wait_for_timeout(5000)
    page.keyboard.press("Control+s")
    page.reload()
    busy.wait_for(timeout=60_000)
    page.locator('[data-command="notebook:interrupt-kernel"], [title^="Interrupt the kernel"]').first.click()
    wait_until_idle(page, 60)
    run_below(page, cell(page, "history.stopped"), "(history.stopped, 1 + 1)")
    page.locator(".jp-OutputArea-output", has_text="(true, 2)").wait_for(timeout=60_000)


def test_shift_tab_shows_the_documentation(page):
    run_below(page, cell(page, "history.stopped"), "Trainer")
    page.keyboard.press("Enter")
    page.keyboard.press("End")
    page.keyboard.press("Shift+Tab")
    tooltip = page.locator(".jp-Tooltip")
    tooltip.wait_for(timeout=30_000)
    assert "Trainer" in tooltip.inner_text() and len(tooltip.inner_text()) > 100
    page.screenshot(path=FOLDER / "tooltip.png")
    page.keyboard.press("Escape")


def prompts(page, side):
    return [text.strip() for text in page.locator(f".jp-NotebookPanel:visible .jp-{side}Prompt").all_inner_texts()]


def test_run_all_stops_at_the_failing_cell_and_numbers_agree(page):
    page.locator(".jp-DirListing-item", has_text="errors.ipynb").dblclick()
    panel = page.locator(".jp-NotebookPanel:visible", has_text="no/such/file")
    panel.wait_for(timeout=60_000)
    panel.locator('.jp-NotebookPanel-toolbar [data-status="idle"]').wait_for(timeout=120_000)
    panel.locator('[data-command="notebook:restart-run-all"], [title^="Restart the kernel and run all"]').first.click()
    page.locator(".jp-Dialog .jp-mod-accept").click()
    # JupyterLab draws an error as it draws stderr: red.
    error = panel.locator('[data-mime-type="application/vnd.jupyter.stderr"]')
    error.wait_for(timeout=120_000)
    assert "No such file" in error.inner_text() and error.count() == 1
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
