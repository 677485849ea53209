//! The Hugging Face hub.

use super::cache::Repository;
use super::folder::{
    ADDED_TOKENS, BYTES, CONFIG, MERGES, SPECIAL_TOKENS, TOKENIZER, TOKENIZER_CONFIG, WEIGHTS,
    WORD_PIECES, is_index, weight_files,
};
use super::name::Name;
use super::settings::Settings;
use crate::download::{Checksum, Download};
use crate::error::{Error, Result};
use crate::network::Client;
use file::RemoteFile;
use server::Server;
use std::cell::RefCell;
use std::path::{Path, PathBuf};

mod file;
mod server;

/// Brings a model into the cache. Which commit the revision is, is noted last, so that a model that
/// is not whole is not taken for one that is.
pub fn download(settings: &Settings, cache: &Path, name: &Name<'_>) -> Result<PathBuf> {
    let url = format!("{}/{}", settings.endpoint, name.repository);
    if settings.offline {
        let message = format!(
            "HF_HUB_OFFLINE forbids the download, and {} doesn't have all of the model: \
             unset HF_HUB_OFFLINE, or give the folder of a model",
            cache.display()
        );
        return Err(Error::Network { url, message });
    }
    let client = Client::new(&settings.environment)?;
    let model = Model {
        server: Server::new(settings, &client, name)?,
        client: &client,
        repository: Repository::new(cache, name.repository),
        name,
        url,
        commit: RefCell::default(),
    };
    let files = model.files()?;
    let commit = model.commit.borrow();
    let megabytes = files.iter().filter_map(|file| file.size).sum::<u64>() as f64 / 1e6;
    let (name, endpoint) = (name.repository, &settings.endpoint);
    println!("{name}: {megabytes:.1} MB from {endpoint} to {}", cache.display());
    for file in &files {
        model.fetch(file)?;
        model.repository.link(&commit, &file.name, &file.blob)?;
    }
    if !model.name.is_commit() {
        model.repository.note(model.name.revision, &commit)?;
    }
    Ok(model.repository.snapshot_of(&commit))
}

/// A model on the hub.
struct Model<'a> {
    server: Server<'a>,
    client: &'a Client,
    repository: Repository,
    name: &'a Name<'a>,
    url: String,
    /// The commit of the files that have been asked for. Empty before the first answer.
    commit: RefCell<String>,
}

impl Model<'_> {
    /// All files of the model. The index of the weights is downloaded to know them.
    fn files(&self) -> Result<Vec<RemoteFile>> {
        let config = self.file(CONFIG)?.ok_or_else(|| {
            self.error("no such model, or one without a config.json: check the spelling")
        })?;
        let mut files = vec![config];
        files.extend(self.tokenizer()?);
        for name in WEIGHTS {
            let Some(weights) = self.file(name)? else { continue };
            if is_index(name) {
                for part in weight_files(&self.fetch(&weights)?)? {
                    files.push(self.needed(&part)?);
                }
            }
            files.push(weights);
            return Ok(files);
        }
        Err(self.lacks(WEIGHTS[0]))
    }

    /// One file, or those of an older model.
    fn tokenizer(&self) -> Result<Vec<RemoteFile>> {
        if let Some(file) = self.file(TOKENIZER)? {
            return Ok([Some(file), self.file(TOKENIZER_CONFIG)?].into_iter().flatten().collect());
        }
        let mut files = match self.file(WORD_PIECES)? {
            Some(words) => vec![words],
            None => match self.file(BYTES)? {
                Some(bytes) => vec![bytes, self.needed(MERGES)?],
                None => return Err(self.lacks(TOKENIZER)),
            },
        };
        for name in [TOKENIZER_CONFIG, SPECIAL_TOKENS, ADDED_TOKENS] {
            files.extend(self.file(name)?);
        }
        Ok(files)
    }

    fn needed(&self, name: &str) -> Result<RemoteFile> {
        self.file(name)?.ok_or_else(|| self.lacks(name))
    }

    /// What the hub says about a file, if it has it.
    fn file(&self, name: &str) -> Result<Option<RemoteFile>> {
        let known = self.commit.borrow().clone();
        if !known.is_empty() && self.repository.is_known_to_lack(&known, name) {
            return Ok(None);
        }
        let Some((url, answer)) = self.server.head(name)? else { return Ok(None) };
        let file = RemoteFile::new(name, url, &answer)?;
        if !known.is_empty() && known != file.commit {
            return Err(self.error("the model was changed just now: run the cell again"));
        }
        self.commit.replace(file.commit.clone());
        Ok(Some(file))
    }

    /// Brings a file's content into the cache and says where it is.
    fn fetch(&self, file: &RemoteFile) -> Result<PathBuf> {
        let blob = self.repository.blob(&file.blob);
        let download = Download {
            url: &file.url,
            location: Some(&file.location),
            size: file.size,
            checksum: match file.is_large {
                true => Checksum::Sha256(&file.tag),
                false => Checksum::Tag(&file.tag),
            },
            token: self.server.token(),
        };
        download.fetch_locking(self.client, &blob, &self.repository.lock(&file.blob))?;
        Ok(blob)
    }

    fn lacks(&self, file: &str) -> Error {
        let Name { repository, revision, is_pinned } = self.name;
        let revision =
            if *is_pinned { format!(", revision=\"{revision}\"") } else { String::new() };
        self.error(format!(
            "the model has no {file}: in Python, AutoModelForSequenceClassification\
             .from_pretrained(\"{repository}\"{revision}).save_pretrained(folder) and \
             AutoTokenizer.from_pretrained(\"{repository}\"{revision}).save_pretrained(folder) make \
             one; give that folder here"
        ))
    }

    fn error(&self, message: impl Into<String>) -> Error {
        Error::Download { url: self.url.clone(), message: message.into() }
    }
}
