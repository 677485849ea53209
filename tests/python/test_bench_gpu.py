"""The benchmark of graphics cards, on whatever there is."""

import os
import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "xtask" / "python" / "bench_gpu.py"


def test_it_prints_rows_for_each_precision():
    command = [sys.executable, SCRIPT, os.environ["UNIT8_BENCH_GPU"], "2", "8", "20", "48"]
    said = subprocess.check_output(command, text=True)
    # On a busy machine so little work may take less than none: the start of the program is subtracted.
    number = r"(-?[\d.]+)"
    row = rf"^\| 2 \| (?:1 to )?8 \| (\w+) \| {number} \| {number} \| {number} \|"
    rows = re.findall(row, said, re.M)
    kinds = [kind for kind in ("fp32", "tf32", "bf16") for lengths in ("same", "mixed")]
    assert [row[0] for row in rows] == kinds, said
    for _, ours, theirs, ratio in rows:
        assert abs(float(ours) / float(theirs) - float(ratio)) < 0.1 * abs(float(ratio)) + 0.01, said
