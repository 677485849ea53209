//! What a training and an evaluation leave to look at.

mod curve;
mod epoch;
mod evaluation;
mod history;
mod predictions;

pub use curve::ThresholdCurve;
pub use epoch::{EpochMetrics, Metric, StepMetrics};
pub use evaluation::{ClassMetrics, Evaluation, Mistake};
pub use history::History;
pub use predictions::Predictions;
