//! Lines that tell how far a training is.

use crate::metrics::History;
use crate::progress::Pace;

pub struct Progress {
    epochs: usize,
    batches: usize,
    batches_done: usize,
    examples_done: usize,
    pace: Pace,
}

impl Progress {
    pub fn start(epochs: usize, batches_per_epoch: usize) -> Progress {
        let pace = Pace::start();
        Progress { epochs, batches: batches_per_epoch, batches_done: 0, examples_done: 0, pace }
    }

    pub fn batch_done(&mut self, examples: usize, (loss, accuracy): (f64, f64)) {
        self.batches_done += 1;
        self.examples_done += examples;
        let share = self.batches_done as f64 / (self.epochs as f64 * self.batches as f64);
        if self.pace.line_is_due(share) {
            println!(
                "epoch {}/{} | {:3.0} % | loss {loss:.4} | accuracy {:.2} % | \
                 {:.0} examples/s | {:.0} s left",
                (self.batches_done - 1) / self.batches + 1,
                self.epochs,
                100.0 * share,
                100.0 * accuracy,
                self.examples_done as f64 / self.pace.seconds(),
                self.pace.seconds_left(share),
            );
        }
    }

    pub fn finish(&self, history: &History) {
        if history.stopped {
            let kept = if history.epochs.is_empty() {
                "the parameters are those of the last step"
            } else {
                "the parameters are those of the best epoch"
            };
            println!("stopped after {} full epochs: {kept}", history.epochs.len());
        } else if let Some(best) = history.best() {
            println!("{} epochs in {:.1} s; the best: {best}", self.epochs, self.pace.seconds());
        }
    }
}
