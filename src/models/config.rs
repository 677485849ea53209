//! What `config.json` says about a model.

use super::layers::Activation;
use crate::error::{Error, Result};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The encoders that this library can build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// DistilBERT.
    DistilBert,
    /// BERT.
    Bert,
    /// RoBERTa and XLM-RoBERTa.
    Roberta,
}

impl Architecture {
    fn named(name: &str) -> Option<Architecture> {
        match name {
            "distilbert" => Some(Architecture::DistilBert),
            "bert" => Some(Architecture::Bert),
            "roberta" | "xlm-roberta" => Some(Architecture::Roberta),
            _ => None,
        }
    }

    /// What the keys of the encoder begin with.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Architecture::DistilBert => "distilbert",
            Architecture::Bert => "bert",
            Architecture::Roberta => "roberta",
        }
    }

    /// The modules after the encoder.
    pub(super) fn last_layers(self) -> [&'static str; 2] {
        match self {
            Architecture::DistilBert => ["pre_classifier", "classifier"],
            Architecture::Bert => ["pooler", "classifier"],
            Architecture::Roberta => ["classifier.dense", "classifier.out_proj"],
        }
    }

    /// The layers of a block that LoRA changes if nobody names others: queries and values (4.2 of
    /// the paper).
    pub(super) fn query_and_value(self) -> [&'static str; 2] {
        match self {
            Architecture::DistilBert => ["q_lin", "v_lin"],
            Architecture::Bert | Architecture::Roberta => ["query", "value"],
        }
    }

    /// The name of the class in transformers.
    pub(super) fn class_name(self, model_type: &str) -> &'static str {
        match self {
            Architecture::DistilBert => "DistilBertForSequenceClassification",
            Architecture::Bert => "BertForSequenceClassification",
            Architecture::Roberta if model_type == "xlm-roberta" => {
                "XLMRobertaForSequenceClassification"
            }
            Architecture::Roberta => "RobertaForSequenceClassification",
        }
    }
}

/// The sizes of a model.
#[derive(Clone, Debug)]
pub struct Config {
    pub architecture: Architecture,
    pub num_classes: i64,
    pub vocab_size: i64,
    /// The width of the hidden states, D.
    pub width: i64,
    /// The width between the two linear layers of a block.
    pub inner_width: i64,
    pub layers: i64,
    pub heads: i64,
    /// The entries of the table of positions.
    pub positions: i64,
    pub token_types: i64,
    pub padding_id: i64,
    pub activation: Activation,
    /// The epsilon of the layer norms.
    pub epsilon: f64,
    pub dropout: f64,
    pub attention_dropout: f64,
    pub head_dropout: f64,
    /// The standard deviation of new weights.
    pub initializer_range: f64,
    /// The file itself, for what else it says.
    pub json: Value,
}

/// How many outputs the file says that the model has. None: it does not say.
pub fn outputs(config: &Value) -> Option<u64> {
    let named = config["id2label"].as_object().map(|names| names.len() as u64);
    named.or(config["num_labels"].as_u64())
}

/// What transformers takes where the file does not say, and leaves out where it is so.
const USUAL_OUTPUTS: u64 = 2;

impl Config {
    /// For so many classes; `None`: for as many as the file says.
    pub fn read(path: &Path, num_classes: Option<usize>) -> Result<Config> {
        let text = fs::read_to_string(path).map_err(|error| Error::file(path, error))?;
        let json: Value = serde_json::from_str(&text)
            .map_err(|error| Error::file(path, format!("not a JSON file: {error}")))?;
        let fields = Fields { path, json: &json };
        let said = || outputs(&json).unwrap_or(USUAL_OUTPUTS) as i64;
        let num_classes = num_classes.map_or_else(said, |given| given as i64);
        let model_type = json["model_type"].as_str().unwrap_or("(no model_type)");
        let architecture = Architecture::named(model_type).ok_or_else(|| {
            fields.refuse(format!(
                "model_type {model_type} is not known here: take a distilbert, bert, roberta or \
                 xlm-roberta model"
            ))
        })?;
        let config = if architecture == Architecture::DistilBert {
            fields.distilbert(num_classes)?
        } else {
            fields.bert(architecture, num_classes)?
        };
        if config.width % config.heads != 0 {
            let (width, heads) = (config.width, config.heads);
            return Err(fields.refuse(format!("{heads} heads can't share a width of {width}")));
        }
        Ok(Config { json, ..config })
    }

