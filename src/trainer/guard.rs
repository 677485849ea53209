//! What stands between a running `fit` and its user: the stop button, and models that panic.

use super::Classifier;
use crate::error::{Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use tch::Tensor;

static STOPPED: AtomicBool = AtomicBool::new(false);

extern "C" fn stop(_signal: libc::c_int) {
    STOPPED.store(true, Ordering::Relaxed);
}

/// Listens to Jupyter's stop button, which is SIGINT, as long as it lives. The kernel ignores that
/// signal at all other times.
pub struct Interrupt {
    before: libc::sighandler_t,
}

impl Interrupt {
    pub fn listen() -> Interrupt {
        STOPPED.store(false, Ordering::Relaxed);
        // SAFETY: the handler only stores into an atomic, which is allowed in a signal handler.
        let before = unsafe { libc::signal(libc::SIGINT, stop as *const () as libc::sighandler_t) };
        Interrupt { before }
    }

    pub fn happened(&self) -> bool {
        STOPPED.load(Ordering::Relaxed)
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        // SAFETY: puts back what `listen` found.
        unsafe { libc::signal(libc::SIGINT, self.before) };
    }
}

/// Calls the model. tch's operators panic when shapes don't fit; here that is an error like others.
pub fn forward<M: Classifier>(model: &M, features: &Tensor) -> Result<Tensor> {
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
    let (rows, shape) = (features.size()[0], logits.size());
    if shape.len() == 2 && shape[0] == rows {
        return Ok(logits);
    }
    Err(Error::Data(format!(
        "the model's forward returned shape {shape:?}: logits are [{rows}, number of classes]"
    )))
}
