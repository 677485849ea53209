//! LoRA: a frozen encoder that learns by thin matrices beside its layers.

use super::AutoModelForSequenceClassification;
use super::layers::Linear;
use super::low_rank::{Lora, is_low_rank};
use super::weights::is_encoder;
use crate::dataset::list;
use crate::error::{Error, Result};
use crate::trainer::guarded;
use serde_json::{Map, Value, json};
use std::sync::PoisonError;
use tch::Tensor;

impl AutoModelForSequenceClassification {
    /// Freezes the encoder and puts LoRA's two matrices beside its layers, see [`Lora`]: these learn, and
    /// the last layers do. A is drawn at random, see [`tch::manual_seed`], and B is 0, so that the model
    /// says what it said before. In peft: `get_peft_model` with `TaskType.SEQ_CLS` and all last layers in
    /// `modules_to_save`.
    ///
    /// As long as the matrices are there, the encoder's own parameters stay frozen;
    /// [`unfreeze`](Self::unfreeze) and [`freeze_all`](Self::freeze_all) decide about the matrices and the
    /// last layers. [`save_pretrained`](Self::save_pretrained) writes an ordinary model into which they are
    /// merged, [`save_adapter`](Self::save_adapter) them alone.
    ///
    /// # Errors
    /// [`Error::Argument`] for settings that can't be used, and for layers that the encoder has not,
    /// [`Error::Data`] if the model has LoRA already, [`Error::Memory`] if the device is too small.
    pub fn add_lora(&self, lora: &Lora) -> Result<()> {
        self.check_no_lora()?;
        let targets = match lora.target_modules.is_empty() {
            true => {
                let usual = self.architecture().names().query_and_value.iter();
                usual.map(|&name| name.to_owned()).collect()
            }
            false => lora.target_modules.clone(),
        };
        let layers = self.targets(&targets)?;
        let width = layers.iter().flat_map(|layer| layer.size()).min().unwrap_or_default();
        lora.check(width)?;
        self.adapt(&layers, Lora { target_modules: targets, ..lora.clone() })?;
        self.set_trained(true, |name| {
            is_low_rank(name) || !is_encoder(name, self.config.architecture)
        });
        Ok(())
    }

    /// What LoRA adds to the encoder, with the names of the layers; `None` without it.
    pub fn lora(&self) -> Option<Lora> {
        self.lora.borrow().clone()
    }

    /// Adds what LoRA has learned to the layers' own weights, W + (alpha / rank) B A, and takes the
    /// matrices away: an ordinary model that says the same, up to rounding, and is as fast as before. Its
    /// encoder stays frozen. In peft: `merge_and_unload`.
    ///
    /// # Errors
    /// [`Error::Data`] if the model has no LoRA, [`Error::Memory`] if the device is too small; it is then
    /// as it was.
    pub fn merge_lora(&self) -> Result<()> {
        if self.lora().is_none() {
            return Err(Error::Data(NO_LORA.to_owned()));
        }
        let _no_grad = tch::no_grad_guard();
        for (layer, weight) in self.merged_layers()? {
            layer.set_weight(&weight)?;
        }
        self.forget_lora();
        Ok(())
    }

    /// All parameters of the ordinary model, by name.
    pub(super) fn merged(&self) -> Result<Vec<(String, Tensor)>> {
        let _no_grad = tch::no_grad_guard();
        let mut named = self.named_parameters();
        named.retain(|(name, _)| !is_low_rank(name));
        for (layer, weight) in self.merged_layers()? {
            let own = format!("{}.weight", layer.name);
            if let Some((_, tensor)) = named.iter_mut().find(|(name, _)| *name == own) {
                *tensor = weight;
            }
        }
        Ok(named)
    }

    /// The layers that LoRA has changed, and what their weights have become.
    fn merged_layers(&self) -> Result<Vec<(&Linear, Tensor)>> {
        let layers = self.encoder.linears().into_iter();
        let merged = layers.map(|layer| Ok(layer.merged()?.map(|weight| (layer, weight))));
        merged.filter_map(Result::transpose).collect()
    }

    /// # Errors
    /// [`Error::Data`] if the model has LoRA.
    pub(super) fn check_no_lora(&self) -> Result<()> {
        match self.lora() {
            None => Ok(()),
            Some(lora) => Err(Error::Data(format!(
                "the model has LoRA already, of rank {} on {}: load the model anew to begin once more, or \
                 call model.merge_lora() to keep what it has learned, and add to that",
                lora.rank,
                list(&lora.target_modules)
            ))),
        }
    }

    /// The encoder's layers whose names end so.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is none of one of the names.
    pub(super) fn targets(&self, names: &[String]) -> Result<Vec<&Linear>> {
        let mut layers = self.encoder.linears();
        let unknown = names.iter().find(|name| !layers.iter().any(|layer| layer.is_called(name)));
        if let Some(name) = unknown {
            let mut kinds: Vec<&str> = Vec::new();
            for kind in layers.iter().filter_map(|layer| layer.name.rsplit('.').next()) {
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
            let remedy = format!("the encoder's blocks have {}", list(&kinds));
            return Err(Error::argument("target_modules", format!("{name:?}"), remedy));
        }
        layers.retain(|layer| names.iter().any(|name| layer.is_called(name)));
        Ok(layers)
    }

    /// Gives layers of the encoder their matrices; nothing is trained then.
    pub(super) fn adapt(&self, layers: &[&Linear], lora: Lora) -> Result<()> {
        let adapted =
            guarded("LoRA", || layers.iter().for_each(|layer| layer.adapt(&self.store, &lora)));
        if let Err(error) = adapted {
            self.forget_lora();
            return Err(error);
        }
        self.lora.replace(Some(lora));
        self.freeze_all();
        Ok(())
    }

    /// Takes all matrices away.
    fn forget_lora(&self) {
        self.encoder.linears().into_iter().for_each(Linear::reset);
        self.lora.replace(None);
        let mut all = self.store.variables_.lock().unwrap_or_else(PoisonError::into_inner);
        let named = all.named_variables.iter().filter(|(name, _)| is_low_rank(name));
        let addresses: Vec<_> = named.map(|(_, tensor)| tensor.data_ptr()).collect();
        all.named_variables.retain(|name, _| !is_low_rank(name));
        all.trainable_variables.retain(|var| !addresses.contains(&var.tensor.data_ptr()));
    }

    /// What LoRA decides of the numbers of a training.
    pub(super) fn hyperparameters(&self) -> Map<String, Value> {
        let Some(lora) = self.lora() else { return Map::new() };
        let named = [
            ("lora_rank", json!(lora.rank)),
            ("lora_alpha", json!(lora.alpha)),
            ("lora_dropout", json!(lora.dropout)),
            ("lora_target_modules", json!(lora.target_modules.join(", "))),
        ];
        named.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// To be done with what is not there.
pub(super) const NO_LORA: &str =
    "the model has no LoRA: call model.add_lora(&Lora::default()) or model.load_adapter first";
