//! What LoRA has learned, in files: those of peft, <https://huggingface.co/docs/peft/developer_guides/checkpoint>.

pub(super) mod files;

use super::config::Config;
use super::lora::NO_LORA;
use super::low_rank::{Lora, is_low_rank};
use super::weights::{is_encoder, save};
use super::{AutoModelForSequenceClassification, classes};
use crate::cache::fingerprint;
use crate::dataset::list;
use crate::error::{Error, Result};
use crate::files::write;
use files::{Adapter, CLASSES, CONFIG, ENCODER, PREFIX, WEIGHTS};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use tch::{Kind, Tensor};

impl AutoModelForSequenceClassification {
    /// Writes what was trained beside the frozen encoder, LoRA's matrices and the last layers, into a
    /// folder: `adapter_model.safetensors`, a hundredth of the whole model, and `adapter_config.json`.
    /// [`load_adapter`](Self::load_adapter) puts it into the same pretrained model again, and so does
    /// `PeftModel.from_pretrained` of Python's peft. An encoder that was itself trained, or merged with
    /// another LoRA, is not that of the pretrained model any more: [`save_pretrained`](Self::save_pretrained)
    /// keeps such a model whole.
    ///
    /// # Errors
    /// [`Error::Data`] if the model has no LoRA, [`Error::File`] if a file can't be written; an older one
    /// of that name is then still there.
    pub fn save_adapter(&self, folder: impl AsRef<Path>) -> Result<()> {
        let lora = self.lora().ok_or_else(|| Error::Data(NO_LORA.to_owned()))?;
        let architecture = self.config.architecture;
        let mut named = self.named_parameters();
        named.retain(|(name, _)| is_low_rank(name) || !is_encoder(name, architecture));
        named.iter_mut().for_each(|(name, _)| name.insert_str(0, PREFIX));
        let mut said = json!({});
        let (names, classes) = (self.class_names(), self.config.num_classes as usize);
        classes::write(&mut said, &names, classes, self.is_multi_label() == Some(true));
        let folder = folder.as_ref();
        let said = [(CLASSES, said.to_string()), (ENCODER, self.encoder_fingerprint()?)];
        save(&folder.join(WEIGHTS[0]), named, &said)?;
        let config = format!("{:#}\n", self.adapter_config(&lora));
        write(&folder.join(CONFIG), config.as_bytes())
    }

    /// What the encoder's own parameters are.
    fn encoder_fingerprint(&self) -> Result<String> {
        let architecture = self.config.architecture;
        let named = self.named_parameters().into_iter();
        fingerprint(named.filter(|(name, _)| is_encoder(name, architecture) && !is_low_rank(name)))
    }

    /// Whether it was trained beside this encoder; one that doesn't say so, as those of peft, was.
    pub(super) fn is_base_of(&self, adapter: &Adapter) -> Result<bool> {
        let theirs = adapter.encoder.as_ref();
        theirs.map_or(Ok(true), |theirs| Ok(*theirs == self.encoder_fingerprint()?))
    }

    /// What peft wants to know.
    fn adapter_config(&self, lora: &Lora) -> Value {
        let mut saved: Vec<String> = self.last_layers();
        saved
            .iter_mut()
            .for_each(|module| module.truncate(module.find('.').unwrap_or(module.len())));
        saved.dedup();
        let (base, revision) = self.base();
        let whole = lora.alpha as i64;
        let alpha = if whole as f64 == lora.alpha { json!(whole) } else { json!(lora.alpha) };
        json!({
            "base_model_name_or_path": base,
            "bias": "none",
            "fan_in_fan_out": false,
            "inference_mode": true,
            "init_lora_weights": true,
            "lora_alpha": alpha,
            "lora_dropout": lora.dropout,
            "modules_to_save": saved,
            "peft_type": "LORA",
            "r": lora.rank,
            "revision": revision,
            "target_modules": lora.target_modules,
            "task_type": "SEQ_CLS",
            "use_dora": false,
            "use_rslora": false,
        })
    }

    /// The name of the pretrained model, and behind an `@` the revision.
    fn base(&self) -> (&str, Option<&str>) {
        match self.name.split_once('@') {
            Some((name, revision)) if !Path::new(&self.name).exists() => (name, Some(revision)),
            _ => (self.name.as_str(), None),
        }
    }

    /// Puts an adapter, by [`save_adapter`](Self::save_adapter) or by peft, into the pretrained model that
    /// it was made for: its matrices beside the layers, and its last layers in the place of the model's.
    /// What it brings can be trained further, all else is frozen. Prints what it is, which of the last
    /// layers it doesn't bring (these stay as they are in the model), and whether it was trained beside an
    /// encoder with other weights.
    ///
    /// # Errors
    /// [`Error::File`] if a file is missing or damaged, the adapter is of a model of another size or kind,
    /// or of a kind that is not known here (DoRA, rank-stabilized LoRA, trained biases); [`Error::Data`] if
    /// the model has LoRA already, [`Error::Memory`] if the device is too small. The model is then as it
    /// was.
    pub fn load_adapter(&self, folder: impl AsRef<Path>) -> Result<()> {
        self.check_no_lora()?;
        let adapter = Adapter::read(folder.as_ref())?;
        let (layers, lora) = adapter.fit(self)?;
        let is_base = self.is_base_of(&adapter)?;
        let _no_grad = tch::no_grad_guard();
        // Where this fails, nothing has changed yet.
        let device = self.store.device();
        let ready = |(name, tensor): (&String, &Tensor)| {
            Ok((name.clone(), tensor.f_to_kind(Kind::Float)?.f_to_device(device)?))
        };
        let tensors: BTreeMap<_, _> = adapter.tensors.iter().map(ready).collect::<Result<_>>()?;
        self.adapt(&layers, lora)?;
        let mut lacking = Vec::new();
        for (name, parameter) in self.named_parameters() {
            match tensors.get(&name) {
                Some(tensor) => {
                    parameter.shallow_clone().f_copy_(tensor)?;
                    let _ = parameter.set_requires_grad(true);
                }
                None if !is_encoder(&name, self.config.architecture) => lacking.push(name),
                None => {}
            }
        }
        self.set_classes(&adapter.classes);
        self.say(&adapter, layers.len(), &lacking);
        if !is_base {
            println!(
                "it was trained beside other weights than those of this encoder, so its answers are wrong here: \
                 save_pretrained keeps a model whole whose encoder has changed"
            );
        }
        Ok(())
    }

    /// Takes the names of the classes, and whether a text gets any number of them, from an adapter that
    /// says so.
    fn set_classes(&self, said: &Value) {
        if said.is_object() {
            let config = Config { json: said.clone(), ..self.config.clone() };
            self.class_names.replace(classes::names(&config));
            self.set_multi_label(classes::is_multi_label(&config));
        }
    }

    fn say(&self, adapter: &Adapter, layers: usize, lacking: &[String]) {
        let Some(lora) = self.lora() else { return };
        println!("LoRA of rank {} on {layers} layers ({})", lora.rank, list(&lora.target_modules));
        if !self.class_names().is_empty() {
            println!("classes: {}", list(self.class_names()));
        }
        let last = |name: &str| name.rsplit('/').next().map(str::to_owned);
        let theirs = adapter.config.get("base_model_name_or_path").and_then(Value::as_str);
        let ours = self.base().0;
        if let Some(theirs) = theirs.filter(|theirs| last(theirs) != last(ours)) {
            println!("it was made for {theirs}, and this is {ours}");
        }
        if !lacking.is_empty() {
            println!("not in the adapter, and left as it was: {}", lacking.join(", "));
        }
    }
}
