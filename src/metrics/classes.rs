//! How a model does on each class, and on all of them together.

use super::Evaluation;

/// How a model does on the examples of one class, or the mean over the classes.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassMetrics {
    /// What the class is called; its number, if it has no name.
    pub class: String,
    /// Of the examples predicted to be of this class, the share that are, 0 to 1.
    pub precision: f64,
    /// Of the examples of this class, the share predicted to be, 0 to 1.
    pub recall: f64,
    /// The harmonic mean of the two.
    pub f1: f64,
    /// How many examples are of this class.
    pub support: usize,
}

impl ClassMetrics {
    /// A row of a table.
    pub(super) fn cells(&self) -> Vec<String> {
        let shares = [self.precision, self.recall, self.f1];
        let shares = shares.map(|share| format!("{:.2} %", 100.0 * share));
        let first = [self.class.clone()].into_iter().chain(shares);
        first.chain([self.support.to_string()]).collect()
    }
}

impl Evaluation {
    /// Precision, recall and F1 of each class, as scikit-learn's `classification_report` gives
    /// them: what can't be divided counts as 0.
    pub fn class_metrics(&self) -> Vec<ClassMetrics> {
        let ratio = |part: usize, all: usize| if all == 0 { 0.0 } else { part as f64 / all as f64 };
        (0..self.confusion.len())
            .map(|class| {
                let hits = self.confusion[class][class];
                let support = self.confusion[class].iter().sum();
                let predicted = self.predicted(class);
                ClassMetrics {
                    class: self.name(class),
                    precision: ratio(hits, predicted),
                    recall: ratio(hits, support),
                    f1: ratio(2 * hits, support + predicted),
                    support,
                }
            })
            .collect()
    }

    /// The plain mean of the classes' metrics: each class counts the same, however rare it is.
    /// Classes that are neither among the labels nor among the predictions don't count, as in
    /// scikit-learn (`average="macro"`, `zero_division=0`).
    pub fn macro_avg(&self) -> ClassMetrics {
        let occurs = |class: usize, support: usize| support + self.predicted(class) > 0;
        self.average("macro average", |class, metrics| {
            f64::from(u8::from(occurs(class, metrics.support)))
        })
    }

    /// The mean of the classes' metrics by their numbers of examples: scikit-learn's
    /// `average="weighted"` with `zero_division=0`.
    pub fn weighted_avg(&self) -> ClassMetrics {
        self.average("weighted average", |_, metrics| metrics.support as f64)
    }

    fn average(&self, name: &str, weight: impl Fn(usize, &ClassMetrics) -> f64) -> ClassMetrics {
        let classes = self.class_metrics();
        let weights: Vec<f64> =
            classes.iter().enumerate().map(|(class, metrics)| weight(class, metrics)).collect();
        let all: f64 = weights.iter().sum();
        let mean = |value: fn(&ClassMetrics) -> f64| {
            classes.iter().zip(&weights).map(|(metrics, w)| w * value(metrics)).sum::<f64>() / all
        };
        ClassMetrics {
            class: name.to_owned(),
            precision: mean(|metrics| metrics.precision),
            recall: mean(|metrics| metrics.recall),
            f1: mean(|metrics| metrics.f1),
            support: self.labels.len(),
        }
    }

    /// How many examples were predicted to be of a class.
    fn predicted(&self, class: usize) -> usize {
        self.confusion.iter().map(|row| row[class]).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::evaluation::tests::{evaluation, sure};

    // >>> precision_recall_fscore_support([0, 0, 1, 1, 1, 3], [0, 1, 1, 1, 0, 2], zero_division=0)
    #[test]
    fn class_metrics_are_those_of_scikit_learn() {
        let evaluation = evaluation(&[0, 0, 1, 1, 1, 3], &sure(&[0, 1, 1, 1, 0, 2]), 4);
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

    // >>> precision_recall_fscore_support(y, [0, 1, 1, 1, 0, 2], average=..., zero_division=0)
    #[test]
    fn averages_are_those_of_scikit_learn() {
        // Class 4 is nobody's and is never predicted.
        let evaluation = evaluation(&[0, 0, 1, 1, 1, 3], &sure(&[0, 1, 1, 1, 0, 2]), 5);
        let close = |metrics: ClassMetrics, expected: f64| {
            for value in [metrics.precision, metrics.recall, metrics.f1] {
                assert!((value - expected).abs() < 1e-12, "{metrics:?}");
            }
            assert_eq!(metrics.support, 6);
        };
        close(evaluation.macro_avg(), 7.0 / 24.0);
        close(evaluation.weighted_avg(), 0.5);
    }
}
