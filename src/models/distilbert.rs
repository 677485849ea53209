//! DistilBERT (Sanh et al. 2019, <https://arxiv.org/abs/1910.01108>): half of BERT's layers, taught
//! by BERT. Field names are the keys of Hugging Face's checkpoints.

use super::config::Config;
use super::dropout::{add_dropped, dropout};
use super::layers::{Activation, Embedding, Encoder, LayerNorm, Linear, Pass, attention};
use tch::nn::Path;
use tch::{Kind, Tensor};

#[derive(Debug)]
pub struct DistilBert {
    embeddings: Embeddings,
    layer: Vec<Block>,
}

#[derive(Debug)]
struct Embeddings {
    word_embeddings: Embedding,
    position_embeddings: Embedding,
    layer_norm: LayerNorm,
    dropout: f64,
}

impl DistilBert {
    pub fn new(path: &Path, config: &Config) -> DistilBert {
        let layers = path / "transformer" / "layer";
        DistilBert {
            embeddings: Embeddings::new(&(path / "embeddings"), config),
            layer: (0..config.layers).map(|i| Block::new(&(&layers / i), config)).collect(),
        }
    }
}

impl Encoder for DistilBert {
    fn words(&self) -> &Embedding {
        &self.embeddings.word_embeddings
    }

    fn linears(&self) -> Vec<&Linear> {
        self.layer.iter().flat_map(Block::linears).collect()
    }

    fn hidden(&self, input_ids: &Tensor, pass: &mut Pass<'_>) -> Tensor {
        let mut hidden = self.embeddings.forward(input_ids, pass); // (B, T, D)
        for (number, layer) in self.layer.iter().enumerate() {
            let asked = pass.asked(&hidden, number + 1 == self.layer.len());
            hidden = layer.forward(&asked, &hidden, pass); // (B, T, D); at last (B, T or 1, D)
        }
        hidden
    }
}

impl Embeddings {
    fn new(path: &Path, config: &Config) -> Embeddings {
        Embeddings {
            word_embeddings: Embedding::new(
                &(path / "word_embeddings"),
                config.vocab_size,
                config.width,
            ),
            position_embeddings: Embedding::new(
                &(path / "position_embeddings"),
                config.positions,
                config.width,
            ),
            layer_norm: LayerNorm::new(&(path / "LayerNorm"), config.width, config.epsilon),
            dropout: config.embedding_dropout,
        }
    }

    fn forward(&self, input_ids: &Tensor, pass: &Pass<'_>) -> Tensor {
        let tokens = input_ids.size()[1];
        let positions = Tensor::arange(tokens, (Kind::Int64, input_ids.device())); // (T)
        let words = match &pass.words {
            Some(words) => words.shallow_clone(),
            None => self.word_embeddings.forward(input_ids),
        }; // (B, T, D)
        let embedded = words + self.position_embeddings.forward(&positions); // (B, T, D)
        let embedded = dropout(&self.layer_norm.forward(&embedded), self.dropout, pass.mode.train);
        embedded.to_kind(pass.mode.precision.kind())
    }
}

#[derive(Debug)]
struct Block {
    q_lin: Linear,
    k_lin: Linear,
    v_lin: Linear,
    out_lin: Linear,
    sa_layer_norm: LayerNorm,
    lin1: Linear,
    lin2: Linear,
    output_layer_norm: LayerNorm,
    heads: i64,
    activation: Activation,
    attention_dropout: f64,
    dropout: f64,
}

impl Block {
    fn new(path: &Path, config: &Config) -> Block {
        let (width, inner) = (config.width, config.inner_width);
        let (attention, ffn) = (path / "attention", path / "ffn");
        let norm = |name: &str| LayerNorm::new(&(path / name), width, config.epsilon);
        Block {
            q_lin: Linear::new(&(&attention / "q_lin"), width, width),
            k_lin: Linear::new(&(&attention / "k_lin"), width, width),
            v_lin: Linear::new(&(&attention / "v_lin"), width, width),
            out_lin: Linear::new(&(&attention / "out_lin"), width, width),
            sa_layer_norm: norm("sa_layer_norm"),
            lin1: Linear::new(&(&ffn / "lin1"), width, inner),
            lin2: Linear::new(&(&ffn / "lin2"), inner, width),
            output_layer_norm: norm("output_layer_norm"),
            heads: config.heads,
            activation: config.activation,
            attention_dropout: config.attention_dropout,
            dropout: config.dropout,
        }
    }

    fn linears(&self) -> [&Linear; 6] {
        [&self.q_lin, &self.k_lin, &self.v_lin, &self.out_lin, &self.lin1, &self.lin2]
    }

    /// What becomes of the tokens `x`, which attend to all: (B, A, D) and (B, T, D) -> (B, A, D)
    fn forward(&self, x: &Tensor, all: &Tensor, pass: &mut Pass<'_>) -> Tensor {
        let train = pass.mode.train;
        let (q, k) = (self.q_lin.forward(x, train), self.k_lin.forward(all, train));
        let qkv = [q, k, self.v_lin.forward(all, train)];
        let context = attention(qkv, self.heads, self.attention_dropout, pass); // (B, A, D)
        let attended = self.sa_layer_norm.forward(&(self.out_lin.forward(&context, train) + x));
        let inner = self.activation.forward(&self.lin1.forward(&attended, train)); // (B, A, inner)
        let outer = self.lin2.forward(&inner, train); // (B, A, D)
        self.output_layer_norm.forward(&add_dropped(&attended, outer, self.dropout, train))
    }
}
