//! What is to be seen of a training while it runs: a figure that grows, or lines now and then.

use super::clock::Plan;
use super::figure::{Figure, Training, locked};
use crate::display::{Growing, Live, Pace, can_redraw, grows, is_notebook, is_quiet};
use crate::metrics::{EpochMetrics, History, Metric, StepMetrics};
use crate::widgets::StopButton;
use std::cell::OnceCell;
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// A training, and how it is shown.
pub struct Progress {
    training: Arc<Mutex<Training>>,
    shown: Shown,
    /// Below the figure, while it grows.
    stop: OnceCell<Option<StopButton>>,
    pace: Pace,
}

/// What takes less needs no stop button.
const SHORT: f64 = 1.0;
/// In another figure's place it is shown after so many seconds, if so many are left: who drags a control
/// is to see something move within half a second, and no figure that flickers.
const SOON: f64 = 0.3;
const REST: f64 = 0.2;

enum Shown {
    Nothing,
    Lines,
    Figure(Live),
    /// In the place of what it is a part of, as long as it runs.
    Growing(Growing),
}

impl Progress {
    pub fn start(plan: Plan, history: History, quiet: bool) -> Progress {
        let shown = match grows() {
            _ if quiet => Shown::Nothing,
            Some(grows) => Shown::Growing(grows),
            None if is_quiet() => Shown::Nothing,
            None => Shown::Lines,
        };
        let training = Arc::new(Mutex::new(Training::start(plan, history)));
        Progress { training, shown, stop: OnceCell::new(), pace: Pace::start() }
    }

    pub fn is_quiet(&self) -> bool {
        matches!(self.shown, Shown::Nothing | Shown::Growing(_))
    }

    /// All is in order for the first step.
    pub fn begin(&mut self) {
        if matches!(self.shown, Shown::Lines) && can_redraw() {
            self.shown = Shown::Figure(Live::new(Figure(Arc::clone(&self.training))));
        }
    }

    /// Counts on from a training that was stopped after so many batches.
    pub fn skip(&mut self, batches: usize, history: &History) {
        let mut training = locked(&self.training);
        training.clock.skip(batches, history.epochs.len());
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
        let examples = batches.iter().map(Vec::len).sum();
        training.clock.step(batches.len(), examples, Instant::now());
        training.now = (!is_point).then_some(now);
        if is_point {
            training.history.steps.push(now);
        }
        drop(training);
        let (loss, accuracy) = (mean.0, 100.0 * mean.1);
        self.say(|| format!("loss {loss:.4} | accuracy {accuracy:.2} %"));
        self.draw();
    }

    /// This share of the validation data has been seen, 0 to 1.
    pub fn validates(&mut self, share: f64) {
        locked(&self.training).clock.validates(share, Instant::now());
        self.say(|| format!("validation {:.0} %", 100.0 * share));
        self.draw();
    }

    pub fn epoch_ends(&self, metrics: EpochMetrics) {
        let mut training = locked(&self.training);
        training.clock.epoch_ends(Instant::now());
        training.history.epochs.push(metrics);
        drop(training);
        self.draw();
    }

    /// A line, if lines are shown and it is time for one.
    fn say(&mut self, what: impl FnOnce() -> String) {
        if !matches!(self.shown, Shown::Lines) {
            return;
        }
        let training = locked(&self.training);
        if self.pace.line_is_due(training.clock.share_of_time()) {
            let (epoch, epochs) = (training.clock.epoch(), training.plan.epochs);
            println!("epoch {epoch}/{epochs} | {} | {}", what(), training.speed().join(" | "));
        }
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
            let ran = counted(epochs - locked(&self.training).clock.epochs_before, "epoch");
            let by = match history.best_by {
                Metric::Accuracy => String::new(),
                other => format!(" by {other}"),
            };
            format!("{ran} in {:.1} s; the best{by}: {best}", self.pace.seconds())
        } else {
            return;
        };
        if matches!(self.shown, Shown::Lines) {
            println!("{text}");
            if is_notebook() {
                history.evcxr_display();
            }
        }
        locked(&self.training).ended = Some(text);
        self.draw();
    }

    fn draw(&self) {
        let figure = || Figure(Arc::clone(&self.training));
        match &self.shown {
            Shown::Figure(live) => {
                if self.pace.seconds() > SHORT && locked(&self.training).ended.is_none() {
                    self.stop.get_or_init(StopButton::show);
                }
                live.update(figure());
            }
            Shown::Growing(grows) if self.takes_long() => grows(Box::new(figure())),
            _ => {}
        }
    }

    /// Whether it has run for a while, and will.
    fn takes_long(&self) -> bool {
        let training = locked(&self.training);
        self.pace.seconds() > SOON && training.ended.is_none() && training.clock.left() > REST
    }
}

