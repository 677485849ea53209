//! Which files make a model.

use crate::error::{Error, Result};
use crate::files::is_plain;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

pub const CONFIG: &str = "config.json";
pub const TOKENIZER: &str = "tokenizer.json";
/// The tokenizers of older models: BERT's, and RoBERTa's two files.
pub const WORD_PIECES: &str = "vocab.txt";
pub const BYTES: &str = "vocab.json";
pub const MERGES: &str = "merges.txt";
/// What may go with them.
pub const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
pub const SPECIAL_TOKENS: &str = "special_tokens_map.json";
pub const ADDED_TOKENS: &str = "added_tokens.json";

/// The names that weights can have, the best one first: each may be in one file, or in several with an
/// index that says which of them has which tensor.
pub const WEIGHTS: [&str; 4] = [
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
];

pub const REMEDY: &str = "a model folder has config.json, tokenizer.json and model.safetensors; \
                          save one with save_pretrained";

/// The folder, if it has all files of a model.
pub fn whole(folder: &Path) -> Result<PathBuf> {
    let missing = missing(folder)?;
    if missing.is_empty() {
        return Ok(folder.to_owned());
    }
    if folder.join("adapter_config.json").is_file() {
        let message = "an adapter, not a whole model: load the model that it was made for, then call \
                       model.load_adapter with this folder";
        return Err(Error::file(folder, message));
    }
    if folder.join("sentencepiece.bpe.model").is_file() && missing == [TOKENIZER] {
        let message = "its tokenizer is a model of sentencepiece: in Python, \
                       AutoTokenizer.from_pretrained(folder).save_pretrained(folder) makes a \
                       tokenizer.json of it";
        return Err(Error::file(folder, message));
    }
    Err(Error::file(folder, format!("has no {}: {REMEDY}", missing.join(", no "))))
}

/// The files that a model needs and that are not in the folder.
pub fn missing(folder: &Path) -> Result<Vec<String>> {
    let has = |file: &str| folder.join(file).is_file();
    let mut files = vec![CONFIG.to_owned()];
    files.extend(tokenizer_files(has).into_iter().map(str::to_owned));
    match WEIGHTS.into_iter().find(|file| has(file)) {
        Some(index) if is_index(index) => files.extend(weight_files(&folder.join(index))?),
        Some(_) => {}
        None => files.push(WEIGHTS[0].to_owned()),
    }
    files.retain(|file| !has(file));
    Ok(files)
}

/// The files of the tokenizer that is there; those of a new one, if there is none.
pub fn tokenizer_files(has: impl Fn(&str) -> bool) -> Vec<&'static str> {
    if !has(TOKENIZER) && has(WORD_PIECES) {
        vec![WORD_PIECES]
    } else if !has(TOKENIZER) && (has(BYTES) || has(MERGES)) {
        vec![BYTES, MERGES]
    } else {
        vec![TOKENIZER]
    }
}

/// Whether it is one of [`WEIGHTS`] that only names others.
pub fn is_index(file: &str) -> bool {
    file.ends_with(".json")
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
            Some(file) if is_plain(file) && is_weights(file) => Ok(file.to_owned()),
            _ => Err(wrong(format!(
                "names {file}, which is no file of weights in the same folder: take another model"
            ))),
        })
        .collect()
}

fn is_weights(file: &str) -> bool {
    file.ends_with(".safetensors") || file.ends_with(".bin")
}
