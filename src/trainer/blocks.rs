//! Blocks of a model that learn at rates of their own, or later than others.

use super::Trainer;
use super::optimizer::Steps;
use crate::display::remark;
use crate::error::{Error, Result};
use std::collections::BTreeSet;

/// Gives each parameter its learning rate, and the steps that it waits, by how deep it lies below the
/// logits (discriminative finetuning and gradual unfreezing: Howard and Ruder 2018,
/// <https://arxiv.org/abs/1801.06146>, 3.2 and 3.3).
///
/// # Errors
/// [`Error::Argument`] if all that is trained is one block, so that the settings would change nothing.
pub fn arrange(
    steps: &mut Steps,
    trainer: &Trainer,
    depth_of: impl Fn(&str) -> usize,
    steps_per_epoch: usize,
) -> Result<()> {
    let (decay, every) = (trainer.layer_decay, trainer.gradual_unfreezing);
    let (name, value) = match every {
        Some(epochs) => ("gradual_unfreezing", format!("Some({epochs})")),
        None if decay != 1.0 => ("layer_decay", decay.to_string()),
        None => return Ok(()),
    };
    let depths: BTreeSet<usize> = steps.names().map(&depth_of).collect();
    if depths.len() < 2 {
        let remedy = "all that is trained is one block: unfreeze more of the model; one of a \
                      notebook's own tells its blocks apart by Classifier::depth_of";
        return Err(Error::argument(name, value, remedy));
    }
    steps.arrange(|name| {
        let depth = depth_of(name);
        let rate = decay.powi(i32::try_from(depth).unwrap_or(i32::MAX));
        // Frozen blocks are no reason to wait for an epoch.
        let place = depths.range(..depth).count();
        let waits = place.saturating_mul(every.unwrap_or(0)).saturating_mul(steps_per_epoch);
        (rate, i32::try_from(waits).unwrap_or(i32::MAX))
    })?;
    if let Some(every) = every
        && !trainer.quiet
        && trainer.num_epochs.div_ceil(every) < depths.len()
    {
        let (blocks, epochs) = (depths.len(), trainer.num_epochs);
        remark(&format!(
            "gradual_unfreezing = Some({every}): num_epochs = {epochs} trains the upper {} of \
             {blocks} blocks, the others stay as they are",
            epochs.div_ceil(every),
        ));
    }
    Ok(())
}
