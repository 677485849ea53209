//! The rules by which a step changes the parameters.

use super::adam::{Memory, Step};
use super::groups::{Group, Rule, Slot, flat, groups};
use super::passes::descend;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

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
    weight_decay: f64,
    slots: Vec<Slot>,
    groups: Vec<Group>,
    /// Whether several parameters lie in one tensor.
    together: bool,
    done: i32,
}

/// Parameters that ask for no gradients as long as this lives.
pub struct Waiting(Vec<Tensor>);

impl Drop for Waiting {
    fn drop(&mut self) {
        for parameter in &self.0 {
            let _ = parameter.set_requires_grad(true);
        }
    }
}

impl Steps {
    /// # Errors
    /// [`Error::Data`] if there is nothing to train.
    pub fn new(rule: Optimizer, weight_decay: f64, store: &VarStore) -> Result<Steps> {
        Steps::laid_out(rule, weight_decay, store, store.device() != Device::Cpu)
    }

    /// With several parameters in one tensor, or each as it is.
    pub fn laid_out(
        rule: Optimizer,
        weight_decay: f64,
        store: &VarStore,
        together: bool,
    ) -> Result<Steps> {
        let mut slots: Vec<Slot> = trained(store)
            .into_iter()
            .map(|(name, parameter)| {
                let memory = match rule {
                    Optimizer::Sgd => None,
                    Optimizer::Adam | Optimizer::AdamW => Some(Memory::new(&parameter)?),
                };
                let decays = rule == Optimizer::AdamW && parameter.dim() > 1;
                let rule = Rule { rate: 1.0, waits: 0, decays };
                Ok(Slot { name, parameter, memory, rule })
            })
            .collect::<Result<_>>()?;
        if slots.is_empty() {
            let message = "all parameters are frozen, so there is nothing to train: unfreeze some";
            return Err(Error::Data(message.to_owned()));
        }
        let groups = groups(&mut slots, together)?;
        Ok(Steps { weight_decay, slots, groups, together, done: 0 })
    }

    /// The names of all that is trained, now or later.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.slots.iter().map(|slot| slot.name.as_str())
    }

    /// Before the first step: gives each parameter its learning rate, as a share of that of the step,
    /// and the number of steps that it waits.
    pub fn arrange(&mut self, rate_and_waits: impl Fn(&str) -> (f64, i32)) -> Result<()> {
        for slot in &mut self.slots {
            (slot.rule.rate, slot.rule.waits) = rate_and_waits(&slot.name);
        }
        self.groups = groups(&mut self.slots, self.together)?;
        Ok(())
    }

    /// Those that wait do so for ever.
    pub fn hold(&mut self) {
        let slots = self.slots.iter_mut().map(|slot| &mut slot.rule);
        for rule in slots.chain(self.groups.iter_mut().map(|group| &mut group.rule)) {
            rule.waits = if rule.waits > 0 { i32::MAX } else { 0 };
        }
    }

    /// Those that learn in the next step.
    fn learning(&self) -> impl Iterator<Item = &Slot> + Clone {
        self.slots.iter().filter(|slot| slot.rule.waits <= self.done)
    }

    /// Lets the others ask for no gradients: a forward pass then keeps nothing for them, and a
    /// backward pass ends above them.
    pub fn waiting(&self) -> Waiting {
        let later = self.slots.iter().filter(|slot| slot.rule.waits > self.done);
        Waiting(later.map(|slot| slot.parameter.set_requires_grad(false)).collect())
    }

    /// The gradients of a loss, one for each parameter that learns in the next step.
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
        let names = self.learning().map(|slot| slot.name.as_str());
        if !loss.requires_grad() {
            return Err(independent(names.clone().next().unwrap_or("the model")));
        }
        let parameters: Vec<&Tensor> = self.learning().map(|slot| &slot.parameter).collect();
        let gradients = Tensor::f_run_backward(&[loss], &parameters, false, false)?;
        match names.zip(&gradients).find(|(_, gradient)| !gradient.defined()) {
            Some((name, _)) => Err(independent(name)),
            None => Ok(gradients),
        }
    }

    /// Changes the parameters by their gradients.
    pub fn step(&mut self, learning_rate: f64, gradients: &[Tensor]) -> Result<()> {
        let _no_grad = tch::no_grad_guard();
        let done = self.done;
        self.done += 1;
        let mut gradients = gradients.iter();
        for group in self.groups.iter_mut().filter(|group| group.rule.waits <= done) {
            let own: Vec<&Tensor> = gradients.by_ref().take(group.slots.len()).collect();
            let gradient = match own[..] {
                [one] => one.shallow_clone(),
                _ => flat(own.into_iter())?,
            };
            let learning_rate = learning_rate * group.rule.rate;
            let Some(memory) = &mut group.memory else {
                descend(&mut group.parameters, &gradient, learning_rate)?;
                continue;
            };
            let decay = if group.rule.decays { learning_rate * self.weight_decay } else { 0.0 };
            let number = self.done - group.rule.waits;
            memory.step(
                &mut group.parameters,
                &gradient,
                Step { learning_rate, number, kept: 1.0 - decay },
            )?;
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
