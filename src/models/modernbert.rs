//! ModernBERT (Warner et al. 2024, <https://arxiv.org/abs/2412.13663>): a BERT of today for long texts.
//! Positions turn the queries and keys; most blocks see a window of the text only; layer norms stand
//! before what they are for, and linear layers have gates. Field names are the keys of Hugging Face's
//! checkpoints.

use super::config::{Config, Rotary};
use super::dropout::{add_dropped, dropout};
use super::layers::{Activation, Embedding, Encoder, LayerNorm, Linear, Pass, attend, joined};
use std::ops::Range;
use tch::nn::Path;
use tch::{Device, Kind, Tensor};

/// Queries that look through a window at once.
const AT_ONCE: i64 = 128;

#[derive(Debug)]
pub struct ModernBert {
    tok_embeddings: Embedding,
    embeddings_norm: LayerNorm,
    embedding_dropout: f64,
    layers: Vec<Block>,
    final_norm: LayerNorm,
    mean_pooling: bool,
}

impl ModernBert {
    pub fn new(path: &Path, config: &Config) -> ModernBert {
        let (embeddings, layers) = (path / "embeddings", path / "layers");
        let (tokens, width) = (config.vocab_size, config.width);
        ModernBert {
            tok_embeddings: Embedding::new(&(&embeddings / "tok_embeddings"), tokens, width),
            embeddings_norm: norm(&embeddings, "norm", config),
            embedding_dropout: config.embedding_dropout,
            layers: (0..config.layers).map(|i| Block::new(&layers, i, config)).collect(),
            final_norm: norm(path, "final_norm", config),
            mean_pooling: config.mean_pooling,
        }
    }

    /// (B, T) -> (B, T, D)
    fn embedded(&self, input_ids: &Tensor, pass: &Pass<'_>) -> Tensor {
        let words = match &pass.words {
            Some(words) => words.shallow_clone(),
            None => self.tok_embeddings.forward(input_ids),
        }; // (B, T, D)
        let embedded = self.embeddings_norm.forward(&words);
        let embedded = dropout(&embedded, self.embedding_dropout, pass.mode.train);
        embedded.to_kind(pass.mode.precision.kind())
    }
}

impl Encoder for ModernBert {
    fn words(&self) -> &Embedding {
        &self.tok_embeddings
    }

    fn linears(&self) -> Vec<&Linear> {
        self.layers.iter().flat_map(Block::linears).collect()
    }

    fn hidden(&self, input_ids: &Tensor, pass: &mut Pass<'_>) -> Tensor {
        let mut hidden = self.embedded(input_ids, pass); // (B, T, D)
        for (number, layer) in self.layers.iter().enumerate() {
            let asked = pass.asked(&hidden, number + 1 == self.layers.len());
            hidden = layer.forward(&asked, &hidden, pass); // (B, T, D); at last (B, T or 1, D)
        }
        self.final_norm.forward(&hidden)
    }

    /// The state of the first token, or the mean of all: (B, T) -> (B, D)
    fn forward(&self, input_ids: &Tensor, pass: &mut Pass<'_>) -> Tensor {
        pass.all_tokens = self.mean_pooling;
        let hidden = self.hidden(input_ids, pass); // (B, T or 1, D)
        if self.mean_pooling { mean(&hidden, pass) } else { hidden.select(1, 0) }
    }
}

fn norm(path: &Path, name: &str, config: &Config) -> LayerNorm {
    LayerNorm::with_bias(&(path / name), config.width, config.epsilon, config.biases.norms)
}

