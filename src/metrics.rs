//! What a training and an evaluation leave to look at.

mod evaluation;
mod history;

pub use evaluation::{ClassMetrics, Evaluation, Mistake, Predictions};
pub use history::{EpochMetrics, History, StepMetrics};
