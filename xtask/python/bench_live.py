"""Times `fit` with its growing figure beside one that is quiet, in our kernel: on steps of 2 ms and of
2 s, one after the other in turns.

bench_live.py <project> [rounds]: prints the median seconds, and of the turns' ratios the median, as
JSON.
"""

import json
import statistics
import sys

from bench_kernel import Kernel

MODEL = """
use unit8::{Classifier, CountMatrix, CountVectorizer, DataLoader, Features, Optimizer, Trainer};
pub struct Model { store: tch::nn::VarStore, linear: tch::nn::Linear, work: Tensor, times: usize }
impl Classifier<Features> for Model {
    fn forward(&self, features: &Features) -> Tensor {
        // Products that change nothing, and take their time on all cores.
        for _ in 0..self.times { let _product = self.work.matmul(&self.work); }
        features.linear(&self.linear)
    }
    fn var_store(&self) -> &tch::nn::VarStore { &self.store }
}
pub fn working(columns: usize, milliseconds: f64) -> Model {
    let store = tch::nn::VarStore::new(tch::Device::Cpu);
    let linear = tch::nn::linear(store.root(), columns as i64, 2, Default::default());
    let work = Tensor::rand([256, 256], (tch::Kind::Float, tch::Device::Cpu));
    let model = Model { store, linear, work, times: 1000 };
    let once = || {
        let started = std::time::Instant::now();
        for _ in 0..model.times { let _product = model.work.matmul(&model.work); }
        started.elapsed().as_secs_f64() * 1e3 / model.times as f64
    };
    once();
    let times = (milliseconds / once()) as usize;
    Model { times, ..model }
}
pub fn data(examples: usize) -> unit8::Result<DataLoader<CountMatrix>> {
    let texts: Vec<String> = (0..examples).map(|i| format!("word word{}", i % 2)).collect();
    let (_, counts) = CountVectorizer::default().fit_transform(&texts)?;
    DataLoader::new(counts, (0..examples as i64).map(|i| i % 2).collect::<Vec<i64>>(), 4)
}
let trainer = Trainer { num_epochs: 1, learning_rate: 0.01, optimizer: Optimizer::Sgd, ..Default::default() };
let val = data(4)?;
"""
FIT = """
let started = std::time::Instant::now();
let history = Trainer { quiet: %s, ..trainer.clone() }.fit(&model, &train, &val)?;
started.elapsed().as_secs_f64()
"""
# Milliseconds of a step, and steps of a training: some eight seconds
KINDS = {"steps of 2 ms": (2, 4000), "steps of 2 s": (2000, 4)}


def value(kernel, code):
    """The value of a cell."""
    found = []

    def keep(message):
        if message["msg_type"] == "execute_result":
            found.append(message["content"]["data"]["text/plain"])

    reply = kernel.client.execute_interactive(code, timeout=1200, output_hook=keep)
    if reply["content"]["status"] != "ok":
        sys.exit(f"{code}: {reply['content']}")
    return float(found[-1]) if found else None


def main(project, rounds="5"):
    kernel = Kernel("unit8")
    try:
        kernel.cell(f':dep unit8 = {{ path = "{project}" }}\nuse unit8::tch::{{self, Tensor}};')
        kernel.cell(MODEL)
        figures = {}
        for name, (milliseconds, steps) in KINDS.items():
            kernel.cell(f"let train = data({4 * steps})?; let model = working(3, {milliseconds}.0);")
            value(kernel, FIT % "true")  # the first one warms up
            turns = [[value(kernel, FIT % quiet) for quiet in ("false", "true")] for _ in range(int(rounds))]
            live, quiet = (statistics.median(times) for times in zip(*turns))
            ratio = statistics.median(live / quiet for live, quiet in turns)
            figures[name] = {"live": live, "quiet": quiet, "ratio": ratio}
        print(json.dumps(figures))
    finally:
        kernel.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
