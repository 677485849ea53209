//! Of which data, settings and parameters a checkpoint is.

use super::{Classifier, Schedule, Trainer};
use crate::cache::fingerprint;
use crate::dataloader::{DataLoader, Dataset};
use crate::error::Result;
use serde::{Deserialize, Serialize};
use tch::Tensor;
use tch::nn::VarStore;

/// What must be the same for a training to go on as if nothing had been.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// In words.
    pub settings: String,
    /// Fingerprints of examples, labels and names of the classes.
    pub train: String,
    pub val: String,
    /// That of the parameters that are not trained.
    pub frozen: String,
}

impl Origin {
    pub fn of<D: Dataset, M: Classifier<D::Batch>>(
        trainer: &Trainer,
        model: &M,
        train: &DataLoader<D>,
        val: &DataLoader<D>,
    ) -> Result<Origin> {
        let of_model = model.hyperparameters().into_iter();
        let of_model: String = of_model.map(|(name, value)| format!(", {name} {value}")).collect();
        Ok(Origin {
            settings: settings(trainer, train.batch_size()) + &of_model,
            train: train.fingerprint()?,
            val: val.fingerprint()?,
            frozen: frozen(model.var_store())?,
        })
    }

    /// Why a training of this origin can't go on from a checkpoint of another one.
    pub fn differs(&self, checkpoint: &Origin) -> Option<String> {
        let same = "take the same again";
        if checkpoint.settings.is_empty() {
            return Some("an older version wrote it, without saying of which data".to_owned());
        }
        if self.settings != checkpoint.settings {
            let (theirs, ours) = (&checkpoint.settings, &self.settings);
            return Some(format!("it is of a training with {theirs}, not {ours}: set them so"));
        }
        let texts = "texts, labels, names of the classes, or another max_length";
        if self.train != checkpoint.train {
            return Some(format!("it is of other training data ({texts}): {same}"));
        }
        if self.val != checkpoint.val {
            return Some(format!("it is of other validation data ({texts}): {same}"));
        }
        let message = "the parameters that are frozen have other values: take the same model, and \
                       freeze and unfreeze as before it";
        (self.frozen != checkpoint.frozen).then(|| message.to_owned())
    }
}

/// The settings that decide the numbers of a training's steps, and which of its epochs is the best.
fn settings(trainer: &Trainer, batch_size: usize) -> String {
    // A constant learning rate does not depend on the number of steps, so that more can follow.
    let steps = match trainer.schedule {
        Schedule::Constant => String::new(),
        _ => format!(" over {} epochs", trainer.num_epochs),
    };
    // Said only where they are set: a checkpoint from before there were any goes on.
    let decay = match trainer.layer_decay {
        1.0 => String::new(),
        decay => format!(", layer decay {decay}"),
    };
    let gradual = trainer.gradual_unfreezing.map_or(String::new(), |epochs| {
        format!(", unfreezing one more block every {epochs} epochs")
    });
    format!(
        "seed {}, {:?} ({} decay) at {}, {:?}{steps} after {} steps, norm {:?}, {:?}, batches of \
         {} x {batch_size}, class weights {:?}, label smoothing {}, best by {}{decay}{gradual}",
        trainer.seed,
        trainer.optimizer,
        trainer.weight_decay,
        trainer.learning_rate,
        trainer.schedule,
        trainer.warmup_steps,
        trainer.max_grad_norm,
        trainer.precision,
        trainer.accumulation_steps,
        trainer.class_weights,
        trainer.label_smoothing,
        trainer.best_by,
    )
}

/// A fingerprint of the parameters that are not trained.
fn frozen(store: &VarStore) -> Result<String> {
    fingerprint(store.variables().into_iter().filter(|(_, tensor)| !tensor.requires_grad()))
}

/// A fingerprint of all parameters as they are now, and of which of them are trained.
pub fn of_parameters(store: &VarStore) -> Result<String> {
    let named = |(name, tensor): (String, Tensor)| {
        let frozen = if tensor.requires_grad() { "" } else { " (frozen)" };
        (name + frozen, tensor)
    };
    fingerprint(store.variables().into_iter().map(named))
}
