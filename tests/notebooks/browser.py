"""A real JupyterLab, driven in headless Chromium."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time

import nbformat
import pytest
from conftest import PATIENCE, ROOT
from run_lesson import only_installed

playwright = pytest.importorskip("playwright.sync_api")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)

needs_browser = pytest.mark.skipif(
    BROWSER is None, reason="no browser: install one (Debian: apt install chromium)"
)


def empty_folder(name):
    """Two folders below the project, like the lessons, so that `path = "../.."` holds; and not the
    lessons themselves, since JupyterLab saves what it runs."""
    folder = ROOT / "target" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def write_notebook(file, cells):
    kernel = {"name": "unit8", "display_name": "Rust (Unit 8)", "language": "rust"}
    cells = [nbformat.v4.new_code_cell(code) for code in cells]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), file)


@contextlib.contextmanager
def jupyterlab(folder):
    """A server in this folder: its address and its process."""
    # Settings of its own, not those of whoever runs the tests, and what is open of its own: another
    # server beside it would open that, too.
    own = {f"JUPYTERLAB_{what.upper()}_DIR": str(folder / what) for what in ("settings", "workspaces")}
    log = open(folder / "jupyterlab.log", "w+")
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0"]
        + ["--IdentityProvider.token=unit8", "--ServerApp.root_dir=."],
        cwd=folder,
        env={**os.environ, **only_installed(folder), **own},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        address = None
        for _ in range(1000):
            address = re.search(r"http://(?:localhost|127\.0\.0\.1):\d+/lab", open(log.name).read())
            if address or server.poll() is not None:
                break
            time.sleep(0.2)
        assert address, open(log.name).read()
        yield address[0], server
    finally:
        server.terminate()
        server.wait()


@contextlib.contextmanager
def opened(address, folder, path="", **options):
    """A page of that server; what it looked like at the end is kept, and what it said is told when
    something was waited for in vain."""
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1366, "height": 900}, **options)
        page.set_default_timeout(1000 * PATIENCE)
        page.goto(f"{address}{path}?token=unit8&reset")
        try:
            yield page
        except playwright.TimeoutError as error:
            raise AssertionError(f"{error}\nin this page:\n{page.locator('body').inner_text()}") from error
        finally:
            page.screenshot(path=folder / "last.png")
            browser.close()


def cell(page, text):
    return page.locator(".jp-CodeCell", has_text=text).first


def wait_until_idle(page, notebook=""):
    """Waits until the kernel of the notebook in front has nothing to do. By the status bar: the sign in
    the toolbar is that of an idle kernel also before there is one, and what is asked of the kernel
    then, a restart say, gets lost."""
    idle = re.compile(rf"Rust \(Unit 8\) \| Idle.*{re.escape(notebook)}")
    page.locator("#jp-main-statusbar", has_text=idle).wait_for()


def restart_and_run_all(page):
    page.locator('.jp-NotebookPanel:visible [title^="Restart the kernel and run all"]').first.click()
    page.locator(".jp-Dialog .jp-mod-accept").click()


def scroll_to(page, found):
    """JupyterLab keeps only those cells in the page that are in view, or nearly: scrolls until this
    one is there, as somebody would who looks for it."""
    notebook = page.locator(".jp-NotebookPanel:visible .jp-WindowedPanel-outer")
    down = "panel => { const before = panel.scrollTop; panel.scrollBy(0, 400); return panel.scrollTop > before; }"
    for _ in range(3):
        notebook.evaluate("panel => panel.scrollTo(0, 0)")
        page.wait_for_timeout(300)
        while not found.count() and notebook.evaluate(down):
            page.wait_for_timeout(300)
        if found.count():
            return found.scroll_into_view_if_needed()


def save(page, file, has_all):
    """Saves the notebook and waits until the file has all of it: a page that is left earlier saves
    nothing."""
    page.keyboard.press("Control+s")
    for _ in range(300):
        # The server may be writing it.
        with contextlib.suppress(nbformat.reader.NotJSONError):
            if has_all(nbformat.read(file, as_version=4).cells):
                return
        page.wait_for_timeout(200)
    pytest.fail(f"{file} was not saved")


def run_below(page, above, code):
    """Types the code into a new cell, and runs it."""
    if not above.count():
        scroll_to(page, above)
    above.locator(".cm-content").click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    page.keyboard.type(code)
    page.keyboard.press("Control+Enter")
