//! Pretrained encoders with a classifier on top: DistilBERT, BERT, RoBERTa and XLM-RoBERTa, as
//! Hugging Face's transformers define them.

mod bert;
mod config;
mod distilbert;
mod dropout;
mod features;
mod freeze;
mod head;
mod layers;
mod pytorch;
mod reading;
mod show;
#[cfg(test)]
mod tests;
mod weights;

use crate::device::device;
use crate::error::{Error, Result};
use crate::files::{cannot_write, write_whole};
use crate::hub;
use crate::mode::Mode;
use crate::tokenizer::{Tokenizer, Tokens};
use crate::trainer::{Classifier, guarded};
use bert::Bert;
pub use config::Architecture;
use config::Config;
use distilbert::DistilBert;
pub use features::HiddenStates;
pub use freeze::ParameterCount;
use head::Head;
use layers::Pass;
use serde_json::{Value, json};
use std::path::Path;
use tch::Tensor;
use tch::nn::VarStore;
use weights::Mismatched;

/// The model of the lessons.
pub const DEFAULT_MODEL: &str = "distilbert-base-uncased";

/// A pretrained encoder with the last layers that make a classifier of it, and its tokenizer.
#[derive(Debug)]
pub struct AutoModelForSequenceClassification {
    /// Cuts texts into the pieces that the model knows.
    pub tokenizer: Tokenizer,
    name: String,
    config: Config,
    encoder: Encoder,
    head: Head,
    store: VarStore,
}

#[derive(Debug)]
enum Encoder {
    DistilBert(DistilBert),
    Bert(Bert),
}

impl Encoder {
    /// (B, T) -> (B, D)
    fn forward(&self, input_ids: &Tensor, pass: &mut Pass<'_>) -> Tensor {
        match self {
            Encoder::DistilBert(encoder) => encoder.forward(input_ids, pass),
            Encoder::Bert(encoder) => encoder.forward(input_ids, pass),
        }
    }
}

impl AutoModelForSequenceClassification {
    /// A pretrained model for so many classes, on the GPU if there is one. Its name is a folder
    /// with `config.json`, `tokenizer.json` and `model.safetensors` (or, of an older model,
    /// `pytorch_model.bin`, `vocab.txt`, or `vocab.json` and `merges.txt`), or one of the Hugging Face
    /// hub, which is downloaded unless it is in the cache, or `all-MiniLM-L6-v2`, which is
    /// installed together with this course. Behind an `@` a model of the hub may have a branch, a
    /// tag or a commit: `distilbert-base-uncased@main`. Prints what the checkpoint lacks and has
    /// too much; what it lacks is drawn at random, see [`tch::manual_seed`].
    ///
    /// # Errors
    /// [`Error::Download`] if the hub doesn't have it or doesn't give it, [`Error::Network`] if the
    /// hub can't be reached, [`Error::File`] if a file is missing, damaged or does not fit,
    /// [`Error::Argument`] if `num_classes` is 0 or a variable for the network can't be used,
    /// [`Error::Memory`] if the device is too small, [`Error::Stopped`] by the stop button.
    pub fn from_pretrained(name_or_path: &str, num_classes: usize) -> Result<Self> {
        Self::load(name_or_path, num_classes, Mismatched::Refused)
    }

    /// As [`from_pretrained`](Self::from_pretrained), of a checkpoint that was finetuned for
    /// another number of classes: its last layers are drawn at random where their size is not the
    /// right one. In transformers: `ignore_mismatched_sizes=True`.
    ///
    /// # Errors
    /// As [`from_pretrained`](Self::from_pretrained); an encoder of another size stays an error.
    pub fn from_pretrained_with_new_head(name_or_path: &str, num_classes: usize) -> Result<Self> {
        Self::load(name_or_path, num_classes, Mismatched::Replaced)
    }

    fn load(name_or_path: &str, num_classes: usize, mismatched: Mismatched) -> Result<Self> {
        if !(1..=1000).contains(&num_classes) {
            return Err(Error::argument("num_classes", num_classes, "take 1 to 1000"));
        }
        let folder = hub::find(name_or_path)?;
        let config = Config::read(&folder.join("config.json"), num_classes as i64)?;
        let tokenizer =
            Tokenizer::read(&folder, config.padding_id, config.vocab_size, config.max_length())?;
        let store = VarStore::new(device());
        let (encoder, head) = guarded("the model", || build(&config, &store))?;
        let loaded = weights::load(&folder, &config, &store, mismatched)?;
        let name = name_or_path.to_owned();
        let model =
            AutoModelForSequenceClassification { tokenizer, name, config, encoder, head, store };
        println!("{}", model.summary());
        for (what, keys) in [
            ("new, to be trained", loaded.new),
            ("of another size in the checkpoint", loaded.replaced),
            ("not used", loaded.unused),
        ] {
            if !keys.is_empty() {
                println!("{what}: {}", keys.join(", "));
            }
        }
        Ok(model)
    }

