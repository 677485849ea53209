//! The figure of a training that runs.

use super::clock::{Clock, Plan};
use crate::display::{Html, Show, bar, escape, seconds};
use crate::metrics::{History, StepMetrics};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A training, as it is seen.
pub struct Training {
    /// Of this run and the ones before it that it goes on from.
    pub history: History,
    /// The mean over the steps since the last of those in the history.
    pub now: Option<StepMetrics>,
    pub plan: Plan,
    pub clock: Clock,
    /// What is left to say when it has ended.
    pub ended: Option<String>,
}

impl Training {
    pub fn start(plan: Plan, history: History) -> Training {
        Training { history, now: None, plan, clock: Clock::start(plan), ended: None }
    }

    /// `["43 %", "52 examples/s", "41 s left"]`
    pub fn speed(&self) -> Vec<String> {
        let share = format!("{:.0} %", 100.0 * self.clock.share());
        if !self.clock.has_begun() {
            return vec![share, "begins".to_owned()];
        }
        let speed = match self.clock.examples_per_second() {
            few if few < 9.95 => format!("{few:.1} examples/s"),
            many => format!("{many:.0} examples/s"),
        };
        vec![share, speed, format!("{} left", seconds(self.clock.left()))]
    }

    /// One line below the figure.
    fn line(&self) -> String {
        let mut parts = vec![format!("epoch {} of {}", self.clock.epoch(), self.plan.epochs)];
        parts.extend(self.speed());
        if let Some(share) = self.clock.validates {
            parts.push(format!("validation {:.0} %", 100.0 * share));
        }
        parts.extend(memory().map(|bytes| format!("RAM {:.1} GB", bytes as f64 / 1e9)));
        parts.join(" · ")
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
        let (mut history, now, plan, share, line, ended) = {
            let training = locked(&self.0);
            let (history, plan) = (training.history.clone(), training.plan);
            let line = training.ended.clone().unwrap_or_else(|| training.line());
            let share = training.clock.share();
            (history, training.now, plan, share, line, training.ended.is_some())
        };
        if ended {
            let (figures, table) = (history.figures(), history.folded());
            let html = format!("{}<div>{}</div>{table}", figures.html(), escape(&line));
            return Html::new(html).with_text(format!("{}\n{line}", history.lines()).trim());
        }
        history.steps.extend(now);
        let figures = history.figures_up_to(plan.epochs);
        Html::new(format!("{}{}", figures.html(), bar(share, &line))).with_text(line)
    }
}

pub fn locked(training: &Mutex<Training>) -> MutexGuard<'_, Training> {
    training.lock().unwrap_or_else(PoisonError::into_inner)
}
