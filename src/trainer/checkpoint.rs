//! What is kept of a training: the best parameters so far, and all that is needed to go on later.

use super::Sums;
use super::optimizer::{Steps, trained};
use super::origin::Origin;
use crate::error::{Error, Result};
use crate::files::{cannot_write, write_whole};
use crate::metrics::History;
use safetensors::SafeTensorError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use tch::nn::VarStore;
use tch::{TchError, Tensor};

/// The tensor that holds the numbers of [`Position`], as JSON text.
const POSITION: &str = "position";

/// A copy of the trained parameters at the end of the best epoch.
#[derive(Default)]
pub struct Best {
    parameters: BTreeMap<String, Tensor>,
}

impl Best {
    /// The parameters as they are now.
    pub fn of(store: &VarStore) -> Result<Best> {
        let _no_grad = tch::no_grad_guard();
        let parameters = trained(store)
            .into_iter()
            .map(|(name, tensor)| Ok((name, tensor.f_detach_copy()?)))
            .collect::<Result<_>>()?;
        Ok(Best { parameters })
    }

    /// Writes the parameters back. Without any, the model stays as it is.
    pub fn restore(&self, store: &VarStore) -> Result<()> {
        fill(&trained(store), &self.parameters)
    }

    /// Writes the parameters to a safetensors file.
    pub fn write(&self, path: &Path) -> Result<()> {
        write(path, &self.parameters.iter().collect::<Vec<_>>())
    }
}

/// How far a training is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Full epochs, and steps in the one after them.
    pub epochs: usize,
    pub steps: usize,
    pub sums: Sums,
    /// Those of the steps after the last point of the history.
    #[serde(default)]
    pub recent: Sums,
    pub history: History,
    pub optimizer_steps: i32,
    #[serde(default)]
    pub origin: Origin,
}

/// Writes all that is needed to go on.
pub fn save(
    path: &Path,
    position: &Position,
    steps: &Steps,
    best: &Best,
    store: &VarStore,
) -> Result<()> {
    let position = Position { optimizer_steps: steps.done(), ..position.clone() };
    let json = serde_json::to_vec(&position).map_err(|error| Error::file(path, error))?;
    let mut tensors = steps.state();
    tensors.push((POSITION.to_owned(), Tensor::f_from_slice(&json)?));
    let named = |prefix: &'static str, tensors: &BTreeMap<String, Tensor>| -> Vec<_> {
        let named = |(name, tensor): (&String, &Tensor)| {
            (format!("{prefix}.{name}"), tensor.shallow_clone())
        };
        tensors.iter().map(named).collect()
    };
    tensors.extend(named("model", &trained(store)));
    tensors.extend(named("best", &best.parameters));
    write(path, &tensors)
}

/// Puts model and optimizer where they were, and tells where that was.
pub fn load(
    path: &Path,
    origin: &Origin,
    steps: &mut Steps,
    store: &VarStore,
) -> Result<(Position, Best)> {
    if !path.exists() {
        let remedy = "there is no checkpoint: name the save_dir of the training, or begin with fit";
        return Err(Error::file(path, remedy));
    }
    let damaged = |what: &str| {
        Error::file(path, format!("{what}: delete it, and start the training anew with fit"))
    };
    let tensors: BTreeMap<String, Tensor> =
        Tensor::read_safetensors(path).map_err(|e| damaged(&read_error(&e)))?.into_iter().collect();
    let json: Vec<u8> = match tensors.get(POSITION) {
        Some(json) => Vec::try_from(json)?,
        None => return Err(damaged("no checkpoint of a training")),
    };
    let position: Position =
        serde_json::from_slice(&json).map_err(|_| damaged("no checkpoint of a training"))?;
    if let Some(reason) = origin.differs(&position.origin) {
        let message = format!("the checkpoint does not fit: {reason}, or start anew with fit");
        return Err(Error::file(path, message));
    }
    let part = |prefix: &str| -> BTreeMap<String, Tensor> {
        let own = |(name, tensor): (&String, &Tensor)| {
            Some((name.strip_prefix(prefix)?.to_owned(), tensor.shallow_clone()))
        };
        tensors.iter().filter_map(own).collect()
    };
    let trained = trained(store);
    let parameters = part("model.");
    let shapes = |tensors: &BTreeMap<String, Tensor>| -> Vec<(String, Vec<i64>)> {
        tensors.iter().map(|(name, tensor)| (name.clone(), tensor.size())).collect()
    };
    if shapes(&parameters) != shapes(&trained) {
        let message = "the checkpoint is of a training of other parameters: take the same model, \
                       and freeze and unfreeze as before it";
        return Err(Error::file(path, message));
    }
    fill(&trained, &parameters)?;
    fill(&steps.state().into_iter().collect(), &tensors)?;
    steps.set_done(position.optimizer_steps);
    Ok((position, Best { parameters: part("best.") }))
}

/// Copies the values into the tensors of the same names.
pub fn fill(tensors: &BTreeMap<String, Tensor>, values: &BTreeMap<String, Tensor>) -> Result<()> {
    let _no_grad = tch::no_grad_guard();
    for (name, tensor) in tensors {
        if let Some(value) = values.get(name) {
            tensor.shallow_clone().f_copy_(value)?;
        }
    }
    Ok(())
}

fn write<S: AsRef<str>, T: AsRef<Tensor>>(path: &Path, tensors: &[(S, T)]) -> Result<()> {
    write_whole(path, |part| {
        Tensor::write_safetensors(tensors, part).map_err(|error| match error {
            TchError::SafeTensorError { err: SafeTensorError::IoError(error), .. } => {
                cannot_write(path, &error)
            }
            other => other.into(),
        })
    })
}

fn read_error(error: &TchError) -> String {
    match error {
        TchError::SafeTensorError { err, .. } => err.to_string(),
        other => other.to_string(),
    }
}
