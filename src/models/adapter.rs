//! What LoRA has learned, in files: those of peft, <https://huggingface.co/docs/peft/developer_guides/checkpoint>.

use super::config::Config;
use super::layers::Linear;
use super::lora::NO_LORA;
use super::low_rank::{Lora, is_low_rank};
use super::reading::Reading;
use super::weights::{each_tensor, is_encoder, save};
use super::{AutoModelForSequenceClassification, classes};
use crate::dataset::list;
use crate::error::{Error, Result};
use crate::files::write;
use safetensors::tensor::SafeTensors;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use tch::Tensor;

const CONFIG: &str = "adapter_config.json";
/// The second one is what peft wrote until 2023.
const WEIGHTS: [&str; 2] = ["adapter_model.safetensors", "adapter_model.bin"];
/// What the keys begin with: the model lies in peft's own one.
const PREFIX: &str = "base_model.model.";
/// Where the weights' file says what the classes are; peft doesn't look at it.
const CLASSES: &str = "unit8.classes";
/// What the config may say without a change of what is calculated, or what the tensors tell, too.
const NO_MATTER: [&str; 18] = [
    "auto_mapping",
    "base_model_name_or_path",
    "ensure_weight_tying",
    "exclude_modules",
    "inference_mode",
    "layers_pattern",
    "layers_to_transform",
    "lora_alpha",
    "lora_dropout",
    "megatron_core",
    "modules_to_save",
    "peft_type",
    "peft_version",
    "qalora_group_size",
    "r",
    "revision",
    "target_modules",
    "task_type",
];

impl AutoModelForSequenceClassification {
    /// Writes what was trained beside the frozen encoder, LoRA's matrices and the last layers, into a
    /// folder: `adapter_model.safetensors`, a hundredth of the whole model, and `adapter_config.json`.
    /// [`load_adapter`](Self::load_adapter) puts it into the same pretrained model again, and so does
    /// `PeftModel.from_pretrained` of Python's peft.
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
        save(&folder.join(WEIGHTS[0]), named, &[(CLASSES, said.to_string())])?;
        let config = format!("{:#}\n", self.adapter_config(&lora));
        write(&folder.join(CONFIG), config.as_bytes())
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
            _ => (&self.name, None),
        }
    }

    /// Puts an adapter, by [`save_adapter`](Self::save_adapter) or by peft, into the pretrained model that
    /// it was made for: its matrices beside the layers, and its last layers in the place of the model's.
    /// What it brings can be trained further, all else is frozen. Prints what it is, and which of the last
    /// layers it doesn't bring: these stay as they are in the model.
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
        self.adapt(&layers, lora)?;
        let _no_grad = tch::no_grad_guard();
        let mut lacking = Vec::new();
        for (name, parameter) in self.named_parameters() {
            match adapter.tensors.get(&name) {
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
            println!("classes: {}", list(&self.class_names()));
        }
        let last = |name: &str| name.rsplit('/').next().map(str::to_owned);
        let (ours, theirs) = (self.base().0, adapter.config["base_model_name_or_path"].as_str());
        if let Some(theirs) = theirs.filter(|theirs| last(theirs) != last(ours)) {
            println!("it was made for {theirs}, and this is {ours}");
        }
        if !lacking.is_empty() {
            println!("not in the adapter, and left as it was: {}", lacking.join(", "));
        }
    }
}

/// The files of an adapter.
struct Adapter<'a> {
    folder: &'a Path,
    config: Map<String, Value>,
    /// By the names of the model's parameters.
    tensors: BTreeMap<String, Tensor>,
    /// What the weights' file says about the classes.
    classes: Value,
}

