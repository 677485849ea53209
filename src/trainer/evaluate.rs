//! What a model says about data that it does not learn from.

use super::guard::forward;
use super::loss::Loss;
use super::names::{of_answers, of_outputs};
use super::{Classifier, Trainer, problem};
use crate::dataloader::{self, DataLoader, Dataset, Targets};
use crate::display::{Bar, thousands};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::metrics::{Evaluation, MultiLabelEvaluation, MultiLabelPredictions, Predictions};
use crate::mode::Mode;
use tch::{Kind, Tensor};

impl Trainer {
    /// Loss, accuracy, confusion matrix and all predictions of the model on data that it does not
    /// learn from. The loss is the plain cross entropy, without class weights and label smoothing.
    /// The classes have the names of the data; if it has none, those of the model. Prints both if
    /// they differ by more than capital letters.
    ///
    /// # Errors
    /// An [`Error`]: `Torch` if the model does not fit the data, `Memory` if the device is too small,
    /// `Data` if model and data have other classes, a label has no logit or a probability is NaN, or
    /// if examples or answers may be several labels, which
    /// [`evaluate_multi_label`](Self::evaluate_multi_label) is for, `Stopped` by the stop button.
    pub fn evaluate<D: Dataset, M: Classifier<D::Batch>>(
        &self,
        model: &M,
        data: &DataLoader<D>,
    ) -> Result<Evaluation> {
        let labels = problem::single(model, data.labels())?;
        let loss =
            Loss::new(of_answers(&problem::class_names(model), data.class_names())?, data.labels());
        let logits = self.with_bar(model, data.data(), "the evaluation")?; // (examples, classes)
        let mean = loss.mean(&logits, data.labels())?;
        Ok(Evaluation::new(mean, labels.to_vec(), predictions(&logits, &loss.names)?))
    }

    /// Loss, metrics and all predictions of the model on data that it does not learn from, of which
    /// each example may have several labels. The loss is the plain binary cross entropy, without class
    /// weights. An example gets the labels whose probability is 0.5 or more; another threshold needs
    /// no new answers, see [`with_threshold`](MultiLabelEvaluation::with_threshold).
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate), which is for examples with one class each.
    pub fn evaluate_multi_label<D: Dataset, M: Classifier<D::Batch>>(
        &self,
        model: &M,
        data: &DataLoader<D>,
    ) -> Result<MultiLabelEvaluation> {
        let labels = problem::multi(model, data.labels())?;
        let loss =
            Loss::new(of_answers(&problem::class_names(model), data.class_names())?, data.labels());
        let logits = self.with_bar(model, data.data(), "the evaluation")?; // (examples, classes)
        let mean = loss.mean(&logits, data.labels())?;
        let predictions = multi_label_predictions(&logits, &loss.names)?;
        Ok(MultiLabelEvaluation::new(mean, labels.clone(), predictions))
    }

    /// What the model says about examples whose labels nobody knows: word counts or encoded texts.
    /// The classes have the names that the model knows.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn predict<D: Dataset, M: Classifier<D::Batch>>(
        &self,
        model: &M,
        data: &D,
    ) -> Result<Predictions> {
        problem::answers(model, false)?;
        let logits = self.with_bar(model, data, "the prediction")?;
        predictions(&logits, &of_answers(&problem::class_names(model), &[])?)
    }

    /// Which labels the model gives examples that may have several of them: those whose probability
    /// is 0.5 or more, see [`with_threshold`](MultiLabelPredictions::with_threshold).
    ///
    /// # Errors
    /// As [`evaluate_multi_label`](Self::evaluate_multi_label).
    pub fn predict_multi_label<D: Dataset, M: Classifier<D::Batch>>(
        &self,
        model: &M,
        data: &D,
    ) -> Result<MultiLabelPredictions> {
        problem::answers(model, true)?;
        let logits = self.with_bar(model, data, "the prediction")?;
        multi_label_predictions(&logits, &of_answers(&problem::class_names(model), &[])?)
    }

    /// The logits of all rows, with a bar.
    fn with_bar<D: Dataset, M: Classifier<D::Batch>>(
        &self,
        model: &M,
        data: &D,
        what: &'static str,
    ) -> Result<Tensor> {
        let mut bar = Bar::start(what);
        let logits = self.logits((model, data), &Interrupt::listen(), what, &mut |share| {
            bar.at(share, String::new);
        })?;
        bar.done(&format!("{} examples", thousands(data.len())));
        Ok(logits)
    }

    /// The logits of all rows, in their order, on the CPU: f32, shape (examples, classes).
    pub(super) fn logits<D: Dataset, M: Classifier<D::Batch>>(
        &self,
        (model, data): (&M, &D),
        interrupt: &Interrupt,
        what: &'static str,
        progress: &mut dyn FnMut(f64),
    ) -> Result<Tensor> {
        let mode = Mode { train: false, precision: self.precision };
        let pass = dataloader::Pass { device: model.var_store().device(), interrupt, what };
        pass.over(data, progress, |features, rows| forward(model, features, rows, mode))
    }
}

/// The softmax of logits of shape (examples, classes), row by row.
fn predictions(logits: &Tensor, names: &[String]) -> Result<Predictions> {
    let outputs = logits.size().last().copied().unwrap_or_default() as usize;
    let class_names = of_outputs(names, outputs)?;
    let probabilities = checked(logits.f_softmax(-1, Kind::Float)?)?;
    Ok(Predictions { probabilities, class_names })
}

/// The sigmoid of logits of shape (examples, classes), one by one.
fn multi_label_predictions(logits: &Tensor, names: &[String]) -> Result<MultiLabelPredictions> {
    let outputs = logits.size().last().copied().unwrap_or_default() as usize;
    let class_names = of_outputs(names, outputs)?;
    let probabilities = checked(logits.f_to_kind(Kind::Float)?.f_sigmoid()?)?;
    Ok(MultiLabelPredictions::new(probabilities, class_names))
}

/// The accuracy of answers by their logits, and their macro F1, where it is asked for.
pub fn shares(
    logits: &Tensor,
    labels: &Targets,
    loss: &Loss,
    with_f1: bool,
) -> Result<(f64, Option<f64>)> {
    match labels {
        Targets::Single(labels) => {
            let predictions = predictions(logits, &loss.names)?;
            let evaluation = Evaluation::new(0.0, labels.to_vec(), predictions);
            Ok((evaluation.accuracy, with_f1.then(|| evaluation.macro_avg().f1)))
        }
        Targets::Multi(labels) => {
            let predictions = multi_label_predictions(logits, &loss.names)?;
            let evaluation = MultiLabelEvaluation::new(0.0, labels.clone(), predictions);
            Ok((evaluation.accuracy(), with_f1.then(|| evaluation.macro_avg().f1)))
        }
    }
}

/// Probabilities in memory, if they are some.
fn checked(probabilities: Tensor) -> Result<Vec<Vec<f32>>> {
    let probabilities: Vec<Vec<f32>> = Vec::try_from(probabilities)?;
    let has_nan = |row: &Vec<f32>| row.iter().any(|probability| probability.is_nan());
    match probabilities.iter().position(has_nan) {
        None => Ok(probabilities),
        Some(row) => Err(Error::Data(format!(
            "the model's probabilities for row {row} (from 0) are NaN, as after a training that \
             diverged: make or load the model anew, and train it with a smaller learning rate"
        ))),
    }
}
