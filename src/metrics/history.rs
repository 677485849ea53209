//! A training, epoch by epoch.

use super::{EpochMetrics, Metric, StepMetrics};
use crate::display::{Html, Show, table, thousands};
use crate::error::Result;
use crate::files::{cannot_write, write_whole};
use crate::plots::{Curve, side_by_side, training_chart};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// More rows than this are no table to be read.
const MOST_ROWS: usize = 98;

/// A training, epoch by epoch. In a notebook it shows itself as two figures, loss and accuracy, and
/// as a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// The epochs that ended, in their order.
    pub epochs: Vec<EpochMetrics>,
    /// What went on within the epochs: some twenty points in each.
    #[serde(default)]
    pub steps: Vec<StepMetrics>,
    /// Which number of the validation data tells the best epoch.
    #[serde(default)]
    pub best_by: Metric,
    /// Whether the examples may have several labels: the loss is then the binary cross entropy, and
    /// an answer is right if all labels are (subset accuracy).
    #[serde(default)]
    pub multi_label: bool,
    /// Whether the stop button ended the training early.
    pub stopped: bool,
}

impl History {
    /// The epoch that is best by `best_by`, whose parameters the model has now. Of equals it is the
    /// first.
    pub fn best(&self) -> Option<&EpochMetrics> {
        let value = |epoch| self.best_by.of(epoch);
        self.epochs
            .iter()
            .reduce(|best, epoch| if value(epoch) > value(best) { epoch } else { best })
    }

    /// The two figures of the course: loss and accuracy, for train and val, over the epochs. The
    /// thin line is train within the epochs; the ring is around the best one.
    pub fn figures(&self) -> Html {
        self.figures_up_to(0)
    }

    /// The same with room for so many epochs.
    pub(crate) fn figures_up_to(&self, epochs: usize) -> Html {
        let last = self.steps.last().map_or(0.0, |step| step.epoch.ceil());
        let done = (self.epochs.len() as f64).max(last).max(1.0);
        let epochs = axis(epochs as f64, done);
        let curve = |name, value: fn(&EpochMetrics) -> f64| Curve {
            name,
            points: self.epochs.iter().map(|e| (e.epoch as f64, value(e))).collect(),
            within: Vec::new(),
        };
        let within = |value: fn(&StepMetrics) -> f64| -> Vec<(f64, f64)> {
            self.steps.iter().map(|step| (step.epoch, value(step))).collect()
        };
        let loss = [
            Curve { within: within(|s| s.train_loss), ..curve("train", |e| e.train_loss) },
            curve("val", |e| e.val_loss),
        ];
        let mut accuracy = vec![
            Curve {
                within: within(|s| 100.0 * s.train_accuracy),
                ..curve("train", |e| 100.0 * e.train_accuracy)
            },
            curve("val", |e| 100.0 * e.val_accuracy),
        ];
        if self.best_by == Metric::MacroF1 {
            accuracy.push(curve("val, macro F1", |e| 100.0 * Metric::MacroF1.of(e)));
        }
        let ring = match self.best_by {
            Metric::Accuracy => "best epoch",
            Metric::MacroF1 => "best epoch by F1",
            Metric::Loss => "best epoch by loss",
        };
        let best = |value: fn(&EpochMetrics) -> f64| {
            self.best().map(|best| (ring, (best.epoch as f64, value(best))))
        };
        let [entropy, title, shares] = match self.multi_label {
            false => ["cross entropy", "Accuracy", "accuracy (%)"],
            true => ["binary cross entropy", "Subset accuracy", "all labels right (%)"],
        };
        side_by_side(&[
            training_chart("Loss", entropy, &loss, best(|e| e.val_loss), epochs),
            training_chart(
                title,
                shares,
                &accuracy,
                match self.best_by {
                    Metric::MacroF1 => best(|e| 100.0 * Metric::MacroF1.of(e)),
                    _ => best(|e| 100.0 * e.val_accuracy),
                },
                epochs,
            ),
        ])
    }