impl Adapter<'_> {
    fn read(folder: &Path) -> Result<Adapter<'_>> {
        let path = folder.join(CONFIG);
        let text = std::fs::read(&path).map_err(|error| {
            let remedy = "name a folder that save_adapter, or peft, has written";
            Error::file(&path, format!("{error}: {remedy}"))
        })?;
        let config: Map<String, Value> = serde_json::from_slice(&text).map_err(|error| {
            Error::file(&path, format!("not the config of an adapter: {error}"))
        })?;
        check(&config).map_err(|message| Error::file(&path, message))?;
        let file = WEIGHTS.into_iter().find(|file| folder.join(file).is_file());
        let path = folder.join(file.unwrap_or(WEIGHTS[0]));
        let mut reading = Reading::start(std::slice::from_ref(&path))?;
        let mut tensors = BTreeMap::new();
        each_tensor(&path, &mut reading, &mut |key, tensor| {
            let wrong = |message: String| Error::file(&path, format!("{key}: {message}"));
            let name = key.strip_prefix(PREFIX);
            let name =
                name.ok_or_else(|| wrong(format!("the keys of peft begin with {PREFIX}")))?;
            let tensor = tensor.map_err(wrong)?;
            if !tensor.is_floating_point() || !bool::try_from(tensor.f_isfinite()?.f_all()?)? {
                return Err(wrong(
                    "it has NaN or infinite numbers, or others than weights have".into(),
                ));
            }
            tensors.insert(name.to_owned(), tensor);
            Ok(())
        })?;
        reading.done();
        Ok(Adapter { folder, config, tensors, classes: said_of_classes(&path) })
    }

    /// The layers that it changes, and how.
    ///
    /// # Errors
    /// [`Error::File`] if it is of another model.
    fn fit<'m>(
        &self,
        model: &'m AutoModelForSequenceClassification,
    ) -> Result<(Vec<&'m Linear>, Lora)> {
        let refused = |message: String| Error::file(self.folder, message);
        let rank = self.config.get("r").and_then(Value::as_u64).filter(|rank| *rank > 0);
        let rank = rank.ok_or_else(|| refused(format!("{CONFIG} has no rank r")))?;
        let number = |name: &str| self.config.get(name).and_then(Value::as_f64);
        let alpha = number("lora_alpha").filter(|alpha| alpha.is_finite());
        let alpha = alpha.ok_or_else(|| refused(format!("{CONFIG} has no lora_alpha")))?;
        let dropout = number("lora_dropout").unwrap_or(0.0);
        if !(0.0..1.0).contains(&dropout) {
            return Err(refused(format!("{CONFIG}: lora_dropout is {dropout}")));
        }

        let mut layers = model.encoder.linears();
        layers.retain(|layer| self.tensors.contains_key(&format!("{}.lora_A.weight", layer.name)));
        let mut sizes = BTreeMap::new();
        for layer in &layers {
            let ([outputs, inputs], rank) = (layer.size(), rank as i64);
            sizes.insert(format!("{}.lora_A.weight", layer.name), vec![rank, inputs]);
            sizes.insert(format!("{}.lora_B.weight", layer.name), vec![outputs, rank]);
        }
        for (name, parameter) in model.named_parameters() {
            if !is_encoder(&name, model.config.architecture) {
                sizes.insert(name, parameter.size());
            }
        }
        for (name, tensor) in &self.tensors {
            let size = tensor.size();
            match sizes.remove(name) {
                Some(fitting) if fitting == size => {}
                Some(other) => {
                    return Err(refused(format!(
                        "{name} has shape {size:?}, and {other:?} belongs here: load the model that the \
                         adapter was made for, with as many classes"
                    )));
                }
                None => {
                    return Err(refused(format!(
                        "{name}: an adapter changes the layers of the encoder's blocks here, and brings \
                         last layers; this model has no such one"
                    )));
                }
            }
        }
        if let Some(name) = sizes.keys().find(|name| is_low_rank(name)) {
            return Err(refused(format!("it lacks {name}: it is not whole")));
        }
        if layers.is_empty() {
            return Err(refused("it has nothing for the encoder of this model".to_owned()));
        }
        let target_modules = self.target_modules(model, &layers);
        Ok((layers, Lora { rank: rank as usize, alpha, dropout, target_modules }))
    }

    /// The names in the config, if they mean these layers, or else the layers' own.
    fn target_modules(
        &self,
        model: &AutoModelForSequenceClassification,
        layers: &[&Linear],
    ) -> Vec<String> {
        let names = |layers: &[&Linear]| -> Vec<String> {
            layers.iter().map(|layer| layer.name.clone()).collect()
        };
        let said = self.config.get("target_modules").cloned().unwrap_or_default();
        let said: Vec<String> = serde_json::from_value(said).unwrap_or_default();
        match model.targets(&said) {
            Ok(meant) if names(&meant) == names(layers) => said,
            _ => names(layers),
        }
    }
}

/// What makes an adapter another one than those that are known here.
fn check(config: &Map<String, Value>) -> std::result::Result<(), String> {
    if config.get("peft_type").is_none_or(|kind| kind != "LORA") {
        let kind = config.get("peft_type").unwrap_or(&Value::Null);
        return Err(format!("its peft_type is {kind}: only LORA is known here"));
    }
    for (field, value) in config {
        let known = match field.as_str() {
            "bias" => value == "none",
            // Others change the weights of the encoder, too.
            "init_lora_weights" => {
                value.is_boolean() || value == "gaussian" || value == "orthogonal"
            }
            field if NO_MATTER.contains(&field) => true,
            _ => match value {
                Value::Null | Value::Bool(false) => true,
                Value::Array(values) => values.is_empty(),
                Value::Object(values) => values.is_empty(),
                _ => false,
            },
        };
        if !known {
            return Err(format!(
                "{field} is {value}, which is not known here: merge the adapter into its model in Python \
                 (merge_and_unload, save_pretrained), and load that"
            ));
        }
    }
    Ok(())
}

/// As [`AutoModelForSequenceClassification::save_adapter`] has written it; nothing of others.
fn said_of_classes(path: &Path) -> Value {
    let said = || {
        let bytes = std::fs::read(path).ok()?;
        let (_, header) = SafeTensors::read_metadata(&bytes).ok()?;
        serde_json::from_str(header.metadata().as_ref()?.get(CLASSES)?).ok()
    };
    said().unwrap_or_default()
}
