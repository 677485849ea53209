//! The figure of a training that runs.

use crate::display::{Html, Show, bar, escape, seconds};
use crate::metrics::{History, StepMetrics};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// How far a training is.
pub struct Training {
    /// Of this run and the ones before it that it goes on from.
    pub history: History,
    /// The mean over the steps since the last of those in the history.
    pub now: Option<StepMetrics>,
    pub epochs: usize,
    /// In an epoch.
    pub batches: usize,
    pub batches_done: usize,
    /// Those that were done before this run, and the full epochs among them.
    pub batches_skipped: usize,
    pub epochs_skipped: usize,
    pub examples_done: usize,
    pub started: Instant,
    pub state: State,
}

pub enum State {
    Trains,
    /// This share of the validation data has been seen.
    Validates(f64),
    /// What is left to say.
    Ended(String),
}

impl Training {
    /// The epoch that runs, from 1.
    pub fn epoch(&self) -> usize {
        (self.batches_done.saturating_sub(1) / self.batches.max(1) + 1).min(self.epochs)
    }

    fn all_batches(&self) -> f64 {
        (self.epochs as f64 * self.batches as f64).max(1.0)
    }

    pub fn percent(&self) -> f64 {
        100.0 * self.batches_done as f64 / self.all_batches()
    }

    /// Of what this run has to do.
    pub fn share(&self) -> f64 {
        let before = self.batches_skipped as f64;
        (self.batches_done as f64 - before) / (self.all_batches() - before).max(1.0)
    }

    pub fn speed(&self) -> String {
        let passed = self.started.elapsed().as_secs_f64();
        let left = passed / self.share().max(1e-9) - passed;
        let per_second = self.examples_done as f64 / passed.max(1e-9);
        format!("{per_second:.0} examples/s | {} left", seconds(left))
    }

    /// One line below the figure.
    fn line(&self) -> String {
        let begun = self.batches_done > self.batches_skipped;
        let speed = if begun { self.speed().replace(" | ", " · ") } else { "begins".to_owned() };
        let mut line = format!("epoch {} of {} · {speed}", self.epoch(), self.epochs);
        if let State::Validates(share) = self.state {
            line += &format!(" · validation {:.0} %", 100.0 * share);
        }
        if let Some(bytes) = memory() {
            line += &format!(" · RAM {:.1} GB", bytes as f64 / 1e9);
        }
        line
    }
}

/// What the process holds in memory now, in bytes; None where the system does not say.
fn memory() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = pages.split_whitespace().nth(1)?.parse().ok()?;
    // SAFETY: asks for a number.
    let size = u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).ok()?;
    Some(pages * size)
}

/// The training as it is when it is drawn.
pub struct Figure(pub Arc<Mutex<Training>>);

impl Show for Figure {
    fn to_html(&self) -> Html {
        // Drawing takes milliseconds, in which the training goes on.
        let (history, epochs, share, line, ended) = {
            let training = locked(&self.0);
            let mut history = training.history.clone();
            history.steps.extend(training.now);
            let share = training.batches_done as f64 / training.all_batches();
            match &training.state {
                State::Ended(text) => (history, 0, share, text.clone(), true),
                _ => (history, training.epochs, share, training.line(), false),
            }
        };
        let figures = history.figures_up_to(epochs);
        if ended {
            let html =
                format!("{}<div>{}</div>{}", figures.html(), escape(&line), history.folded());
            let text = format!("{}\n{line}", history.lines());
            return Html::new(html).with_text(text.trim());
        }
        let html = format!("{}{}", figures.html(), bar(share, &line));
        Html::new(html).with_text(format!("{:.0} % · {line}", 100.0 * share))
    }
}

pub fn locked(training: &Mutex<Training>) -> MutexGuard<'_, Training> {
    training.lock().unwrap_or_else(PoisonError::into_inner)
}
