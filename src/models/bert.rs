//! BERT (Devlin et al. 2019, <https://arxiv.org/abs/1810.04805>) and RoBERTa (Liu et al. 2019,
//! <https://arxiv.org/abs/1907.11692>), which differ in how they number positions. Field names are
//! the keys of Hugging Face's checkpoints.

use super::config::{Architecture, Config};
use super::dropout::{add_dropped, dropout};
use super::layers::{Activation, Embedding, LayerNorm, Linear, Pass, attention};
use tch::nn::Path;
use tch::{Kind, Tensor};

#[derive(Debug)]
pub struct Bert {
    embeddings: Embeddings,
    layer: Vec<Block>,
}

#[derive(Debug)]
struct Embeddings {
    word_embeddings: Embedding,
    position_embeddings: Embedding,
    token_type_embeddings: Embedding,
    layer_norm: LayerNorm,
    dropout: f64,
    /// RoBERTa numbers its tokens from the padding's id on, and does not count padding.
    padding_id: Option<i64>,
}

impl Bert {
    pub fn new(path: &Path, config: &Config) -> Bert {
        let layers = path / "encoder" / "layer";
        Bert {
            embeddings: Embeddings::new(&(path / "embeddings"), config),
            layer: (0..config.layers).map(|i| Block::new(&(&layers / i), config)).collect(),
        }
    }

    /// The vectors of the word pieces alone: (B, T) -> (B, T, D)
    pub fn words(&self, input_ids: &Tensor) -> Tensor {
        self.embeddings.word_embeddings.forward(input_ids)
    }

    /// The linear layers of all blocks.
    pub fn linears(&self) -> impl Iterator<Item = &Linear> {
        self.layer.iter().flat_map(Block::linears)
    }

    /// The hidden state of the first token: (B, T) -> (B, D)
    pub fn forward(&self, input_ids: &Tensor, pass: &mut Pass<'_>) -> Tensor {
        let mut hidden = self.embeddings.forward(input_ids, pass); // (B, T, D)
        for (number, layer) in self.layer.iter().enumerate() {
            let asked = pass.asked(&hidden, number + 1 == self.layer.len());
            hidden = layer.forward(&asked, &hidden, pass); // (B, T, D); at last (B, 1, D)
        }
        hidden.select(1, 0)
    }
}

impl Embeddings {
    fn new(path: &Path, config: &Config) -> Embeddings {
        let table = |name: &str, entries| Embedding::new(&(path / name), entries, config.width);
        Embeddings {
            word_embeddings: table("word_embeddings", config.vocab_size),
            position_embeddings: table("position_embeddings", config.positions),
            token_type_embeddings: table("token_type_embeddings", config.token_types),
            layer_norm: LayerNorm::new(&(path / "LayerNorm"), config.width, config.epsilon),
            dropout: config.dropout,
            padding_id: (config.architecture == Architecture::Roberta).then_some(config.padding_id),
        }
    }

    fn forward(&self, input_ids: &Tensor, pass: &Pass<'_>) -> Tensor {
        let words = match &pass.words {
            Some(words) => words.shallow_clone(),
            None => self.word_embeddings.forward(input_ids),
        }; // (B, T, D)
        // A text alone is of type 0; pairs of texts have two types.
        let types = self.token_type_embeddings.forward(&input_ids.zeros_like()); // (B, T, D)
        let positions = self.position_embeddings.forward(&self.positions(input_ids));
        let embedded = self.layer_norm.forward(&(words + types + positions)); // (B, T, D)
        let embedded = dropout(&embedded, self.dropout, pass.mode.train);
        embedded.to_kind(pass.mode.precision.kind())
    }

    /// (B, T) -> (T) or (B, T)
    fn positions(&self, input_ids: &Tensor) -> Tensor {
        match self.padding_id {
            None => Tensor::arange(input_ids.size()[1], (Kind::Int64, input_ids.device())),
            Some(padding) => {
                let is_text = input_ids.ne(padding).to_kind(Kind::Int64);
                is_text.cumsum(1, Kind::Int64) * is_text + padding
            }
        }
    }
}

#[derive(Debug)]
struct Block {
    query: Linear,
    key: Linear,
    value: Linear,
    attention_output: Output,
    intermediate: Linear,
    output: Output,
    heads: i64,
    activation: Activation,
    attention_dropout: f64,
}

impl Block {
    fn new(path: &Path, config: &Config) -> Block {
        let (width, inner) = (config.width, config.inner_width);
        let attention = path / "attention" / "self";
        Block {
            query: Linear::new(&(&attention / "query"), width, width),
            key: Linear::new(&(&attention / "key"), width, width),
            value: Linear::new(&(&attention / "value"), width, width),
            attention_output: Output::new(&(path / "attention" / "output"), width, config),
            intermediate: Linear::new(&(path / "intermediate" / "dense"), width, inner),
            output: Output::new(&(path / "output"), inner, config),
            heads: config.heads,
            activation: config.activation,
            attention_dropout: config.attention_dropout,
        }
    }

    fn linears(&self) -> [&Linear; 6] {
        let (attended, output) = (&self.attention_output.dense, &self.output.dense);
        [&self.query, &self.key, &self.value, attended, &self.intermediate, output]
    }

    /// What becomes of the tokens `x`, which attend to all: (B, A, D) and (B, T, D) -> (B, A, D)
    fn forward(&self, x: &Tensor, all: &Tensor, pass: &mut Pass<'_>) -> Tensor {
        let train = pass.mode.train;
        let (q, k) = (self.query.forward(x, train), self.key.forward(all, train));
        let qkv = [q, k, self.value.forward(all, train)];
        let context = attention(qkv, self.heads, self.attention_dropout, pass); // (B, A, D)
        let attended = self.attention_output.forward(&context, x, pass); // (B, A, D)
        let inner = self.activation.forward(&self.intermediate.forward(&attended, train)); // (B, A, inner)
        self.output.forward(&inner, &attended, pass)
    }
}

/// The end of either half of a block.
#[derive(Debug)]
struct Output {
    dense: Linear,
    layer_norm: LayerNorm,
    dropout: f64,
}

impl Output {
    fn new(path: &Path, inputs: i64, config: &Config) -> Output {
        Output {
            dense: Linear::new(&(path / "dense"), inputs, config.width),
            layer_norm: LayerNorm::new(&(path / "LayerNorm"), config.width, config.epsilon),
            dropout: config.dropout,
        }
    }

    /// (B, A, inputs) and (B, A, D) -> (B, A, D)
    fn forward(&self, x: &Tensor, residual: &Tensor, pass: &Pass<'_>) -> Tensor {
        let train = pass.mode.train;
        let x = self.dense.forward(x, train);
        self.layer_norm.forward(&add_dropped(residual, x, self.dropout, train))
    }
}
