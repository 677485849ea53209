//! What a training and an evaluation leave to look at.

mod classes;
mod curve;
mod epoch;
mod evaluation;
mod history;
mod label_issues;
mod label_sets;
mod multi_label;
mod predictions;
mod table;

pub use classes::ClassMetrics;
pub use curve::ThresholdCurve;
pub use epoch::{EpochMetrics, Metric, StepMetrics};
pub use evaluation::{Evaluation, Mistake};
pub use history::History;
pub use label_issues::LabelIssue;
pub use label_sets::MultiLabelPredictions;
pub use multi_label::{MultiLabelEvaluation, MultiLabelMistake};
pub use predictions::Predictions;
pub(crate) use predictions::largest;
