//! A training from its first batch to its last.

use super::checkpoint::{self, Best, Position};
use super::clock::Plan;
use super::evaluate::shares;
use super::learner::Learner;
use super::names::{of_other_classes, of_training};
use super::origin::Origin;
use super::progress::Progress;
use super::{Classifier, Sums, Trainer, problem};
use crate::dataloader::{DataLoader, Dataset};
use crate::error::{Error, Result};
use crate::files::{cannot_write, create_folder};
use crate::interrupt::Interrupt;
use crate::metrics::{EpochMetrics, History, Metric, StepMetrics};
use std::path::PathBuf;

/// So many points of a curve lie within an epoch, at most.
const POINTS: usize = 20;

pub struct Run<'a, M, D> {
    trainer: &'a Trainer,
    model: &'a M,
    train: &'a DataLoader<D>,
    val: &'a DataLoader<D>,
    learner: Learner<'a, M, D>,
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
        let multi_label = problem::of_training(model, train, val)?;
        let names = of_training(train.class_names(), val.class_names())?;
        let learner = Learner::new(trainer, model, train, names)?;
        let history = History { best_by: trainer.best_by, multi_label, ..History::default() };
        let origin = match &trainer.save_dir {
            Some(folder) => {
                create_folder(folder).map_err(|error| cannot_write(folder, &error))?;
                Origin::of(trainer, model, train, val)?
            }
            None => Origin::default(),
        };
        Ok(Run {
            trainer,
            model,
            train,
            val,
            learner,
            interrupt: Interrupt::listen(),
            best: Best::default(),
            progress: Progress::start(
                Plan {
                    epochs: trainer.num_epochs,
                    batches: train.num_batches(),
                    val_examples: val.len(),
                },
                history.clone(),
                trainer.quiet,
            ),
            position: Position { origin, history, ..Position::default() },
        })
    }

    /// Puts everything where the checkpoint in `save_dir` has it.
    pub fn go_on(&mut self) -> Result<()> {
        let path = self.checkpoint().ok_or_else(|| {
            Error::argument("save_dir", "None", "name the folder with the checkpoint to go on from")
        })?;
        let (origin, store) = (&self.position.origin, self.model.var_store());
        let steps = &mut self.learner.steps;
        (self.position, self.best) = checkpoint::load(&path, origin, steps, store)?;
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

    /// Tells the model what it has learned, and what the classes are called.
    pub fn name_classes(&self) {
        let names = &self.learner.loss.names;
        let said = of_other_classes(&problem::class_names(self.model), names);
        if let Some(said) = said.filter(|_| !self.progress.is_quiet()) {
            println!("{said}");
        }
        problem::teach(self.model, self.position.history.multi_label, names);
    }

    /// What is left of it.
    pub fn end(self) -> (Progress, History) {
        (self.progress, self.position.history)
    }

    /// The rest of one pass over the training data; false when it was stopped.
    fn pass(&mut self) -> Result<bool> {
        let steps = self.learner.epoch(self.position.epochs);
        for batches in steps.iter().skip(self.position.steps) {
            let rate = self.learning_rate();
            let Some(sums) = self.learner.step(batches, rate, &self.interrupt)? else {
                return Ok(false);
            };
            if !sums.loss.is_finite() {
                let step = format!("step {}", self.position.steps + 1);
                return Err(self.diverged(sums.loss, &step));
            }
            self.note(batches, sums);
            self.position.steps += 1;
            let (done, every) = (self.learner.steps.done() as usize, self.trainer.checkpoint_steps);
            if every.is_some_and(|every| done.is_multiple_of(every)) {
                self.save()?;
            }
        }
        Ok(true)
    }

    /// Keeps what a step said.
    fn note(&mut self, batches: &[Vec<usize>], sums: Sums) {
        let per_epoch = self.learner.steps_per_epoch();
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

    fn learning_rate(&self) -> f64 {
        let trainer = self.trainer;
        let total = self.learner.steps_per_epoch().saturating_mul(trainer.num_epochs);
        let step = self.learner.steps.done() as usize;
        trainer.learning_rate * trainer.schedule.factor(step, trainer.warmup_steps, total)
    }

    fn diverged(&self, loss: f64, at: &str) -> Error {
        if self.learner.steps.done() == 0 {
            return Error::Data(format!(
                "the loss is {loss} before anything was learned, as after a training that diverged: make \
                 or load the model anew"
            ));
        }
        // Else the parameters of the best epoch are put back.
        let is_spoilt = self.position.history.epochs.is_empty();
        let anew = if is_spoilt { "make or load the model anew, and " } else { "" };
        Error::Data(format!(
            "the loss became {loss} in epoch {}, {at}, at learning_rate = {}: {anew}take a smaller learning \
             rate, or max_grad_norm: Some(1.0)",
            self.position.epochs + 1,
            self.trainer.learning_rate
        ))
    }

    /// Ends the epoch with the accuracy on the validation data; false when it was stopped.
    fn validate(&mut self) -> Result<bool> {
        let progress = &mut self.progress;
        let logits = self.trainer.logits(
            (self.model, self.val.data()),
            &self.interrupt,
            "the validation",
            &mut |share| progress.validates(share),
        );
        let logits = match logits {
            Err(Error::Stopped(_)) => return Ok(false),
            other => other?,
        };
        let val_loss = self.learner.loss.mean(&logits, self.val.labels())?;
        if !val_loss.is_finite() {
            return Err(self.diverged(val_loss, "on the validation data"));
        }
        let with_f1 = self.trainer.best_by == Metric::MacroF1;
        let (val_accuracy, val_macro_f1) =
            shares(&logits, self.val.labels(), &self.learner.loss, with_f1)?;
        let (train_loss, train_accuracy) = self.position.sums.mean();
        self.position.epochs += 1;
        self.position.steps = 0;
        self.position.sums = Default::default();
        let metrics = EpochMetrics {
            epoch: self.position.epochs,
            train_loss,
            train_accuracy,
            val_loss,
            val_accuracy,
            val_macro_f1,
        };
        self.progress.epoch_ends(metrics.clone());
        self.position.history.epochs.push(metrics);
        let better =
            self.position.history.best().is_some_and(|best| best.epoch == self.position.epochs);
        if better {
            self.best = Best::of(self.model.var_store())?;
        }
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
                let steps = &self.learner.steps;
                checkpoint::save(&path, &self.position, steps, &self.best, store)
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
