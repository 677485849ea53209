"""Slides and web pages of the notebooks as they are saved: no kernel is needed. Chromium opens them without
a network."""

import contextlib
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from browser import BROWSER, empty_folder, needs_browser, playwright
from conftest import NOTEBOOKS, PLACES, ROOT
import pages

MARKED = [place for place in PLACES if str(place) != "README.ipynb"]
TEXTS = sorted(path.relative_to(NOTEBOOKS) for path in NOTEBOOKS.glob("*.md"))


def write(kind, out, places, *options, root=NOTEBOOKS):
    pairs = [name for place in places for name in (str(place), str(root / place))]
    command = [sys.executable, ROOT / "xtask/python/pages.py", *options, "--", kind, root, out, *pairs]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


@pytest.fixture(scope="module")
def wheel():
    """What `cargo xtask slides` fetches."""
    folder = ROOT / "target" / "reveal"
    if not list(folder.glob("*.whl")):
        pip = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
        requirement = ["--require-hashes", "-r", ROOT / "xtask/pages/reveal.txt", "-d", folder]
        fetched = subprocess.run([*pip, *requirement], capture_output=True, text=True)
        if fetched.returncode:
            pytest.skip(f"reveal.js can't be fetched: {fetched.stderr[-300:]}")
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def slides(wheel):
    out = empty_folder("test-slides")
    done = write("slides", out, MARKED, "--reveal", wheel)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def site():
    out = empty_folder("test-site")
    done = write("site", out, [*PLACES, *TEXTS])
    assert done.returncode == 0, done.stderr
    return out


@contextlib.contextmanager
def offline(**options):
    """A page without a network; what it wanted from one, and what it complained of."""
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1280, "height": 720}, offline=True, **options)
        page, trouble = context.new_page(), []
        page.on("request", lambda asked: asked.url.startswith(("file:", "data:")) or trouble.append(asked.url))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        yield page, trouble
        browser.close()


@pytest.mark.parametrize("place", MARKED, ids=str)
def test_each_notebook_has_valid_slide_types(place):
    notebook = nbformat.read(NOTEBOOKS / place, as_version=4)
    found = pages.marks(notebook)
    assert set(found) <= {None, *pages.MARKS}
    assert found[0] == "slide"
    texts = [(cell, mark) for cell, mark in zip(notebook.cells, found, strict=True) if cell.cell_type == "markdown"]
    wrong = [cell.source for cell, mark in texts if cell.source.startswith("#") and mark != "slide"]
    assert not wrong, "a heading begins a slide"


@pytest.mark.parametrize("place", [*PLACES, *TEXTS], ids=str)
def test_no_number_is_still_to_be_filled_in(place):
    assert not re.findall(r"@[A-Z][A-Z0-9]*@", (NOTEBOOKS / place).read_text(encoding="utf-8"))


@needs_browser
@pytest.mark.parametrize("place", MARKED, ids=str)
def test_slides_can_be_read_without_a_network(slides, place):
    with offline() as (page, trouble):
        page.goto((slides / place.with_suffix(".html")).as_uri())
        page.wait_for_function("Reveal.isReady()")
        too_long, wide, shown = [], [], 0
        for _ in range(page.evaluate("Reveal.getTotalSlides()")):
            height, width, output, text = page.evaluate(
                """(slide => [slide.scrollHeight, slide.scrollWidth - slide.clientWidth,
                    slide.querySelector('.jp-OutputArea-output') !== null, slide.innerText])(Reveal.getCurrentSlide())"""
            )
            # A long table or figure is scrolled; text and code have to be there at once.
            if height > 722 and not output:
                too_long.append((height, text[:60]))
            if width > 1:
                wide.append(text[:60])
            images = page.locator(".slides section.present section.present img")
            shown += any(image.is_visible() for image in images.all())
            page.evaluate("while (Reveal.availableFragments().next) Reveal.nextFragment(); Reveal.next()")
        assert not too_long and not wide and not trouble
        has_figure = "image/svg+xml" in (NOTEBOOKS / place).read_text("utf-8")
        assert shown or not has_figure


@needs_browser
def test_pages_of_the_course_lead_to_each_other_without_a_network(site):
    with offline() as (page, trouble):
        waiting, seen = [(site / "index.html").as_uri()], set()
        while waiting:
            address = waiting.pop()
            seen.add(address)
            page.goto(address)
            links = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href.split('#')[0])")
            files = {link for link in links if link.startswith("file:")}
            assert all(Path(link.removeprefix("file://")).is_file() for link in files), (address, files)
            broken = page.eval_on_selector_all("img", "images => images.filter(i => !i.naturalWidth).map(i => i.alt)")
            assert not broken and page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
            waiting += files - seen - set(waiting)
        assert seen == {path.as_uri() for path in site.rglob("*.html")}
        assert not trouble


