//! A training from its first batch to its last.

use super::checkpoint::{self, Best, Position};
use super::clock::Plan;
use super::guard::forward;
use super::optimizer::{Steps, accumulate, clip};
use super::progress::Progress;
use super::{Classifier, Schedule, Sums, Trainer, cross_entropy};
use crate::cache::bytes_of;
use crate::dataloader::{DataLoader, Dataset};
use crate::error::{Error, Result};
use crate::files::cannot_write;
use crate::interrupt::Interrupt;
use crate::metrics::{EpochMetrics, History, StepMetrics};
use crate::mode::Mode;
use crate::random::seed_of;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::PathBuf;
use tch::Tensor;
use tch::nn::VarStore;

/// So many points of a curve lie within an epoch, at most.
const POINTS: usize = 20;

pub struct Run<'a, M, D> {
    trainer: &'a Trainer,
    model: &'a M,
    train: &'a DataLoader<D>,
    val: &'a DataLoader<D>,
    steps: Steps,
    interrupt: Interrupt,
    pub best: Best,
    position: Position,
    progress: Progress,
}

impl<'a, D: Dataset, M: Classifier<D::Batch>> Run<'a, M, D> {
    pub fn start(
        trainer: &'a Trainer,
        model: &'a M,
        train: &'a DataLoader<D>,
        val: &'a DataLoader<D>,
    ) -> Result<Run<'a, M, D>> {
        let steps = Steps::new(trainer.optimizer, trainer.weight_decay, model.var_store())?;
        let settings = match &trainer.save_dir {
            Some(folder) => {
                std::fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
                settings(trainer, train, model.var_store())?
            }
            None => String::new(),
        };
        Ok(Run {
            trainer,
            model,
            train,
            val,
            steps,
            interrupt: Interrupt::listen(),
            best: Best::default(),
            position: Position { settings, ..Position::default() },
            progress: Progress::start(
                Plan {
                    epochs: trainer.num_epochs,
                    batches: train.num_batches(),
                    val_examples: val.labels().len(),
                },
                trainer.quiet,
            ),
        })
    }

    /// Puts everything where the checkpoint in `save_dir` has it.
    pub fn go_on(&mut self) -> Result<()> {
        let path = self.checkpoint().ok_or_else(|| {
            Error::argument("save_dir", "None", "name the folder with the checkpoint to go on from")
        })?;
        let settings = self.position.settings.as_str();
        let store = self.model.var_store();
        (self.position, self.best) = checkpoint::load(&path, settings, &mut self.steps, store)?;
        self.progress.skip(self.batches_done(), &self.position.history);
        Ok(())
    }

    /// All epochs, or those until the stop button or the end of patience.
    pub fn epochs(&mut self) -> Result<()> {
        self.position.history.stopped = false;
        self.progress.begin();
        while self.position.epochs < self.trainer.num_epochs && !self.out_of_patience() {
            if !self.pass()? || !self.validate()? {
                self.position.history.stopped = true;
                return self.save();
            }
            self.save()?;
        }
        Ok(())
    }

    /// What is left of it.
    pub fn end(self) -> (Progress, History) {
        (self.progress, self.position.history)
    }

    /// The rest of one pass over the training data; false when it was stopped.
    fn pass(&mut self) -> Result<bool> {
        let seed = seed_of(self.trainer.seed, self.position.epochs as u32);
        let batches = self.train.shuffled(seed);
        for group in batches.chunks(self.trainer.accumulation_steps).skip(self.position.steps) {
            if !self.step(group)? {
                return Ok(false);
            }
            self.position.steps += 1;
            let every = self.trainer.checkpoint_steps;
            if every.is_some_and(|every| (self.steps.done() as usize).is_multiple_of(every)) {
                self.save()?;
            }
        }
        Ok(true)
    }

    /// One step, by the gradients of one or more batches; false when it was stopped before.
    fn step(&mut self, batches: &[Vec<usize>]) -> Result<bool> {
        // Dropout then falls the same way in a training that went on from a checkpoint.
        let seed = seed_of(self.trainer.seed, self.steps.done() as u32);
        tch::manual_seed(seed.into());
        let mode = Mode { train: true, precision: self.trainer.precision };
        let device = self.model.var_store().device();
        let classes = self.train.num_classes().max(self.val.num_classes());
        let examples: usize = batches.iter().map(Vec::len).sum();
        let mut sums = Sums::default();
        let mut gradients: Vec<Tensor> = Vec::new();
        for rows in batches {
            if self.interrupt.happened() {
                return Ok(false);
            }
            let batch = self.train.gather(rows, device)?;
            let logits = forward(self.model, &batch.features, rows.len(), mode)?; // (batch, classes)
            let loss = cross_entropy(&logits, &batch.labels, classes)?;
            sums += Sums::of(&logits, &loss, &batch.labels)?;
            if !sums.loss.is_finite() {
                return Err(self.diverged(f64::try_from(&loss)?));
            }
            // The mean over all examples of the step, whatever the batches' sizes.
            let share = loss.f_mul_scalar(rows.len() as f64 / examples as f64)?;
            accumulate(&mut gradients, self.steps.gradients(&share)?)?;
        }
        if let Some(most) = self.trainer.max_grad_norm {
            clip(&mut gradients, most)?;
        }
        self.steps.step(self.learning_rate(), &gradients)?;
        self.note(batches, sums);
        Ok(true)
    }

    /// Keeps what a step said.
    fn note(&mut self, batches: &[Vec<usize>], sums: Sums) {
        let per_epoch = self.steps_per_epoch();
        let position = &mut self.position;
        position.sums += sums.clone();
        position.recent += sums;
        let steps = position.steps + 1;
        let (train_loss, train_accuracy) = position.recent.mean();
        let epoch = position.epochs as f64 + steps as f64 / per_epoch as f64;
        let now = StepMetrics { epoch, train_loss, train_accuracy };
        let every = per_epoch.div_ceil(POINTS);
        // The first of all come earlier: one wants to see that it learns.
        let early = position.epochs == 0 && steps < every && steps.is_power_of_two();
        let is_point = early || steps.is_multiple_of(every) || steps == per_epoch;
        if is_point {
            position.history.steps.push(now);
            position.recent = Sums::default();
        }
        self.progress.step(batches, position.sums.mean(), now, is_point);
    }

    fn steps_per_epoch(&self) -> usize {
        self.train.num_batches().div_ceil(self.trainer.accumulation_steps)
    }

    fn learning_rate(&self) -> f64 {
        let trainer = self.trainer;
        let total = self.steps_per_epoch().saturating_mul(trainer.num_epochs);
        let step = self.steps.done() as usize;
        trainer.learning_rate * trainer.schedule.factor(step, trainer.warmup_steps, total)
    }

    fn diverged(&self, loss: f64) -> Error {
        Error::Data(format!(
            "the loss became {loss} in epoch {}, step {}, at learning_rate = {}: take a smaller \
             learning rate, or max_grad_norm: Some(1.0)",
            self.position.epochs + 1,
            self.position.steps + 1,
            self.trainer.learning_rate
        ))
    }

    /// Ends the epoch with the accuracy on the validation data; false when it was stopped.
    fn validate(&mut self) -> Result<bool> {
        let progress = &mut self.progress;
        let validation = self.trainer.evaluate_until(
            (self.model, self.val),
            &self.interrupt,
            "the validation",
            &mut |share| progress.validates(share),
        );
        let validation = match validation {
            Err(Error::Stopped(_)) => return Ok(false),
            other => other?,
        };
        if !validation.loss.is_finite() {
            return Err(self.diverged(validation.loss));
        }
        let (train_loss, train_accuracy) = self.position.sums.mean();
        self.position.epochs += 1;
        self.position.steps = 0;
        self.position.sums = Default::default();
        let metrics = EpochMetrics {
            epoch: self.position.epochs,
            train_loss,
            train_accuracy,
            val_loss: validation.loss,
            val_accuracy: validation.accuracy,
        };
        self.progress.epoch_ends(metrics.clone());
        self.position.history.epochs.push(metrics);
        let better = self.best.keep_better(validation.accuracy, self.model.var_store())?;
        if let Some(folder) = &self.trainer.save_dir {
            self.position.history.write_csv(folder.join("metrics.csv"))?;
            if better {
                self.best.write(&folder.join("best.safetensors"))?;
            }
        }
        Ok(true)
    }

    fn out_of_patience(&self) -> bool {
        let history = &self.position.history;
        let since_best = history.best().map_or(0, |best| self.position.epochs - best.epoch);
        self.trainer.patience.is_some_and(|patience| since_best >= patience)
    }

    /// Keeps all that is needed to go on, if a folder was named for it.
    fn save(&self) -> Result<()> {
        match self.checkpoint() {
            Some(path) => {
                let store = self.model.var_store();
                checkpoint::save(&path, &self.position, &self.steps, &self.best, store)
            }
            None => Ok(()),
        }
    }

    fn checkpoint(&self) -> Option<PathBuf> {
        self.trainer.save_dir.as_ref().map(|folder| folder.join("checkpoint.safetensors"))
    }

    fn batches_done(&self) -> usize {
        let in_epoch = self.position.steps * self.trainer.accumulation_steps;
        self.position.epochs * self.train.num_batches() + in_epoch.min(self.train.num_batches())
    }
}

