//! A model in files again.

use super::{AutoModelForSequenceClassification, classes, weights};
use crate::error::Result;
use crate::files::write;
use crate::hub::folder::WEIGHTS;
use serde_json::{Value, json};
use std::path::Path;

impl AutoModelForSequenceClassification {
    /// Writes `model.safetensors`, `config.json` with the names of the classes and whether a text gets
    /// one of them or any number (`problem_type`), and the tokenizer's two files into a folder:
    /// [`from_pretrained`](Self::from_pretrained) reads it, here and in Python's transformers. What LoRA
    /// has learned is merged into the weights of the file, and stays apart in the model.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) if a file can't be written; an older one of that name is then
    /// still there.
    pub fn save_pretrained(&self, folder: impl AsRef<Path>) -> Result<()> {
        let folder = folder.as_ref();
        weights::save(&folder.join(WEIGHTS[0]), self.merged()?, &[])?;
        let pretty = |json: Value| format!("{json:#}").into_bytes();
        write(&folder.join("tokenizer.json"), self.tokenizer.file())?;
        write(&folder.join("tokenizer_config.json"), &pretty(self.tokenizer.json()))?;
        write(&folder.join("config.json"), &pretty(self.json()))
    }

    /// The config for transformers, with the classes that the model has now.
    fn json(&self) -> Value {
        let mut json = self.config.json.clone();
        let model_type = json["model_type"].as_str().unwrap_or_default();
        let class = self.config.architecture.class_name(model_type);
        json["architectures"] = json!([class]);
        let (names, classes) = (self.class_names(), self.config.num_classes as usize);
        classes::write(&mut json, &names, classes, self.is_multi_label() == Some(true));
        json["dtype"] = json!("float32");
        if let Some(fields) = json.as_object_mut() {
            for field in ["torch_dtype", "num_labels"] {
                fields.remove(field);
            }
        }
        json
    }
}
