//! The rules by which a step changes the parameters.

use crate::error::{Error, Result};
use std::collections::BTreeMap;
use tch::nn::VarStore;
use tch::{Kind, Tensor};

/// The rule by which a step changes the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Optimizer {
    /// Stochastic gradient descent.
    Sgd,
    /// Adam (Kingma and Ba 2015, <https://arxiv.org/abs/1412.6980>).
    Adam,
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019,
    /// <https://arxiv.org/abs/1711.05101>), which biases and layer norms are spared.
    AdamW,
}

/// Adam's constants, as PyTorch has them.
const BETA: (f64, f64) = (0.9, 0.999);
const EPSILON: f64 = 1e-8;

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

/// Running means over the gradients of the last steps.
struct Memory {
    mean: Tensor,
    mean_of_squares: Tensor,
}

impl Steps {
    pub fn new(rule: Optimizer, weight_decay: f64, store: &VarStore) -> Result<Steps> {
        let slots = trained(store)
            .into_iter()
            .map(|(name, parameter)| {
                let memory = match rule {
                    Optimizer::Sgd => None,
                    Optimizer::Adam | Optimizer::AdamW => Some(Memory::new(&parameter)?),
                };
                Ok(Slot { name, parameter, memory })
            })
            .collect::<Result<_>>()?;
        Ok(Steps { rule, weight_decay, slots, done: 0 })
    }

    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
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
            if self.rule == Optimizer::AdamW && slot.parameter.dim() > 1 {
                let kept = 1.0 - learning_rate * self.weight_decay;
                let _ = slot.parameter.f_mul_scalar_(kept)?;
            }
            let change = match &mut slot.memory {
                None => gradient.f_mul_scalar(learning_rate)?,
                Some(memory) => memory.change(gradient, learning_rate, self.done)?,
            };
            let _ = slot.parameter.f_sub_(&change)?;
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

impl Memory {
    fn new(parameter: &Tensor) -> Result<Memory> {
        let _no_grad = tch::no_grad_guard();
        Ok(Memory { mean: parameter.f_zeros_like()?, mean_of_squares: parameter.f_zeros_like()? })
    }

    /// What Adam takes off the parameter in step `step`, the first of which is 1.
    fn change(&mut self, gradient: &Tensor, learning_rate: f64, step: i32) -> Result<Tensor> {
        let _ = self.mean.f_lerp_(gradient, 1.0 - BETA.0)?;
        let squares = gradient.f_square()?;
        let _ = self.mean_of_squares.f_lerp_(&squares, 1.0 - BETA.1)?;
        let corrections = (1.0 - BETA.0.powi(step), 1.0 - BETA.1.powi(step));
        let mut spread = self.mean_of_squares.f_sqrt()?;
        let _ = spread.f_div_scalar_(corrections.1.sqrt())?.f_add_scalar_(EPSILON)?;
        let mut change = self.mean.f_div(&spread)?;
        Ok(change.f_mul_scalar_(learning_rate / corrections.0)?)
    }
}

/// Adds up the gradients of several batches.
pub fn accumulate(sum: &mut Vec<Tensor>, gradients: Vec<Tensor>) -> Result<()> {
    if sum.is_empty() {
        *sum = gradients;
        return Ok(());
    }
    for (sum, gradient) in sum.iter_mut().zip(gradients) {
        let _ = sum.f_add_(&gradient)?;
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
            let _ = gradient.f_mul_scalar_(most / (norm + 1e-6))?;
        }
    }
    Ok(())
}

/// The parameters that ask for gradients, by name.
pub fn trained(store: &VarStore) -> BTreeMap<String, Tensor> {
    store.variables().into_iter().filter(|(_, tensor)| tensor.requires_grad()).collect()
}
