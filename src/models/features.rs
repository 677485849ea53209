//! What a frozen encoder says about texts, calculated once.

use super::AutoModelForSequenceClassification;
use super::weights::is_encoder;
use crate::cache::{DELETE_CACHE, Key, bytes_of, cached};
use crate::dataloader::{self, Dataset};
use crate::display::{Bar, thousands};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::mode::{Mode, Precision};
use crate::tokenizer::Encodings;
use crate::trainer::guarded;
use tch::{Device, Kind, Tensor};

/// The hidden state of each text's first token, behind the last block of the encoder: all that the
/// last layers see of a text.
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
    /// What the frozen encoder says about these texts. A training of the last layers on it gives
    /// the same as one on the texts, where the encoder would say the same again in each epoch,
    /// but for the encoder's dropout, which is left out; and it takes seconds. The result is kept
    /// on disk by the content of model and texts.
    ///
    /// # Errors
    /// [`Error::Data`] if the encoder is not frozen, so that a training would change it, or there
    /// are no texts, [`Error::Torch`] if they were encoded for another model, [`Error::Memory`] if the device is too small, [`Error::Stopped`] by the stop button.
    pub fn features(&self, texts: &Encodings, precision: Precision) -> Result<HiddenStates> {
        if !self.encoder_is_frozen() {
            return Err(Error::Data(
                "the encoder is not frozen, so what it says changes with each step: call \
                 model.freeze_all(), then unfreeze the last layers"
                    .to_owned(),
            ));
        }
        let _no_grad = tch::no_grad_guard();
        let key = self.key(texts, precision)?;
        let mut kept = cached("features", key, || {
            Ok(vec![("states".to_owned(), self.first_states(texts, precision)?)])
        })?;
        match kept.pop() {
            Some((_, states)) => Ok(HiddenStates { states }),
            None => Err(Error::Data(format!("the kept features are empty: {DELETE_CACHE}"))),
        }
    }

    fn key(&self, texts: &Encodings, precision: Precision) -> Result<Key> {
        let mut key = Key::new();
        key.add(self.config.json.to_string().as_bytes());
        key.add(format!("{precision:?}").as_bytes());
        for (name, tensor) in self.named_parameters() {
            if is_encoder(&name, self.config.architecture) {
                key.add(&bytes_of(&tensor)?);
            }
        }
        let (ids, starts) = texts.fingerprint();
        key.add(&ids);
        key.add(&starts);
        Ok(key)
    }

    /// (texts, D)
    fn first_states(&self, texts: &Encodings, precision: Precision) -> Result<Tensor> {
        let mode = Mode { train: false, precision };
        let (what, interrupt) = ("the encoder", Interrupt::listen());
        let pass = dataloader::Pass { device: self.store.device(), interrupt: &interrupt, what };
        let mut bar = Bar::start(what);
        let states = pass.over(texts, &mut |share| bar.at(share, String::new), |tokens, _| {
            let first = guarded(what, || self.encode(tokens, mode, None))?;
            Ok(first.f_to_kind(Kind::Float)?)
        })?;
        bar.done(&format!("{} texts", thousands(texts.len())));
        Ok(states)
    }
}
