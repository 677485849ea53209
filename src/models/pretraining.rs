//! What the pretraining of an encoder takes: one of random weights, and what it says about each token.

use super::config::Config;
use super::layers::Pass;
use super::{AutoModelForSequenceClassification, NUM_CLASSES, build, weights};
use crate::device::device;
use crate::error::{Error, Result};
use crate::hub;
use crate::mode::Mode;
use crate::tokenizer::{Tokenizer, Tokens};
use crate::trainer::guarded;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use tch::nn::VarStore;
use tch::{Kind, Tensor};

/// The sizes of a DistilBERT, under the names that transformers' `DistilBertConfig` has for them. The
/// default are those of `distilbert-base-uncased`; the size of the vocabulary is the tokenizer's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DistilBertConfig {
    /// The width of the vectors, which the heads share.
    pub dim: usize,
    /// The width between the two linear layers of a block.
    pub hidden_dim: usize,
    /// How many blocks there are.
    pub n_layers: usize,
    /// How many heads each block has.
    pub n_heads: usize,
    /// The most tokens that a text can have.
    pub max_position_embeddings: usize,
    /// The share of the numbers that dropout leaves out behind the embeddings and in the blocks.
    pub dropout: f64,
    /// The same of the attention weights.
    pub attention_dropout: f64,
    /// The same before the classifier.
    pub seq_classif_dropout: f64,
    /// The standard deviation of the random weights.
    pub initializer_range: f64,
}

impl Default for DistilBertConfig {
    fn default() -> DistilBertConfig {
        DistilBertConfig {
            dim: 768,
            hidden_dim: 3072,
            n_layers: 6,
            n_heads: 12,
            max_position_embeddings: 512,
            dropout: 0.1,
            attention_dropout: 0.1,
            seq_classif_dropout: 0.2,
            initializer_range: 0.02,
        }
    }
}

impl DistilBertConfig {
    /// # Errors
    /// A sentence about a number that JSON has not, or that no weights can be drawn with.
    fn check(&self) -> std::result::Result<(), String> {
        let shares = [
            ("dropout", self.dropout),
            ("attention_dropout", self.attention_dropout),
            ("seq_classif_dropout", self.seq_classif_dropout),
        ];
        if let Some((name, share)) = shares.into_iter().find(|(_, share)| !share.is_finite()) {
            return Err(format!("{name} is {share}: it must be a number from 0 to below 1"));
        }
        let range = self.initializer_range;
        if !(range.is_finite() && range >= 0.0) {
            return Err(format!(
                "initializer_range is {range}: take a number from 0, 0.02 is usual"
            ));
        }
        Ok(())
    }

    /// The `config.json` of a model with these sizes and pieces.
    fn json(&self, tokenizer: &Tokenizer) -> Value {
        let mut json = json!(self);
        json["model_type"] = json!("distilbert");
        json["vocab_size"] = json!(tokenizer.vectors());
        json["pad_token_id"] = json!(tokenizer.padding_id());
        json
    }
}

impl Tokenizer {
    /// The tokenizer of a pretrained model alone, without its weights where they are on this machine
    /// already: see [`AutoModelForSequenceClassification::from_pretrained`] for the names.
    ///
    /// # Errors
    /// As [`AutoModelForSequenceClassification::from_pretrained`].
    pub fn from_pretrained(name_or_path: &str) -> Result<Tokenizer> {
        let folder = hub::find(name_or_path)?;
        Config::read(&folder.join("config.json"), None)?.tokenizer(&folder)
    }
}

impl AutoModelForSequenceClassification {
    /// A DistilBERT of these sizes that has learned nothing yet: its weights are drawn at random as
    /// transformers draws them, see [`tch::manual_seed`]. On the GPU if there is one.
    ///
    /// # Errors
    /// [`Error::Argument`] if `num_classes` is below 2, [`Error::Data`] for sizes that can't be,
    /// [`Error::Memory`] if the device is too small.
    pub fn from_config(
        config: &DistilBertConfig,
        tokenizer: &Tokenizer,
        num_classes: usize,
    ) -> Result<Self> {
        if !NUM_CLASSES.contains(&num_classes) {
            return Err(Error::argument("num_classes", num_classes, "take 2 to 1000"));
        }
        let wrong = |message| Error::Data(format!("DistilBertConfig: {message}"));
        config.check().map_err(wrong)?;
        let config = Config::of(config.json(tokenizer), Some(num_classes)).map_err(wrong)?;
        let store = VarStore::new(device());
        let (encoder, head) = guarded("the model", || build(&config, &store))?;
        weights::draw(&config, &store)?;
        let model = AutoModelForSequenceClassification {
            tokenizer: tokenizer.clone().for_texts_up_to(config.max_length()),
            name: "random weights".to_owned(),
            config,
            class_names: RefCell::default(),
            multi_label: Cell::default(),
            lora: RefCell::default(),
            encoder,
            head,
            store,
        };
        println!("{}", model.summary());
        Ok(model)
    }

    /// The hidden states of all tokens behind the last block, f32: (B, T) -> (B, T, D). Transformers
    /// calls them `last_hidden_state`. Layers of one's own can learn from them, and the encoder with
    /// them.
    ///
    /// # Errors
    /// [`Error::Torch`] if the tokens are not of this model's vocabulary, [`Error::Memory`] if the
    /// device is too small.
    pub fn last_hidden_state(&self, tokens: &Tokens, mode: Mode) -> Result<Tensor> {
        let pass = Pass { all_tokens: true, ..Pass::new(mode) };
        Ok(guarded("the encoder", || self.hidden(tokens, pass))?.f_to_kind(Kind::Float)?)
    }

    /// The vectors of the word pieces themselves, shape (pieces, E): the parameter, not a copy. E is D but
    /// for some ELECTRAs. In transformers: `get_input_embeddings().weight`.
    pub fn input_embeddings(&self) -> Tensor {
        self.encoder.words().table().shallow_clone()
    }
}
