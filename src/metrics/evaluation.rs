//! How a model does on data it has not learned from.

use super::{Predictions, ThresholdCurve};
use crate::dataset::list;
use crate::display::Html;
use crate::error::{Error, Result};
use crate::plots::heat_map;

/// How a model does on data it has not learned from.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Mean cross entropy, without class weights and label smoothing.
    pub loss: f64,
    /// Share of right answers, 0 to 1.
    pub accuracy: f64,
    /// Row: the true class; column: the predicted one; value: how many examples.
    pub confusion: Vec<Vec<usize>>,
    /// The true class of each example, in the order of the data.
    pub labels: Vec<i64>,
    /// What the model says about each example, in the same order, and what the classes are called.
    pub predictions: Predictions,
}

/// A wrong answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Mistake {
    /// The number of the example in the data.
    pub row: usize,
    /// Its true class.
    pub label: i64,
    /// What that is called.
    pub label_name: String,
    /// The class that the model took it for.
    pub prediction: i64,
    /// What that is called.
    pub prediction_name: String,
    /// How sure the model was, 0 to 1.
    pub confidence: f32,
}

impl Evaluation {
    pub(crate) fn new(loss: f64, labels: Vec<i64>, predictions: Predictions) -> Evaluation {
        let predicted = predictions.classes();
        let classes = predictions.class_names.len();
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
        let name = |class: i64| self.name(class as usize);
        let mut mistakes: Vec<Mistake> = (0..)
            .zip(self.labels.iter().zip(answers))
            .filter(|(_, (label, (prediction, _)))| *label != prediction)
            .map(|(row, (&label, (prediction, confidence)))| Mistake {
                row,
                label,
                label_name: name(label),
                prediction,
                prediction_name: name(prediction),
                confidence,
            })
            .collect();
        mistakes.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        mistakes
    }

    /// Of two classes, the true positive rate over the false positive rate, for each probability
    /// from which an example may count as class 1, and the area below (ROC AUC): how probable it is
    /// that an example of class 1 gets more than one of class 0. Scikit-learn's
    /// `roc_curve(drop_intermediate=False)` and `roc_auc_score`.
    ///
    /// # Errors
    /// [`Error::Data`] if there are not two classes, or examples of one only.
    pub fn roc(&self) -> Result<ThresholdCurve> {
        let (scores, is_positive) = self.of_two_classes()?;
        Ok(ThresholdCurve::roc(&scores, &is_positive).of(&self.name(1)))
    }

    /// Of two classes, precision over recall of class 1, for each probability from which an example
    /// may count as class 1, and the average precision. It says more than [`roc`](Self::roc) where
    /// class 1 is rare. Scikit-learn's `precision_recall_curve` and `average_precision_score`.
    ///
    /// # Errors
    /// As [`roc`](Self::roc).
    pub fn precision_recall(&self) -> Result<ThresholdCurve> {
        let (scores, is_positive) = self.of_two_classes()?;
        Ok(ThresholdCurve::precision_recall(&scores, &is_positive).of(&self.name(1)))
    }

    /// The probability of class 1 of each example, and whether it is of that class.
    fn of_two_classes(&self) -> Result<(Vec<f32>, Vec<bool>)> {
        if self.confusion.len() != 2 {
            let (count, listed) = (self.confusion.len(), list(self.names()));
            return Err(Error::Data(format!(
                "these curves are for two classes, and there are {count} ({listed}): look at \
                 class_metrics() instead"
            )));
        }
        let is_positive: Vec<bool> = self.labels.iter().map(|label| *label == 1).collect();
        if let Some(absent) = [0, 1].iter().find(|class| !self.labels.contains(class)) {
            let name = self.name(*absent as usize);
            return Err(Error::Data(format!(
                "no example is of class {name}, so there is nothing to tell apart: evaluate on data \
                 with both classes"
            )));
        }
        Ok((self.predictions.probabilities.iter().map(|row| row[1]).collect(), is_positive))
    }

    /// The confusion matrix as a picture, with the names of the classes: a row for each true class, the
    /// stronger the colour, the larger the share of its examples, 0 to 1, that were taken for the
    /// class of the column.
    pub fn figure(&self) -> Html {
        let shares = |row: &Vec<usize>| {
            let all = row.iter().sum::<usize>().max(1) as f64;
            row.iter().map(|&count| count as f64 / all).collect()
        };
        let values: Vec<Vec<f64>> = self.confusion.iter().map(shares).collect();
        heat_map("True class (row) and answer (column)", &self.names(), &values)
    }

    /// What a class is called: a notebook may have changed the names.
    pub(super) fn name(&self, class: usize) -> String {
        self.predictions.class_names.get(class).cloned().unwrap_or_else(|| class.to_string())
    }

    pub(super) fn names(&self) -> Vec<String> {
        (0..self.confusion.len()).map(|class| self.name(class)).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::dataset::numbered;
    use crate::plots::tests::drawing;

    /// An evaluation of answers that the model is more or less sure of.
    pub fn evaluation(labels: &[i64], answers: &[(usize, f32)], classes: usize) -> Evaluation {
        let row = |&(class, confidence): &(usize, f32)| {
            let rest = (1.0 - confidence) / (classes - 1) as f32;
            (0..classes).map(|c| if c == class { confidence } else { rest }).collect()
        };
        let probabilities = answers.iter().map(row).collect();
        let class_names = numbered(classes);
        Evaluation::new(0.1, labels.to_vec(), Predictions { probabilities, class_names })
    }

    pub fn sure(answers: &[usize]) -> Vec<(usize, f32)> {
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
        let first = &mistakes[0];
        assert_eq!((first.label, first.prediction, first.confidence), (1, 0, 0.8));
        assert_eq!((first.label_name.as_str(), first.prediction_name.as_str()), ("1", "0"));
    }

    #[test]
    fn curves_are_for_two_classes_that_occur() {
        let error = |labels: &[i64], classes| {
            let curve = evaluation(labels, &sure(&[0, 1]), classes).roc();
            curve.unwrap_err().to_string()
        };
        assert!(error(&[0, 1], 3).contains("there are 3 (0, 1, 2)"));
        assert!(error(&[1, 1], 2).starts_with("no example is of class 0"));
        let evaluation = evaluation(&[0, 1, 1], &sure(&[0, 1, 0]), 2);
        assert_eq!(evaluation.roc().unwrap().area, 0.75);
        assert!((evaluation.precision_recall().unwrap().area - 5.0 / 6.0).abs() < 1e-12);
    }

    #[test]
    fn names_that_a_notebook_has_changed_may_be_too_few_or_too_many() {
        for names in [&[][..], &["ham"], &["ham", "spam", "egg"]] {
            let mut evaluation = evaluation(&[0, 1, 1], &sure(&[0, 1, 0]), 2);
            evaluation.predictions.class_names =
                names.iter().map(|&name| name.to_owned()).collect();
            let second = names.get(1).copied().unwrap_or("1");
            assert_eq!(evaluation.mistakes()[0].label_name, second);
            assert!(drawing(&evaluation.figure()).contains(second));
            assert_eq!(evaluation.roc().unwrap().area, 0.75);
        }
    }

    #[test]
    fn the_picture_has_the_names_of_the_classes() {
        let mut evaluation = evaluation(&[0, 0, 1], &sure(&[0, 1, 1]), 2);
        evaluation.predictions.class_names = ["ham", "spam"].map(str::to_owned).into();
        let picture = drawing(&evaluation.figure());
        assert!(picture.contains("ham") && picture.contains("spam"), "{picture}");
    }
}
