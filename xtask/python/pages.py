"""Writes notebooks as pages that ask nothing of the network, with the outputs that are in them:

pages.py slides [--theme T] --reveal <wheel> <root> <out> (<place> <file>)...   presentations
pages.py site [--theme T] <root> <out> (<place> <file>)...                      web pages

<place> is where a notebook belongs below <root>, <file> where it lies: that may be an executed copy. Its
page has the same place below <out>, README.ipynb that of index.html. A file of Markdown becomes a web
page, too. T is light or dark; without it, a page has the colours that the browser asks for. Nothing is
run. A page is written whole or not at all; what can't be is named, and the exit code is then 1. A notebook
without slide types is no presentation, which is no failure as long as others are.
"""

import argparse
import base64
import html
import mimetypes
import os
import re
import sys
import zipfile
from pathlib import Path
from urllib.parse import unquote

import nbformat
from nbconvert import HTMLExporter, SlidesExporter
from traitlets.config import Config

TEMPLATES = Path(__file__).resolve().parents[1] / "pages"
REVEAL = "sphinx_revealjs/_static/revealjs/"
MARKS = ("slide", "subslide", "fragment", "skip", "notes")
HEADING = re.compile(r"^#{1,2} ")
FENCE = re.compile(r"^\s*(```|~~~)")
CODE = re.compile(r"^\s*(```|~~~).*?^\s*\1|`[^`\n]*`", re.DOTALL | re.MULTILINE)
FORMULA = re.compile(r"\$\$.+?\$\$|(?<![\\$\w])\$[^\s$][^$\n]*\$(?!\d)", re.DOTALL)
IMAGE = re.compile(r'(<img\b[^>]*? src=")(?![a-z]+:|/)([^"]+)"')
LINK = re.compile(r'<a href="(?![a-z]+:|/|#)([^"#]*?)\.(ipynb|md)(#[^"]*)?">(.*?)</a>', re.DOTALL)


class Unusable(Exception):
    """Why a notebook can't become a page."""


class Unmarked(Exception):
    """Why a notebook becomes no presentation."""


def marks(notebook):
    """What each cell is in a presentation; None: it stands below the cell before it."""
    return [cell.metadata.get("slideshow", {}).get("slide_type") for cell in notebook.cells]


def cut_at_headings(notebook):
    """A heading begins a slide also where it stands in the middle of a text."""
    cells = []
    for cell, mark in zip(notebook.cells, marks(notebook), strict=True):
        if cell.cell_type != "markdown" or mark in ("skip", "notes"):
            cells.append(cell)
            continue
        for number, text in enumerate(parts_of(cell.source)):
            part = nbformat.from_dict({**cell, "source": text})
            if number:
                part.id = f"{cell.get('id', 'cell')}-{number}"
                part.metadata = nbformat.from_dict({"slideshow": {"slide_type": "slide"}})
            cells.append(part)
    notebook.cells = cells


def parts_of(text):
    parts, fenced = [[]], False
    for line in text.splitlines():
        fenced ^= bool(FENCE.match(line))
        if HEADING.match(line) and not fenced and any(map(str.strip, parts[-1])):
            parts.append([])
        parts[-1].append(line)
    return ["\n".join(part).strip() for part in parts]


def read(file):
    if file.suffix == ".md":
        return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(file.read_text("utf-8"))])
    try:
        notebook = nbformat.read(file, as_version=4)
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, UnicodeDecodeError) as error:
        raise Unusable(f"is no notebook: {str(error).splitlines()[0][:200]}") from error
    return notebook


def title_of(notebook, default):
    for cell in notebook.cells:
        heading = re.search(r"^# (.+)", cell.source, re.MULTILINE)
        if cell.cell_type == "markdown" and heading:
            return heading[1].strip()
    return default


def colours(theme, templates):
    """The colours of JupyterLab's themes: the one that is asked for, else the browser's choice."""

    def css(name):
        return (templates / "lab" / "static" / f"theme-{name}.css").read_text("utf-8")

    if theme:
        return f"<style>:root {{ color-scheme: {theme} }}\n{css(theme)}</style>"
    dark = f"@media (prefers-color-scheme: dark) {{\n{css('dark')}\n}}"
    return f"<style>:root {{ color-scheme: light dark }}\n{css('light')}\n{dark}</style>"


