//! How the learning rate changes during a training.

use serde::{Deserialize, Serialize};

/// How the learning rate changes during a training. Before, it rises from 0 over the warm-up
/// steps. The same values as the schedules of these names in `transformers.optimization`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schedule {
    /// It stays the same.
    #[default]
    Constant,
    /// It falls in a straight line and would reach 0 after the last step.
    Linear,
    /// It falls along half a cosine wave: slowly, then fast, then slowly.
    Cosine,
}

impl Schedule {
    /// What the learning rate is multiplied with at a step, counted from 0, of `total`.
    pub fn factor(self, step: usize, warmup_steps: usize, total: usize) -> f64 {
        if step < warmup_steps {
            return step as f64 / warmup_steps as f64;
        }
        let left = total.saturating_sub(warmup_steps).max(1) as f64;
        let done = (step - warmup_steps) as f64 / left;
        match self {
            Schedule::Constant => 1.0,
            Schedule::Linear => (1.0 - done).max(0.0),
            Schedule::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * done).cos()),
        }
    }
}
