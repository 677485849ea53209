//! What a training and an evaluation leave to look at.

use crate::display::Html;
use crate::plots::{Series, line_chart};
use std::fmt;

/// The numbers of one epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct EpochMetrics {
    /// From 1.
    pub epoch: usize,
    /// Mean cross entropy over the training examples, each taken before its step.
    pub train_loss: f64,
    /// Share of right answers, 0 to 1, likewise.
    pub train_accuracy: f64,
    /// Mean cross entropy over the validation examples, at the end of the epoch.
    pub val_loss: f64,
    /// Share of right answers there, 0 to 1.
    pub val_accuracy: f64,
}

impl fmt::Display for EpochMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "epoch {} | train loss {:.4}, accuracy {:.2} % | val loss {:.4}, accuracy {:.2} %",
            self.epoch,
            self.train_loss,
            100.0 * self.train_accuracy,
            self.val_loss,
            100.0 * self.val_accuracy,
        )
    }
}

/// A training, epoch by epoch. In a notebook it shows itself as two figures, loss and accuracy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The epochs that ended, in their order.
    pub epochs: Vec<EpochMetrics>,
    /// Whether the stop button ended the training early.
    pub stopped: bool,
}

impl History {
    /// The epoch with the best validation accuracy, whose parameters the model has now. Of equals
    /// it is the first.
    pub fn best(&self) -> Option<&EpochMetrics> {
        self.epochs.iter().reduce(
            |best, epoch| {
                if epoch.val_accuracy > best.val_accuracy { epoch } else { best }
            },
        )
    }

    /// The two figures of the course: loss and accuracy, for train and val, over the epochs.
    pub fn figures(&self) -> Html {
        let series = |name, value: fn(&EpochMetrics) -> f64| Series {
            name,
            points: self.epochs.iter().map(|e| (e.epoch as f64, value(e))).collect(),
        };
        let loss = [series("train", |e| e.train_loss), series("val", |e| e.val_loss)];
        let accuracy = [
            series("train", |e| 100.0 * e.train_accuracy),
            series("val", |e| 100.0 * e.val_accuracy),
        ];
        let figures = line_chart("Loss", "epoch", "cross entropy", &loss)
            + &line_chart("Accuracy", "epoch", "accuracy (%)", &accuracy);
        Html(format!("<div style=\"display:flex;flex-wrap:wrap;gap:1em\">{figures}</div>"))
    }

    /// Shows the figures in the notebook.
    pub fn evcxr_display(&self) {
        let lines: Vec<String> = self.epochs.iter().map(EpochMetrics::to_string).collect();
        Html::show(&self.figures().0, &lines.join("\n"));
    }
}

/// How a model does on data it has not learned from.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Mean cross entropy.
    pub loss: f64,
    /// Share of right answers, 0 to 1.
    pub accuracy: f64,
    /// Row: the true class; column: the predicted one; value: how many examples.
    pub confusion: Vec<Vec<usize>>,
    /// The predicted class of each example, in the order of the data.
    pub predictions: Vec<i64>,
}

impl Evaluation {
    pub(crate) fn new(loss: f64, labels: &[i64], predictions: &[i64]) -> Evaluation {
        let classes = labels.iter().chain(predictions).max().map_or(0, |class| *class as usize + 1);
        let mut confusion = vec![vec![0; classes]; classes];
        for (&label, &prediction) in labels.iter().zip(predictions) {
            confusion[label as usize][prediction as usize] += 1;
        }
        let right: usize = (0..classes).map(|class| confusion[class][class]).sum();
        let accuracy = right as f64 / labels.len() as f64;
        Evaluation { loss, accuracy, confusion, predictions: predictions.to_vec() }
    }

    /// Precision, recall and F1 of each class, as scikit-learn's `classification_report` gives
    /// them: what can't be divided counts as 0.
    pub fn class_metrics(&self) -> Vec<ClassMetrics> {
        let ratio = |part: usize, all: usize| if all == 0 { 0.0 } else { part as f64 / all as f64 };
        (0..self.confusion.len())
            .map(|class| {
                let hits = self.confusion[class][class];
                let support = self.confusion[class].iter().sum();
                let predicted = self.confusion.iter().map(|row| row[class]).sum();
                ClassMetrics {
                    precision: ratio(hits, predicted),
                    recall: ratio(hits, support),
                    f1: ratio(2 * hits, support + predicted),
                    support,
                }
            })
            .collect()
    }

