//! Reading an adapter, and whether it fits a model.

use crate::error::{Error, Result};
use crate::models::AutoModelForSequenceClassification;
use crate::models::layers::Linear;
use crate::models::low_rank::{Lora, is_low_rank};
use crate::models::reading::Reading;
use crate::models::weights::{each_tensor, is_encoder};
use safetensors::tensor::SafeTensors;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use tch::Tensor;

pub const CONFIG: &str = "adapter_config.json";
/// The second one is what peft wrote until 2023.
pub const WEIGHTS: [&str; 2] = ["adapter_model.safetensors", "adapter_model.bin"];
/// What the keys begin with: the model lies in peft's own one.
pub const PREFIX: &str = "base_model.model.";
/// Where the weights' file says what the classes are, and which encoder it was trained beside; peft
/// doesn't look at it.
pub const CLASSES: &str = "unit8.classes";
pub const ENCODER: &str = "unit8.encoder";
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

/// The files of an adapter.
pub struct Adapter<'a> {
    folder: &'a Path,
    pub config: Map<String, Value>,
    /// By the names of the model's parameters.
    pub tensors: BTreeMap<String, Tensor>,
    /// What the weights' file says about the classes.
    pub classes: Value,
    /// What it says about the encoder, if anything.
    pub encoder: Option<String>,
}

impl Adapter<'_> {
    pub fn read(folder: &Path) -> Result<Adapter<'_>> {
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
        let mut said = said_in(&path);
        let classes = said.remove(CLASSES).and_then(|said| serde_json::from_str(&said).ok());
        let encoder = said.remove(ENCODER);
        Ok(Adapter { folder, config, tensors, classes: classes.unwrap_or_default(), encoder })
    }

    /// The layers that it changes, and how.
    ///
    /// # Errors
    /// [`Error::File`] if it is of another model.
    pub fn fit<'m>(
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
                        "{name}: an adapter changes linear layers of the encoder's blocks here, and brings \
                         last layers whole, and this model has no such one: load the model that it was \
                         made for, or merge it into that in Python (merge_and_unload, save_pretrained) \
                         and load the result"
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

/// What [`AutoModelForSequenceClassification::save_adapter`] has written beside the tensors; nothing of
/// others.
fn said_in(path: &Path) -> HashMap<String, String> {
    let said = || {
        let bytes = std::fs::read(path).ok()?;
        let (_, header) = SafeTensors::read_metadata(&bytes).ok()?;
        header.metadata().clone()
    };
    said().unwrap_or_default()
}
