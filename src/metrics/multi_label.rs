//! How a model does on texts that may have several labels.

use super::{ClassMetrics, MultiLabelPredictions, ThresholdCurve};
use crate::dataset::{MultiLabels, list};
use crate::display::{Html, Show, table};
use crate::error::{Error, Result};

/// How a model does on texts that may have several labels, and that it has not learned from: see
/// [`Trainer::evaluate_multi_label`](crate::Trainer::evaluate_multi_label). All but the loss depends
/// on the threshold of the predictions.
#[derive(Clone, Debug, PartialEq)]
pub struct MultiLabelEvaluation {
    /// Mean binary cross entropy over all texts and classes, without class weights.
    pub loss: f64,
    /// The true labels of each text, in the order of the data.
    pub labels: MultiLabels,
    /// What the model says about each, in the same order.
    pub predictions: MultiLabelPredictions,
}

/// A text that does not get exactly the labels it has.
#[derive(Clone, Debug, PartialEq)]
pub struct MultiLabelMistake {
    /// The number of the example in the data.
    pub row: usize,
    /// The names of the labels that it has.
    pub label_names: Vec<String>,
    /// The names of those that it gets.
    pub prediction_names: Vec<String>,
    /// How sure the model was of its worst answer, 0 to 1: the probability of a label that the text does
    /// not have, or one minus that of a label that it has.
    pub confidence: f32,
}

/// What is counted of some answers.
#[derive(Clone, Copy, Default)]
struct Counts {
    /// Labels that were found rightly,
    hits: usize,
    /// that were given at all,
    given: usize,
    /// and that the texts have.
    support: usize,
}

impl Counts {
    fn add(&mut self, is: bool, given: bool) {
        self.hits += usize::from(is && given);
        self.given += usize::from(given);
        self.support += usize::from(is);
    }

    /// What can't be divided counts as 0.
    fn metrics(self, class: &str) -> ClassMetrics {
        let ratio = |part: usize, all: usize| if all == 0 { 0.0 } else { part as f64 / all as f64 };
        ClassMetrics {
            class: class.to_owned(),
            precision: ratio(self.hits, self.given),
            recall: ratio(self.hits, self.support),
            f1: ratio(2 * self.hits, self.given + self.support),
            support: self.support,
        }
    }
}

impl MultiLabelEvaluation {
    pub(crate) fn new(loss: f64, labels: MultiLabels, predictions: MultiLabelPredictions) -> Self {
        MultiLabelEvaluation { loss, labels, predictions }
    }

    /// The same answers with another threshold, 0 to 1, without asking the model again.
    ///
    /// # Errors
    /// [`Error::Argument`] if it is none.
    pub fn with_threshold(&self, threshold: f32) -> Result<MultiLabelEvaluation> {
        let predictions = self.predictions.with_threshold(threshold)?;
        Ok(MultiLabelEvaluation { predictions, ..self.clone() })
    }

    /// The share of texts that get exactly the labels they have, 0 to 1 (subset accuracy):
    /// scikit-learn's `accuracy_score`.
    pub fn accuracy(&self) -> f64 {
        let right = self.answers().filter(|(labels, given)| *labels == given).count();
        right as f64 / self.labels.len() as f64
    }

    /// The share of wrong answers among all, one for each text and class, 0 to 1: scikit-learn's
    /// `hamming_loss`.
    pub fn hamming_loss(&self) -> f64 {
        let wrong = |(labels, given): (&Vec<bool>, Vec<bool>)| {
            labels.iter().zip(given).filter(|(is, given)| **is != *given).count()
        };
        let wrong: usize = self.answers().map(wrong).sum();
        wrong as f64 / (self.labels.len() * self.labels.class_names().len()) as f64
    }

    /// Precision, recall and F1 of each label, as scikit-learn's `classification_report` gives them:
    /// what can't be divided counts as 0 (`zero_division=0`), here and in all averages.
    pub fn class_metrics(&self) -> Vec<ClassMetrics> {
        let names = self.labels.class_names().iter();
        names.zip(self.counts()).map(|(name, counts)| counts.metrics(name)).collect()
    }

    /// Those of all answers together, whatever their class: scikit-learn's `average="micro"`.
    pub fn micro_avg(&self) -> ClassMetrics {
        let mut all = Counts::default();
        for Counts { hits, given, support } in self.counts() {
            all.hits += hits;
            all.given += given;
            all.support += support;
        }
        all.metrics("micro average")
    }

    /// The plain mean of the classes' metrics: each class counts the same, however rare it is, also one
    /// that no text has. Scikit-learn's `average="macro"`.
    pub fn macro_avg(&self) -> ClassMetrics {
        self.mean("macro average", &self.class_metrics(), |_| 1.0)
    }

    /// The mean of the classes' metrics by how many texts have them: scikit-learn's
    /// `average="weighted"`.
    pub fn weighted_avg(&self) -> ClassMetrics {
        self.mean("weighted average", &self.class_metrics(), |metrics| metrics.support as f64)
    }

