"""Executes one notebook in a fresh kernel: run_lesson.py [--installed] <notebook> <executed copy>

Prints a line for each code cell with its time. The copy is written even when a cell fails, up to
that cell; the exit code is then 1. With --installed the lesson uses the installed reviews and model
alone, so that its numbers are the same on a machine that has a network, or more in its caches.
"""

import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


def main(source, target):
    notebook = nbformat.read(source, as_version=4)
    started = {}

    def on_start(cell, cell_index):
        started[cell_index] = time.perf_counter()

    def on_end(cell, cell_index, execute_reply):
        seconds = time.perf_counter() - started[cell_index]
        lines = cell.source.strip().splitlines()
        print(f"  {seconds:6.2f} s  {lines[-1][:70] if lines else ''}", flush=True)

    client = NotebookClient(
        notebook,
        kernel_name="unit8",
        timeout=3600,
        startup_timeout=120,
        resources={"metadata": {"path": str(Path(source).parent)}},
        on_cell_start=on_start,
        on_cell_executed=on_end,
        # What a student keeps in the file: the outputs, not the times of our machine.
        record_timing=False,
    )
    try:
        client.execute()
        return 0
    except CellExecutionError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    finally:
        write_whole(notebook, Path(target))


def only_installed(cache):
    """The variables of a kernel that has no network, and caches of its own."""
    kinds = ("http_proxy", "https_proxy", "all_proxy")
    nobody = {name: "http://127.0.0.1:9" for kind in kinds for name in (kind, kind.upper())}
    none = dict.fromkeys(("no_proxy", "NO_PROXY", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"), "")
    hub = {"HF_HOME": str(cache / "hub"), "HF_HUB_OFFLINE": "1"}
    return nobody | none | hub | {"UNIT8_DATA": os.environ.get("UNIT8_DATA") or str(cache / "data")}


def write_whole(notebook, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(f".part{os.getpid()}")
    nbformat.write(notebook, partial)
    partial.replace(target)


if __name__ == "__main__":
    *options, source, target = sys.argv[1:]
    if "--installed" in options:
        os.environ |= only_installed(Path(__file__).resolve().parents[2] / "target" / "lessons" / "cache")
    sys.exit(main(source, target))
