//! What a model says about data that it does not learn from.

use super::guard::forward;
use super::{Classifier, Trainer, cross_entropy};
use crate::dataloader::{self, DataLoader, Dataset};
use crate::display::{Bar, thousands};
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::metrics::{Evaluation, Predictions};
use crate::mode::Mode;
use tch::{Kind, Tensor};

impl Trainer {
    /// Loss, accuracy, confusion matrix and all predictions of the model on data that it does not
    /// learn from.
    ///
    /// # Errors
    /// An [`Error`](crate::Error): `Torch` if the model does not fit the data, `Memory` if the device
    /// is too small, `Data` if a label has no logit, `Stopped` by the stop button.
    pub fn evaluate<D: Dataset, M: Classifier<D::Batch>>(
        &self,
        model: &M,
        data: &DataLoader<D>,
    ) -> Result<Evaluation> {
        let what = "the evaluation";
        let mut bar = Bar::start(what);
        let evaluation =
            self.evaluate_until((model, data), &Interrupt::listen(), what, &mut |share| {
                bar.at(share, String::new);
            })?;
        bar.done(&format!("{} examples", thousands(data.labels().len())));
        Ok(evaluation)
    }

    pub(super) fn evaluate_until<D: Dataset, M: Classifier<D::Batch>>(
        &self,
        (model, data): (&M, &DataLoader<D>),
        interrupt: &Interrupt,
        what: &'static str,
        progress: &mut dyn FnMut(f64),
    ) -> Result<Evaluation> {
        let logits = self.logits((model, data.data()), interrupt, what, progress)?; // (examples, classes)
        let labels = Tensor::f_from_slice(data.labels())?;
        let loss = cross_entropy(&logits, &labels, data.num_classes())?;
        let loss = f64::try_from(loss)?;
        Ok(Evaluation::new(loss, data.labels().to_vec(), predictions(&logits)?))
    }

    /// What the model says about examples whose labels nobody knows: word counts or encoded texts.
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
        bar.done(&format!("{} examples", thousands(data.len())));
        predictions(&logits)
    }

    /// The logits of all rows, in their order, on the CPU: f32, shape (examples, classes).
    fn logits<D: Dataset, M: Classifier<D::Batch>>(
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
fn predictions(logits: &Tensor) -> Result<Predictions> {
    Ok(Predictions { probabilities: Vec::try_from(logits.f_softmax(-1, Kind::Float)?)? })
}
