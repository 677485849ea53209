//! The two thin matrices that LoRA puts beside a linear layer.

use super::dropout::dropout;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use tch::Tensor;
use tch::nn::{Init, Path};

/// Low-rank adaptation (Hu et al. 2021, <https://arxiv.org/abs/2106.09685>): a linear layer of a frozen
/// encoder says W x + b + (alpha / rank) B A x, and only A and B learn, which together have a few
/// hundredths of the numbers of W. See
/// [`add_lora`](crate::AutoModelForSequenceClassification::add_lora).
///
/// ```
/// use unit8::Lora;
///
/// let lora = Lora { rank: 4, ..Default::default() };
/// assert_eq!((lora.alpha, lora.dropout), (16.0, 0.0));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lora {
    /// How many rows A has, and B columns: the most directions in which a layer can change. peft's `r`.
    pub rank: usize,
    /// What is added counts alpha / rank times. peft's `lora_alpha`.
    pub alpha: f64,
    /// The share of a layer's inputs that A does not see in a step of the training.
    pub dropout: f64,
    /// Which linear layers of the encoder are adapted, by the ends of their names: `q_lin` is one in each
    /// block, `layer.5.attention.q_lin` in one. Empty: the queries and values of all blocks.
    pub target_modules: Vec<String>,
}

impl Default for Lora {
    fn default() -> Lora {
        Lora { rank: 8, alpha: 16.0, dropout: 0.0, target_modules: Vec::new() }
    }
}

impl Lora {
    /// For layers whose smaller side is `width`, at most.
    ///
    /// # Errors
    /// [`Error::Argument`] for a setting that can't be used.
    pub(super) fn check(&self, width: i64) -> Result<()> {
        if self.rank == 0 || i64::try_from(self.rank).map_or(true, |rank| rank > width) {
            let remedy = format!("take 1 to {width}, which is all that these layers have");
            return Err(Error::argument("rank", self.rank, remedy));
        }
        if !(self.alpha.is_finite() && self.alpha > 0.0) {
            let remedy = "take a number above 0; twice the rank is usual";
            return Err(Error::argument("alpha", self.alpha, remedy));
        }
        if !(0.0..1.0).contains(&self.dropout) {
            let remedy = "take 0, or a share below 1; 0.1 is usual";
            return Err(Error::argument("dropout", self.dropout, remedy));
        }
        Ok(())
    }
}

/// What is added to one linear layer.
#[derive(Debug)]
pub struct LowRank {
    a: Tensor, // (rank, inputs)
    b: Tensor, // (outputs, rank)
    scale: f64,
    dropout: f64,
}

impl LowRank {
    /// Below the path of a layer. A is drawn as peft draws it, by Kaiming's rule, and B is 0: so nothing
    /// is added yet.
    pub fn new(layer: &Path, [outputs, inputs]: [i64; 2], lora: &Lora) -> LowRank {
        let (rank, bound) = (lora.rank as i64, 1.0 / (inputs as f64).sqrt());
        let drawn = Init::Uniform { lo: -bound, up: bound };
        LowRank {
            a: (layer / "lora_A").var("weight", &[rank, inputs], drawn),
            b: (layer / "lora_B").var("weight", &[outputs, rank], Init::Const(0.0)),
            scale: lora.alpha / lora.rank as f64,
            dropout: lora.dropout,
        }
    }

    /// (..., inputs) -> (..., outputs)
    pub fn forward(&self, x: &Tensor, train: bool) -> Tensor {
        let kind = x.kind();
        let x = dropout(x, self.dropout, train);
        let narrow = x.linear(&self.a.to_kind(kind), None::<Tensor>) * self.scale; // (..., rank)
        narrow.linear(&self.b.to_kind(kind), None::<Tensor>)
    }

    /// What the two are together: (outputs, inputs)
    pub fn product(&self) -> Result<Tensor> {
        Ok(self.b.f_matmul(&self.a)?.f_mul_scalar(self.scale)?)
    }
}

/// Whether it is one of the two matrices of a layer, by its name.
pub fn is_low_rank(parameter: &str) -> bool {
    parameter.ends_with(".lora_A.weight") || parameter.ends_with(".lora_B.weight")
}
