//! The layers that all encoders are made of. The variables have PyTorch's names.
//!
//! A layer calculates with the kind of numbers that it is given: 16-bit activations meet the
//! 32-bit parameters rounded to 16 bits, and the gradients arrive at the 32-bit ones.

use super::low_rank::{Lora, LowRank};
use crate::error::Result;
use crate::mode::Mode;
use std::cell::RefCell;
use std::fmt::Debug;
use tch::nn::{Init, Path, VarStore};
use tch::{Device, Kind, Tensor};

/// What is pretrained: from word pieces to a state that the last layers know a text by.
pub trait Encoder: Debug + Send {
    /// The vectors of the word pieces: (pieces, E).
    fn words(&self) -> &Embedding;

    /// The linear layers of the blocks.
    fn linears(&self) -> Vec<&Linear>;

    /// The hidden states behind the last block: (B, T) -> (B, T or 1, D), see [`Pass::asked`].
    fn hidden(&self, input_ids: &Tensor, pass: &mut Pass<'_>) -> Tensor;

    /// What the last layers see, the state of the first token: (B, T) -> (B, D)
    fn forward(&self, input_ids: &Tensor, pass: &mut Pass<'_>) -> Tensor {
        self.hidden(input_ids, pass).select(1, 0)
    }
}

/// A variable that is filled later, from a checkpoint or at random.
fn variable(path: &Path, name: &str, shape: &[i64]) -> Tensor {
    path.var(name, shape, Init::Const(0.0))
}

/// y = x Wᵀ + b, or without b, and what LoRA adds
#[derive(Debug)]
pub struct Linear {
    /// Of the module: `distilbert.transformer.layer.0.attention.q_lin`.
    pub name: String,
    weight: Tensor,       // (outputs, inputs)
    bias: Option<Tensor>, // (outputs)
    low_rank: RefCell<Option<LowRank>>,
}

impl Linear {
    pub fn new(path: &Path, inputs: i64, outputs: i64) -> Linear {
        Linear::with_bias(path, inputs, outputs, true)
    }

    pub fn with_bias(path: &Path, inputs: i64, outputs: i64, bias: bool) -> Linear {
        Linear {
            name: path.components().collect::<Vec<_>>().join("."),
            weight: variable(path, "weight", &[outputs, inputs]),
            bias: bias.then(|| variable(path, "bias", &[outputs])),
            low_rank: RefCell::new(None),
        }
    }

    /// (..., inputs) -> (..., outputs)
    pub fn forward(&self, x: &Tensor, train: bool) -> Tensor {
        let kind = x.kind();
        let bias = self.bias.as_ref().map(|bias| bias.to_kind(kind));
        let y = x.linear(&self.weight.to_kind(kind), bias);
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
/// al. 2016, <https://arxiv.org/abs/1607.06450>), or without the shift.
#[derive(Debug)]
pub struct LayerNorm {
    weight: Tensor,       // (width)
    bias: Option<Tensor>, // (width)
    epsilon: f64,
}

impl LayerNorm {
    pub fn new(path: &Path, width: i64, epsilon: f64) -> LayerNorm {
        LayerNorm::with_bias(path, width, epsilon, true)
    }

    pub fn with_bias(path: &Path, width: i64, epsilon: f64, bias: bool) -> LayerNorm {
        LayerNorm {
            weight: variable(path, "weight", &[width]),
            bias: bias.then(|| variable(path, "bias", &[width])),
            epsilon,
        }
    }

    /// (..., width) -> (..., width)
    pub fn forward(&self, x: &Tensor) -> Tensor {
        let (kind, width) = (x.kind(), self.weight.size());
        let bias = self.bias.as_ref().map(|bias| bias.to_kind(kind));
        x.layer_norm(&width, Some(self.weight.to_kind(kind)), bias, self.epsilon, false)
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

    /// (entries, width)
    pub fn table(&self) -> &Tensor {
        &self.weight
    }

    /// (...) -> (..., width)
    pub fn forward(&self, ids: &Tensor) -> Tensor {
        Tensor::embedding(&self.weight, ids, -1, false, false)
    }
}

/// The function between two layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// x Φ(x), exactly (Hendrycks and Gimpel 2016, <https://arxiv.org/abs/1606.08415>).
    Gelu,
    /// The same by an approximation with tanh.
    GeluTanh,
    Relu,
    /// x σ(x).
    Silu,
    Tanh,
}

impl Activation {
    /// The one that `config.json` calls so.
    pub fn named(name: &str) -> Option<Activation> {
        match name {
            "gelu" | "gelu_python" => Some(Activation::Gelu),
            "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" | "gelu_accurate" => {
                Some(Activation::GeluTanh)
            }
            "silu" | "swish" => Some(Activation::Silu),
            "relu" => Some(Activation::Relu),
            "tanh" => Some(Activation::Tanh),
            _ => None,
        }
    }

    pub fn forward(self, x: &Tensor) -> Tensor {
        match self {
            Activation::Gelu => x.gelu("none"),
            Activation::GeluTanh => x.gelu("tanh"),
            Activation::Relu => x.relu(),
            Activation::Silu => x.silu(),
            Activation::Tanh => x.tanh(),
        }
    }
}

/// What goes through an encoder besides the hidden states.
pub struct Pass<'a> {
    pub mode: Mode,
    /// Added to the attention scores, shape (B, 1, 1, T): 0 for a token, -inf for padding. `None`
    /// where nothing is padding. An encoder may put in its place what differs from head to head and
    /// from token to token, shape (1 or B, h, T, T).
    pub mask: Option<Tensor>,
    /// Vectors that stand in for those of the tokens' word pieces, shape (B, T, E).
    pub words: Option<Tensor>,
    /// Whether the states of all tokens are wanted, not only that of the first one.
    pub all_tokens: bool,
    /// Where the attention weights of each layer go, if somebody wants to see them.
    pub attentions: Option<&'a mut Vec<Tensor>>,
}

impl Pass<'_> {
    /// One that wants the state of the first token, of texts without padding.
    pub fn new(mode: Mode) -> Self {
        Pass { mode, mask: None, words: None, all_tokens: false, attentions: None }
    }

