//! Training, evaluation and prediction of anything that turns features into logits.

mod adam;
mod blocks;
mod checkpoint;
mod clock;
mod evaluate;
mod figure;
mod groups;
mod guard;
mod learner;
mod loss;
mod names;
pub(crate) mod optimizer;
mod origin;
mod passes;
mod problem;
mod progress;
mod rates;
mod run;
mod schedule;
mod speed;
mod sums;
#[cfg(test)]
pub(crate) mod tests;

use crate::dataloader::{DataLoader, Dataset};
use crate::error::{Error, Result};
use crate::metrics::{History, Metric};
use crate::mode::{Mode, Precision};
pub(crate) use guard::{forward, guarded};
pub use loss::ClassWeights;
pub use optimizer::Optimizer;
pub(crate) use origin::of_parameters;
pub(crate) use problem::{class_names, learned};
pub use rates::LearningRates;
use run::Run;
pub use schedule::Schedule;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
pub use speed::Speed;
use std::path::PathBuf;
use sums::Sums;
use tch::Tensor;
use tch::nn::VarStore;

/// A model that can be trained on features `F`: a struct of a notebook cell becomes one by
/// `forward` and `var_store`.
pub trait Classifier<F> {
    /// The logits, f32, shape (batch, classes), of a batch.
    fn forward(&self, features: &F) -> Tensor;

    /// The same in a mode: a model with dropout, or one that can calculate with fewer bits, has
    /// this function, too.
    fn forward_t(&self, features: &F, _mode: Mode) -> Tensor {
        self.forward(features)
    }

    /// The store that holds the model's parameters. Those that ask for no gradients stay as they
    /// are in a training.
    fn var_store(&self) -> &VarStore;

    /// What class 0, 1, 2, ... is called, if the model itself knows; else nothing. Its answers are
    /// shown under these names, or under those of the classes that [`Trainer::fit`] has taught it.
    fn class_names(&self) -> Vec<String> {
        Vec::new()
    }

    /// Tells the model the names of the classes that it has learned: one that is saved wants to keep
    /// them.
    fn set_class_names(&self, _names: &[String]) {}

    /// Whether the model gives an example any number of labels, by the sigmoid of each logit, and not
    /// one class; `None`, if it does not know, and does what is asked for.
    fn is_multi_label(&self) -> Option<bool> {
        None
    }

    /// Tells the model which of the two it has learned.
    fn set_multi_label(&self, _multi_label: bool) {}

    /// How deep below the logits a parameter lies, by its name in the store: 0 in the last layers, 1
    /// in the block before them, and so on, to the embeddings. [`Trainer::layer_decay`] and
    /// [`Trainer::gradual_unfreezing`] go by it. A model without this function is one block.
    fn depth_of(&self, _parameter: &str) -> usize {
        0
    }

    /// What besides its parameters decides of the numbers of a training, by name: checkpoints and records
    /// of runs have it.
    fn hyperparameters(&self) -> Map<String, Value> {
        Map::new()
    }
}

/// How to train: `Trainer { learning_rate: 0.1, ..Default::default() }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Trainer {
    /// How often every training example is seen.
    pub num_epochs: usize,
    /// The size of a step.
    pub learning_rate: f64,
    /// The rule of a step.
    pub optimizer: Optimizer,
    /// By which share, times the learning rate, AdamW shrinks the weights in each step.
    pub weight_decay: f64,
    /// Each block learns at the learning rate of the one above it, times this: 1.0 for the same rate
    /// everywhere, 0.9, say, to change what a pretrained model knows the less the deeper it lies
    /// (Howard and Ruder 2018, <https://arxiv.org/abs/1801.06146>, who divide by 2.6). The last
    /// layers have `learning_rate` itself; see [`Classifier::depth_of`].
    pub layer_decay: f64,
    /// Trains the uppermost block alone at first, the last layers, and one more below after each so
    /// many epochs: gradual unfreezing (in the same paper, with 1). Until then a block stays as it is.
    /// Only blocks that aren't frozen take part.
    pub gradual_unfreezing: Option<usize>,
    /// How the learning rate changes over the steps.
    pub schedule: Schedule,
    /// The number of steps in which the learning rate rises from 0.
    pub warmup_steps: usize,
    /// The most that the norm of all gradients together may be; larger ones are scaled down.
    pub max_grad_norm: Option<f64>,
    /// The number of batches whose gradients make one step: twice as many with batches of half
    /// the size give the same step, in half the memory.
    pub accumulation_steps: usize,
    /// The numbers that the model calculates with, also when it is evaluated.
    pub precision: Precision,
    /// How much the examples of each class count in the loss, those to validate on, too.
    pub class_weights: ClassWeights,
    /// The share of an answer that goes to all classes alike, 0 to below 1: the model is then not
    /// to be quite sure of any (Szegedy et al. 2016, <https://arxiv.org/abs/1512.00567>). Also of
    /// those to validate on. Not for examples with several labels.
    pub label_smoothing: f64,
    /// What makes an epoch better than another one.
    pub best_by: Metric,
    /// Ends the training after so many epochs that are not better than the best before.
    pub patience: Option<usize>,
    /// `fit` shows nothing: for many short trainings in one cell. The history has their figures.
    pub quiet: bool,
    /// Decides the order of the batches and what dropout leaves out: the same seed gives the same
    /// numbers.
    pub seed: u32,
    /// A folder for `metrics.csv`, the numbers of each epoch, `best.safetensors`, the trained
    /// parameters of the best epoch, and `checkpoint.safetensors`, from which
    /// [`Trainer::resume`] goes on; all are written while the training runs.
    pub save_dir: Option<PathBuf>,
    /// The number of steps after which the checkpoint is written, besides at the end of each epoch
    /// and at a stop.
    pub checkpoint_steps: Option<usize>,
}

