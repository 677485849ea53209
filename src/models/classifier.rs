//! A pretrained model as the trainer sees it.

use super::AutoModelForSequenceClassification;
use crate::mode::Mode;
use crate::tokenizer::Tokens;
use crate::trainer::Classifier;
use serde_json::{Map, Value};
use tch::Tensor;
use tch::nn::VarStore;

/// On texts: encoder and last layers.
impl Classifier<Tokens> for AutoModelForSequenceClassification {
    fn forward(&self, tokens: &Tokens) -> Tensor {
        self.forward_t(tokens, Mode::default())
    }

    fn forward_t(&self, tokens: &Tokens, mode: Mode) -> Tensor {
        self.head.forward(&self.encode(tokens, mode), mode)
    }

    fn var_store(&self) -> &VarStore {
        &self.store
    }

    fn class_names(&self) -> Vec<String> {
        self.class_names()
    }

    fn set_class_names(&self, names: &[String]) {
        self.class_names.replace(names.to_vec());
    }

    fn is_multi_label(&self) -> Option<bool> {
        self.is_multi_label()
    }

    fn set_multi_label(&self, multi_label: bool) {
        self.set_multi_label(multi_label);
    }

    fn depth_of(&self, parameter: &str) -> usize {
        self.depth_of(parameter)
    }

    fn hyperparameters(&self) -> Map<String, Value> {
        self.hyperparameters()
    }
}

/// On what the encoder said before: the last layers alone, see
/// [`features`](AutoModelForSequenceClassification::features).
impl Classifier<Tensor> for AutoModelForSequenceClassification {
    fn forward(&self, features: &Tensor) -> Tensor {
        self.forward_t(features, Mode::default())
    }

    fn forward_t(&self, features: &Tensor, mode: Mode) -> Tensor {
        self.head.forward(&features.to_kind(mode.precision.kind()), mode)
    }

    fn var_store(&self) -> &VarStore {
        &self.store
    }

    fn class_names(&self) -> Vec<String> {
        self.class_names()
    }

    fn set_class_names(&self, names: &[String]) {
        self.class_names.replace(names.to_vec());
    }

    fn is_multi_label(&self) -> Option<bool> {
        self.is_multi_label()
    }

    fn set_multi_label(&self, multi_label: bool) {
        self.set_multi_label(multi_label);
    }

    fn depth_of(&self, parameter: &str) -> usize {
        self.depth_of(parameter)
    }

    fn hyperparameters(&self) -> Map<String, Value> {
        self.hyperparameters()
    }
}