@needs_browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("asked", [True, False])
def test_both_themes_can_be_read(site, theme, asked, tmp_path):
    place, kind = MARKED[0], "site"
    browsers = {"light": "dark", "dark": "light"}[theme] if asked else theme
    if asked:
        assert write(kind, tmp_path, [place], "--theme", theme).returncode == 0
    with offline(color_scheme=browsers) as (page, _):
        page.goto(((tmp_path if asked else site) / place.with_suffix(".html")).as_uri())
        light = page.evaluate(
            """[['html', 'backgroundColor'], ['.jp-RenderedMarkdown p', 'color'], ['.highlight pre', 'color'], ['.jp-RenderedHTML td', 'color']]
            .map(([what, colour]) => getComputedStyle(document.querySelector(what))[colour])
            .map(text => text.match(/[\\d.]+/g).slice(0, 3).reduce((sum, part) => sum + Number(part) / 765, 0))"""
        )
        background, *texts = light if theme == "light" else [1 - part for part in light]
        assert background > 0.85 and all(text < 0.5 for text in texts), light


def notebook_of(*cells, **about):
    made = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    cells = [made[kind](text, metadata={"slideshow": {"slide_type": mark}} if mark else {}) for kind, text, mark in cells]
    return nbformat.v4.new_notebook(cells=cells, metadata=about)


def test_a_heading_in_the_middle_of_a_text_begins_a_slide():
    text = "So it was.\n\n## Next\n\n```sh\n## no heading\n```\n### a smaller one"
    notebook = notebook_of(("markdown", "# A", "slide"), ("markdown", text, "fragment"), ("markdown", text, "notes"))
    pages.cut_at_headings(notebook)
    assert pages.marks(notebook) == ["slide", "fragment", "slide", "notes"]
    assert notebook.cells[2].source.startswith("## Next") and notebook.cells[2].source.endswith("one")
    assert len({cell.id for cell in notebook.cells}) == 4


def test_pictures_are_in_the_page_and_hints_are_folded(tmp_path):
    text = '![a](a%20b.svg)\n\n<img src="c.png" alt="c">\n\n<details><summary>Hint</summary>\n\nthe *answer*\n\n</details>'
    nbformat.write(notebook_of(("markdown", text, None)), tmp_path / "a.ipynb")
    (tmp_path / "a b.svg").write_text("<svg/>")
    done = write("site", tmp_path / "out", ["a.ipynb"], root=tmp_path)
    html = (tmp_path / "out" / "a.html").read_text("utf-8")
    assert 'src="data:image/svg+xml;base64,PHN2Zy8+"' in html
    assert done.returncode == 0 and "c.png is not there" in done.stdout
    assert re.search(r"<details><summary>Hint</summary>\s*<p>the <em>answer</em></p>\s*</details>", html)


def test_what_can_be_no_page_is_named_and_leaves_nothing(tmp_path, wheel):
    root, out = tmp_path / "root", tmp_path / "out"
    root.mkdir()
    nbformat.write(notebook_of(("markdown", "# Good $x^2$", "slide"), ("code", "1", None)), root / "good.ipynb")
    nbformat.write(notebook_of(("markdown", "# Odd", "slides")), root / "odd.ipynb")
    nbformat.write(notebook_of(("markdown", "# None\n```sh\nls $HOME $TMP\n``` `$a b$`", None)), root / "none.ipynb")
    (root / "torn.ipynb").write_text('{"cells": [')
    names = ["good.ipynb", "odd.ipynb", "none.ipynb", "torn.ipynb", "gone.ipynb"]
    done = write("slides", out, names, "--reveal", wheel, root=root)
    assert done.returncode == 1
    for name, why in [("odd", "'slides' is none of"), ("torn", "is no notebook"), ("gone", "No such file")]:
        assert re.search(f"{name}.ipynb is left out: .*{why}", done.stderr), done.stderr
    assert "none.ipynb is left out: no cell has a slide type" in done.stdout
    assert "good.ipynb has a formula" in done.stdout and "none.ipynb has a formula" not in done.stdout
    assert [path.name for path in out.iterdir()] == ["good.html"]
    assert write("slides", out, ["none.ipynb"], "--reveal", wheel, root=root).returncode == 1


def test_outputs_without_a_kernel_are_text(tmp_path):
    """A widget shows what it has besides; what somebody has written into a review is no part of the page."""
    notebook = notebook_of(("code", "slider", None), ("code", "review", None))
    view = {"version_major": 2, "version_minor": 0, "model_id": "1"}
    data = {"application/vnd.jupyter.widget-view+json": view, "text/plain": "learning_rate = 0.05"}
    notebook.cells[0].outputs = [nbformat.v4.new_output("display_data", data)]
    evil = "</pre></div><script>alert(1)</script>"
    notebook.cells[1].outputs = [
        nbformat.v4.new_output("stream", name="stdout", text=evil),
        nbformat.v4.new_output("execute_result", {"text/plain": evil}, execution_count=1),
    ]
    nbformat.write(notebook, tmp_path / "a.ipynb")
    assert write("site", tmp_path / "out", ["a.ipynb"], root=tmp_path).returncode == 0
    html = (tmp_path / "out" / "a.html").read_text("utf-8")
    assert "learning_rate = 0.05" in html and "<script" not in html
