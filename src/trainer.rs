//! Training, evaluation and prediction of anything that turns features into logits.

mod checkpoint;
mod guard;
mod progress;
mod run;
#[cfg(test)]
mod tests;

use crate::dataloader::{Batch, DataLoader, Features};
use crate::error::{Error, Result};
use crate::metrics::{Evaluation, History, Predictions};
use crate::vectorizer::CountMatrix;
use guard::forward;
use run::Run;
use std::path::PathBuf;
use tch::nn::{self, OptimizerConfig, VarStore};
use tch::{Kind, Reduction, Tensor};

/// A model that can be trained: a struct of a notebook cell becomes one by these two functions.
pub trait Classifier {
    /// The logits, f32, shape (batch, classes), of a batch of features, shape (batch, vocabulary).
    fn forward(&self, features: &Features) -> Tensor;

    /// The store that holds the model's parameters.
    fn var_store(&self) -> &VarStore;
}

/// The rule by which a step changes the parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Optimizer {
    /// Stochastic gradient descent.
    Sgd,
    /// Adam (Kingma and Ba 2015).
    Adam,
    /// Adam with decoupled weight decay of 0.01 (Loshchilov and Hutter 2019).
    AdamW,
}

impl Optimizer {
    fn build(self, store: &VarStore, learning_rate: f64) -> Result<nn::Optimizer> {
        Ok(match self {
            Optimizer::Sgd => nn::Sgd::default().build(store, learning_rate)?,
            Optimizer::Adam => nn::Adam::default().build(store, learning_rate)?,
            Optimizer::AdamW => nn::AdamW::default().build(store, learning_rate)?,
        })
    }
}

/// How to train: `Trainer { learning_rate: 0.1, ..Default::default() }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Trainer {
    /// How often every training example is seen.
    pub num_epochs: usize,
    /// The size of a step.
    pub learning_rate: f64,
    /// The rule of a step.
    pub optimizer: Optimizer,
    /// Decides the order of the batches: the same seed gives the same numbers.
    pub seed: u32,
    /// A folder for `metrics.csv`, the numbers of each epoch, and `best.safetensors`, the
    /// parameters with the best validation accuracy; both are written while the training runs.
    pub save_dir: Option<PathBuf>,
}

impl Default for Trainer {
    fn default() -> Trainer {
        Trainer {
            num_epochs: 3,
            learning_rate: 5e-5,
            optimizer: Optimizer::Adam,
            seed: 1,
            save_dir: None,
        }
    }
}

/// The examples that are predicted at once, where no gradients have to be kept.
const AT_ONCE: usize = 256;

impl Trainer {
    /// Trains the model. At the end it has the parameters of the epoch with the best validation
    /// accuracy. Jupyter's stop button ends it after the current batch with what there is.
    ///
    /// # Errors
    /// [`Error::Argument`] for settings that can't be used, [`Error::Data`] if the loss becomes
    /// NaN or a label has no logit, [`Error::Torch`] if the model does not fit the data,
    /// [`Error::File`] if `save_dir` can't be written to; what was there before stays. After an
    /// error, the model has the best parameters so far.
    pub fn fit<M: Classifier>(
        &self,
        model: &M,
        train: &DataLoader,
        val: &DataLoader,
    ) -> Result<History> {
        self.check()?;
        let mut run = Run::start(self, model, train, val)?;
        let outcome = run.epochs();
        run.best.restore(model.var_store())?;
        outcome?;
        run.progress.finish(&run.history);
        Ok(run.history)
    }

    /// Loss, accuracy, confusion matrix and all predictions of the model on data that it does not
    /// learn from.
    ///
    /// # Errors
    /// [`Error::Torch`] if the model does not fit the data, [`Error::Data`] if a label has no
    /// logit.
    pub fn evaluate<M: Classifier>(&self, model: &M, data: &DataLoader) -> Result<Evaluation> {
        let _no_grad = tch::no_grad_guard();
        let mut sums = Sums::default();
        let mut predictions = Predictions { probabilities: Vec::with_capacity(data.len()) };
        let mut labels = Vec::with_capacity(data.len());
        for rows in data.in_order(AT_ONCE) {
            let batch = data.gather(&rows, model.var_store().device())?;
            let logits = forward(model, &batch.features)?;
            sums.add(&logits, &cross_entropy(&logits, &batch, data.num_classes())?, &batch)?;
            predictions.probabilities.extend(probabilities(&logits)?);
            labels.extend(Vec::<i64>::try_from(batch.labels)?);
        }
        let (loss, _) = sums.mean();
        Ok(Evaluation::new(loss, labels, predictions))
    }

    /// What the model says about texts whose labels nobody knows.
    ///
    /// # Errors
    /// [`Error::Torch`] if the model does not fit the features.
    pub fn predict<M: Classifier>(&self, model: &M, features: &CountMatrix) -> Result<Predictions> {
        let _no_grad = tch::no_grad_guard();
        let rows: Vec<usize> = (0..features.shape().0).collect();
        let mut predictions = Predictions { probabilities: Vec::with_capacity(rows.len()) };
        for rows in rows.chunks(AT_ONCE) {
            let batch = Features::new(features.select_rows(rows)?, model.var_store().device());
            predictions.probabilities.extend(probabilities(&forward(model, &batch)?)?);
        }
        Ok(predictions)
    }

    fn check(&self) -> Result<()> {
        let name = "learning_rate";
        if !self.learning_rate.is_finite() || self.learning_rate <= 0.0 {
            let remedy =
                "take a number above 0; 0.05 suits SGD, 5e-5 the finetuning of a transformer";
            return Err(Error::argument(name, self.learning_rate, remedy));
        }
        if self.num_epochs == 0 {
            return Err(Error::argument("num_epochs", 0, "take 1 or more"));
        }
        Ok(())
    }
}

/// The softmax of logits of shape (batch, classes), row by row.
fn probabilities(logits: &Tensor) -> Result<Vec<Vec<f32>>> {
    Ok(Vec::<Vec<f32>>::try_from(logits.f_softmax(-1, Kind::Float)?)?)
}

/// The mean cross entropy of a batch, a tensor without dimensions.
fn cross_entropy(logits: &Tensor, batch: &Batch, classes: usize) -> Result<Tensor> {
    let outputs = logits.size().last().copied().unwrap_or_default();
    if outputs < classes as i64 {
        return Err(Error::Data(format!(
            "label {}, but the model has {outputs} outputs: give it {classes} or more",
            classes - 1
        )));
    }
    let weights: Option<Tensor> = None;
    Ok(logits.f_cross_entropy_loss(&batch.labels, weights, Reduction::Mean, -100, 0.0)?)
}

/// Running sums over the examples seen.
#[derive(Default)]
struct Sums {
    loss: f64,
    correct: f64,
    examples: f64,
}

impl Sums {
    fn add(&mut self, logits: &Tensor, loss: &Tensor, batch: &Batch) -> Result<()> {
        let count = batch.labels.numel() as f64;
        let hits = logits.f_argmax(-1, false)?.f_eq_tensor(&batch.labels)?.f_sum(Kind::Int64)?;
        self.loss += f64::try_from(loss)? * count;
        self.correct += i64::try_from(hits)? as f64;
        self.examples += count;
        Ok(())
    }

    /// Loss and accuracy, both means over the examples.
    fn mean(&self) -> (f64, f64) {
        (self.loss / self.examples, self.correct / self.examples)
    }
}
