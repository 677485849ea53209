//! What `config.json` says about a model.

mod fields;
mod modernbert;

use super::architecture::Architecture;
use super::layers::Activation;
use crate::error::{Error, Result};
use crate::tokenizer::Tokenizer;
use fields::{Checked, Fields};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The sizes of a model.
#[derive(Clone, Debug)]
pub struct Config {
    pub architecture: Architecture,
    pub num_classes: i64,
    pub vocab_size: i64,
    /// The width of the hidden states, D.
    pub width: i64,
    /// That of the vectors of word pieces and positions, E.
    pub embedding_width: i64,
    /// The width between the two linear layers of a block.
    pub inner_width: i64,
    pub layers: i64,
    pub heads: i64,
    /// The most tokens; the entries of the table of positions, where there is one.
    pub positions: i64,
    /// The entry of the first token: RoBERTa and MPNet leave those up to the padding's unused.
    pub first_position: i64,
    pub token_types: i64,
    /// The entries of MPNet's table of distances between tokens.
    pub buckets: i64,
    pub padding_id: i64,
    /// Of each block, where there is no table of positions.
    pub rotary: Vec<Rotary>,
    pub biases: Biases,
    pub activation: Activation,
    /// The function between the last layers.
    pub head_activation: Activation,
    /// The epsilon of the layer norms.
    pub epsilon: f64,
    pub embedding_dropout: f64,
    pub dropout: f64,
    pub attention_dropout: f64,
    pub head_dropout: f64,
    /// Whether the last layers see the mean of the tokens' states instead of the first one.
    pub mean_pooling: bool,
    /// The standard deviation of new weights.
    pub initializer_range: f64,
    /// The file itself, for what else it says.
    pub json: Value,
}

/// How the attention of a block knows where the tokens stand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rotary {
    /// The wavelengths of the positions go from 2π to nearly 2π times this.
    pub theta: f64,
    /// How many tokens a token sees to either side. None: the whole text.
    pub reach: Option<i64>,
}

/// Which layers add a bias, where that is a choice.
#[derive(Clone, Copy, Debug)]
pub struct Biases {
    pub attention: bool,
    pub mlp: bool,
    pub norms: bool,
    /// The first of the last layers: the one that gives the logits always has one.
    pub head: bool,
}

/// All have.
const BIASES: Biases = Biases { attention: true, mlp: true, norms: true, head: true };

/// The distances between tokens that an MPNet tells apart, half of them ahead: in transformers always
/// so many, and a longer table has entries that are never used.
pub const BUCKETS: i64 = 32;

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
        let json = serde_json::from_str(&text)
            .map_err(|error| Error::file(path, format!("not a JSON file: {error}")))?;
        Config::of(json, num_classes).map_err(|message| Error::file(path, message))
    }

    /// What is in the file, or what is wrong with it.
    pub fn of(json: Value, num_classes: Option<usize>) -> Checked<Config> {
        let fields = Fields { json: &json };
        let said = || outputs(&json).unwrap_or(USUAL_OUTPUTS) as i64;
        let num_classes = num_classes.map_or_else(said, |given| given as i64);
        let known = Architecture::model_types();
        let model_type = json["model_type"].as_str().ok_or_else(|| {
            format!(
                "it has no model_type, as those of very old models: write one into it, \
                 \"model_type\": \"bert\" for a BERT (known are {known})"
            )
        })?;
        let architecture = Architecture::named(model_type).ok_or_else(|| {
            format!("model_type {model_type} is not known here: take a {known} model")
        })?;
        let config = match architecture {
            Architecture::DistilBert => fields.distilbert(num_classes)?,
            Architecture::Bert | Architecture::Roberta => fields.bert(architecture, num_classes)?,
            Architecture::Electra => fields.electra(num_classes)?,
            Architecture::MPNet => fields.mpnet(num_classes)?,
            Architecture::ModernBert => fields.modernbert(num_classes)?,
        };
        if config.width % config.heads != 0 {
            let (width, heads) = (config.width, config.heads);
            return Err(format!("{heads} heads can't share a width of {width}"));
        }
        if !(0..config.vocab_size).contains(&config.padding_id) {
            let (padding, size) = (config.padding_id, config.vocab_size);
            return Err(format!(
                "pad_token_id is {padding}: it must be a piece, below vocab_size {size}"
            ));
        }
        Ok(Config { json, ..config })
    }

    /// The tokenizer in the folder of the model.
    pub fn tokenizer(&self, folder: &Path) -> Result<Tokenizer> {
        Tokenizer::read(folder, self.padding_id, self.vocab_size, self.max_length())
    }

    /// How many tokens a text can have.
    pub fn max_length(&self) -> usize {
        self.positions.saturating_sub(self.first_position).max(0) as usize
    }
}

