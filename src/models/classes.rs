//! What `config.json` says about the classes of a model, and what becomes of that.

use super::config::Config;
use super::weights::Mismatched;
use crate::dataset::{are_names, numbered};
use crate::error::{Error, Result};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::Path;

/// What the last layers of models are called that choose one class, ...
const SINGLE_LABEL: &str = "single_label_classification";
/// ... and of those that give any number of labels.
const MULTI_LABEL: &str = "multi_label_classification";

/// What a checkpoint's last layers do, if not to choose classes. In transformers a classifier with
/// one output gives a number, unless its config says otherwise; a mere encoder may have such a config
/// without last layers.
fn other_problem(config: &Value) -> Option<&str> {
    let architecture = config["architectures"][0].as_str().unwrap_or_default();
    let classes = config["id2label"]
        .as_object()
        .map_or(config["num_labels"].as_u64(), |map| Some(map.len() as u64));
    let gives_a_number = architecture.ends_with("ForSequenceClassification") && classes == Some(1);
    match config["problem_type"].as_str() {
        Some(SINGLE_LABEL | MULTI_LABEL) => None,
        None => gives_a_number.then_some("regression"),
        other => other,
    }
}

/// Whether the last layers of the checkpoint give any number of labels.
pub fn is_multi_label(config: &Config) -> bool {
    config.json["problem_type"] == MULTI_LABEL
}

/// Whether the last layers must be new, since those of the checkpoint choose no class.
///
/// # Errors
/// [`Error::File`] if new ones are not asked for.
pub fn needs_new_head(config: &Config, path: &Path, mismatched: Mismatched) -> Result<bool> {
    match (other_problem(&config.json), mismatched) {
        (None, _) => Ok(false),
        (Some(_), Mismatched::Replaced) => Ok(true),
        (Some(problem), Mismatched::Refused) => Err(Error::file(
            path,
            format!(
                "its problem_type is {problem}, and here a model chooses among classes: \
                 from_pretrained_with_new_head keeps the encoder and draws new last layers to train"
            ),
        )),
    }
}

/// The names of the classes, where each has one of its own that is more than a number.
pub fn names(config: &Config) -> Vec<String> {
    let classes = config.num_classes as usize;
    let map = config.json["id2label"].as_object();
    let name = |class: usize| Some(map?.get(&class.to_string())?.as_str()?.to_owned());
    let names: Option<Vec<String>> = (0..classes).map(name).collect();
    let fits = |names: &Vec<String>| {
        let distinct: HashSet<&String> = names.iter().collect();
        map.is_some_and(|map| map.len() == classes)
            && distinct.len() == classes
            && are_names(names)
            && *names != unnamed(classes)
    };
    names.filter(fits).unwrap_or_default()
}

/// The config with these names, if there are any, as transformers writes it.
pub fn write(json: &mut Value, names: &[String], num_classes: usize, multi_label: bool) {
    let names = if names.is_empty() { unnamed(num_classes) } else { names.to_vec() };
    let by_number = names.iter().enumerate();
    json["id2label"] =
        by_number.clone().map(|(class, name)| (class.to_string(), json!(name))).collect();
    json["label2id"] = by_number.map(|(class, name)| (name.clone(), json!(class))).collect();
    json["problem_type"] = json!(if multi_label { MULTI_LABEL } else { SINGLE_LABEL });
}

/// What transformers calls classes that have no names.
fn unnamed(classes: usize) -> Vec<String> {
    numbered(classes).into_iter().map(|number| format!("LABEL_{number}")).collect()
}