    /// Shows accuracy, loss, the confusion matrix and the metrics of each class in the notebook.
    pub fn evcxr_display(&self) {
        let classes: String =
            (0..self.confusion.len()).map(|class| format!("<th>predicted {class}</th>")).collect();
        let rows: String = self
            .confusion
            .iter()
            .zip(self.class_metrics())
            .enumerate()
            .map(|(class, (row, metrics))| {
                let counts: String = row.iter().map(|count| format!("<td>{count}</td>")).collect();
                let shares: String = [metrics.precision, metrics.recall, metrics.f1]
                    .map(|share| format!("<td>{:.2} %</td>", 100.0 * share))
                    .concat();
                format!("<tr><th>class {class}</th>{counts}{shares}</tr>")
            })
            .collect();
        let html = format!(
            "<table><caption>accuracy {:.2} %, loss {:.4}, over {} examples</caption>\
             <thead><tr><th></th>{classes}<th>precision</th><th>recall</th><th>F1</th></tr></thead>\
             <tbody>{rows}</tbody></table>",
            100.0 * self.accuracy,
            self.loss,
            self.predictions.len(),
        );
        Html::show(&html, &format!("accuracy {:.2} %", 100.0 * self.accuracy));
    }
}

/// How a model does on the examples of one class.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassMetrics {
    /// Of the examples predicted to be of this class, the share that are, 0 to 1.
    pub precision: f64,
    /// Of the examples of this class, the share predicted to be, 0 to 1.
    pub recall: f64,
    /// The harmonic mean of the two.
    pub f1: f64,
    /// How many examples are of this class.
    pub support: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(epoch: usize, val_accuracy: f64) -> EpochMetrics {
        EpochMetrics { epoch, train_loss: 0.5, train_accuracy: 0.8, val_loss: 0.6, val_accuracy }
    }

    #[test]
    fn the_first_of_the_best_epochs_counts() {
        let epochs = vec![epoch(1, 0.7), epoch(2, 0.9), epoch(3, 0.9)];
        let history = History { epochs, stopped: false };
        assert_eq!(history.best().map(|best| best.epoch), Some(2));
        assert_eq!(History::default().best(), None);
    }

    #[test]
    fn figures_have_axes_units_and_a_legend() {
        let history = History { epochs: vec![epoch(1, 0.7), epoch(2, 0.9)], stopped: false };
        let html = history.figures().0;
        assert_eq!(html.matches("<svg").count(), 2);
        for words in ["Loss", "Accuracy", "epoch", "accuracy (%)", "cross entropy", "train", "val"]
        {
            assert!(html.contains(words), "{words}");
        }
        // One epoch, or none, must draw as well.
        assert_eq!(History::default().figures().0.matches("<svg").count(), 2);
    }

    #[test]
    fn the_confusion_matrix_counts_by_true_class() {
        let evaluation = Evaluation::new(0.1, &[0, 0, 1, 1, 1], &[0, 1, 1, 1, 0]);
        assert_eq!(evaluation.confusion, [[1, 1], [1, 2]]);
        assert!((evaluation.accuracy - 0.6).abs() < 1e-12);
    }

    // >>> precision_recall_fscore_support([0, 0, 1, 1, 1, 3], [0, 1, 1, 1, 0, 2], zero_division=0)
    #[test]
    fn class_metrics_are_those_of_scikit_learn() {
        let evaluation = Evaluation::new(0.1, &[0, 0, 1, 1, 1, 3], &[0, 1, 1, 1, 0, 2]);
        let metrics = evaluation.class_metrics();
        let third = 2.0 / 3.0;
        let expected =
            [(0.5, 0.5, 0.5, 2), (third, third, third, 3), (0.0, 0.0, 0.0, 0), (0.0, 0.0, 0.0, 1)];
        for (metrics, (precision, recall, f1, support)) in metrics.iter().zip(expected) {
            assert!((metrics.precision - precision).abs() < 1e-12, "{metrics:?}");
            assert!((metrics.recall - recall).abs() < 1e-12, "{metrics:?}");
            assert!((metrics.f1 - f1).abs() < 1e-12, "{metrics:?}");
            assert_eq!(metrics.support, support);
        }
        assert_eq!(metrics.len(), 4);
    }
}
