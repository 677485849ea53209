//! What is to be seen of a training while it runs: a figure that grows, or lines now and then.

use crate::display::{Html, Live, Pace, Show, bar, can_redraw, escape, is_notebook, seconds};
use crate::metrics::{EpochMetrics, History, StepMetrics};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A training, and how it is shown.
pub struct Progress {
    training: Arc<Mutex<Training>>,
    shown: Shown,
    pace: Pace,
}

enum Shown {
    Nothing,
    Lines,
    Figure(Live),
}

/// How far a training is.
struct Training {
    /// Of this run and the ones before it that it goes on from.
    history: History,
    /// The mean over the steps since the last of those in the history.
    now: Option<StepMetrics>,
    epochs: usize,
    /// In an epoch.
    batches: usize,
    batches_done: usize,
    /// Those that were done before this run, and the full epochs among them.
    batches_skipped: usize,
    epochs_skipped: usize,
    examples_done: usize,
    started: Instant,
    state: State,
}

enum State {
    Trains,
    /// This share of the validation data has been seen.
    Validates(f64),
    /// What is left to say.
    Ended(String),
}

impl Progress {
    pub fn start(epochs: usize, batches_per_epoch: usize, quiet: bool) -> Progress {
        let training = Arc::new(Mutex::new(Training {
            history: History::default(),
            now: None,
            epochs,
            batches: batches_per_epoch,
            batches_done: 0,
            batches_skipped: 0,
            epochs_skipped: 0,
            examples_done: 0,
            started: Instant::now(),
            state: State::Trains,
        }));
        let shown = match quiet {
            true => Shown::Nothing,
            false if can_redraw() => Shown::Figure(Live::new(Figure(Arc::clone(&training)))),
            false => Shown::Lines,
        };
        Progress { training, shown, pace: Pace::start() }
    }

    /// Counts on from a training that was stopped after so many batches.
    pub fn skip(&mut self, batches: usize, history: &History) {
        let mut training = locked(&self.training);
        training.batches_done = batches;
        training.batches_skipped = batches;
        training.epochs_skipped = history.epochs.len();
        training.history = history.clone();
    }

    /// A step was made with these batches; `mean` is that of the epoch, `now` that of the last steps,
    /// which become a point of the history if there are enough of them.
    pub fn step(
        &mut self,
        batches: &[Vec<usize>],
        mean: (f64, f64),
        now: StepMetrics,
        is_point: bool,
    ) {
        let mut training = locked(&self.training);
        training.batches_done += batches.len();
        training.examples_done += batches.iter().map(Vec::len).sum::<usize>();
        training.state = State::Trains;
        training.now = (!is_point).then_some(now);
        if is_point {
            training.history.steps.push(now);
        }
        if matches!(self.shown, Shown::Lines) && self.pace.line_is_due(training.share()) {
            let (loss, accuracy) = mean;
            println!(
                "epoch {}/{} | {:3.0} % | loss {loss:.4} | accuracy {:.2} % | {}",
                training.epoch(),
                training.epochs,
                training.percent(),
                100.0 * accuracy,
                training.speed(),
            );
        }
        drop(training);
        self.draw();
    }

    /// This share of the validation data has been seen, 0 to 1.
    pub fn validates(&self, share: f64) {
        locked(&self.training).state = State::Validates(share);
        self.draw();
    }

    pub fn epoch_ends(&self, metrics: EpochMetrics) {
        locked(&self.training).history.epochs.push(metrics);
        self.draw();
    }

    /// The training has ended, as planned or by the stop button.
    pub fn finish(self, history: &History) {
        let epochs = history.epochs.len();
        let text = if history.stopped {
            let kept = match epochs {
                0 => "the parameters are those of the last step",
                _ => "the parameters are those of the best epoch",
            };
            format!("stopped after {}: {kept}", counted(epochs, "full epoch"))
        } else if let Some(best) = history.best() {
            let ran = counted(epochs - locked(&self.training).epochs_skipped, "epoch");
            format!("{ran} in {:.1} s; the best: {best}", self.pace.seconds())
        } else {
            return;
        };
        if matches!(self.shown, Shown::Lines) {
            println!("{text}");
            if is_notebook() {
                history.evcxr_display();
            }
        }
        locked(&self.training).state = State::Ended(text);
        self.draw();
    }

    fn draw(&self) {
        if let Shown::Figure(live) = &self.shown {
            live.update(Figure(Arc::clone(&self.training)));
        }
    }
}

/// A training that ends by an error has been drawn as if it still ran.
impl Drop for Progress {
    fn drop(&mut self) {
        let mut training = locked(&self.training);
        if !matches!(training.state, State::Ended(_)) {
            let text =
                format!("ended in epoch {}, at {:.0} %", training.epoch(), training.percent());
            training.state = State::Ended(text);
            drop(training);
            self.draw();
        }
    }
}

impl Training {
    /// The epoch that runs, from 1.
    fn epoch(&self) -> usize {
        (self.batches_done.saturating_sub(1) / self.batches.max(1) + 1).min(self.epochs)
    }

    fn all_batches(&self) -> f64 {
        (self.epochs as f64 * self.batches as f64).max(1.0)
    }

    fn percent(&self) -> f64 {
        100.0 * self.batches_done as f64 / self.all_batches()
    }

    /// Of what this run has to do.
    fn share(&self) -> f64 {
        let before = self.batches_skipped as f64;
        (self.batches_done as f64 - before) / (self.all_batches() - before).max(1.0)
    }

    fn speed(&self) -> String {
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
struct Figure(Arc<Mutex<Training>>);

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

/// `1 epoch`, `2 epochs`
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn locked(training: &Mutex<Training>) -> MutexGuard<'_, Training> {
    training.lock().unwrap_or_else(PoisonError::into_inner)
}
