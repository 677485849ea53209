"""Times our kernel beside a bare evcxr_jupyter: from the start to the answers of the first cells,
further cells, and typing errors.

bench_kernel.py <project> <evcxr_jupyter> [rounds]: prints the medians in seconds as JSON.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from jupyter_client.manager import KernelManager

# What a lesson does: numbers, a struct of one's own, a loop, text, values. `{ours}` is a tensor in our
# kernel, a vector in the bare one.
CELLS = [
    "let lengths: Vec<usize> = vec![1, 2, 3];",
    "let total = lengths.iter().sum::<usize>(); total",
    "#[derive(Debug)]\npub struct Point { pub x: f64, pub y: f64 }",
    "let points: Vec<Point> = (0..3).map(|i| Point { x: i as f64, y: 0.5 }).collect();\npoints.len()",
    'for point in &points {\n    println!("{} {}", point.x, point.y);\n}',
    "{ours}",
    'let name = format!("{} of {}", total, points.len()); name',
    "points",
]
OURS = "let y = (&x * 2.0).sum(tch::Kind::Float); y.double_value(&[])"
BARE = "let y: f32 = x.iter().map(|v| v * 2.0).sum(); y"
TYPOS = ["let z = undefined_thing + 1;", "total.lenn()", 'let n: usize = "text";', "println!(\"{}\", totall);"]


class Kernel:
    def __init__(self, name):
        self.started = time.perf_counter()
        self.manager = KernelManager(kernel_name=name)
        # What a program has that no shell has started.
        self.manager.start_kernel(env={name: os.environ[name] for name in ("HOME", "PATH")})
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=300)

    def seconds(self):
        return time.perf_counter() - self.started

    def cell(self, code, status="ok"):
        started = time.perf_counter()
        messages = []
        reply = self.client.execute_interactive(code, timeout=1200, output_hook=messages.append)
        if reply["content"]["status"] != status:
            sys.exit(f"{code}: {[message['content'] for message in messages]}")
        return time.perf_counter() - started

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def round_of(name, first, ours):
    kernel = Kernel(name)
    try:
        for code in first:
            kernel.cell(code)
        times = {"start to the first answer": kernel.seconds()}
        typo = kernel.cell(TYPOS[0], "error")
        cells = [kernel.cell(code.replace("{ours}", ours)) for code in CELLS]
        typos = [kernel.cell(code, "error") for code in TYPOS[1:]]
        times |= {"median cell": statistics.median(cells), "slowest cell": max(cells)}
        times |= {"first typo": typo, "slowest further typo": max(typos)}
        return times
    finally:
        kernel.close()


def main(project, evcxr, rounds="5"):
    with tempfile.TemporaryDirectory() as folder:
        spec = {"argv": [evcxr, "--control_file", "{connection_file}"], "display_name": "bare"}
        kernels = Path(folder) / "kernels" / "bare"
        kernels.mkdir(parents=True)
        (kernels / "kernel.json").write_text(json.dumps(spec | {"language": "rust"}))
        os.environ["JUPYTER_PATH"] = os.pathsep.join([folder, os.environ.get("JUPYTER_PATH", "")])
        dep = f':dep unit8 = {{ path = "{project}" }}\nuse unit8::tch::{{self, Tensor}};'
        ways = {
            "unit8": (dep, "let x = Tensor::from_slice(&[1.0f32, 2.0, 3.0]);", OURS),
            "bare": ("let x = vec![1.0f32, 2.0, 3.0];", BARE),
        }
        rounds = [
            {name: round_of(name, first, ours) for name, (*first, ours) in ways.items()}
            for _ in range(int(rounds))
        ]
    parts = rounds[0]["bare"]
    median = {name: {part: statistics.median(r[name][part] for r in rounds) for part in parts} for name in ways}
    print(json.dumps({"ours": median["unit8"], "bare": median["bare"]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
