//! What a frozen encoder says about texts, calculated once.

use super::AutoModelForSequenceClassification;
use super::weights::is_encoder;
use crate::cache::{Kept, Key, bytes_of};
use crate::dataloader::{self, Dataset};
use crate::display::{Bar, thousands};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::mode::{Mode, Precision};
use crate::tokenizer::Encodings;
use crate::trainer::guarded;
use serde_json::Value;
use tch::{Device, Kind, Tensor};

const WHAT: &str = "the encoder";
const STATES: &str = "states";

/// The hidden state of each text's first token behind the last block of the encoder, or, of some
/// ModernBERTs, the mean of all: what the last layers see of a text.
#[derive(Debug)]
pub struct HiddenStates {
    states: Tensor, // (texts, D), f32, on the CPU
}

impl HiddenStates {
    /// The states, f32, shape (texts, width of the model), on the CPU.
    pub fn tensor(&self) -> &Tensor {
        &self.states
    }
}

impl Clone for HiddenStates {
    fn clone(&self) -> HiddenStates {
        HiddenStates { states: self.states.shallow_clone() }
    }
}

impl Dataset for HiddenStates {
    type Batch = Tensor;

    fn fingerprint(&self) -> Result<String> {
        let mut key = Key::default();
        key.add(&bytes_of(&self.states)?);
        Ok(key.finish())
    }

    fn len(&self) -> usize {
        self.states.size().first().map_or(0, |&rows| rows as usize)
    }

    /// (rows, D)
    fn gather(&self, rows: &[usize], device: Device) -> Result<Tensor> {
        let rows: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
        let rows = Tensor::f_from_slice(&rows)?;
        Ok(self.states.f_index_select(0, &rows)?.f_to_device(device)?)
    }
}

impl AutoModelForSequenceClassification {
    /// What the frozen encoder says about some sets of texts, the training texts and others, say. A
    /// training of the last layers on it gives the same as one on the texts, where the encoder would
    /// say the same again in each epoch, but for the encoder's dropout, which is left out; and it
    /// takes seconds. The result is kept on disk by the content of model and texts.
    ///
    /// # Errors
    /// [`Error::Data`] if the encoder is not frozen, so that a training would change it, if there
    /// are no texts, or if it says NaN, [`Error::Torch`] if they were encoded for another model, [`Error::Memory`] if
    /// the device is too small, [`Error::Stopped`] by the stop button; sets that were read by then
    /// are kept.
    pub fn features<const N: usize>(
        &self,
        texts: [&Encodings; N],
        precision: Precision,
    ) -> Result<[HiddenStates; N]> {
        if !self.encoder_is_frozen() {
            return Err(Error::Data(
                "the encoder is not frozen, so what it says changes with each step: call \
                 model.freeze_all(), then unfreeze the last layers"
                    .to_owned(),
            ));
        }
        if texts.iter().any(|texts| texts.is_empty()) {
            return Err(Error::Data("the encoder needs at least one text in each set".to_owned()));
        }
        let encoder = self.key(precision)?;
        let kept = texts.map(|texts| Kept::of("features", key_of(&encoder, texts)));
        let mut sets = kept.each_ref().map(found); // not defined: to be read
        let missing = texts.iter().zip(&sets).filter(|(_, states)| !states.defined());
        let mut reading = Reading::start(missing.map(|(texts, _)| *texts));
        for ((texts, kept), states) in texts.iter().zip(kept).zip(&mut sets) {
            if !states.defined() {
                *states = self.states_of(texts, precision, &mut reading)?;
                kept.keep(&[(STATES.to_owned(), states.shallow_clone())]);
            }
        }
        reading.bar.done(&format!("{} texts", thousands(reading.texts)));
        Ok(sets.map(|states| HiddenStates { states }))
    }

    fn key(&self, precision: Precision) -> Result<Key> {
        let mut key = Key::default();
        key.add(self.config.json.to_string().as_bytes());
        key.add(format!("{precision:?}").as_bytes());
        // Which layers LoRA has changed, and how much its matrices count.
        key.add(Value::Object(self.hyperparameters()).to_string().as_bytes());
        for (name, tensor) in self.named_parameters() {
            if is_encoder(&name, self.config.architecture) {
                key.add(name.as_bytes());
                key.add(&bytes_of(&tensor)?);
            }
        }
        Ok(key)
    }

    /// (texts, D)
    fn states_of(
        &self,
        texts: &Encodings,
        precision: Precision,
        reading: &mut Reading,
    ) -> Result<Tensor> {
        let mode = Mode { train: false, precision };
        let Reading { bar, interrupt, done, all, .. } = reading;
        let pass = dataloader::Pass { device: self.store.device(), interrupt, what: WHAT };
        let tokens = tokens_in(texts);
        let mut progress = |share| bar.at((*done + share * tokens) / *all, String::new);
        let states = pass.over(texts, &mut progress, |tokens, _| {
            let states = guarded(WHAT, || self.encode(tokens, mode))?;
            Ok(states.f_to_kind(Kind::Float)?)
        })?;
        *done += tokens;
        if bool::try_from(states.f_isfinite()?.f_all()?)? {
            return Ok(states);
        }
        Err(Error::Data(
            "the encoder's hidden states are NaN or infinite, as after a training that diverged: \
             load the model anew"
                .to_owned(),
        ))
    }
}

/// The states that are kept, or a tensor that isn't defined.
fn found(kept: &Kept) -> Tensor {
    let found = kept.find().unwrap_or_default();
    let states = found.into_iter().find(|(name, _)| name == STATES);
    states.map_or_else(Tensor::new, |(_, states)| states)
}

/// How far the encoder is with all that it has to read.
struct Reading {
    bar: Bar,
    interrupt: Interrupt,
    /// How many there are to be read.
    texts: usize,
    /// In word pieces.
    done: f64,
    all: f64,
}

impl Reading {
    fn start<'a>(sets: impl Iterator<Item = &'a Encodings>) -> Reading {
        let (mut texts, mut all) = (0, 0.0);
        for set in sets {
            texts += set.len();
            all += tokens_in(set);
        }
        Reading { bar: Bar::start(WHAT), interrupt: Interrupt::listen(), texts, done: 0.0, all }
    }
}

fn tokens_in(texts: &Encodings) -> f64 {
    texts.lengths().iter().sum::<usize>() as f64
}

/// The encoder's key and that of the texts that it reads.
fn key_of(encoder: &Key, texts: &Encodings) -> Key {
    let mut key = encoder.clone();
    texts.add_to(&mut key);
    key
}