/// The mean of the states of all tokens that are no padding: (B, T, D) -> (B, D)
fn mean(hidden: &Tensor, pass: &Pass<'_>) -> Tensor {
    let kind = hidden.kind();
    let hidden = hidden.to_kind(Kind::Float);
    let along: &[i64] = &[1];
    let mean = match &pass.mask {
        Some(mask) => {
            let is_text = mask.eq(0.0).squeeze_dim(1).transpose(1, 2).to_kind(Kind::Float); // (B, T, 1)
            let sum = (hidden * &is_text).sum_dim_intlist(along, false, Kind::Float);
            sum / is_text.sum_dim_intlist(along, false, Kind::Float)
        }
        None => hidden.mean_dim(along, false, Kind::Float),
    };
    mean.to_kind(kind)
}

#[derive(Debug)]
struct Block {
    /// The first block has none: the embeddings have been normed.
    attn_norm: Option<LayerNorm>,
    wqkv: Linear,
    attn_wo: Linear,
    mlp_norm: LayerNorm,
    wi: Linear,
    mlp_wo: Linear,
    heads: i64,
    rotary: Rotary,
    activation: Activation,
    attention_dropout: f64,
    dropout: f64,
}

impl Block {
    fn new(layers: &Path, number: i64, config: &Config) -> Block {
        let path = &(layers / number);
        let (attn, mlp, biases) = (path / "attn", path / "mlp", config.biases);
        let (width, inner) = (config.width, config.inner_width);
        let linear = |path: &Path, name: &str, inputs, outputs, bias| {
            Linear::with_bias(&(path / name), inputs, outputs, bias)
        };
        Block {
            attn_norm: (number > 0).then(|| norm(path, "attn_norm", config)),
            wqkv: linear(&attn, "Wqkv", width, 3 * width, biases.attention),
            attn_wo: linear(&attn, "Wo", width, width, biases.attention),
            mlp_norm: norm(path, "mlp_norm", config),
            wi: linear(&mlp, "Wi", width, 2 * inner, biases.mlp),
            mlp_wo: linear(&mlp, "Wo", inner, width, biases.mlp),
            heads: config.heads,
            rotary: config.rotary[number as usize],
            activation: config.activation,
            attention_dropout: config.attention_dropout,
            dropout: config.dropout,
        }
    }

    fn linears(&self) -> [&Linear; 4] {
        [&self.wqkv, &self.attn_wo, &self.wi, &self.mlp_wo]
    }

    /// What becomes of the tokens `x`, the first ones of all, which attend to all: (B, A, D) and
    /// (B, T, D) -> (B, A, D)
    fn forward(&self, x: &Tensor, all: &Tensor, pass: &mut Pass<'_>) -> Tensor {
        let (asked, train) = (x.size()[1], pass.mode.train);
        let context = self.attention(asked, all, pass); // (B, A, D)
        let output = self.attn_wo.forward(&context, train);
        let attended = add_dropped(x, output, self.attention_dropout, train); // (B, A, D)
        let gated = self.wi.forward(&self.mlp_norm.forward(&attended), train).chunk(2, -1);
        let inner = self.activation.forward(&gated[0]) * &gated[1]; // (B, A, inner)
        self.mlp_wo.forward(&dropout(&inner, self.dropout, train), train) + attended
    }

    /// (B, T, D) -> (B, A, D)
    fn attention(&self, asked: i64, all: &Tensor, pass: &mut Pass<'_>) -> Tensor {
        let (batch, tokens, width) = all.size3().unwrap_or_default();
        let normed = self.attn_norm.as_ref().map(|norm| norm.forward(all));
        let qkv = self.wqkv.forward(normed.as_ref().unwrap_or(all), pass.mode.train); // (B, T, 3 D)
        let qkv = qkv.view([batch, tokens, 3, self.heads, width / self.heads]);
        let qkv = qkv.permute([2, 0, 3, 1, 4]); // (3, B, h, T, D / h)
        let turns = Turns::new(self.rotary.theta, tokens, width / self.heads, all.device());
        let turned = turns.of(&qkv.narrow(0, 0, 2)); // queries and keys
        let (q, k, v) = (turned.get(0).narrow(2, 0, asked), turned.get(1), qkv.get(2));
        let context = match self.rotary.reach {
            Some(reach) if reach + 1 < tokens => self.in_windows([q, k, v], reach, pass),
            _ => {
                let mask = pass.mask.as_ref().map(Tensor::shallow_clone);
                attend([q, k, v], mask.as_ref(), self.attention_dropout, pass)
            }
        }; // (B, h, A, D / h)
        joined(&context)
    }

