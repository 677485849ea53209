//! Which files make a model.

use crate::error::{Error, Result};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

pub const CONFIG: &str = "config.json";
pub const TOKENIZER: &str = "tokenizer.json";
pub const WEIGHTS: &str = "model.safetensors";
/// Of weights in several files: which of them has which tensor.
pub const INDEX: &str = "model.safetensors.index.json";

pub const REMEDY: &str = "a model folder has config.json, tokenizer.json and model.safetensors; \
                          save one with save_pretrained";

/// The folder, if it has all files of a model.
pub fn whole(folder: &Path) -> Result<PathBuf> {
    let missing = missing(folder)?;
    if missing.is_empty() {
        return Ok(folder.to_owned());
    }
    Err(Error::file(folder, format!("has no {}: {REMEDY}", missing.join(", no "))))
}

/// The files that a model needs and that are not in the folder.
pub fn missing(folder: &Path) -> Result<Vec<String>> {
    let absent = |file: &str| !folder.join(file).is_file();
    let mut files = vec![CONFIG.to_owned(), TOKENIZER.to_owned()];
    if absent(WEIGHTS) && !absent(INDEX) {
        files.extend(weight_files(&folder.join(INDEX))?);
    } else {
        files.push(WEIGHTS.to_owned());
    }
    files.retain(|file| absent(file));
    Ok(files)
}

/// The files that an index names, sorted.
///
/// # Errors
/// [`Error::File`] if it is not an index, or names a file that could be anywhere.
pub fn weight_files(index: &Path) -> Result<BTreeSet<String>> {
    let wrong = |message| Error::file(index, message);
    let text = fs::read(index).map_err(|error| Error::file(index, error))?;
    let json: serde_json::Value = serde_json::from_slice(&text)
        .map_err(|error| wrong(format!("not JSON: {error}; delete it")))?;
    let map = json.get("weight_map").and_then(|map| map.as_object()).filter(|map| !map.is_empty());
    let map = map
        .ok_or_else(|| wrong("no index of weights, it has no weight_map; delete it".to_owned()))?;
    map.values()
        .map(|file| match file.as_str() {
            Some(file) if is_plain(file) => Ok(file.to_owned()),
            _ => Err(wrong(format!(
                "names {file}, which is no .safetensors file of the same folder: take another model"
            ))),
        })
        .collect()
}

fn is_plain(file: &str) -> bool {
    file.ends_with(".safetensors")
        && !file.starts_with('.')
        && file.chars().all(|char| char.is_ascii_alphanumeric() || "-_.".contains(char))
}