def exporter(kind):
    # A widget needs its kernel: without one, what else it showed stands in its place.
    kinds = ("text/html", "text/markdown", "image/svg+xml", "image/png", "image/jpeg", "text/latex", "text/plain")
    return {"slides": SlidesExporter, "site": HTMLExporter}[kind](
        extra_template_basedirs=[str(TEMPLATES)],
        template_name=kind,
        exclude_anchor_links=kind == "slides",
        config=Config({"NbConvertBase": {"display_data_priority": list(kinds)}}),
    )


def reveal(wheel):
    with zipfile.ZipFile(wheel) as files:
        names = {"css": "dist/reveal.css", "js": "dist/reveal.js", "notes": "plugin/notes/notes.js"}
        return {name: files.read(REVEAL + path).decode() for name, path in names.items()}


def with_links(page, place, places):
    """Links to other pages lead to them; a link to something that is not among them is plain text."""

    def link(found):
        path, kind, section, text = found.groups()
        target = os.path.normpath(place.parent / f"{path}.{kind}")
        if Path(target) not in places:
            return text
        to = os.path.relpath(page_of(Path(target)), place.parent)
        return f'<a href="{to}{section or ""}">{text}</a>'

    return LINK.sub(link, page)


def with_images(page, folder):
    """Images that lie beside a notebook become part of its page. (nbconvert would do that, too, but cuts
    HTML in texts into pieces for it, so that what is to unfold lies open.)"""

    def image(found):
        file = folder / unquote(html.unescape(found[2]))
        if not file.is_file():
            print(f"  {file} is not there: its picture is missing", flush=True)
            return found[0]
        kind = mimetypes.guess_type(file.name)[0]
        return f'{found[1]}data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"'

    return IMAGE.sub(image, page)


def page_of(place):
    return place.with_name("index.html") if str(place) == "README.ipynb" else place.with_suffix(".html")


def write_whole(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.part{os.getpid()}")
    try:
        partial.write_text(text, "utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def prepared(kind, file):
    """A notebook as it becomes a page."""
    notebook = read(file)
    found = set(marks(notebook))
    unknown = found - {None, "-", *MARKS}
    if unknown:
        raise Unusable(f"the slide type {unknown.pop()!r} is none of {', '.join(MARKS)}")
    texts = (CODE.sub("", cell.source) for cell in notebook.cells if cell.cell_type == "markdown")
    if any(map(FORMULA.search, texts)):
        print(f"  {file.name} has a formula, which is shown as it was typed", flush=True)
    if kind == "slides":
        if not found & {"slide", "subslide", "fragment"}:
            raise Unmarked("no cell has a slide type (JupyterLab: Property Inspector, Slide Type)")
        cut_at_headings(notebook)
    return notebook


def write_page(made, notebook, place, resources, root, out, places):
    page = page_of(place)
    about = {"name": title_of(notebook, place.stem), "path": str((root / place).parent)}
    start = "" if page.name == "index.html" else os.path.relpath("index.html", page.parent)
    text, _ = made.from_notebook_node(notebook, {**resources, "metadata": about, "start_page": start})
    write_whole(out / page, with_links(with_images(text, (root / place).parent), place, places))
    print(f"  {page}", flush=True)


def main(kind, theme, wheel, root, out, pages):
    made = exporter(kind)
    (templates,) = [Path(path).parent for path in made.template_paths if path.endswith("/lab")]
    resources = {"colours": colours(theme, templates)}
    if kind == "slides":
        resources["reveal"] = reveal(wheel)
    notebooks, failed = {}, 0
    for place, file in zip(map(Path, pages[::2]), map(Path, pages[1::2]), strict=True):
        try:
            notebooks[place] = prepared(kind, file)
        except (Unusable, OSError) as error:
            failed += 1
            print(f"  {place} is left out: {error}", file=sys.stderr, flush=True)
        except Unmarked as error:
            print(f"  {place} is left out: {error}", flush=True)
    for place, notebook in notebooks.items():
        try:
            write_page(made, notebook, place, resources, root, out, notebooks)
        except OSError as error:
            failed += 1
            print(f"  {place} can't be written: {error}", file=sys.stderr, flush=True)
    return 1 if failed or not notebooks else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=("slides", "site"))
    parser.add_argument("--theme", choices=("light", "dark"))
    parser.add_argument("--reveal", type=Path)
    parser.add_argument("root", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("pages", nargs="+")
    given = parser.parse_args()
    sys.exit(main(given.kind, given.theme, given.reveal, given.root, given.out, given.pages))