    /// Attention of each token to those that are no further away than `reach`. Some queries at a time
    /// meet the keys around them, so that a text of T tokens needs no matrix of T × T.
    fn in_windows(&self, [q, k, v]: [Tensor; 3], reach: i64, pass: &mut Pass<'_>) -> Tensor {
        let (asked, tokens) = (q.size()[2], k.size()[2]);
        // Who wants to see the attention, sees it in one matrix.
        let at_once = if pass.attentions.is_some() { asked } else { AT_ONCE };
        let mut contexts = Vec::new();
        for start in (0..asked).step_by(at_once as usize) {
            let count = at_once.min(asked - start);
            let first = (start - reach).max(0);
            let seen = (start + count + reach).min(tokens) - first;
            let mask = window(start..start + count, first..first + seen, reach, pass, k.device());
            let [k, v] = [&k, &v].map(|x| x.narrow(2, first, seen));
            let qkv = [q.narrow(2, start, count), k, v];
            contexts.push(attend(qkv, Some(&mask), self.attention_dropout, pass));
        }
        Tensor::cat(&contexts, 2) // (B, h, A, D / h)
    }
}

/// Which keys some queries see: 0 for those in the window, -inf for others and for padding.
/// (1 or B, 1, queries, keys)
fn window(
    queries: Range<i64>,
    keys: Range<i64>,
    reach: i64,
    pass: &Pass<'_>,
    device: Device,
) -> Tensor {
    let range =
        |range: &Range<i64>| Tensor::arange_start(range.start, range.end, (Kind::Int64, device));
    let distance = (range(&queries).unsqueeze(1) - range(&keys)).abs(); // (queries, keys)
    let zeros = Tensor::zeros(distance.size(), (pass.mode.precision.kind(), device));
    let window = zeros.masked_fill(&distance.gt(reach), f64::NEG_INFINITY);
    let window = window.unsqueeze(0).unsqueeze(0);
    match &pass.mask {
        // Padding far from the text sees itself: a softmax of nothing would be NaN.
        Some(mask) => {
            let mask = mask.narrow(3, keys.start, keys.end - keys.start);
            (window + mask).masked_fill(&distance.eq(0), 0.0)
        }
        None => window,
    }
}

/// Rotary positions (Su et al. 2021, <https://arxiv.org/abs/2104.09864>): a vector is turned, in planes
/// of its numbers i and i + d / 2, by angles that grow with its position, so that the product of a
/// query and a key depends on their distance.
struct Turns {
    cos: Tensor, // (T, d / 2)
    sin: Tensor, // (T, d / 2)
}

impl Turns {
    fn new(theta: f64, tokens: i64, width: i64, device: Device) -> Turns {
        let range = |end, step| Tensor::arange_start_step(0, end, step, (Kind::Float, device));
        let wavelengths = Tensor::pow_scalar(theta, &(range(width, 2) / width as f64));
        let angles = range(tokens, 1).unsqueeze(1) * wavelengths.reciprocal(); // (T, d / 2)
        Turns { cos: angles.cos(), sin: angles.sin() }
    }

    /// (..., T, d) -> (..., T, d)
    fn of(&self, x: &Tensor) -> Tensor {
        let (cos, sin) = (&self.cos, &self.sin);
        let halves = x.to_kind(Kind::Float).chunk(2, -1);
        let (a, b) = (&halves[0], &halves[1]);
        Tensor::cat(&[a * cos - b * sin, b * cos + a * sin], -1).to_kind(x.kind())
    }
}