impl Fields<'_> {
    fn distilbert(&self, num_classes: i64) -> Checked<Config> {
        Ok(Config {
            architecture: Architecture::DistilBert,
            num_classes,
            vocab_size: self.size("vocab_size")?,
            width: self.size_of(["dim", "hidden_size"])?,
            embedding_width: self.size_of(["dim", "hidden_size"])?,
            inner_width: self.size("hidden_dim")?,
            layers: self.size_of(["n_layers", "num_hidden_layers"])?,
            heads: self.size_of(["n_heads", "num_attention_heads"])?,
            positions: self.size_or("max_position_embeddings", 512)?,
            first_position: 0,
            token_types: 0,
            buckets: 0,
            padding_id: self.json["pad_token_id"].as_i64().unwrap_or(0),
            rotary: Vec::new(),
            biases: BIASES,
            activation: self.activation("activation")?,
            head_activation: Activation::Relu,
            epsilon: 1e-12,
            embedding_dropout: self.share("dropout", 0.1)?,
            dropout: self.share("dropout", 0.1)?,
            attention_dropout: self.share("attention_dropout", 0.1)?,
            head_dropout: self.share("seq_classif_dropout", 0.2)?,
            mean_pooling: false,
            initializer_range: self.json["initializer_range"].as_f64().unwrap_or(0.02),
            json: Value::Null,
        })
    }

    fn bert(&self, architecture: Architecture, num_classes: i64) -> Checked<Config> {
        if self.json["position_embedding_type"].as_str().is_some_and(|kind| kind != "absolute") {
            return Err("only absolute position embeddings are known here".to_owned());
        }
        if self.json["is_decoder"] == true {
            return Err("is_decoder is true: only encoders are known here".to_owned());
        }
        let dropout = self.share("hidden_dropout_prob", 0.1)?;
        let padding =
            if matches!(architecture, Architecture::Roberta | Architecture::MPNet) { 1 } else { 0 };
        let padding_id = self.json["pad_token_id"].as_i64().unwrap_or(padding);
        let has_types = architecture != Architecture::MPNet;
        Ok(Config {
            architecture,
            num_classes,
            vocab_size: self.size("vocab_size")?,
            width: self.size("hidden_size")?,
            embedding_width: self.size("hidden_size")?,
            inner_width: self.size("intermediate_size")?,
            layers: self.size("num_hidden_layers")?,
            heads: self.size("num_attention_heads")?,
            positions: self.size_or("max_position_embeddings", 512)?,
            first_position: match architecture {
                Architecture::Roberta => padding_id.saturating_add(1),
                Architecture::MPNet => 2, // whatever the file says of padding
                _ => 0,
            },
            token_types: if has_types { self.size_or("type_vocab_size", 2)? } else { 0 },
            buckets: 0,
            padding_id,
            rotary: Vec::new(),
            biases: BIASES,
            activation: self.activation("hidden_act")?,
            head_activation: Activation::Tanh,
            epsilon: self.json["layer_norm_eps"].as_f64().unwrap_or(1e-12),
            embedding_dropout: dropout,
            dropout,
            attention_dropout: self.share("attention_probs_dropout_prob", 0.1)?,
            head_dropout: self.share("classifier_dropout", dropout)?,
            mean_pooling: false,
            initializer_range: self.json["initializer_range"].as_f64().unwrap_or(0.02),
            json: Value::Null,
        })
    }

    /// As BERT's, without types of tokens, and with a table of distances.
    fn mpnet(&self, num_classes: i64) -> Checked<Config> {
        let name = "relative_attention_num_buckets";
        let buckets = if self.json[name].is_null() { BUCKETS } else { self.size(name)? };
        if buckets < BUCKETS {
            let message = format!("{name} is {buckets}: an MPNet needs {BUCKETS} or more");
            return Err(message);
        }
        let config = self.bert(Architecture::MPNet, num_classes)?;
        Ok(Config { buckets, head_dropout: config.dropout, ..config })
    }

    fn electra(&self, num_classes: i64) -> Checked<Config> {
        Ok(Config {
            embedding_width: self.size("embedding_size")?,
            head_activation: Activation::Gelu,
            ..self.bert(Architecture::Electra, num_classes)?
        })
    }
}
