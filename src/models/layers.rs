//! The layers that all encoders are made of. The variables have PyTorch's names.
//!
//! A layer calculates with the kind of numbers that it is given: 16-bit activations meet the
//! 32-bit parameters rounded to 16 bits, and the gradients arrive at the 32-bit ones.

use super::low_rank::{Lora, LowRank};
use crate::error::Result;
use crate::mode::Mode;
use std::cell::RefCell;
use tch::nn::{Init, Path, VarStore};
use tch::{Device, Kind, Tensor};

/// A variable that is filled later, from a checkpoint or at random.
fn variable(path: &Path, name: &str, shape: &[i64]) -> Tensor {
    path.var(name, shape, Init::Const(0.0))
}

/// y = x Wᵀ + b, and what LoRA adds.
#[derive(Debug)]
pub struct Linear {
    /// Of the module: `distilbert.transformer.layer.0.attention.q_lin`.
    pub name: String,
    weight: Tensor, // (outputs, inputs)
    bias: Tensor,   // (outputs)
    low_rank: RefCell<Option<LowRank>>,
}

impl Linear {
    pub fn new(path: &Path, inputs: i64, outputs: i64) -> Linear {
        Linear {
            name: path.components().collect::<Vec<_>>().join("."),
            weight: variable(path, "weight", &[outputs, inputs]),
            bias: variable(path, "bias", &[outputs]),
            low_rank: RefCell::new(None),
        }
    }

    /// (..., inputs) -> (..., outputs)
    pub fn forward(&self, x: &Tensor, train: bool) -> Tensor {
        let kind = x.kind();
        let y = x.linear(&self.weight.to_kind(kind), Some(self.bias.to_kind(kind)));
        match &*self.low_rank.borrow() {
            Some(low_rank) => y + low_rank.forward(x, train),
            None => y,
        }
    }

    /// Whether its name is this one, or ends so.
    pub fn is_called(&self, name: &str) -> bool {
        format!(".{}", self.name).ends_with(&format!(".{name}"))
    }

    /// How many outputs and inputs it has.
    pub fn size(&self) -> [i64; 2] {
        self.weight.size2().map(|(outputs, inputs)| [outputs, inputs]).unwrap_or_default()
    }

    /// Puts LoRA's matrices beside it, whose variables lie below its own name in the store.
    pub fn adapt(&self, store: &VarStore, lora: &Lora) {
        let path = self.name.split('.').fold(store.root(), |path, module| path / module);
        self.low_rank.replace(Some(LowRank::new(&path, self.size(), lora)));
    }

    /// Takes them away again; their variables stay in the store.
    pub fn reset(&self) {
        self.low_rank.replace(None);
    }

    /// The weight with what LoRA adds, if it adds anything: (outputs, inputs)
    pub fn merged(&self) -> Result<Option<Tensor>> {
        let low_rank = self.low_rank.borrow();
        low_rank.as_ref().map(|added| Ok(self.weight.f_add(&added.product()?)?)).transpose()
    }

    /// Gives it other numbers.
    pub fn set_weight(&self, weight: &Tensor) -> Result<()> {
        Ok(self.weight.shallow_clone().f_copy_(weight)?)
    }
}

/// Shifts and scales each vector to mean 0 and variance 1, then by a learned scale and shift (Ba et
/// al. 2016, <https://arxiv.org/abs/1607.06450>).
#[derive(Debug)]
pub struct LayerNorm {
    weight: Tensor, // (width)
    bias: Tensor,   // (width)
    epsilon: f64,
}

impl LayerNorm {
    pub fn new(path: &Path, width: i64, epsilon: f64) -> LayerNorm {
        LayerNorm {
            weight: variable(path, "weight", &[width]),
            bias: variable(path, "bias", &[width]),
            epsilon,
        }
    }

    /// (..., width) -> (..., width)
    pub fn forward(&self, x: &Tensor) -> Tensor {
        let (kind, width) = (x.kind(), self.weight.size());
        let (weight, bias) = (self.weight.to_kind(kind), self.bias.to_kind(kind));
        x.layer_norm(&width, Some(weight), Some(bias), self.epsilon, false)
    }
}

/// A vector for each token, or each position.
#[derive(Debug)]
pub struct Embedding {
    weight: Tensor, // (entries, width)
}

impl Embedding {
    pub fn new(path: &Path, entries: i64, width: i64) -> Embedding {
        Embedding { weight: variable(path, "weight", &[entries, width]) }
    }

