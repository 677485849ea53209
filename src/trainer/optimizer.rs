//! The rules by which a step changes the parameters.

use super::adam::{Memory, Step};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tch::nn::VarStore;
use tch::{Kind, Tensor};

/// The rule by which a step changes the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Optimizer {
    /// Stochastic gradient descent.
    Sgd,
    /// Adam (Kingma and Ba 2015, <https://arxiv.org/abs/1412.6980>).
    Adam,
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019,
    /// <https://arxiv.org/abs/1711.05101>), which biases and layer norms are spared.
    AdamW,
}

/// The optimizer at work on the parameters that ask for gradients.
pub struct Steps {
    rule: Optimizer,
    weight_decay: f64,
    slots: Vec<Slot>,
    done: i32,
}

/// A parameter that is trained, and what Adam remembers of its gradients.
struct Slot {
    name: String,
    parameter: Tensor,
    memory: Option<Memory>,
}

impl Steps {
    /// # Errors
    /// [`Error::Data`] if there is nothing to train.
    pub fn new(rule: Optimizer, weight_decay: f64, store: &VarStore) -> Result<Steps> {
        let slots: Vec<Slot> = trained(store)
            .into_iter()
            .map(|(name, parameter)| {
                let memory = match rule {
                    Optimizer::Sgd => None,
                    Optimizer::Adam | Optimizer::AdamW => Some(Memory::new(&parameter)?),
                };
                Ok(Slot { name, parameter, memory })
            })
            .collect::<Result<_>>()?;
        if slots.is_empty() {
            let message = "all parameters are frozen, so there is nothing to train: unfreeze some";
            return Err(Error::Data(message.to_owned()));
        }
        Ok(Steps { rule, weight_decay, slots, done: 0 })
    }

    /// The gradients of a loss, one for each parameter.
    ///
    /// # Errors
    /// [`Error::Data`] if it does not depend on one of them: a training would leave that one as it
    /// is, without a word.
    pub fn gradients(&self, loss: &Tensor) -> Result<Vec<Tensor>> {
        let independent = |name: &str| {
            Error::Data(format!(
                "{name} is to be trained, but the logits don't depend on it: freeze it, or train on \
                 the texts instead of kept features, or don't detach the logits"
            ))
        };
        let names = self.slots.iter().map(|slot| slot.name.as_str());
        if !loss.requires_grad() {
            return Err(independent(names.clone().next().unwrap_or("the model")));
        }
        let parameters: Vec<&Tensor> = self.slots.iter().map(|slot| &slot.parameter).collect();
        let gradients = Tensor::f_run_backward(&[loss], &parameters, false, false)?;
        match names.zip(&gradients).find(|(_, gradient)| !gradient.defined()) {
            Some((name, _)) => Err(independent(name)),
            None => Ok(gradients),
        }
    }

    /// Changes the parameters by their gradients.
    pub fn step(&mut self, learning_rate: f64, gradients: &[Tensor]) -> Result<()> {
        let _no_grad = tch::no_grad_guard();
        self.done += 1;
        for (slot, gradient) in self.slots.iter_mut().zip(gradients) {
            let Some(memory) = &mut slot.memory else {
                let _ = slot.parameter.f_sub_(&gradient.f_mul_scalar(learning_rate)?)?;
                continue;
            };
            let decays = self.rule == Optimizer::AdamW && slot.parameter.dim() > 1;
            let kept = if decays { 1.0 - learning_rate * self.weight_decay } else { 1.0 };
            let step = Step { learning_rate, number: self.done, kept };
            memory.step(&mut slot.parameter, gradient, step)?;
        }
        Ok(())
    }

    /// What a training that goes on later has to know, by name; the tensors are those at work.
    pub fn state(&self) -> Vec<(String, Tensor)> {
        let slots = self.slots.iter().filter_map(|slot| Some((&slot.name, slot.memory.as_ref()?)));
        slots
            .flat_map(|(name, memory)| {
                [
                    (format!("mean.{name}"), memory.mean.shallow_clone()),
                    (format!("mean_of_squares.{name}"), memory.mean_of_squares.shallow_clone()),
                ]
            })
            .collect()
    }

    /// How many steps were taken.
    pub fn done(&self) -> i32 {
        self.done
    }

    /// Counts on from here.
    pub fn set_done(&mut self, done: i32) {
        self.done = done;
    }
}

/// Adds up the gradients of several batches. Several parameters may share one, as autograd returned
/// it, so that none is changed in place.
pub fn accumulate(sum: &mut Vec<Tensor>, gradients: Vec<Tensor>) -> Result<()> {
    if sum.is_empty() {
        *sum = gradients;
        return Ok(());
    }
    for (sum, gradient) in sum.iter_mut().zip(gradients) {
        *sum = sum.f_add(&gradient)?;
    }
    Ok(())
}

/// Scales all gradients down, together, until their norm is at most `most`: PyTorch's
/// `clip_grad_norm_`.
pub fn clip(gradients: &mut [Tensor], most: f64) -> Result<()> {
    let norms: Vec<Tensor> =
        gradients.iter().map(|gradient| Ok(gradient.f_norm()?)).collect::<Result<_>>()?;
    let norm = f64::try_from(Tensor::f_stack(&norms, 0)?.f_norm()?.f_to_kind(Kind::Double)?)?;
    if norm > most {
        for gradient in gradients {
            *gradient = gradient.f_mul_scalar(most / (norm + 1e-6))?;
        }
    }
    Ok(())
}

/// The parameters that ask for gradients, by name.
pub fn trained(store: &VarStore) -> BTreeMap<String, Tensor> {
    store.variables().into_iter().filter(|(_, tensor)| tensor.requires_grad()).collect()
}
