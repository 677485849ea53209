//! The last layers: from what the encoder says of a text to the logits.

use super::architecture::Architecture;
use super::config::Config;
use super::dropout::dropout;
use super::layers::{Activation, LayerNorm, Linear};
use crate::mode::Mode;
use tch::nn::Path;
use tch::{Kind, Tensor};

/// Two linear layers with a function between them, which each architecture names and surrounds
/// differently.
#[derive(Debug)]
pub struct Head {
    dense: Linear,
    activation: Activation,
    /// ModernBERT's.
    norm: Option<LayerNorm>,
    classifier: Linear,
    /// Whether dropout is at work before the first layer, too.
    dropped_before: bool,
    dropout: f64,
}

impl Head {
    /// `root` is the model's own path: the layers stand beside the encoder, but for BERT's pooler,
    /// which belongs to it.
    pub fn new(root: &Path, config: &Config) -> Head {
        let both = root / "classifier";
        let (dense, classifier) = match config.architecture {
            Architecture::DistilBert => (root / "pre_classifier", both),
            Architecture::Bert => (root / "bert" / "pooler" / "dense", both),
            Architecture::Roberta | Architecture::Electra | Architecture::MPNet => {
                (&both / "dense", &both / "out_proj")
            }
            Architecture::ModernBert => (root / "head" / "dense", both),
        };
        let (width, biases) = (config.width, config.biases);
        let norm =
            || LayerNorm::with_bias(&(root / "head" / "norm"), width, config.epsilon, biases.norms);
        Head {
            dense: Linear::with_bias(&dense, width, width, biases.head),
            activation: config.head_activation,
            norm: (config.architecture == Architecture::ModernBert).then(norm),
            classifier: Linear::new(&classifier, width, config.num_classes),
            dropped_before: matches!(
                config.architecture,
                Architecture::Roberta | Architecture::Electra | Architecture::MPNet
            ),
            dropout: config.head_dropout,
        }
    }

    /// (B, D) -> (B, classes), f32
    pub fn forward(&self, state: &Tensor, mode: Mode) -> Tensor {
        let train = mode.train;
        let drop = |x: &Tensor, at_work| dropout(x, self.dropout, train && at_work);
        let dense = self.dense.forward(&drop(state, self.dropped_before), train);
        let active = self.activation.forward(&dense); // (B, D)
        let last = self.norm.as_ref().map_or(active.shallow_clone(), |norm| norm.forward(&active));
        self.classifier.forward(&drop(&last, true), train).to_kind(Kind::Float)
    }
}
