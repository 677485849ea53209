//! How a model does on data it has not learned from.

use crate::display::{Html, Show, table};

/// What a model says about each example.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// The probability of each class, f32, shape (examples, classes): the softmax of the logits.
    pub probabilities: Vec<Vec<f32>>,
}

impl Predictions {
    /// The most probable class of each example; of equals, the first.
    pub fn classes(&self) -> Vec<i64> {
        self.probabilities.iter().map(|row| largest(row) as i64).collect()
    }

    /// How sure the model is of each example's class: its probability, 0 to 1.
    pub fn confidences(&self) -> Vec<f32> {
        self.probabilities.iter().map(|row| row.get(largest(row)).copied().unwrap_or(0.0)).collect()
    }

    /// Shows the probabilities of the first twenty examples, in percent.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }
}

impl Show for Predictions {
    fn to_html(&self) -> Html {
        let classes = self.probabilities.first().map_or(0, Vec::len);
        let names: Vec<String> = (0..classes).map(|class| format!("class {class}")).collect();
        let header: Vec<&str> =
            ["example"].into_iter().chain(names.iter().map(String::as_str)).collect();
        let percent = |probability: &f32| format!("{:.1} %", 100.0 * probability);
        let rows: Vec<Vec<String>> = (0..)
            .zip(self.probabilities.iter().take(20))
            .map(|(row, shares): (usize, _)| {
                [row.to_string()].into_iter().chain(shares.iter().map(percent)).collect()
            })
            .collect();
        let caption = match self.probabilities.len() {
            1 => "probabilities of one example".to_owned(),
            examples => format!("probabilities of {examples} examples"),
        };
        table(&caption, &header, &rows)
    }
}

fn largest(row: &[f32]) -> usize {
    (0..row.len())
        .reduce(|best, class| if row[class] > row[best] { class } else { best })
        .unwrap_or(0)
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
    /// The true class of each example, in the order of the data.
    pub labels: Vec<i64>,
    /// What the model says about each example, in the same order.
    pub predictions: Predictions,
}

/// A wrong answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Mistake {
    /// The number of the example in the data.
    pub row: usize,
    /// Its true class.
    pub label: i64,
    /// The class that the model took it for.
    pub prediction: i64,
    /// How sure the model was, 0 to 1.
    pub confidence: f32,
}

impl Evaluation {
    pub(crate) fn new(loss: f64, labels: Vec<i64>, predictions: Predictions) -> Evaluation {
        let predicted = predictions.classes();
        let classes = labels.iter().chain(&predicted).max().map_or(0, |class| *class as usize + 1);
        let mut confusion = vec![vec![0; classes]; classes];
        for (&label, &prediction) in labels.iter().zip(&predicted) {
            confusion[label as usize][prediction as usize] += 1;
        }
        let right: usize = (0..classes).map(|class| confusion[class][class]).sum();
        let accuracy = right as f64 / labels.len() as f64;
        Evaluation { loss, accuracy, confusion, labels, predictions }
    }

    /// The wrong answers, the most confident first.
    pub fn mistakes(&self) -> Vec<Mistake> {
        let answers = self.predictions.classes().into_iter().zip(self.predictions.confidences());
        let mut mistakes: Vec<Mistake> = (0..)
            .zip(self.labels.iter().zip(answers))
            .filter(|(_, (label, (prediction, _)))| *label != prediction)
            .map(|(row, (&label, (prediction, confidence)))| Mistake {
                row,
                label,
                prediction,
                confidence,
            })
            .collect();
        mistakes.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        mistakes
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
        self.to_html().evcxr_display();
    }
}

impl Show for Evaluation {
    fn to_html(&self) -> Html {
        let classes = self.confusion.len();
        let predicted: Vec<String> =
            (0..classes).map(|class| format!("predicted {class}")).collect();
        let mut header = vec!["true class"];
        header.extend(predicted.iter().map(String::as_str));
        header.extend(["precision", "recall", "F1"]);
        let rows: Vec<Vec<String>> = (0..)
            .zip(self.confusion.iter().zip(self.class_metrics()))
            .map(|(class, (row, metrics)): (usize, _)| {
                let counts = row.iter().map(usize::to_string);
                let shares = [metrics.precision, metrics.recall, metrics.f1]
                    .map(|share| format!("{:.2} %", 100.0 * share));
                [class.to_string()].into_iter().chain(counts).chain(shares).collect()
            })
            .collect();
        let summary = format!(
            "accuracy {:.2} %, loss {:.4}, over {} examples",
            100.0 * self.accuracy,
            self.loss,
            self.labels.len(),
        );
        table(&summary, &header, &rows)
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

    /// An evaluation of answers that the model is more or less sure of.
    fn evaluation(labels: &[i64], answers: &[(usize, f32)], classes: usize) -> Evaluation {
        let row = |&(class, confidence): &(usize, f32)| {
            let rest = (1.0 - confidence) / (classes - 1) as f32;
            (0..classes).map(|c| if c == class { confidence } else { rest }).collect()
        };
        let probabilities = answers.iter().map(row).collect();
        Evaluation::new(0.1, labels.to_vec(), Predictions { probabilities })
    }

    fn sure(answers: &[usize]) -> Vec<(usize, f32)> {
        answers.iter().map(|&class| (class, 0.9)).collect()
    }

    #[test]
    fn the_confusion_matrix_counts_by_true_class() {
        let evaluation = evaluation(&[0, 0, 1, 1, 1], &sure(&[0, 1, 1, 1, 0]), 2);
        assert_eq!(evaluation.confusion, [[1, 1], [1, 2]]);
        assert!((evaluation.accuracy - 0.6).abs() < 1e-12);
    }

    #[test]
    fn mistakes_come_most_confident_first() {
        let answers = [(0, 0.9), (1, 0.6), (1, 0.7), (0, 0.8)];
        let mistakes = evaluation(&[0, 0, 0, 1], &answers, 2).mistakes();
        let rows: Vec<usize> = mistakes.iter().map(|mistake| mistake.row).collect();
        assert_eq!(rows, [3, 2, 1]);
        assert_eq!(mistakes[0], Mistake { row: 3, label: 1, prediction: 0, confidence: 0.8 });
    }

    #[test]
    fn of_equally_probable_classes_the_first_is_predicted() {
        let predictions = Predictions { probabilities: vec![vec![0.25, 0.375, 0.375]] };
        assert_eq!(predictions.classes(), [1]);
        assert_eq!(predictions.confidences(), [0.375]);
    }

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
}
