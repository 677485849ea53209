//! A training from its first batch to its last.

use super::checkpoint::Checkpoint;
use super::guard::forward;
use super::progress::Progress;
use super::{Classifier, Sums, Trainer, cross_entropy};
use crate::dataloader::{Batch, DataLoader};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::metrics::{EpochMetrics, History};
use tch::nn;

pub struct Run<'a, M> {
    trainer: &'a Trainer,
    model: &'a M,
    train: &'a DataLoader,
    val: &'a DataLoader,
    optimizer: nn::Optimizer,
    interrupt: Interrupt,
    pub best: Checkpoint,
    pub history: History,
    pub progress: Progress,
}

impl<'a, M: Classifier> Run<'a, M> {
    pub fn start(
        trainer: &'a Trainer,
        model: &'a M,
        train: &'a DataLoader,
        val: &'a DataLoader,
    ) -> Result<Run<'a, M>> {
        Ok(Run {
            trainer,
            model,
            train,
            val,
            optimizer: trainer.optimizer.build(model.var_store(), trainer.learning_rate)?,
            interrupt: Interrupt::listen(),
            best: Checkpoint::none(),
            history: History::default(),
            progress: Progress::start(trainer.num_epochs, train.num_batches()),
        })
    }

    /// All epochs, or those until the stop button.
    pub fn epochs(&mut self) -> Result<()> {
        for epoch in 1..=self.trainer.num_epochs {
            let Some((train_loss, train_accuracy)) = self.pass(epoch)? else {
                self.history.stopped = true;
                return Ok(());
            };
            let validation = self.trainer.evaluate(self.model, self.val)?;
            self.history.epochs.push(EpochMetrics {
                epoch,
                train_loss,
                train_accuracy,
                val_loss: validation.loss,
                val_accuracy: validation.accuracy,
            });
            let better = self.best.keep_better(validation.accuracy, self.model.var_store())?;
            if let Some(folder) = &self.trainer.save_dir {
                self.history.write_csv(folder.join("metrics.csv"))?;
                if better {
                    self.best.write(&folder.join("best.safetensors"))?;
                }
            }
        }
        Ok(())
    }

    /// One pass over the training data: mean loss and accuracy, or None when it was stopped.
    fn pass(&mut self, epoch: usize) -> Result<Option<(f64, f64)>> {
        let seed = self.trainer.seed.wrapping_add(epoch as u32 - 1);
        let mut sums = Sums::default();
        for rows in self.train.shuffled(seed) {
            if self.interrupt.happened() {
                return Ok(None);
            }
            let batch = self.train.gather(&rows, self.model.var_store().device())?;
            self.step(&batch, &mut sums)?;
            if !sums.loss.is_finite() {
                return Err(Error::Data(format!(
                    "the loss became {} in epoch {epoch} at learning_rate = {}: \
                     take a smaller learning rate",
                    sums.loss, self.trainer.learning_rate
                )));
            }
            self.progress.batch_done(rows.len(), sums.mean());
        }
        Ok(Some(sums.mean()))
    }

    fn step(&mut self, batch: &Batch, sums: &mut Sums) -> Result<()> {
        let logits = forward(self.model, &batch.features)?;
        let loss = cross_entropy(&logits, batch, self.train.num_classes())?;
        self.optimizer.zero_grad();
        loss.f_backward()?;
        self.optimizer.step();
        sums.add(&logits, &loss, batch)
    }
}