    /// The numbers of the epochs as a table; of more than a hundred, some.
    pub fn table(&self) -> Html {
        let has_f1 = self.epochs.iter().any(|epoch| epoch.val_macro_f1.is_some());
        let mut header = vec!["epoch", "train loss", "train accuracy", "val loss", "val accuracy"];
        header.extend(has_f1.then_some("val macro F1"));
        let percent = |share: f64| format!("{:.2} %", 100.0 * share);
        let row = |e: &EpochMetrics| {
            let mut row = vec![
                e.epoch.to_string(),
                format!("{:.4}", e.train_loss),
                percent(e.train_accuracy),
                format!("{:.4}", e.val_loss),
                percent(e.val_accuracy),
            ];
            row.extend(e.val_macro_f1.map(percent));
            row
        };
        let some = self.some_epochs();
        let rows: Vec<Vec<String>> = some.iter().map(|epoch| row(epoch)).collect();
        let mut caption = match self.best() {
            Some(best) => format!("best by {}: epoch {}", self.best_by, best.epoch),
            None => String::new(),
        };
        if some.len() < self.epochs.len() {
            let count = thousands(self.epochs.len());
            caption += &format!(" ({} of {count}: `history.epochs` has all)", some.len());
        }
        table(&caption, &header, &rows)
    }

    /// A line for each epoch; of more than a hundred, some.
    pub(crate) fn lines(&self) -> String {
        let lines: Vec<String> = self.some_epochs().iter().map(|epoch| epoch.to_string()).collect();
        lines.join("\n")
    }

    /// At most a hundred of the epochs, evenly spread, and the best and the last among them: a
    /// notebook has to keep them.
    fn some_epochs(&self) -> Vec<&EpochMetrics> {
        let step = self.epochs.len().div_ceil(MOST_ROWS).max(1);
        let best = self.best().map_or(0, |best| best.epoch);
        let is_shown = |epoch: &&EpochMetrics| {
            let number = epoch.epoch;
            number.is_multiple_of(step) || number == best || number == self.epochs.len()
        };
        self.epochs.iter().filter(is_shown).collect()
    }

    /// The table, to be unfolded by a click.
    pub(crate) fn folded(&self) -> String {
        format!("<details><summary>all epochs</summary>{}</details>", self.table().html())
    }

    /// Writes the numbers to a CSV file, a line for each epoch. Shares are from 0 to 1.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) if it can't be written; an older file is then still
    /// there.
    pub fn write_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        let has_f1 = self.epochs.iter().any(|epoch| epoch.val_macro_f1.is_some());
        let f1 = if has_f1 { ",val_macro_f1" } else { "" };
        let mut text = format!("epoch,train_loss,train_accuracy,val_loss,val_accuracy{f1}\n");
        for e in &self.epochs {
            let mut numbers = vec![e.train_loss, e.train_accuracy, e.val_loss, e.val_accuracy];
            numbers.extend(e.val_macro_f1);
            let numbers: Vec<String> = numbers.iter().map(f64::to_string).collect();
            text += &format!("{},{}\n", e.epoch, numbers.join(","));
        }
        let path = path.as_ref();
        write_whole(path, |part| std::fs::write(part, text).map_err(|e| cannot_write(path, &e)))
    }

    /// Shows the figures in the notebook, and below them the table, folded.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }
}

/// Where the axis ends: at the last epoch that is planned, so that a training is seen to fill it; where
/// thousands are planned, since an early stop is, it grows in a few jumps instead.
fn axis(planned: f64, done: f64) -> f64 {
    const SEEN_AT_ONCE: f64 = 50.0;
    if planned <= SEEN_AT_ONCE.max(5.0 * done) {
        return planned.max(done);
    }
    let mut end = SEEN_AT_ONCE;
    while end < 1.2 * done {
        end *= 2.0;
    }
    end.min(planned)
}