/// What must be the same for a training to go on as if nothing had been: the settings that decide
/// the numbers of its steps, and a fingerprint of the labels and the frozen parameters.
fn settings<D: Dataset>(
    trainer: &Trainer,
    train: &DataLoader<D>,
    store: &VarStore,
) -> Result<String> {
    let mut hash = Sha256::new();
    train.labels().iter().for_each(|label| hash.update(label.to_le_bytes()));
    let frozen: BTreeMap<String, Tensor> =
        store.variables().into_iter().filter(|(_, tensor)| !tensor.requires_grad()).collect();
    for (name, tensor) in frozen {
        hash.update(name.as_bytes());
        hash.update(bytes_of(&tensor)?);
    }
    let fingerprint: String = hash.finalize().iter().take(4).map(|b| format!("{b:02x}")).collect();
    // A constant learning rate does not depend on the number of steps, so that more can follow.
    let steps = match trainer.schedule {
        Schedule::Constant => String::new(),
        _ => format!(" over {} epochs", trainer.num_epochs),
    };
    Ok(format!(
        "seed {}, {:?} ({} decay) at {}, {:?}{steps} after {} steps, norm {:?}, {:?}, batches of \
         {} x {}, data and frozen parameters {fingerprint}",
        trainer.seed,
        trainer.optimizer,
        trainer.weight_decay,
        trainer.learning_rate,
        trainer.schedule,
        trainer.warmup_steps,
        trainer.max_grad_norm,
        trainer.precision,
        trainer.accumulation_steps,
        train.batch_size(),
    ))
}