    /// That model, or the one that is installed together with this course if the Hugging Face hub
    /// can't be reached. Prints which it is, and why.
    ///
    /// # Errors
    /// As [`from_pretrained`](Self::from_pretrained): a misspelt name is no reason for another model.
    pub fn from_pretrained_or_installed(name_or_path: &str, num_classes: usize) -> Result<Self> {
        match Self::from_pretrained(name_or_path, num_classes) {
            Err(error @ Error::Network { .. }) => {
                println!("{}, not {name_or_path} ({error})", hub::BUNDLED);
                Self::from_pretrained(hub::BUNDLED, num_classes)
            }
            other => other,
        }
    }

    /// The attention weights of each block for a batch: f32, shape (batch, heads, tokens, tokens).
    /// Row i says how much token i takes up of each other token.
    ///
    /// # Errors
    /// [`Error::Torch`] if the tokens are not of this model's vocabulary, [`Error::Memory`] if the
    /// device is too small.
    pub fn attentions(&self, tokens: &Tokens) -> Result<Vec<Tensor>> {
        let _no_grad = tch::no_grad_guard();
        let mut attentions = Vec::new();
        guarded("the encoder", || {
            let _ = self.encode(tokens, Mode::default(), Some(&mut attentions));
        })?;
        Ok(attentions)
    }

    /// The hidden state of the first token of each text, behind the last block: (B, T) -> (B, D).
    ///
    /// # Panics
    /// If the tokens are none of this model's, as tch's own functions do where things don't fit.
    fn encode(&self, tokens: &Tokens, mode: Mode, attentions: Option<&mut Vec<Tensor>>) -> Tensor {
        // Checked here: a graphics card that is told so later needs a new kernel.
        assert!(
            tokens.largest_id < self.config.vocab_size
                && tokens.size().1 <= self.config.max_length(),
            "the tokens are of another model: encode the texts with this model's tokenizer"
        );
        let mask = tokens.padded.then(|| {
            let padding = tokens.attention_mask.eq(0).unsqueeze(1).unsqueeze(1); // (B, 1, 1, T)
            let zeros = padding.zeros_like().to_kind(mode.precision.kind());
            zeros.masked_fill(&padding, f64::NEG_INFINITY)
        });
        self.encoder.forward(&tokens.input_ids, &mut Pass { mode, mask, attentions })
    }

    /// The store that holds the parameters: an optimizer wants it.
    pub fn var_store(&self) -> &VarStore {
        &self.store
    }

    /// The name or the folder that the model was loaded from.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kind of encoder.
    pub fn architecture(&self) -> Architecture {
        self.config.architecture
    }

    /// How many blocks the encoder has.
    pub fn num_blocks(&self) -> usize {
        self.config.layers as usize
    }

    /// Writes `model.safetensors`, `config.json` and the tokenizer's two files into a folder:
    /// [`from_pretrained`](Self::from_pretrained) reads it, here and in Python's transformers.
    ///
    /// # Errors
    /// [`Error::File`] if a file can't be written; an older one of that name is then still there.
    pub fn save_pretrained(&self, folder: impl AsRef<Path>) -> Result<()> {
        let folder = folder.as_ref();
        let write = |name: &str, bytes: Vec<u8>| {
            let path = folder.join(name);
            write_whole(&path, |part| {
                std::fs::write(part, bytes).map_err(|error| cannot_write(&path, &error))
            })
        };
        weights::save(folder, &self.store)?;
        write("tokenizer.json", self.tokenizer.file().to_vec())?;
        write("tokenizer_config.json", format!("{:#}", self.tokenizer.json()).into_bytes())?;
        write("config.json", format!("{:#}", self.json()).into_bytes())
    }

    /// The config for transformers, with the classes that the model has now.
    fn json(&self) -> Value {
        let mut json = self.config.json.clone();
        let classes = 0..self.config.num_classes;
        let names: Value =
            classes.clone().map(|i| (i.to_string(), json!(format!("LABEL_{i}")))).collect();
        let numbers: Value = classes.map(|i| (format!("LABEL_{i}"), json!(i))).collect();
        let model_type = json["model_type"].as_str().unwrap_or_default();
        let class = self.config.architecture.class_name(model_type);
        json["architectures"] = json!([class]);
        if json["id2label"].as_object().map(serde_json::Map::len)
            != names.as_object().map(serde_json::Map::len)
        {
            json["id2label"] = names;
            json["label2id"] = numbers;
        }
        json["dtype"] = json!("float32");
        if let Some(fields) = json.as_object_mut() {
            fields.remove("torch_dtype");
        }
        json["problem_type"] = json!("single_label_classification");
        json
    }
}

fn build(config: &Config, store: &VarStore) -> (Encoder, Head) {
    let root = store.root();
    let path = &root / config.architecture.prefix();
    let encoder = match config.architecture {
        Architecture::DistilBert => Encoder::DistilBert(DistilBert::new(&path, config)),
        Architecture::Bert | Architecture::Roberta => Encoder::Bert(Bert::new(&path, config)),
    };
    (encoder, Head::new(&root, config))
}

/// On texts: encoder and last layers.
impl Classifier<Tokens> for AutoModelForSequenceClassification {
    fn forward(&self, tokens: &Tokens) -> Tensor {
        self.forward_t(tokens, Mode::default())
    }

    fn forward_t(&self, tokens: &Tokens, mode: Mode) -> Tensor {
        self.head.forward(&self.encode(tokens, mode, None), mode)
    }

    fn var_store(&self) -> &VarStore {
        &self.store
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
}
