//! Models that panic.

use super::Classifier;
use crate::dataloader::Features;
use crate::error::{Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tch::Tensor;

/// Calls the model. tch's operators panic when shapes don't fit; here that is an error like others.
pub fn forward<M: Classifier>(model: &M, features: &Features) -> Result<Tensor> {
    let logits = catch_unwind(AssertUnwindSafe(|| model.forward(features))).map_err(|panic| {
        let message = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        let line = message.split("Exception raised from").next().unwrap_or(message);
        let line = line.replace("\\n", " ");
        Error::Torch(format!("the model's forward panicked: {}", line.trim()))
    })?;
    let (rows, shape) = (features.size().0, logits.size());
    if shape.len() == 2 && shape[0] == rows as i64 {
        return Ok(logits);
    }
    Err(Error::Data(format!(
        "the model's forward returned shape {shape:?}: logits are [{rows}, number of classes]"
    )))
}
