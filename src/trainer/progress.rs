//! Lines that tell how far a training is.

use crate::metrics::History;
use crate::progress::Pace;

pub struct Progress {
    epochs: usize,
    /// In an epoch.
    batches: usize,
    batches_done: usize,
    /// Those that were done before this run.
    batches_skipped: usize,
    examples_done: usize,
    pace: Pace,
}

impl Progress {
    pub fn start(epochs: usize, batches_per_epoch: usize) -> Progress {
        Progress {
            epochs,
            batches: batches_per_epoch,
            batches_done: 0,
            batches_skipped: 0,
            examples_done: 0,
            pace: Pace::start(),
        }
    }

    /// Counts on from a training that was stopped after so many batches.
    pub fn skip(&mut self, batches: usize) {
        self.batches_done = batches;
        self.batches_skipped = batches;
    }

    pub fn batches_done(&mut self, batches: &[Vec<usize>], (loss, accuracy): (f64, f64)) {
        self.batches_done += batches.len();
        self.examples_done += batches.iter().map(Vec::len).sum::<usize>();
        let all = self.epochs as f64 * self.batches as f64;
        let before = self.batches_skipped as f64;
        // Of what this run has to do.
        let share = (self.batches_done as f64 - before) / (all - before).max(1.0);
        if self.pace.line_is_due(share) {
            println!(
                "epoch {}/{} | {:3.0} % | loss {loss:.4} | accuracy {:.2} % | \
                 {:.0} examples/s | {:.0} s left",
                (self.batches_done - 1) / self.batches + 1,
                self.epochs,
                100.0 * self.batches_done as f64 / all,
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
            let epochs = history.epochs.len();
            println!("{epochs} epochs in {:.1} s; the best: {best}", self.pace.seconds());
        }
    }
}
