//! What a model says about data that it does not learn from.

use super::guard::forward;
use super::loss::Loss;
use super::names::{of_answers, of_outputs};
use super::{Classifier, Trainer};
use crate::dataloader::{self, DataLoader, Dataset};
use crate::display::{Bar, thousands};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::metrics::{Evaluation, Predictions};
use crate::mode::Mode;
use tch::{Kind, Tensor};

impl Trainer {
    /// Loss, accuracy, confusion matrix and all predictions of the model on data that it does not
    /// learn from. The loss is the plain cross entropy, without class weights and label smoothing.
    /// The classes have the names of the data; if it has none, those of the model. Prints both if
    /// they differ by more than capital letters. A model of your own without a place for names
    /// ([`Classifier::class_names`]) is compared with the number of the classes alone.
    ///
    /// # Errors
    /// An [`Error`]: `Torch` if the model does not fit the data, `Memory` if the device is too small,
    /// `Data` if model and data have other classes, a label has no logit or a probability is NaN,
    /// `Stopped` by the stop button.
    pub fn evaluate<D: Dataset, M: Classifier<D::Batch>>(
        &self,
        model: &M,
        data: &DataLoader<D>,
    ) -> Result<Evaluation> {
        let loss = Loss::new(of_answers(&model.class_names(), data.class_names())?);
        let what = "the evaluation";
        let mut bar = Bar::start(what);
        let logits =
            self.logits((model, data.data()), &Interrupt::listen(), what, &mut |share| {
                bar.at(share, String::new);
            })?; // (examples, classes)
        let (mean, labels) = (loss.mean(&logits, data.labels())?, data.labels().to_vec());
        let evaluation = Evaluation::new(mean, labels, predictions(&logits, &loss.names)?);
        bar.done(&format!("{} examples", thousands(data.len())));
        Ok(evaluation)
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
        let what = "the prediction";
        let mut bar = Bar::start(what);
        let logits = self.logits((model, data), &Interrupt::listen(), what, &mut |share| {
            bar.at(share, String::new);
        })?;
        let predictions = predictions(&logits, &of_answers(&model.class_names(), &[])?)?;
        bar.done(&format!("{} examples", thousands(data.len())));
        Ok(predictions)
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
pub fn predictions(logits: &Tensor, names: &[String]) -> Result<Predictions> {
    let outputs = logits.size().last().copied().unwrap_or_default() as usize;
    let class_names = of_outputs(names, outputs)?;
    let probabilities: Vec<Vec<f32>> = Vec::try_from(logits.f_softmax(-1, Kind::Float)?)?;
    let has_nan = |row: &Vec<f32>| row.iter().any(|probability| probability.is_nan());
    match probabilities.iter().position(has_nan) {
        None => Ok(Predictions { probabilities, class_names }),
        Some(row) => Err(Error::Data(format!(
            "the model's probabilities for row {row} (from 0) are NaN, as after a training that \
             diverged: make or load the model anew, and train it with a smaller learning rate"
        ))),
    }
}
