"""Widgets in a real JupyterLab: moved by the keyboard while a cell runs, and after a page was reloaded."""

import re

import pytest
from browser import cell, empty_folder, jupyterlab, needs_browser, opened, save, wait_until_idle, write_notebook
from conftest import DEP, ROOT
from test_jupyterlab_live import run_all

pytestmark = needs_browser
FOLDER = ROOT / "target" / "jupyterlab-widgets"
WIDGETS = """
use unit8::{explore, FloatLogSlider, IntSlider};
let rate = FloatLogSlider::new("learning rate", 1e-4..=1.0, 0.01)?;
let epochs = IntSlider::new("epochs", 1..=10, 3)?;
"""
EXPLORE = "explore((&rate, &epochs), |(rate, epochs)| format!(\"{epochs} epochs at {rate:.3}\"))"
WAITS = "while epochs.value() == 4 { std::thread::sleep(std::time::Duration::from_millis(5)); }\nepochs.value()"


@pytest.fixture(scope="module")
def lab():
    folder = empty_folder(FOLDER.name)
    for name in ("widgets", "saved"):
        write_notebook(folder / f"{name}.ipynb", [DEP, WIDGETS, EXPLORE, 'println!("{}", epochs.value());'])
    write_notebook(folder / "running.ipynb", [DEP, WIDGETS, "epochs", "println!(\"begun\");\n" + WAITS.replace("4", "3")])
    with jupyterlab(folder) as (address, _):
        yield address


def in_theme(page, theme):
    for entry in ("Settings", "Theme", f"JupyterLab {theme.title()}"):
        page.locator(".lm-MenuBar-item, .lm-Menu-item", has_text=re.compile(f"^{entry}$")).last.click()
    page.locator(f'body[data-jp-theme-light="{str(theme == "light").lower()}"]').wait_for(state="attached")


def move(page, description, key="ArrowRight"):
    page.locator(".widget-hslider", has_text=description).first.locator(".noUi-handle").press(key)


def shows(page, code, text):
    cell(page, code).locator(".jp-OutputArea", has_text=text).first.wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_figure_follows_the_sliders_also_on_a_page_that_was_reloaded(lab, theme):
    with opened(lab, FOLDER, "/tree/widgets.ipynb") as page:
        wait_until_idle(page)
        in_theme(page, theme)
        run_all(page)
        shows(page, "explore((", "3 epochs at 0.010")
        page.screenshot(path=FOLDER / f"{theme}-1.png")
        move(page, "epochs")
        shows(page, "explore((", "4 epochs at 0.010")
        wait_until_idle(page)
        move(page, "learning rate")
        shows(page, "explore((", "4 epochs at 0.013")
        page.screenshot(path=FOLDER / f"{theme}-2.png")
        save(page, FOLDER / "widgets.ipynb", lambda cells: "4 epochs at 0.013" in str(cells[2].outputs))
        page.reload()
        readout = page.locator(".widget-hslider", has_text="epochs").first.locator(".widget-readout")
        readout.wait_for()
        assert readout.inner_text() == "4"
        wait_until_idle(page)
        move(page, "epochs")
        shows(page, "explore((", "5 epochs at 0.013")
        page.screenshot(path=FOLDER / f"{theme}-3.png")


def test_a_slider_moves_while_a_cell_runs(lab):
    with opened(lab, FOLDER, "/tree/running.ipynb") as page:
        run_all(page)
        cell(page, "epochs.value()").locator(".jp-OutputArea", has_text="begun").wait_for()
        move(page, "epochs")
        cell(page, "epochs.value()").locator(".jp-OutputArea", has_text=re.compile("4")).wait_for()
        wait_until_idle(page)


def test_a_saved_notebook_shows_the_figure_without_a_kernel(lab):
    with opened(lab, FOLDER, "/tree/saved.ipynb") as page:
        run_all(page)
        shows(page, "explore((", "3 epochs at 0.010")
        wait_until_idle(page)
        save(page, FOLDER / "saved.ipynb", lambda cells: "3 epochs at 0.010" in str(cells[2].outputs))
    saved = (FOLDER / "saved.ipynb").read_text()
    (FOLDER / "without.ipynb").write_text(saved.replace('"name": "unit8"', '"name": "no such kernel"'))
    with opened(lab, FOLDER, "/tree/without.ipynb") as page:
        cell(page, "explore((").locator(".jp-OutputArea", has_text="epochs at 0.0").first.wait_for()
        page.wait_for_timeout(4000)
        page.screenshot(path=FOLDER / "without.png")
        assert "not found" not in cell(page, "explore((").inner_text()
