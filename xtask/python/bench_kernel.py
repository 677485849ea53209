"""Times a kernel from its start to the answers of the first cells.

bench_kernel.py <project> [rounds]: prints the median of each part as JSON.
"""

import json
import statistics
import sys
import time

from jupyter_client.manager import start_new_kernel

# What a lesson does: a type of the library, a tensor, a struct of one's own, a loop, text.
CELLS = [
    "let x = Tensor::from_slice(&[1.0f32, 2.0, 3.0]);",
    "let lengths: Vec<usize> = vec![1, 2, 3];",
    "let total = lengths.iter().sum::<usize>(); total",
    "#[derive(Debug)]\npub struct Point { pub x: f64, pub y: f64 }",
    'let points: Vec<Point> = (0..3).map(|i| Point { x: i as f64, y: 0.5 }).collect();\npoints.len()',
    'for point in &points {\n    println!("{} {}", point.x, point.y);\n}',
    "let y = (&x * 2.0).sum(tch::Kind::Float); y.double_value(&[])",
    'let name = format!("{} of {}", total, points.len()); name',
]


def show_errors(message):
    if message["msg_type"] == "error":
        print("\n".join(message["content"]["traceback"]), file=sys.stderr)


def cell(client, code):
    started = time.perf_counter()
    reply = client.execute_interactive(code, timeout=1200, output_hook=show_errors)
    if reply["content"]["status"] != "ok":
        sys.exit(f"cell failed: {code}")
    return time.perf_counter() - started


def round_of(project):
    started = time.perf_counter()
    manager, client = start_new_kernel(kernel_name="unit8", startup_timeout=120)
    try:
        times = {"kernel answers": time.perf_counter() - started}
        times[":dep"] = cell(client, f':dep unit8 = {{ path = "{project}" }}\nuse unit8::tch::{{self, Tensor}};')
        first, *later = [cell(client, code) for code in CELLS]
        times["first let"] = first
        times["start to first answer"] = time.perf_counter() - started - sum(later)
        times["median cell"] = statistics.median(later)
        times["slowest cell"] = max(later)
        return times
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


def main(project, rounds="5"):
    rounds = [round_of(project) for _ in range(int(rounds))]
    print(json.dumps({part: statistics.median(r[part] for r in rounds) for part in rounds[0]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
