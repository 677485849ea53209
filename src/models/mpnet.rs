//! MPNet (Song et al. 2020, <https://arxiv.org/abs/2004.09297>): BERT's blocks, which also know how
//! far two tokens lie apart. Field names are the keys of Hugging Face's checkpoints.

use super::config::{BUCKETS, Config};
use super::dropout::{add_dropped, dropout};
use super::layers::{
    Activation, Embedding, Encoder, LayerNorm, Linear, Pass, attention, positions_behind,
};
use tch::nn::Path;
use tch::{Kind, Tensor};

#[derive(Debug)]
pub struct MPNet {
    embeddings: Embeddings,
    /// What a distance between two tokens adds to the attention score, for each head.
    relative_attention_bias: Embedding,
    layer: Vec<Block>,
}

#[derive(Debug)]
struct Embeddings {
    word_embeddings: Embedding,
    position_embeddings: Embedding,
    layer_norm: LayerNorm,
    dropout: f64,
    /// Tokens are numbered from this id on, and those that have it are not counted.
    padding_id: i64,
}

impl MPNet {
    pub fn new(path: &Path, config: &Config) -> MPNet {
        let encoder = path / "encoder";
        let (bias, layers) = (&encoder / "relative_attention_bias", &encoder / "layer");
        MPNet {
            embeddings: Embeddings::new(&(path / "embeddings"), config),
            relative_attention_bias: Embedding::new(&bias, config.buckets, config.heads),
            layer: (0..config.layers).map(|i| Block::new(&(&layers / i), config)).collect(),
        }
    }

    /// What is added to the scores of every block: (B, T, D) -> (1, h, T, T)
    fn position_bias(&self, hidden: &Tensor) -> Tensor {
        let tokens = hidden.size()[1];
        let buckets: Vec<i64> = (1 - tokens..tokens).map(bucket).collect();
        let buckets = Tensor::from_slice(&buckets).to_device(hidden.device()); // (2 T - 1)
        let positions = Tensor::arange(tokens, (Kind::Int64, hidden.device()));
        // Row i has the distances of all tokens from token i, where 0 is number T - 1.
        let distances = &positions - positions.unsqueeze(1) + (tokens - 1); // (T, T)
        let bias = self.relative_attention_bias.forward(&buckets.take(&distances)); // (T, T, h)
        bias.permute([2, 0, 1]).unsqueeze(0).contiguous().to_kind(hidden.kind())
    }
}

impl Encoder for MPNet {
    fn words(&self) -> &Embedding {
        &self.embeddings.word_embeddings
    }

    fn linears(&self) -> Vec<&Linear> {
        self.layer.iter().flat_map(Block::linears).collect()
    }

    fn hidden(&self, input_ids: &Tensor, pass: &mut Pass<'_>) -> Tensor {
        let mut hidden = self.embeddings.forward(input_ids, pass); // (B, T, D)
        let bias = self.position_bias(&hidden); // (1, h, T, T)
        pass.mask = Some(match pass.mask.take() {
            Some(mask) => mask + bias, // (B, h, T, T)
            None => bias,
        });
        for (number, layer) in self.layer.iter().enumerate() {
            let asked = pass.asked(&hidden, number + 1 == self.layer.len());
            hidden = layer.forward(&asked, &hidden, pass); // (B, T, D); at last (B, T or 1, D)
        }
        hidden
    }
}

/// The table's entry for a distance, by T5's rule (Raffel et al. 2020,
/// <https://arxiv.org/abs/1910.10683>, 2.1): near ones have their own, farther ones share one with
/// others of their size, and from 128 tokens on all are the same.
fn bucket(distance: i64) -> i64 {
    let (half, near) = (BUCKETS / 2, BUCKETS / 4);
    let apart = distance.abs();
    // Two entries for each doubling, 8 + 2 log2(apart / 8) rounded down.
    let far = || 2 + i64::from((apart * apart).ilog2());
    let entry = if apart < near { apart } else { far().min(half - 1) };
    if distance > 0 { half + entry } else { entry }
}