impl Default for Trainer {
    fn default() -> Trainer {
        Trainer {
            num_epochs: 3,
            learning_rate: 5e-5,
            optimizer: Optimizer::Adam,
            weight_decay: 0.01,
            layer_decay: 1.0,
            gradual_unfreezing: None,
            schedule: Schedule::Constant,
            warmup_steps: 0,
            max_grad_norm: None,
            accumulation_steps: 1,
            precision: Precision::Fp32,
            class_weights: ClassWeights::Equal,
            label_smoothing: 0.0,
            best_by: Metric::Accuracy,
            patience: None,
            quiet: false,
            seed: 1,
            save_dir: None,
            checkpoint_steps: None,
        }
    }
}

impl Trainer {
    /// Trains the model. At the end it has the parameters of the best epoch, by default the one with
    /// the best validation accuracy, and its answers have the names of the classes; if it had others,
    /// both are printed. In a notebook the curves of loss and accuracy grow while it runs. Jupyter's
    /// stop button, or the one that stands below the curve meanwhile, ends it after the current batch with
    /// what there is.
    ///
    /// The losses of the history, for train and val, are what PyTorch's
    /// `CrossEntropyLoss(weight, label_smoothing)` would say of all examples together: means by the
    /// weights of their classes, whatever the sizes of the batches.
    ///
    /// Where an example may have several labels ([`MultiLabels`](crate::MultiLabels)), the loss is that
    /// of `BCEWithLogitsLoss(pos_weight)`, a mean over examples and classes, with the class weights for
    /// `pos_weight`; label smoothing is refused. An answer is right if all its labels are: accuracy is
    /// then what scikit-learn calls subset accuracy, with a threshold of 0.5.
    ///
    /// # Errors
    /// [`Error::Argument`] for settings that can't be used, [`Error::Data`] if the loss becomes
    /// NaN, a label has no logit, train and val have other classes, the examples may have several labels
    /// and the model has learned to choose one class, or the other way round, a class without examples
    /// is to be balanced, or all parameters are frozen, [`Error::Torch`] if the model does not fit the
    /// data, [`Error::Memory`] if the device is too small, [`Error::File`] if `save_dir` can't be written
    /// to; what was there before stays. After an error, the model has the best parameters so far,
    /// if an epoch had ended.
    pub fn fit<D: Dataset, M: Classifier<D::Batch>>(
        &self,
        model: &M,
        train: &DataLoader<D>,
        val: &DataLoader<D>,
    ) -> Result<History> {
        self.check()?;
        finish(Run::start(self, model, train, val)?, model)
    }

    /// Goes on with a training that ended early, from the checkpoint in `save_dir`: to the same
    /// numbers as if it had not been interrupted. With a larger `num_epochs`, also with one that
    /// ended as planned. The history is that of the whole training.
    ///
    /// # Errors
    /// As [`fit`](Self::fit), and [`Error::File`] if there is no checkpoint, or one of other data
    /// or settings.
    pub fn resume<D: Dataset, M: Classifier<D::Batch>>(
        &self,
        model: &M,
        train: &DataLoader<D>,
        val: &DataLoader<D>,
    ) -> Result<History> {
        self.check()?;
        let mut run = Run::start(self, model, train, val)?;
        run.go_on()?;
        finish(run, model)
    }

    fn check(&self) -> Result<()> {
        let positive = |value: f64| value.is_finite() && value > 0.0;
        let remedies = [
            (
                "learning_rate",
                self.learning_rate,
                positive(self.learning_rate),
                "take a number above 0; 0.05 suits SGD, 5e-5 the finetuning of a transformer",
            ),
            (
                "weight_decay",
                self.weight_decay,
                self.weight_decay == 0.0 || positive(self.weight_decay),
                "take 0 or a small number; 0.01 is usual",
            ),
            (
                "layer_decay",
                self.layer_decay,
                self.layer_decay > 0.0 && self.layer_decay <= 1.0,
                "take 1, or a share below it; 0.9 is usual",
            ),
            (
                "max_grad_norm",
                self.max_grad_norm.unwrap_or(1.0),
                self.max_grad_norm.is_none_or(positive),
                "take a number above 0; 1.0 is usual",
            ),
            (
                "label_smoothing",
                self.label_smoothing,
                (0.0..1.0).contains(&self.label_smoothing),
                "take 0, or a share below 1; 0.1 is usual",
            ),
        ];
        if let Some((name, value, _, remedy)) = remedies.iter().find(|(_, _, fine, _)| !fine) {
            return Err(Error::argument(name, value, *remedy));
        }
        if let ClassWeights::Given(weights) = &self.class_weights
            && let Some(weight) = weights.iter().find(|weight| !positive(**weight))
        {
            return Err(Error::argument("class_weights", weight, "take numbers above 0"));
        }
        let counts = [
            ("num_epochs", Some(self.num_epochs)),
            ("accumulation_steps", Some(self.accumulation_steps)),
            ("gradual_unfreezing", self.gradual_unfreezing),
            ("patience", self.patience),
            ("checkpoint_steps", self.checkpoint_steps),
        ];
        match counts.into_iter().find(|(_, count)| *count == Some(0)) {
            Some((name, _)) => Err(Error::argument(name, 0, "take 1 or more")),
            None => Ok(()),
        }
    }
}

/// Runs a training to its end, and gives the model its best parameters.
fn finish<D: Dataset, M: Classifier<D::Batch>>(
    mut run: Run<'_, M, D>,
    model: &M,
) -> Result<History> {
    let outcome = run.epochs();
    run.best.restore(model.var_store())?;
    outcome?;
    run.name_classes();
    let (progress, history) = run.end();
    progress.finish(&history);
    Ok(history)
}
