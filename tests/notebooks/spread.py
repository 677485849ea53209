"""How far the numbers of the lessons lie apart, by chance and from machine to machine.

    python spread.py [--out FILE] [--lessons NAME,...] <seed>/<precision>/<instructions>/<threads> ...

executes each lesson that trains with each of these settings, for instance `1/bf16/all/2` or
`3/fp32/avx2/1`, and adds its accuracies to spread.json, from which test_lessons.py takes what it
demands. The reviews stay the same: `seed` draws the new weights, the order of the batches and the
dropout. A setting that is in the file already is left out, so that a broken-off row of runs can be
started again. (The solution of the exercise trains with five seeds in one run, and the exercise
trains as the solution does.)
"""

import argparse
import datetime
import itertools
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import nbformat
from numbers_of_lessons import TRAINING, accuracies, five_seeds

ROOT = Path(__file__).resolve().parents[2]
FILE = Path(__file__).with_name("spread.json")
# Two folders below the project, like the lessons, so that `path = "../.."` holds.
FOLDER = ROOT / "target" / "spread"
PRECISION = {"bf16": "Precision::Bf16", "fp32": "Precision::Fp32"}
# What a processor without AVX512 calculates with.
AVX2 = {"DNNL_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}


def changed(notebook, seed, precision):
    """The lesson with other settings."""
    changes = {"let seed: u32 = 1;": f"let seed: u32 = {seed};", ".split(seed)?": ".split(1)?"}
    if any("Precision" in cell.source for cell in notebook.cells if cell.cell_type == "code"):
        changes["Precision::fastest()"] = PRECISION[precision]
    for old, new in changes.items():
        cell = next((c for c in notebook.cells if c.cell_type == "code" and old in c.source), None)
        if cell is None:
            raise SystemExit(f"no cell has {old!r}: the lesson has changed, and spread.py with it")
        cell.source = cell.source.replace(old, new)
    return notebook


def execute(name, settings):
    """The accuracies of a lesson, by the settings that they come from, and its seconds."""
    seed, precision, instructions, threads = settings.split("/")
    lesson = ROOT / "notebooks" / f"{TRAINING[name]}.ipynb"
    copy = FOLDER / f"{name} {settings}.ipynb".replace(" ", "-").replace("/", "-")
    FOLDER.mkdir(parents=True, exist_ok=True)
    nbformat.write(changed(nbformat.read(lesson, as_version=4), seed, precision), copy)
    data = FOLDER / f"data-{precision}-{instructions}-{threads}"
    env = {**os.environ, "OMP_NUM_THREADS": threads, "UNIT8_DATA": str(data)}
    if instructions == "avx2":
        env |= AVX2
    started = time.monotonic()
    script = ROOT / "xtask" / "python" / "run_lesson.py"
    subprocess.run([sys.executable, script, "--installed", copy, copy], env=env, check=True)
    seconds = time.monotonic() - started
    executed = nbformat.read(copy, as_version=4)
    found = {}
    if name == "solution":
        others = settings.partition("/")[2]
        found = {f"{seed}/{others}": numbers for seed, numbers in five_seeds(executed).items()}
    return found | {settings: accuracies(executed)}, seconds


def processor():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    matrix = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in flags]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores, {' '.join(matrix)}"


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, default=FILE)
    lessons = [name for name in TRAINING if name != "exercise"]
    arguments.add_argument("--lessons", default=",".join(lessons))
    arguments.add_argument("settings", nargs="+")
    arguments = arguments.parse_args()
    machine = processor()
    for settings, name in itertools.product(arguments.settings, arguments.lessons.split(",")):
        kept = json.loads(arguments.out.read_text()) if arguments.out.exists() else {}
        runs = kept.setdefault(name, [])
        if any(run["settings"] == settings and run["machine"] == machine for run in runs):
            continue
        found, seconds = execute(name, settings)
        print(f"{name} {found} in {seconds:.0f} s", flush=True)
        about = {"machine": machine, "torch": version("torch"), "date": f"{datetime.date.today()}"}
        runs += [{"settings": s, **about, "accuracies": numbers} for s, numbers in found.items()]
        arguments.out.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
