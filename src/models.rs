//! Pretrained encoders with a classifier on top: DistilBERT, BERT, RoBERTa, XLM-RoBERTa, ELECTRA,
//! MPNet and ModernBERT, as Hugging Face's transformers define them.

mod adapter;
mod architecture;
mod attention;
mod bert;
mod classes;
mod classifier;
mod config;
mod distilbert;
mod dropout;
mod electra;
mod explain;
mod features;
mod freeze;
mod head;
mod layers;
mod legendre;
mod lora;
mod low_rank;
mod modernbert;
mod mpnet;
mod pretraining;
mod pytorch;
mod reading;
mod save;
mod show;
#[cfg(test)]
mod tests;
mod weights;

use crate::dataset::list;
use crate::device::device;
use crate::error::{Error, Result};
use crate::hub;
use crate::mode::Mode;
use crate::tokenizer::{Tokenizer, Tokens};
use crate::trainer::guarded;
pub use architecture::Architecture;
pub use attention::Attention;
use bert::Bert;
use config::Config;
use distilbert::DistilBert;
use electra::Electra;
pub use features::HiddenStates;
pub use freeze::ParameterCount;
use head::Head;
use layers::{Encoder, Pass};
pub use low_rank::Lora;
use modernbert::ModernBert;
use mpnet::MPNet;
pub use pretraining::DistilBertConfig;
use std::cell::{Cell, RefCell};
use std::ops::RangeInclusive;
use tch::Tensor;
use tch::nn::VarStore;
use weights::Mismatched;

/// The model of the lessons.
pub const DEFAULT_MODEL: &str = "distilbert-base-uncased";

const NUM_CLASSES: RangeInclusive<usize> = 2..=1000;

/// A pretrained encoder with the last layers that make a classifier of it, and its tokenizer.
#[derive(Debug)]
pub struct AutoModelForSequenceClassification {
    /// Cuts texts into the pieces that the model knows.
    pub tokenizer: Tokenizer,
    name: String,
    config: Config,
    /// What the classes are called; empty if nobody has said.
    class_names: RefCell<Vec<String>>,
    /// Whether a text gets any number of labels; not known of new last layers.
    multi_label: Cell<Option<bool>>,
    /// What LoRA has added to the encoder.
    lora: RefCell<Option<Lora>>,
    encoder: Box<dyn Encoder>,
    head: Head,
    store: VarStore,
}

impl AutoModelForSequenceClassification {
    /// A pretrained model for so many classes, on the GPU if there is one. Its name is a folder
    /// with `config.json`, `tokenizer.json` and `model.safetensors` (or, of an older model,
    /// `pytorch_model.bin`, `vocab.txt`, or `vocab.json` and `merges.txt`), or one of the Hugging Face
    /// hub, which is downloaded unless it is in the cache, or `all-MiniLM-L6-v2`, which is
    /// installed together with this course, or `all-mpnet-base-v2`, if `cargo xtask models` has
    /// installed it. Behind an `@` a model of the hub may have a branch, a
    /// tag or a commit: `distilbert-base-uncased@main`. Prints what the checkpoint lacks and has
    /// too much; what it lacks is drawn at random, see [`tch::manual_seed`]. What a finetuned model
    /// calls its classes is kept and printed, and so is whether it gives a text any number of labels
    /// instead of one class (its `problem_type`); new last layers learn either.
    ///
    /// # Errors
    /// [`Error::Download`] if the hub doesn't have it or doesn't give it, [`Error::Network`] if the
    /// hub can't be reached, [`Error::File`] if a file is missing, damaged or does not fit, or if the
    /// model gives a number (its `problem_type` is regression) instead of classes,
    /// [`Error::Argument`] if `num_classes` is below 2 or a variable for the network can't be used,
    /// [`Error::Memory`] if the device is too small, [`Error::Stopped`] by the stop button.
    pub fn from_pretrained(name_or_path: &str, num_classes: usize) -> Result<Self> {
        Self::load(name_or_path, Some(num_classes), Mismatched::Refused)
    }

