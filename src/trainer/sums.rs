//! What a training says on its way.

use crate::error::Result;
use crate::metrics::largest;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

/// Running sums over the examples seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Times the weight.
    pub loss: f64,
    #[serde(default)]
    weight: f64,
    correct: f64,
    examples: f64,
}

impl Sums {
    /// Those of one batch: logits (batch, classes), the mean loss and the weight of all examples,
    /// labels (batch), or (batch, classes) of several.
    pub fn of(logits: &Tensor, (loss, weight): (&Tensor, f64), labels: &Tensor) -> Result<Sums> {
        let correct = match labels.dim() {
            // Compared here: so few numbers take less time than each operation of libtorch does.
            1 => {
                let classes = logits.size().last().map_or(1, |&classes| classes.max(1));
                let logits = Vec::<f32>::try_from(logits.f_detach()?.f_flatten(0, -1)?)?;
                let labels = Vec::<i64>::try_from(labels)?;
                let said = logits.chunks(classes as usize).map(|row| largest(row) as i64);
                said.zip(&labels).filter(|(said, label)| said == *label).count() as f64
            }
            _ => {
                let right = logits.f_sigmoid()?.f_ge(0.5)?.f_eq_tensor(labels)?;
                i64::try_from(right.f_all_dim(-1, false)?.f_sum(Kind::Int64)?)? as f64
            }
        };
        let loss = f64::try_from(loss)? * weight;
        let examples = labels.size()[0] as f64;
        Ok(Sums { loss, weight, correct, examples })
    }

    /// Loss and accuracy, means over the examples, the loss by their weights.
    pub fn mean(&self) -> (f64, f64) {
        (self.loss / self.weight, self.correct / self.examples)
    }
}

impl std::ops::AddAssign for Sums {
    fn add_assign(&mut self, other: Sums) {
        self.loss += other.loss;
        self.weight += other.weight;
        self.correct += other.correct;
        self.examples += other.examples;
    }
}