    /// How many tokens a text can have: RoBERTa leaves the positions up to the padding's unused.
    pub fn max_length(&self) -> usize {
        let unused =
            if self.architecture == Architecture::Roberta { self.padding_id + 1 } else { 0 };
        (self.positions - unused).max(0) as usize
    }
}

struct Fields<'a> {
    path: &'a Path,
    json: &'a Value,
}

impl Fields<'_> {
    fn distilbert(&self, num_classes: i64) -> Result<Config> {
        Ok(Config {
            architecture: Architecture::DistilBert,
            num_classes,
            vocab_size: self.size("vocab_size")?,
            width: self.size("dim")?,
            inner_width: self.size("hidden_dim")?,
            layers: self.size("n_layers")?,
            heads: self.size("n_heads")?,
            positions: self.size("max_position_embeddings")?,
            token_types: 0,
            padding_id: self.json["pad_token_id"].as_i64().unwrap_or(0),
            activation: self.activation("activation")?,
            epsilon: 1e-12,
            dropout: self.share("dropout", 0.1)?,
            attention_dropout: self.share("attention_dropout", 0.1)?,
            head_dropout: self.share("seq_classif_dropout", 0.2)?,
            initializer_range: self.json["initializer_range"].as_f64().unwrap_or(0.02),
            json: Value::Null,
        })
    }

    fn bert(&self, architecture: Architecture, num_classes: i64) -> Result<Config> {
        if self.json["position_embedding_type"].as_str().is_some_and(|kind| kind != "absolute") {
            return Err(self.refuse("only absolute position embeddings are known here".to_owned()));
        }
        let dropout = self.share("hidden_dropout_prob", 0.1)?;
        let padding = if architecture == Architecture::Roberta { 1 } else { 0 };
        Ok(Config {
            architecture,
            num_classes,
            vocab_size: self.size("vocab_size")?,
            width: self.size("hidden_size")?,
            inner_width: self.size("intermediate_size")?,
            layers: self.size("num_hidden_layers")?,
            heads: self.size("num_attention_heads")?,
            positions: self.size("max_position_embeddings")?,
            token_types: self.size("type_vocab_size")?,
            padding_id: self.json["pad_token_id"].as_i64().unwrap_or(padding),
            activation: self.activation("hidden_act")?,
            epsilon: self.json["layer_norm_eps"].as_f64().unwrap_or(1e-12),
            dropout,
            attention_dropout: self.share("attention_probs_dropout_prob", 0.1)?,
            head_dropout: self.share("classifier_dropout", dropout)?,
            initializer_range: self.json["initializer_range"].as_f64().unwrap_or(0.02),
            json: Value::Null,
        })
    }

    /// A number of entries, at least 1 and no more than the largest models have.
    fn size(&self, name: &str) -> Result<i64> {
        let value = &self.json[name];
        match value.as_i64() {
            Some(size @ 1..=10_000_000) => Ok(size),
            _ => Err(self.refuse(format!("{name} is {value}: it must be a number from 1"))),
        }
    }

    /// A share from 0 to 1; an absent one is the default.
    fn share(&self, name: &str, default: f64) -> Result<f64> {
        match &self.json[name] {
            Value::Null => Ok(default),
            value => value.as_f64().filter(|share| (0.0..1.0).contains(share)).ok_or_else(|| {
                self.refuse(format!("{name} is {value}: it must be a number from 0 to 1"))
            }),
        }
    }

    fn activation(&self, name: &str) -> Result<Activation> {
        let value = self.json[name].as_str().unwrap_or("gelu");
        Activation::named(value).ok_or_else(|| {
            self.refuse(format!("{name} {value} is not known here: gelu, gelu_new and relu are"))
        })
    }

    fn refuse(&self, message: String) -> Error {
        Error::file(self.path, message)
    }
}
