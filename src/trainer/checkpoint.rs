//! The best parameters so far.

use crate::error::Result;
use crate::files::{cannot_write, write_whole};
use safetensors::SafeTensorError;
use std::path::Path;
use tch::nn::VarStore;
use tch::{TchError, Tensor};

/// A copy of a model's parameters at its best validation accuracy.
pub struct Checkpoint {
    accuracy: f64,
    parameters: Vec<(String, Tensor)>,
}

impl Checkpoint {
    pub fn none() -> Checkpoint {
        Checkpoint { accuracy: f64::NEG_INFINITY, parameters: Vec::new() }
    }

    /// Copies the parameters if they are better than those before, and tells whether they were. Of
    /// equals, the first stays.
    pub fn keep_better(&mut self, accuracy: f64, store: &VarStore) -> Result<bool> {
        if accuracy <= self.accuracy {
            return Ok(false);
        }
        let _no_grad = tch::no_grad_guard();
        let copies = store.variables().into_iter();
        self.parameters = copies
            .map(|(name, tensor)| Ok((name, tensor.f_detach_copy()?)))
            .collect::<Result<_>>()?;
        self.accuracy = accuracy;
        Ok(true)
    }

    /// Writes the parameters back. Without any, the model stays as it is.
    pub fn restore(&self, store: &VarStore) -> Result<()> {
        let _no_grad = tch::no_grad_guard();
        let mut variables = store.variables();
        for (name, value) in &self.parameters {
            if let Some(variable) = variables.get_mut(name) {
                variable.f_copy_(value)?;
            }
        }
        Ok(())
    }

    /// Writes the parameters to a safetensors file.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_whole(path, |part| {
            let failed = |error| match error {
                TchError::SafeTensorError { err: SafeTensorError::IoError(error), .. } => {
                    cannot_write(path, &error)
                }
                other => other.into(),
            };
            Tensor::write_safetensors(&self.parameters, part).map_err(failed)
        })
    }
}