impl Embeddings {
    fn new(path: &Path, config: &Config) -> Embeddings {
        let table = |name: &str, entries| Embedding::new(&(path / name), entries, config.width);
        Embeddings {
            word_embeddings: table("word_embeddings", config.vocab_size),
            position_embeddings: table("position_embeddings", config.positions),
            layer_norm: LayerNorm::new(&(path / "LayerNorm"), config.width, config.epsilon),
            dropout: config.dropout,
            padding_id: config.first_position - 1,
        }
    }

    fn forward(&self, input_ids: &Tensor, pass: &Pass<'_>) -> Tensor {
        let words = match &pass.words {
            Some(words) => words.shallow_clone(),
            None => self.word_embeddings.forward(input_ids),
        }; // (B, T, D)
        let positions = positions_behind(self.padding_id, input_ids); // (B, T)
        let positions = self.position_embeddings.forward(&positions); // (B, T, D)
        let embedded = self.layer_norm.forward(&(words + positions)); // (B, T, D)
        let embedded = dropout(&embedded, self.dropout, pass.mode.train);
        embedded.to_kind(pass.mode.precision.kind())
    }
}

#[derive(Debug)]
struct Block {
    q: Linear,
    k: Linear,
    v: Linear,
    o: Linear,
    attention_norm: LayerNorm,
    intermediate: Linear,
    output: Linear,
    output_norm: LayerNorm,
    heads: i64,
    activation: Activation,
    attention_dropout: f64,
    dropout: f64,
}

impl Block {
    fn new(path: &Path, config: &Config) -> Block {
        let (width, inner) = (config.width, config.inner_width);
        let (attention, output) = (path / "attention", path / "output");
        let linear = |name: &str| Linear::new(&(&attention / "attn" / name), width, width);
        let norm = |path: &Path| LayerNorm::new(&(path / "LayerNorm"), width, config.epsilon);
        Block {
            q: linear("q"),
            k: linear("k"),
            v: linear("v"),
            o: linear("o"),
            attention_norm: norm(&attention),
            intermediate: Linear::new(&(path / "intermediate" / "dense"), width, inner),
            output: Linear::new(&(&output / "dense"), inner, width),
            output_norm: norm(&output),
            heads: config.heads,
            activation: config.activation,
            attention_dropout: config.attention_dropout,
            dropout: config.dropout,
        }
    }

    fn linears(&self) -> [&Linear; 6] {
        [&self.q, &self.k, &self.v, &self.o, &self.intermediate, &self.output]
    }

    /// What becomes of the tokens `x`, which attend to all: (B, A, D) and (B, T, D) -> (B, A, D)
    fn forward(&self, x: &Tensor, all: &Tensor, pass: &mut Pass<'_>) -> Tensor {
        let train = pass.mode.train;
        let (q, k) = (self.q.forward(x, train), self.k.forward(all, train));
        let qkv = [q, k, self.v.forward(all, train)];
        let context = attention(qkv, self.heads, self.attention_dropout, pass); // (B, A, D)
        let attended = add_dropped(x, self.o.forward(&context, train), self.dropout, train);
        let attended = self.attention_norm.forward(&attended); // (B, A, D)
        let inner = self.activation.forward(&self.intermediate.forward(&attended, train)); // (B, A, inner)
        let outer = add_dropped(&attended, self.output.forward(&inner, train), self.dropout, train);
        self.output_norm.forward(&outer)
    }
}

#[cfg(test)]
mod tests {
    use super::bucket;

    // >>> MPNetEncoder.relative_position_bucket(torch.tensor(distances)).tolist()
    #[test]
    fn distances_have_the_entries_of_transformers() {
        let distances = [-1000, -128, -91, -90, -64, -63, -46, -45, -12, -11, -8, -7, -1, 0, 1];
        let entries = [15, 15, 15, 14, 14, 13, 13, 12, 9, 8, 8, 7, 1, 0, 17];
        assert_eq!(distances.map(bucket), entries);
        let distances = [8, 11, 12, 15, 16, 22, 23, 31, 32, 91, 1000];
        assert_eq!(distances.map(bucket), [24, 24, 25, 25, 26, 26, 27, 27, 28, 31, 31]);
    }
}
