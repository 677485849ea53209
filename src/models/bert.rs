//! BERT (Devlin et al. 2019, <https://arxiv.org/abs/1810.04805>) and RoBERTa (Liu et al. 2019,
//! <https://arxiv.org/abs/1907.11692>), which differ in how they number positions. Field names are
//! the keys of Hugging Face's checkpoints.

use super::architecture::Architecture;
use super::config::Config;
use super::dropout::{add_dropped, dropout};
use super::layers::{Activation, Embedding, Encoder, LayerNorm, Linear, Pass, attention};
use tch::nn::Path;
use tch::{Kind, Tensor};

#[derive(Debug)]
pub struct Bert {
    embeddings: Embeddings,
    encoder: Blocks,
}

impl Bert {
    pub fn new(path: &Path, config: &Config) -> Bert {
        Bert {
            embeddings: Embeddings::new(&(path / "embeddings"), config),
            encoder: Blocks::new(&(path / "encoder"), config),
        }
    }
}

impl Encoder for Bert {
    fn words(&self, input_ids: &Tensor) -> Tensor {
        self.embeddings.words(input_ids)
    }

    fn forward(&self, input_ids: &Tensor, pass: &mut Pass<'_>) -> Tensor {
        self.encoder.forward(self.embeddings.forward(input_ids, pass), pass)
    }
}

#[derive(Debug)]
pub struct Embeddings {
    word_embeddings: Embedding,
    position_embeddings: Embedding,
    token_type_embeddings: Embedding,
    layer_norm: LayerNorm,
    dropout: f64,
    /// RoBERTa numbers its tokens from the padding's id on, and does not count padding.
    padding_id: Option<i64>,
}

impl Embeddings {
    pub fn new(path: &Path, config: &Config) -> Embeddings {
        let width = config.embedding_width;
        let table = |name: &str, entries| Embedding::new(&(path / name), entries, width);
        Embeddings {
            word_embeddings: table("word_embeddings", config.vocab_size),
            position_embeddings: table("position_embeddings", config.positions),
            token_type_embeddings: table("token_type_embeddings", config.token_types),
            layer_norm: LayerNorm::new(&(path / "LayerNorm"), width, config.epsilon),
            dropout: config.embedding_dropout,
            padding_id: (config.architecture == Architecture::Roberta).then_some(config.padding_id),
        }
    }

    /// The vectors of the word pieces alone: (B, T) -> (B, T, E)
    pub fn words(&self, input_ids: &Tensor) -> Tensor {
        self.word_embeddings.forward(input_ids)
    }

    /// (B, T) -> (B, T, E), in the numbers that the blocks calculate with
    pub fn forward(&self, input_ids: &Tensor, pass: &Pass<'_>) -> Tensor {
        let words = match &pass.words {
            Some(words) => words.shallow_clone(),
            None => self.words(input_ids),
        }; // (B, T, E)
        // A text alone is of type 0; pairs of texts have two types.
        let types = self.token_type_embeddings.forward(&input_ids.zeros_like()); // (B, T, E)
        let positions = self.position_embeddings.forward(&self.positions(input_ids));
        let embedded = self.layer_norm.forward(&(words + types + positions)); // (B, T, E)
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

/// One after the other.
#[derive(Debug)]
pub struct Blocks {
    layer: Vec<Block>,
}

impl Blocks {
    pub fn new(path: &Path, config: &Config) -> Blocks {
        let layers = path / "layer";
        Blocks { layer: (0..config.layers).map(|i| Block::new(&(&layers / i), config)).collect() }
    }

    /// The state of the first token behind the last block: (B, T, D) -> (B, D)
    pub fn forward(&self, mut hidden: Tensor, pass: &mut Pass<'_>) -> Tensor {
        for (number, layer) in self.layer.iter().enumerate() {
            let asked = pass.asked(&hidden, number + 1 == self.layer.len());
            hidden = layer.forward(&asked, &hidden, pass); // (B, T, D); at last (B, 1, D)
        }
        hidden.select(1, 0)
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

    /// What becomes of the tokens `x`, which attend to all: (B, A, D) and (B, T, D) -> (B, A, D)
    fn forward(&self, x: &Tensor, all: &Tensor, pass: &mut Pass<'_>) -> Tensor {
        let qkv = [self.query.forward(x), self.key.forward(all), self.value.forward(all)];
        let context = attention(qkv, self.heads, self.attention_dropout, pass); // (B, A, D)
        let attended = self.attention_output.forward(&context, x, pass); // (B, A, D)
        let inner = self.activation.forward(&self.intermediate.forward(&attended)); // (B, A, inner)
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
        let x = self.dense.forward(x);
        self.layer_norm.forward(&add_dropped(residual, x, self.dropout, pass.mode.train))
    }
}
