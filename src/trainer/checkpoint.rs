//! The best parameters so far.

use crate::error::Result;
use tch::Tensor;
use tch::nn::VarStore;

/// A copy of a model's parameters at its best validation accuracy.
pub struct Checkpoint {
    accuracy: f64,
    parameters: Vec<(String, Tensor)>,
}

impl Checkpoint {
    pub fn none() -> Checkpoint {
        Checkpoint { accuracy: f64::NEG_INFINITY, parameters: Vec::new() }
    }

    /// Copies the parameters if they are better than those before. Of equals, the first stays.
    pub fn keep_better(&mut self, accuracy: f64, store: &VarStore) -> Result<()> {
        if accuracy <= self.accuracy {
            return Ok(());
        }
        let _no_grad = tch::no_grad_guard();
        let copies = store.variables().into_iter();
        self.parameters = copies
            .map(|(name, tensor)| Ok((name, tensor.f_detach_copy()?)))
            .collect::<Result<_>>()?;
        self.accuracy = accuracy;
        Ok(())
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
}