    /// (...) -> (..., width)
    pub fn forward(&self, ids: &Tensor) -> Tensor {
        Tensor::embedding(&self.weight, ids, -1, false, false)
    }
}

/// The function between the two layers of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// x Φ(x), exactly (Hendrycks and Gimpel 2016, <https://arxiv.org/abs/1606.08415>).
    Gelu,
    /// The same by an approximation with tanh.
    GeluTanh,
    Relu,
}

impl Activation {
    /// The one that `config.json` calls so.
    pub fn named(name: &str) -> Option<Activation> {
        match name {
            "gelu" => Some(Activation::Gelu),
            "gelu_new" | "gelu_pytorch_tanh" => Some(Activation::GeluTanh),
            "relu" => Some(Activation::Relu),
            _ => None,
        }
    }

    pub fn forward(self, x: &Tensor) -> Tensor {
        match self {
            Activation::Gelu => x.gelu("none"),
            Activation::GeluTanh => x.gelu("tanh"),
            Activation::Relu => x.relu(),
        }
    }
}

/// What goes through an encoder besides the hidden states.
pub struct Pass<'a> {
    pub mode: Mode,
    /// Added to the attention scores, shape (B, 1, 1, T): 0 for a token, -inf for padding. `None`
    /// where nothing is padding.
    pub mask: Option<Tensor>,
    /// Vectors that stand in for those of the tokens' word pieces, shape (B, T, D).
    pub words: Option<Tensor>,
    /// Where the attention weights of each layer go, if somebody wants to see them.
    pub attentions: Option<&'a mut Vec<Tensor>>,
}

impl Pass<'_> {
    /// The tokens whose next state is asked for: behind the last block only that of the first one
    /// counts, unless somebody wants to see what all of them attend to. (B, T, D) -> (B, T or 1, D)
    pub fn asked(&self, hidden: &Tensor, is_last: bool) -> Tensor {
        if is_last && self.attentions.is_none() {
            hidden.narrow(1, 0, 1)
        } else {
            hidden.shallow_clone()
        }
    }
}

/// Multi-head attention (Vaswani et al. 2017, <https://arxiv.org/abs/1706.03762>): each token
/// takes up the values of those whose keys its query fits.
///
/// `q` has shape (B, A, D), `k` and `v` have (B, T, D), and the result has that of `q`: A tokens are
/// asked for, which attend to T.
pub fn attention([q, k, v]: [Tensor; 3], heads: i64, dropout: f64, pass: &mut Pass<'_>) -> Tensor {
    let (batch, asked, width) = q.size3().unwrap_or_default();
    let split = |x: &Tensor| x.view([batch, -1, heads, width / heads]).transpose(1, 2);
    let (q, k, v) = (split(&q), split(&k), split(&v)); // (B, h, A or T, D / h)
    let dropout = if pass.mode.train { dropout } else { 0.0 };
    // On a CPU the fused function knows no dropout; without one it takes half the time.
    let by_hand = dropout > 0.0 && q.device() == Device::Cpu;
    let context = if by_hand || pass.attentions.is_some() {
        let weights = attention_weights(&q, &k, pass); // (B, h, A, T)
        if let Some(attentions) = pass.attentions.as_deref_mut() {
            attentions.push(weights.to_kind(Kind::Float));
        }
        super::dropout::dropout(&weights, dropout, true).matmul(&v)
    } else {
        let mask = pass.mask.as_ref();
        Tensor::scaled_dot_product_attention(&q, &k, &v, mask, dropout, false, None, false)
    }; // (B, h, A, D / h)
    context.transpose(1, 2).reshape([batch, asked, width])
}

/// The softmax of the scaled products of queries and keys, which the fused function never writes
/// down.
fn attention_weights(q: &Tensor, k: &Tensor, pass: &Pass<'_>) -> Tensor {
    let (batch, heads, asked, width) = q.size4().unwrap_or_default();
    let flat = |x: &Tensor| x.reshape([batch * heads, -1, width]);
    let (q, k) = (flat(q), flat(k).transpose(1, 2));
    let tokens = k.size()[2];
    let scale = 1.0 / (width as f64).sqrt();
    let scores = match &pass.mask {
        Some(mask) => {
            let mask = mask.expand([batch, heads, 1, tokens], false);
            mask.reshape([batch * heads, 1, tokens]).baddbmm(&q, &k, 1.0, scale)
        }
        None => (q * scale).bmm(&k),
    }; // (B h, A, T)
    let kind = scores.kind();
    scores.softmax(-1, kind).view([batch, heads, asked, tokens])
}