    /// The tokens whose next state is asked for: behind the last block only that of the first one
    /// counts, unless somebody wants all of them, or to see what they attend to.
    /// (B, T, D) -> (B, T or 1, D)
    pub fn asked(&self, hidden: &Tensor, is_last: bool) -> Tensor {
        if is_last && !self.all_tokens && self.attentions.is_none() {
            hidden.narrow(1, 0, 1)
        } else {
            hidden.shallow_clone()
        }
    }
}

/// The numbers of the tokens from that behind the padding's on, where padding is not counted and all
/// has the padding's own number: (B, T) -> (B, T)
pub fn positions_behind(padding_id: i64, input_ids: &Tensor) -> Tensor {
    let is_text = input_ids.ne(padding_id).to_kind(Kind::Int64);
    is_text.cumsum(1, Kind::Int64) * is_text + padding_id
}

/// Multi-head attention (Vaswani et al. 2017, <https://arxiv.org/abs/1706.03762>): each token
/// takes up the values of those whose keys its query fits.
///
/// `q` has shape (B, A, D), `k` and `v` have (B, T, D), and the result has that of `q`: A tokens are
/// asked for, which attend to T.
pub fn attention(qkv: [Tensor; 3], heads: i64, dropout: f64, pass: &mut Pass<'_>) -> Tensor {
    let (batch, asked, width) = qkv[0].size3().unwrap_or_default();
    let split = |x: Tensor| x.view([batch, -1, heads, width / heads]).transpose(1, 2);
    // Of a mask with a row for each token, those of the tokens that are asked for.
    let rows = |mask: &Tensor| mask.narrow(2, 0, asked.min(mask.size()[2]));
    let mask = pass.mask.as_ref().map(rows); // (1 or B, 1 or h, 1 or A, T)
    joined(&attend(qkv.map(split), mask.as_ref(), dropout, pass))
}

/// The heads side by side: (B, h, A, D / h) -> (B, A, D)
pub fn joined(heads: &Tensor) -> Tensor {
    let (batch, _, asked, _) = heads.size4().unwrap_or_default();
    heads.transpose(1, 2).reshape([batch, asked, -1])
}

/// The attention of each head, with a mask that is added to the scores, (1 or B, 1 or h, 1 or A, T):
/// (B, h, A, D / h) and twice (B, h, T, D / h) -> (B, h, A, D / h)
pub fn attend(
    [q, k, v]: [Tensor; 3],
    mask: Option<&Tensor>,
    dropout: f64,
    pass: &mut Pass<'_>,
) -> Tensor {
    let dropout = if pass.mode.train { dropout } else { 0.0 };
    // On a CPU the fused function knows no dropout; without one it takes half the time.
    let by_hand = dropout > 0.0 && q.device() == Device::Cpu;
    if !by_hand && pass.attentions.is_none() {
        return Tensor::scaled_dot_product_attention(&q, &k, &v, mask, dropout, false, None, false);
    }
    let weights = attention_weights(&q, &k, mask); // (B, h, A, T)
    if let Some(attentions) = pass.attentions.as_deref_mut() {
        attentions.push(weights.to_kind(Kind::Float));
    }
    super::dropout::dropout(&weights, dropout, true).matmul(&v)
}

/// The softmax of the scaled products of queries and keys, which the fused function never writes
/// down.
fn attention_weights(q: &Tensor, k: &Tensor, mask: Option<&Tensor>) -> Tensor {
    let (batch, heads, asked, width) = q.size4().unwrap_or_default();
    let flat = |x: &Tensor| x.reshape([batch * heads, -1, width]);
    let (q, k) = (flat(q), flat(k).transpose(1, 2));
    let tokens = k.size()[2];
    let scale = 1.0 / (width as f64).sqrt();
    let scores = match mask {
        Some(mask) => {
            let rows = mask.size()[2]; // 1 or A
            let mask = mask.expand([batch, heads, rows, tokens], false);
            mask.reshape([batch * heads, rows, tokens]).baddbmm(&q, &k, 1.0, scale)
        }
        None => (q * scale).bmm(&k),
    }; // (B h, A, T)
    let kind = scores.kind();
    scores.softmax(-1, kind).view([batch, heads, asked, tokens])
}
