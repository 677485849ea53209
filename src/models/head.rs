//! The last layers: from the hidden state of the first token to the logits.

use super::config::{Architecture, Config};
use super::dropout::dropout;
use super::layers::Linear;
use crate::mode::Mode;
use tch::nn::Path;
use tch::{Kind, Tensor};

/// Two linear layers with a function between them, which the three architectures name and order
/// differently.
#[derive(Debug)]
pub struct Head {
    dense: Linear,
    classifier: Linear,
    architecture: Architecture,
    dropout: f64,
}

impl Head {
    /// `root` is the model's own path: DistilBERT's and BERT's layers stand beside the encoder, but
    /// for BERT's pooler, which belongs to it.
    pub fn new(root: &Path, config: &Config) -> Head {
        let (dense, classifier) = match config.architecture {
            Architecture::DistilBert => (root / "pre_classifier", root / "classifier"),
            Architecture::Bert => (root / "bert" / "pooler" / "dense", root / "classifier"),
            Architecture::Roberta => {
                (root / "classifier" / "dense", root / "classifier" / "out_proj")
            }
        };
        Head {
            dense: Linear::new(&dense, config.width, config.width),
            classifier: Linear::new(&classifier, config.width, config.num_classes),
            architecture: config.architecture,
            dropout: config.head_dropout,
        }
    }

    /// (B, D) -> (B, classes), f32
    pub fn forward(&self, first: &Tensor, mode: Mode) -> Tensor {
        let train = mode.train;
        let drop = |x: &Tensor| dropout(x, self.dropout, train);
        let dense = match self.architecture {
            Architecture::DistilBert => self.dense.forward(first, train).relu(),
            Architecture::Bert => self.dense.forward(first, train).tanh(),
            Architecture::Roberta => self.dense.forward(&drop(first), train).tanh(),
        }; // (B, D)
        self.classifier.forward(&drop(&dense), train).to_kind(Kind::Float)
    }
}