impl Show for History {
    fn to_html(&self) -> Html {
        let html = format!("{}{}", self.figures().html(), self.folded());
        Html::new(html).with_text(self.lines())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plots::tests::drawing;

    fn epoch(epoch: usize, val_accuracy: f64) -> EpochMetrics {
        let (train_loss, train_accuracy, val_loss) = (0.5, 0.8, 0.6);
        let val_macro_f1 = None;
        EpochMetrics { epoch, train_loss, train_accuracy, val_loss, val_accuracy, val_macro_f1 }
    }

    #[test]
    fn the_first_of_the_best_epochs_counts() {
        let epochs = vec![epoch(1, 0.7), epoch(2, 0.9), epoch(3, 0.9)];
        let history = History { epochs, ..History::default() };
        assert_eq!(history.best().map(|best| best.epoch), Some(2));
        assert_eq!(History::default().best(), None);
    }

    #[test]
    fn the_best_epoch_is_that_of_the_metric() {
        let numbers = [(0.7, 0.6, 0.5), (0.9, 0.8, 0.4), (0.8, 0.7, 0.6), (0.8, 0.6, 0.6)];
        let epochs = (1..).zip(numbers).map(|(number, (val_accuracy, val_loss, f1))| {
            EpochMetrics { val_loss, val_macro_f1: Some(f1), ..epoch(number, val_accuracy) }
        });
        let history = History { epochs: epochs.collect(), ..History::default() };
        let best = |best_by| History { best_by, ..history.clone() }.best().map(|best| best.epoch);
        assert_eq!(best(Metric::Accuracy), Some(2));
        assert_eq!(best(Metric::MacroF1), Some(3));
        assert_eq!(best(Metric::Loss), Some(1));
        let by_f1 = History { best_by: Metric::MacroF1, ..history };
        assert!(by_f1.table().text().starts_with("best by val macro F1: epoch 3\n"));
        let drawing = drawing(&by_f1.figures());
        assert!(drawing.contains("val, macro F1") && drawing.contains("best epoch by F1"));
    }

    #[test]
    fn figures_have_axes_units_and_a_legend() {
        let epochs = vec![epoch(1, 0.7), epoch(2, 0.9)];
        let history = History { epochs, ..History::default() };
        let drawing = drawing(&history.figures());
        assert_eq!(drawing.matches("</svg>").count(), 2);
        assert!(drawing.contains("best epoch"));
        for words in ["Loss", "Accuracy", "epoch", "accuracy (%)", "cross entropy", "train", "val"]
        {
            assert!(drawing.contains(words), "{words}");
        }
        // One epoch, or none, must draw as well.
        assert_eq!(History::default().figures().html().matches("<img").count(), 2);
    }

    #[test]
    fn a_hundred_thousand_epochs_are_a_figure_of_the_same_size() {
        let epochs = (1..=100_000).map(|number| epoch(number, number as f64 / 1e5)).collect();
        let steps = (1..=100_000)
            .map(|step| StepMetrics { epoch: step as f64, train_loss: 0.5, train_accuracy: 0.5 })
            .collect();
        let history = History { epochs, steps, ..History::default() };
        let shown = history.to_html();
        assert!(shown.html().len() + shown.text().len() < 100_000, "{}", shown.html().len());
        assert!(shown.text().ends_with("accuracy 100.00 %") && shown.html().contains("100,000"));
    }

    #[test]
    fn the_axis_is_that_of_the_plan_unless_it_is_far_away() {
        assert_eq!([axis(3.0, 1.0), axis(30.0, 2.0), axis(0.0, 7.0)], [3.0, 30.0, 7.0]);
        assert_eq!([axis(1e6, 1.0), axis(1e6, 45.0), axis(300.0, 70.0)], [50.0, 100.0, 300.0]);
    }

    #[test]
    fn the_numbers_can_be_written_to_a_file() {
        let epochs = vec![epoch(1, 0.7), epoch(2, 0.9)];
        let history = History { epochs, ..History::default() };
        let folder = crate::files::test_folder("history");
        history.write_csv(folder.join("metrics.csv")).unwrap();
        let text = std::fs::read_to_string(folder.join("metrics.csv")).unwrap();
        assert_eq!(
            text,
            "epoch,train_loss,train_accuracy,val_loss,val_accuracy\n\
             1,0.5,0.8,0.6,0.7\n2,0.5,0.8,0.6,0.9\n"
        );
        let epochs = vec![EpochMetrics { val_macro_f1: Some(0.25), ..epoch(1, 0.7) }];
        let history = History { epochs, ..History::default() };
        history.write_csv(folder.join("metrics.csv")).unwrap();
        let text = std::fs::read_to_string(folder.join("metrics.csv")).unwrap();
        assert!(text.ends_with("val_accuracy,val_macro_f1\n1,0.5,0.8,0.6,0.7,0.25\n"), "{text}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
