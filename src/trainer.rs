//! Training, evaluation and prediction of anything that turns features into logits.

mod checkpoint;
mod guard;
mod progress;
#[cfg(test)]
mod tests;

use crate::dataloader::{Batch, DataLoader};
use crate::error::{Error, Result};
use crate::metrics::{EpochMetrics, Evaluation, History};
use checkpoint::Checkpoint;
use guard::{Interrupt, forward};
use progress::Progress;
use tch::nn::{self, OptimizerConfig, VarStore};
use tch::{Kind, Tensor};

/// A model that can be trained: a struct of a notebook cell becomes one by these two functions.
pub trait Classifier {
    /// The logits, f32, shape (batch, classes), of a batch of features, shape (batch, ...).
    fn forward(&self, features: &Tensor) -> Tensor;

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
}

impl Default for Trainer {
    fn default() -> Trainer {
        Trainer { num_epochs: 3, learning_rate: 5e-5, optimizer: Optimizer::Adam, seed: 1 }
    }
}

impl Trainer {
    /// Trains the model. At the end it has the parameters of the epoch with the best validation
    /// accuracy. Jupyter's stop button ends it after the current batch with what there is.
    ///
    /// # Errors
    /// [`Error::Argument`] for settings that can't be used, [`Error::Data`] if the loss becomes
    /// NaN, [`Error::Torch`] if the model does not fit the data. The model then has the best
    /// parameters so far.
    pub fn fit<M: Classifier>(
        &self,
        model: &M,
        train: &DataLoader,
        val: &DataLoader,
    ) -> Result<History> {
        self.check()?;
        let mut optimizer = self.optimizer.build(model.var_store(), self.learning_rate)?;
        let interrupt = Interrupt::listen();
        let mut best = Checkpoint::none();
        let mut history = History::default();
        let mut progress = Progress::start(self.num_epochs, train.num_batches());
        for epoch in 0..self.num_epochs {
            let step = self.epoch(model, train, &mut optimizer, epoch, &interrupt, &mut progress);
            let (train_loss, train_accuracy) = match step {
                Ok(Some(metrics)) => metrics,
                Ok(None) => {
                    history.stopped = true;
                    break;
                }
                Err(error) => {
                    best.restore(model.var_store())?;
                    return Err(error);
                }
            };
            let validation = self.evaluate(model, val)?;
            best.keep_better(validation.accuracy, model.var_store())?;
            history.epochs.push(EpochMetrics {
                epoch: epoch + 1,
                train_loss,
                train_accuracy,
                val_loss: validation.loss,
                val_accuracy: validation.accuracy,
            });
        }
        best.restore(model.var_store())?;
        progress.finish(&history);
        Ok(history)
    }

    /// One pass over the training data: mean loss and accuracy, or None when it was stopped.
    fn epoch<M: Classifier>(
        &self,
        model: &M,
        train: &DataLoader,
        optimizer: &mut nn::Optimizer,
        epoch: usize,
        interrupt: &Interrupt,
        progress: &mut Progress,
    ) -> Result<Option<(f64, f64)>> {
        let mut sums = Sums::default();
        for rows in train.epoch(Some(self.seed.wrapping_add(epoch as u32))) {
            if interrupt.happened() {
                return Ok(None);
            }
            let batch = train.gather(&rows)?;
            let logits = forward(model, &batch.features)?;
            let loss = cross_entropy(&logits, &batch)?;
            optimizer.zero_grad();
            loss.f_backward()?;
            optimizer.step();
            sums.add(&logits, &loss, &batch)?;
            if !sums.loss.is_finite() {
                return Err(Error::Data(format!(
                    "the loss became {} in epoch {} at learning_rate = {}: \
                     take a smaller learning rate",
                    sums.loss,
                    epoch + 1,
                    self.learning_rate
                )));
            }
            progress.batch_done(rows.len(), sums.mean());
        }
        Ok(Some(sums.mean()))
    }

    /// Loss, accuracy and confusion matrix of the model on data that it does not learn from.
    ///
    /// # Errors
    /// [`Error::Torch`] if the model does not fit the data.
    pub fn evaluate<M: Classifier>(&self, model: &M, data: &DataLoader) -> Result<Evaluation> {
        let _no_grad = tch::no_grad_guard();
        let mut sums = Sums::default();
        let mut predictions = Vec::with_capacity(data.len());
        let mut labels = Vec::with_capacity(data.len());
        for rows in data.epoch(None) {
            let batch = data.gather(&rows)?;
            let logits = forward(model, &batch.features)?;
            sums.add(&logits, &cross_entropy(&logits, &batch)?, &batch)?;
            predictions.extend(Vec::<i64>::try_from(logits.f_argmax(-1, false)?)?);
            labels.extend(Vec::<i64>::try_from(batch.labels)?);
        }
        let (loss, _) = sums.mean();
        Ok(Evaluation::new(loss, &labels, &predictions))
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

/// The mean cross entropy of a batch, a tensor without dimensions.
fn cross_entropy(logits: &Tensor, batch: &Batch) -> Result<Tensor> {
    let classes = logits.size().last().copied().unwrap_or_default();
    let largest = i64::try_from(batch.labels.f_max()?)?;
    if largest >= classes {
        return Err(Error::Data(format!(
            "label {largest}, but the model has {classes} outputs: give it {} or more",
            largest + 1
        )));
    }
    Ok(logits.f_cross_entropy_loss::<Tensor>(
        &batch.labels,
        None,
        tch::Reduction::Mean,
        -100,
        0.0,
    )?)
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
