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
        let line = line.replace("\\n", " ").replace("\\\"", "\"");
        // What an operator of tch panics with is what libtorch says.
        match line.trim().strip_prefix("called `Result::unwrap()` on an `Err` value: Torch(\"") {
            Some(said) => Error::torch(format!("{what}: {}", said.trim_end_matches("\")").trim())),
            None => Error::torch(format!("{what} panicked: {}", line.trim())),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_says_what_libtorch_says() {
        let said = |message: &'static str| {
            guarded("the model's forward", || panic!("{message}")).unwrap_err().to_string()
        };
        let full = "called `Result::unwrap()` on an `Err` value: Torch(\"CUDA out of memory. Tried \
                    to allocate 14.65 GiB. GPU 0 has a total capacity of 79.18 GiB of which 4.62 \
                    GiB is free. Including non-PyTorch memory, this process has 74.55 GiB\\n\
                    Exception raised from malloc at /pytorch/c10 (most recent call first):\\n#0\")";
        let error = said(full);
        assert!(error.starts_with("out of memory: take a smaller batch_size"), "{error}");
        assert!(
            error.ends_with(
                "(the model's forward: CUDA out of memory. Tried to allocate 14.65 \
            GiB. GPU 0 has a total capacity of 79.18 GiB of which 4.62 GiB is free.)"
            ),
            "{error}"
        );
        let shape =
            "called `Result::unwrap()` on an `Err` value: Torch(\"shape '[2]' is \\\"bad\\\"\\n\")";
        assert_eq!(said(shape), "libtorch: the model's forward: shape '[2]' is \"bad\"");
        assert_eq!(said("index"), "libtorch: the model's forward panicked: index");
    }
}