    /// As [`from_pretrained`](Self::from_pretrained), of a checkpoint that was finetuned for
    /// another number of classes: its last layers are drawn at random where their size is not the
    /// right one. In transformers: `ignore_mismatched_sizes=True`. Of a model that gives a number, the
    /// very last layer is always new.
    ///
    /// # Errors
    /// As [`from_pretrained`](Self::from_pretrained); an encoder of another size stays an error.
    pub fn from_pretrained_with_new_head(name_or_path: &str, num_classes: usize) -> Result<Self> {
        Self::load(name_or_path, Some(num_classes), Mismatched::Replaced)
    }

    /// A model that was finetuned, by [`Trainer::fit`](crate::Trainer::fit) and
    /// [`save_pretrained`](Self::save_pretrained) or in Python, with its own last layers and as many
    /// classes as it has: ready to [`predict`](crate::Trainer::predict). Otherwise as
    /// [`from_pretrained`](Self::from_pretrained).
    ///
    /// # Errors
    /// As [`from_pretrained`](Self::from_pretrained), and [`Error::File`] for a checkpoint without
    /// last layers: an encoder that was not finetuned yet.
    pub fn from_finetuned(name_or_path: &str) -> Result<Self> {
        Self::load(name_or_path, None, Mismatched::Refused)
    }

