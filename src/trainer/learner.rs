//! The steps of a training.

use super::blocks::arrange;
use super::guard::forward;
use super::loss::Loss;
use super::optimizer::{Steps, accumulate, clip};
use super::{Classifier, Sums, Trainer};
use crate::dataloader::{DataLoader, Dataset};
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::mode::Mode;
use crate::random::{seed_of, turn};
use tch::Tensor;

/// A model that learns from data.
pub struct Learner<'a, M, D> {
    trainer: &'a Trainer,
    model: &'a M,
    train: &'a DataLoader<D>,
    pub loss: Loss,
    pub steps: Steps,
}

impl<'a, D: Dataset, M: Classifier<D::Batch>> Learner<'a, M, D> {
    /// Of classes with these names.
    pub fn new(
        trainer: &'a Trainer,
        model: &'a M,
        train: &'a DataLoader<D>,
        names: Vec<String>,
    ) -> Result<Learner<'a, M, D>> {
        let loss = Loss::of_training(trainer, names, train.labels())?;
        let steps = Steps::new(trainer.optimizer, trainer.weight_decay, model.var_store())?;
        let mut learner = Learner { trainer, model, train, loss, steps };
        let steps_per_epoch = learner.steps_per_epoch();
        arrange(&mut learner.steps, trainer, |name| model.depth_of(name), steps_per_epoch)?;
        Ok(learner)
    }

    pub fn steps_per_epoch(&self) -> usize {
        self.train.num_batches().div_ceil(self.trainer.accumulation_steps)
    }

    /// The batches of each step of an epoch.
    pub fn epoch(&self, number: usize) -> Vec<Vec<Vec<usize>>> {
        let batches = self.train.shuffled(seed_of(self.trainer.seed, number as u32));
        batches.chunks(self.trainer.accumulation_steps).map(<[_]>::to_vec).collect()
    }

    /// One step, by the gradients of one or more batches, and what these said; `None` when it was
    /// stopped before. Of a loss that is not finite nothing is learned.
    pub fn step(
        &mut self,
        batches: &[Vec<usize>],
        learning_rate: f64,
        interrupt: &Interrupt,
    ) -> Result<Option<Sums>> {
        // Dropout then falls the same way in a training that went on from a checkpoint, and whatever
        // another thread trains.
        let _turn = turn(seed_of(self.trainer.seed, self.steps.done() as u32));
        let mode = Mode { train: true, precision: self.trainer.precision };
        let device = self.model.var_store().device();
        let weight = |rows: &[usize]| self.loss.weight(self.train.labels(), rows);
        let whole: f64 = batches.iter().map(|rows| weight(rows)).sum();
        let mut sums = Sums::default();
        let mut gradients: Vec<Tensor> = Vec::new();
        let waiting = self.steps.waiting();
        for rows in batches {
            if interrupt.happened() {
                return Ok(None);
            }
            let batch = self.train.gather(rows, device)?;
            let logits = forward(self.model, &batch.features, rows.len(), mode)?; // (batch, classes)
            let loss = self.loss.of(&logits, &batch.labels)?;
            sums += Sums::of(&logits, (&loss, weight(rows)), &batch.labels)?;
            if !sums.loss.is_finite() {
                return Ok(Some(sums));
            }
            // The mean over all examples of the step, whatever the batches' sizes.
            let share = match batches {
                [_] => loss,
                _ => loss.f_mul_scalar(weight(rows) / whole)?,
            };
            accumulate(&mut gradients, self.steps.gradients(&share)?)?;
        }
        drop(waiting);
        if let Some(most) = self.trainer.max_grad_norm {
            clip(&mut gradients, most)?;
        }
        self.steps.step(learning_rate, &gradients)?;
        Ok(Some(sums))
    }
}