/// A training that ends by an error has been drawn as if it still ran.
impl Drop for Progress {
    fn drop(&mut self) {
        let mut training = locked(&self.training);
        if training.ended.is_none() {
            let (epoch, percent) = (training.clock.epoch(), 100.0 * training.clock.share());
            training.ended = Some(format!("ended in epoch {epoch}, at {percent:.0} %"));
            drop(training);
            self.draw();
        }
    }
}

/// `1 epoch`, `2 epochs`
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::display::{Html, Show, growing};
    use std::cell::Cell;
    use std::rc::Rc;
    use std::time::Duration;

    fn metrics(epoch: usize) -> EpochMetrics {
        let (train_loss, val_loss, val_accuracy) = (0.5, 0.6, 0.7);
        let val_macro_f1 = None;
        EpochMetrics {
            epoch,
            train_loss,
            train_accuracy: 0.8,
            val_loss,
            val_accuracy,
            val_macro_f1,
        }
    }

    fn step(epoch: f64) -> StepMetrics {
        StepMetrics { epoch, train_loss: 0.6, train_accuracy: 0.7 }
    }

    fn drawn(progress: &Progress) -> Html {
        Figure(Arc::clone(&progress.training)).to_html()
    }

    fn started(epochs: usize, batches: usize) -> Progress {
        Progress::start(Plan { epochs, batches, val_examples: 2 }, History::default(), true)
    }

    #[test]
    fn the_line_says_how_far_it_is_from_the_first_moment_to_the_last() {
        let mut progress = started(2, 2);
        assert!(drawn(&progress).text().starts_with("epoch 1 of 2 · 0 % · begins"));
        progress.step(&[vec![0, 1]], (0.6, 0.7), step(0.5), true);
        let first = drawn(&progress);
        assert!(first.text().starts_with("epoch 1 of 2 · 25 % · "), "{}", first.text());
        assert!(first.text().contains(" examples/s · ") && first.html().contains("<progress"));
        progress.step(&[vec![2]], (0.6, 0.7), step(1.0), true);
        progress.validates(0.5);
        assert!(drawn(&progress).text().contains("validation 50 %"));
        progress.epoch_ends(metrics(1));
        assert!(!drawn(&progress).text().contains("validation"));
        let training = Arc::clone(&progress.training);
        let history = History { epochs: vec![metrics(1)], ..History::default() };
        progress.finish(&history);
        let last = Figure(training).to_html();
        assert!(last.text().contains("1 epoch in "), "{}", last.text());
        assert!(!last.html().contains("<progress"));
    }

    #[test]
    fn what_was_trained_before_is_drawn() {
        let mut progress = started(4, 10);
        let history = History { epochs: vec![metrics(1), metrics(2)], ..History::default() };
        progress.skip(20, &history);
        assert!(drawn(&progress).text().starts_with("epoch 3 of 4 · 50 % · begins"));
        assert_eq!(locked(&progress.training).history.epochs.len(), 2);
        progress.step(&[vec![0]], (0.6, 0.7), step(2.1), true);
        let shown = drawn(&progress);
        assert!(shown.text().starts_with("epoch 3 of 4 · 52 % · "), "{}", shown.text());
    }

    #[test]
    fn in_another_figure_s_place_it_is_seen_only_if_it_takes_long() {
        for (quiet, expected) in [(false, 1), (true, 0)] {
            let drawn = Rc::new(Cell::new(0));
            let counts = Rc::clone(&drawn);
            let grows: Growing = Rc::new(move |_| counts.set(counts.get() + 1));
            let plan = Plan { epochs: 2, batches: 1000, val_examples: 2 };
            let mut progress = growing(grows, || Progress::start(plan, History::default(), quiet));
            progress.begin();
            assert!(progress.is_quiet());
            progress.step(&[vec![0]], (0.6, 0.7), step(0.1), true);
            assert_eq!(drawn.get(), 0, "it has just begun");
            std::thread::sleep(Duration::from_secs_f64(1.1 * SOON));
            progress.step(&[vec![1]], (0.6, 0.7), step(0.2), true);
            assert_eq!(drawn.get(), expected, "quiet: {quiet}");
        }
    }

    #[test]
    fn a_training_that_ends_by_an_error_says_where() {
        let mut progress = started(1, 4);
        progress.step(&[vec![0]], (0.6, 0.7), step(0.25), true);
        let training = Arc::clone(&progress.training);
        drop(progress);
        assert_eq!(Figure(training).to_html().text(), "ended in epoch 1, at 25 %");
    }
}