    /// Without a number of classes: a finetuned model.
    fn load(
        name_or_path: &str,
        num_classes: Option<usize>,
        mismatched: Mismatched,
    ) -> Result<Self> {
        if let Some(wrong) = num_classes.filter(|number| !NUM_CLASSES.contains(number)) {
            return Err(Error::argument("num_classes", wrong, "take 2 to 1000"));
        }
        let folder = hub::find(name_or_path)?;
        let path = folder.join("config.json");
        let config = Config::read(&path, num_classes)?;
        let new_head = classes::needs_new_head(&config, &path, mismatched)?;
        if !NUM_CLASSES.contains(&(config.num_classes as usize)) {
            let message = format!("it has {} classes: 2 to 1000 are possible", config.num_classes);
            return Err(Error::file(path, message));
        }
        let tokenizer = config.tokenizer(&folder)?;
        let store = VarStore::new(device());
        let (encoder, head) = guarded("the model", || build(&config, &store))?;
        let loaded = weights::load(&folder, &config, &store, (mismatched, new_head))?;
        if let (None, Some(lacking)) = (num_classes, loaded.new.first()) {
            let message = format!(
                "the weights lack {lacking}, so this model was not finetuned to classify, and would \
                 answer at random: load it with from_pretrained, train it with Trainer::fit, and save \
                 it with save_pretrained"
            );
            return Err(Error::file(folder, message));
        }
        let (class_names, multi_label) = match loaded.has_new_head(&config) {
            true => (Vec::new(), None),
            false => (classes::names(&config), Some(classes::is_multi_label(&config))),
        };
        let model = AutoModelForSequenceClassification {
            tokenizer,
            name: name_or_path.to_owned(),
            config,
            class_names: RefCell::new(class_names),
            multi_label: Cell::new(multi_label),
            lora: RefCell::new(None),
            encoder,
            head,
            store,
        };
        println!("{}", model.summary());
        if !model.class_names().is_empty() {
            println!("classes: {}", list(model.class_names()));
        }
        if multi_label == Some(true) {
            println!("any number of them for each text (multi_label_classification)");
        }
        for (what, keys) in [
            ("new, to be trained", loaded.new),
            (
                if new_head {
                    "not of a choice of classes in the checkpoint"
                } else {
                    "of another size in the checkpoint"
                },
                loaded.replaced,
            ),
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
            let attentions = Some(&mut attentions);
            let _ = self.hidden(tokens, Pass { attentions, ..Pass::new(Mode::default()) });
        })?;
        Ok(attentions)
    }

    /// What the last layers see of each text: (B, T) -> (B, D).
    ///
    /// # Panics
    /// As [`begun`](Self::begun).
    fn encode(&self, tokens: &Tokens, mode: Mode) -> Tensor {
        self.encoder.forward(&tokens.input_ids, &mut self.begun(tokens, Pass::new(mode)))
    }

    /// The hidden states behind the last block: (B, T) -> (B, T or 1, D), see [`Pass::asked`].
    ///
    /// # Panics
    /// As [`begun`](Self::begun).
    fn hidden(&self, tokens: &Tokens, pass: Pass<'_>) -> Tensor {
        self.encoder.hidden(&tokens.input_ids, &mut self.begun(tokens, pass))
    }

    /// The pass with the mask of these texts.
    ///
    /// # Panics
    /// If the tokens are none of this model's, as tch's own functions do where things don't fit.
    fn begun<'a>(&self, tokens: &Tokens, pass: Pass<'a>) -> Pass<'a> {
        // Checked here: a graphics card that is told so later needs a new kernel.
        assert!(
            tokens.largest_id < self.config.vocab_size
                && tokens.size().1 <= self.config.max_length(),
            "the tokens are of another model: encode the texts with this model's tokenizer"
        );
        let mask = tokens.padded.then(|| {
            let padding = tokens.attention_mask.eq(0).unsqueeze(1).unsqueeze(1); // (B, 1, 1, T)
            let zeros = padding.zeros_like().to_kind(pass.mode.precision.kind());
            zeros.masked_fill(&padding, f64::NEG_INFINITY)
        });
        Pass { mask, ..pass }
    }

    /// The store that holds the parameters: an optimizer wants it.
    pub fn var_store(&self) -> &VarStore {
        &self.store
    }

    /// The name or the folder that the model was loaded from.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What class 0, 1, 2, ... is called: by the checkpoint, or by the data that
    /// [`Trainer::fit`](crate::Trainer::fit) trains it on, or by
    /// [`set_class_names`](Self::set_class_names). Empty if none of them says.
    pub fn class_names(&self) -> Vec<String> {
        self.class_names.borrow().clone()
    }

    /// Names the classes of a model that nobody has told: `model.set_class_names(&["ham", "spam"])?`.
    /// The first name is that of class 0.
    ///
    /// # Errors
    /// [`Error::Argument`] if there are not as many names as classes, a name is empty, or two are the
    /// same.
    pub fn set_class_names(&self, names: &[impl AsRef<str>]) -> Result<()> {
        self.class_names.replace(classes::checked(names, self.config.num_classes as usize)?);
        Ok(())
    }

    /// Whether the model gives a text any number of labels instead of one class: by the checkpoint, or
    /// by the data that [`Trainer::fit`](crate::Trainer::fit) trains it on. `None` of new last layers.
    pub fn is_multi_label(&self) -> Option<bool> {
        self.multi_label.get()
    }

    /// Makes it a model of the other kind: its last layers are as they are, and have to be trained for
    /// that. New last layers don't need it.
    pub fn set_multi_label(&self, multi_label: bool) {
        self.multi_label.set(Some(multi_label));
    }

    /// The kind of encoder.
    pub fn architecture(&self) -> Architecture {
        self.config.architecture
    }

    /// How many blocks the encoder has.
    pub fn num_blocks(&self) -> usize {
        self.config.layers as usize
    }
}

fn build(config: &Config, store: &VarStore) -> (Box<dyn Encoder>, Head) {
    let root = store.root();
    let path = &root / config.architecture.names().prefix;
    let encoder: Box<dyn Encoder> = match config.architecture {
        Architecture::DistilBert => Box::new(DistilBert::new(&path, config)),
        Architecture::Bert | Architecture::Roberta => Box::new(Bert::new(&path, config)),
        Architecture::Electra => Box::new(Electra::new(&path, config)),
        Architecture::MPNet => Box::new(MPNet::new(&path, config)),
        Architecture::ModernBert => Box::new(ModernBert::new(&path, config)),
    };
    (encoder, Head::new(&root, config))
}