    /// The mean of the metrics of each text's labels: scikit-learn's `average="samples"`. A text
    /// without labels that gets none counts as 0, too.
    pub fn samples_avg(&self) -> ClassMetrics {
        let of_text = |(labels, given): (&Vec<bool>, Vec<bool>)| {
            let mut counts = Counts::default();
            labels.iter().zip(given).for_each(|(is, given)| counts.add(*is, given));
            counts.metrics("")
        };
        let texts: Vec<ClassMetrics> = self.answers().map(of_text).collect();
        self.mean("samples average", &texts, |_| 1.0)
    }

    fn mean(
        &self,
        name: &str,
        all: &[ClassMetrics],
        weight: impl Fn(&ClassMetrics) -> f64,
    ) -> ClassMetrics {
        let weights: f64 = all.iter().map(&weight).sum();
        let mean = |value: fn(&ClassMetrics) -> f64| match weights {
            0.0 => 0.0,
            _ => all.iter().map(|metrics| weight(metrics) * value(metrics)).sum::<f64>() / weights,
        };
        ClassMetrics {
            class: name.to_owned(),
            precision: mean(|metrics| metrics.precision),
            recall: mean(|metrics| metrics.recall),
            f1: mean(|metrics| metrics.f1),
            support: all.iter().map(|metrics| metrics.support).sum(),
        }
    }

    /// The texts that don't get exactly their labels, the most confident first.
    pub fn mistakes(&self) -> Vec<MultiLabelMistake> {
        let worst = |row: usize, labels: &[bool], given: &[bool]| {
            let answers = labels.iter().zip(given).zip(&self.predictions.probabilities[row]);
            let wrong = answers.filter(|((is, given), _)| is != given);
            wrong.map(|((is, _), p)| if *is { 1.0 - p } else { *p }).reduce(f32::max)
        };
        let names = self.predictions.names();
        let mistake = |(row, (labels, given)): (usize, (&Vec<bool>, Vec<bool>))| {
            Some(MultiLabelMistake {
                row,
                label_names: self.labels.names(row),
                prediction_names: names[row].clone(),
                confidence: worst(row, labels, &given)?,
            })
        };
        let mut mistakes: Vec<_> = self.answers().enumerate().filter_map(mistake).collect();
        mistakes.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        mistakes
    }

    /// The labels of each text, and those that it gets.
    fn answers(&self) -> impl Iterator<Item = (&Vec<bool>, Vec<bool>)> {
        self.labels.rows().iter().zip(self.predictions.rows())
    }

    fn counts(&self) -> Vec<Counts> {
        let mut counts = vec![Counts::default(); self.labels.class_names().len()];
        for (labels, given) in self.answers() {
            for (counts, (is, given)) in counts.iter_mut().zip(labels.iter().zip(given)) {
                counts.add(*is, given);
            }
        }
        counts
    }

    /// Of one label, the true positive rate over the false positive rate, for each threshold, and the
    /// area below. Scikit-learn's `roc_curve(drop_intermediate=False)` and `roc_auc_score`.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such class, [`Error::Data`] if all texts have it, or none.
    pub fn roc(&self, class: &str) -> Result<ThresholdCurve> {
        let (scores, has) = self.of_class(class)?;
        Ok(ThresholdCurve::roc(&scores, &has).of(class))
    }

    /// Of one label, precision over recall, for each threshold, and the average precision: what a
    /// threshold may be chosen by. Scikit-learn's `precision_recall_curve` and
    /// `average_precision_score`.
    ///
    /// # Errors
    /// As [`roc`](Self::roc).
    pub fn precision_recall(&self, class: &str) -> Result<ThresholdCurve> {
        let (scores, has) = self.of_class(class)?;
        Ok(ThresholdCurve::precision_recall(&scores, &has).of(class))
    }

    /// The probability of a label for each text, and whether the text has it.
    fn of_class(&self, class: &str) -> Result<(Vec<f32>, Vec<bool>)> {
        let names = self.labels.class_names();
        let place = names.iter().position(|name| name == class).ok_or_else(|| {
            Error::argument(
                "class",
                format!("{class:?}"),
                format!("the classes are {}", list(names)),
            )
        })?;
        let has: Vec<bool> = self.labels.rows().iter().map(|row| row[place]).collect();
        if !has.contains(&true) || !has.contains(&false) {
            let texts = if has.contains(&true) { "all texts have" } else { "no text has" };
            return Err(Error::Data(format!(
                "{texts} the label {class}, so there is nothing to tell apart: evaluate on data with \
                 both"
            )));
        }
        Ok((self.predictions.probabilities.iter().map(|row| row[place]).collect(), has))
    }

    /// Shows the metrics of each label and their means in the notebook.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }
}

impl Show for MultiLabelEvaluation {
    fn to_html(&self) -> Html {
        let averages =
            [self.micro_avg(), self.macro_avg(), self.weighted_avg(), self.samples_avg()];
        let rows: Vec<Vec<String>> =
            self.class_metrics().iter().chain(&averages).map(ClassMetrics::cells).collect();
        let summary = format!(
            "threshold {}: all labels right (subset accuracy) {:.2} %, hamming loss {:.4}, loss {:.4}, \
             over {} examples",
            self.predictions.threshold,
            100.0 * self.accuracy(),
            self.hamming_loss(),
            self.loss,
            self.labels.len(),
        );
        table(&summary, &["label", "precision", "recall", "F1", "examples"], &rows)
    }
}

#[cfg(test)]
mod tests;
