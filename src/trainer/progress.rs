//! Lines that tell how far a training is.

use crate::metrics::History;
use std::time::{Duration, Instant};

/// Not more often than this, so that a cell's output stays readable.
const EVERY: Duration = Duration::from_secs(2);
/// A training says no more than this: about a screenful.
const LINES: f64 = 15.0;

pub struct Progress {
    epochs: usize,
    batches: usize,
    batches_done: usize,
    examples_done: usize,
    started: Instant,
    last_line: Instant,
}

impl Progress {
    pub fn start(epochs: usize, batches_per_epoch: usize) -> Progress {
        let now = Instant::now();
        Progress {
            epochs,
            batches: batches_per_epoch,
            batches_done: 0,
            examples_done: 0,
            started: now,
            last_line: now,
        }
    }

    pub fn batch_done(&mut self, examples: usize, (loss, accuracy): (f64, f64)) {
        self.batches_done += 1;
        self.examples_done += examples;
        if !self.line_is_due() {
            return;
        }
        let seconds = self.started.elapsed().as_secs_f64();
        let share = self.share();
        let epoch = (self.batches_done - 1) / self.batches + 1;
        println!(
            "epoch {epoch}/{} | {:3.0} % | loss {loss:.4} | accuracy {:.2} % | \
             {:.0} examples/s | {:.0} s left",
            self.epochs,
            100.0 * share,
            100.0 * accuracy,
            self.examples_done as f64 / seconds,
            seconds / share - seconds,
        );
        self.last_line = Instant::now();
    }

    /// The share of the work that is done, 0 to 1.
    fn share(&self) -> f64 {
        self.batches_done as f64 / (self.epochs as f64 * self.batches as f64)
    }

    fn line_is_due(&self) -> bool {
        let expected = self.started.elapsed().div_f64(self.share().max(1e-9));
        self.last_line.elapsed() >= EVERY.max(expected.div_f64(LINES))
    }

    pub fn finish(&self, history: &History) {
        let seconds = self.started.elapsed().as_secs_f64();
        if history.stopped {
            let kept = if history.epochs.is_empty() {
                "the parameters are those of the last step"
            } else {
                "the parameters are those of the best epoch"
            };
            println!("stopped after {} full epochs: {kept}", history.epochs.len());
        } else if let Some(best) = history.best() {
            println!("{} epochs in {seconds:.1} s; the best: {best}", self.epochs);
        }
    }
}
