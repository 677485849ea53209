//! Models that panic.

use super::Classifier;
use crate::error::{Error, Result};
use crate::mode::Mode;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tch::Tensor;

/// Calls the model. tch's operators panic when shapes don't fit or the memory is full; here that is
/// an error like others.
pub fn forward<F, M: Classifier<F>>(
    model: &M,
    features: &F,
    rows: usize,
    mode: Mode,
) -> Result<Tensor> {
    let logits = guarded("the model's forward", || model.forward_t(features, mode))?;
    let shape = logits.size();
    if shape.len() == 2 && shape[0] == rows as i64 {
        return Ok(logits);
    }
    Err(Error::Data(format!(
        "the model's forward returned shape {shape:?}: logits are [{rows}, number of classes]"
    )))
}

/// What the work returns, or what it says when it panics.
pub fn guarded<T>(what: &str, work: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let message = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        let line = message.split("Exception raised from").next().unwrap_or(message);
        let line = line.replace("\\n", " ");
        Error::torch(format!("{what} panicked: {}", line.trim()))
    })
}
