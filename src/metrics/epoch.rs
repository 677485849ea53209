//! The numbers of an epoch, and which of them makes it the best.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What makes an epoch better than another: a number of the validation data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Metric {
    /// The share of right answers: of several labels, all are right (subset accuracy).
    #[default]
    Accuracy,
    /// The mean of the classes' F1: each class counts the same, however rare it is.
    MacroF1,
    /// The loss; the smaller one is better.
    Loss,
}

impl Metric {
    /// How good an epoch is: more is better.
    pub(super) fn of(self, epoch: &EpochMetrics) -> f64 {
        match self {
            Metric::Accuracy => epoch.val_accuracy,
            Metric::MacroF1 => epoch.val_macro_f1.unwrap_or(0.0),
            Metric::Loss => -epoch.val_loss,
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Metric::Accuracy => "val accuracy",
            Metric::MacroF1 => "val macro F1",
            Metric::Loss => "val loss",
        })
    }
}

/// The numbers of one epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochMetrics {
    /// From 1.
    pub epoch: usize,
    /// Mean loss over the training examples, each taken before its step: the cross entropy, with
    /// the class weights and the label smoothing of the training; the binary one where an example may
    /// have several labels.
    pub train_loss: f64,
    /// Share of right answers, 0 to 1, likewise; of several labels, all are right.
    pub train_accuracy: f64,
    /// The same mean loss over the validation examples, at the end of the epoch.
    pub val_loss: f64,
    /// Share of right answers there, 0 to 1.
    pub val_accuracy: f64,
    /// The mean of the classes' F1 there, 0 to 1, if the training is judged by it.
    #[serde(default)]
    pub val_macro_f1: Option<f64>,
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
        )?;
        match self.val_macro_f1 {
            Some(f1) => write!(f, ", macro F1 {:.2} %", 100.0 * f1),
            None => Ok(()),
        }
    }
}

/// The numbers of some steps within an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepMetrics {
    /// Where in the training they end, in epochs: 0.5 is the middle of the first one.
    pub epoch: f64,
    /// Mean loss over their examples, each taken before its step.
    pub train_loss: f64,
    /// Share of right answers, 0 to 1, likewise.
    pub train_accuracy: f64,
}
