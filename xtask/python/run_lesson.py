"""Executes one notebook in a fresh kernel: run_lesson.py [--installed] [--quick] <notebook> <executed copy>

Prints a line for each code cell with its time. The copy is written even when a cell fails, up to
that cell; the exit code is then 1. With --installed the lesson uses the installed reviews and model
alone, and as many reviews as it does where it has time enough, so that its numbers are the same on a
machine that has a network, more in its caches, or other things to do. With --quick as well, the lessons
that train a whole model take as few texts, or steps, as they can, where the processor is not built for
16-bit numbers: there they would need many minutes.
"""

import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


# What a lesson adapts to the machine, and what it is when the numbers have to be those of others.
MINUTES = "let minutes: f64 = {};"
GIVEN, ENOUGH, NONE = map(MINUTES.format, ("5.0", "600.0", "0.0"))
LONG = {"pretraining", "part2-whole-model", "part3-comparison", "part4-hyperparameters", "part5-lora", "your-own-data"}


def is_slow():
    """Whether this processor is not built for 16-bit numbers."""
    return not {"avx512_bf16", "amx_bf16"} & set(Path("/proc/cpuinfo").read_text().split())


def is_cut_short(lesson):
    """Whether --quick takes few texts for it, on this processor."""
    return Path(lesson).stem in LONG and is_slow()


def main(source, target, minutes):
    notebook = nbformat.read(source, as_version=4)
    replace(notebook, GIVEN, minutes)
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
        replace(notebook, minutes, GIVEN)
        write_whole(notebook, Path(target))


def replace(notebook, old, new):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = cell.source.replace(old, new)


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
    installed = "--installed" in options
    if installed:
        os.environ |= only_installed(Path(__file__).resolve().parents[2] / "target" / "lessons" / "cache")
    quick = "--quick" in options and is_cut_short(source)
    sys.exit(main(source, target, NONE if quick else ENOUGH if installed else GIVEN))
