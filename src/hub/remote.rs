//! The Hugging Face hub.

use super::cache::Repository;
use super::folder::{
    ADDED_TOKENS, BYTES, CONFIG, MERGES, SPECIAL_TOKENS, TOKENIZER, TOKENIZER_CONFIG, WEIGHTS,
    WORD_PIECES, is_index, weight_files,
};
use super::settings::Settings;
use crate::download::{Checksum, Download, agent, no_connection};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;
use ureq::http::{HeaderMap, Response};

/// The hub moves a model to another name by this many redirects at most.
const REDIRECTS: usize = 5;

/// Brings a model into the cache. The latest commit is noted last, so that a model that is not
/// whole is not taken for one that is.
pub fn download(settings: &Settings, cache: &Path, name: &str) -> Result<PathBuf> {
    let model = Model { settings, name };
    if settings.offline {
        return Err(model.error(format!(
            "HF_HUB_OFFLINE forbids the download, and {} doesn't have all of the model: \
             unset HF_HUB_OFFLINE, or give the folder of a model",
            cache.display()
        )));
    }
    let repository = Repository::new(cache, name);
    let files = model.files(&repository)?;
    let commit = match files.first() {
        Some(first) if files.iter().all(|file| file.commit == first.commit) => &first.commit,
        _ => return Err(model.error("the model was changed just now: run the cell again")),
    };
    let megabytes = files.iter().map(|file| file.size).sum::<u64>() as f64 / 1e6;
    println!("{name}: {megabytes:.1} MB from {} to {}", settings.endpoint, cache.display());
    for file in &files {
        file.fetch(settings, &repository)?;
        repository.link(commit, &file.name, &file.checksum)?;
    }
    repository.set_main(commit)?;
    Ok(repository.snapshot_of(commit))
}

/// A model on the hub.
struct Model<'a> {
    settings: &'a Settings,
    name: &'a str,
}

impl Model<'_> {
    /// All files of the model. The index of the weights is downloaded to know them.
    fn files(&self, repository: &Repository) -> Result<Vec<RemoteFile>> {
        let config = self.file(CONFIG)?.ok_or_else(|| {
            self.error("no such model, or one without a config.json: check the spelling")
        })?;
        let mut files = vec![config];
        files.extend(self.tokenizer()?);
        for name in WEIGHTS {
            let Some(weights) = self.file(name)? else { continue };
            if is_index(name) {
                for part in weight_files(&weights.fetch(self.settings, repository)?)? {
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
            return Ok(vec![file]);
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
        let url = format!("{}/resolve/main/{name}", self.url());
        let answer = head(&url, self.settings.token.as_deref())?;
        match answer.status().as_u16() {
            200 | 301..=303 | 307 | 308 => {}
            404 => return Ok(None),
            status => return Err(Error::Download { url, message: refusal(status) }),
        }
        let (name, headers) = (name.to_owned(), answer.headers());
        RemoteFile::from_headers(name, url.clone(), headers).map(Some).ok_or_else(|| {
            let message = "the answer is not that of a Hugging Face hub: check HF_ENDPOINT";
            Error::Download { url, message: message.to_owned() }
        })
    }

    fn url(&self) -> String {
        format!("{}/{}", self.settings.endpoint, self.name)
    }

    fn lacks(&self, file: &str) -> Error {
        let name = self.name;
        self.error(format!(
            "the model has no {file}: in Python, \
             AutoModelForSequenceClassification.from_pretrained(\"{name}\").save_pretrained(folder) \
             and AutoTokenizer.from_pretrained(\"{name}\").save_pretrained(folder) make one; \
             give that folder here"
        ))
    }

    fn error(&self, message: impl Into<String>) -> Error {
        Error::Download { url: self.url(), message: message.into() }
    }
}

/// A file of a model on the hub.
struct RemoteFile {
    name: String,
    url: String,
    commit: String,
    /// A SHA-256, or for a small file what git calls its content.
    checksum: String,
    size: u64,
}

impl RemoteFile {
    /// A large file is elsewhere, and what the answer says about that one are the linked headers.
    fn from_headers(name: String, url: String, headers: &HeaderMap) -> Option<RemoteFile> {
        let header = |name| headers.get(name)?.to_str().ok();
        let moved = headers.contains_key("Location");
        let either = |linked, own| header(linked).or_else(|| header(own).filter(|_| !moved));
        let is_hex = |text: &&str| text.chars().all(|char| matches!(char, '0'..='9' | 'a'..='f'));
        let commit = header("X-Repo-Commit").filter(is_hex).filter(|commit| !commit.is_empty())?;
        let tag = either("X-Linked-Etag", "ETag")?;
        let checksum = Some(tag.trim_start_matches("W/").trim_matches('"'))
            .filter(is_hex)
            .filter(|checksum| [40, 64].contains(&checksum.len()))?;
        let size = either("X-Linked-Size", "Content-Length")?.parse().ok()?;
        Some(RemoteFile {
            name,
            url,
            commit: commit.to_owned(),
            checksum: checksum.to_owned(),
            size,
        })
    }

    /// Brings the content into the cache and says where it is.
    fn fetch(&self, settings: &Settings, repository: &Repository) -> Result<PathBuf> {
        let checksum = match self.checksum.len() {
            64 => Checksum::Sha256(&self.checksum),
            _ => Checksum::GitBlob(&self.checksum),
        };
        let token = settings.token.as_deref();
        let blob = repository.blob(&self.checksum);
        Download { url: &self.url, size: self.size, checksum, token }
            .fetch_locking(&blob, &repository.lock(&self.checksum))?;
        Ok(blob)
    }
}

/// Asks about a file, in a thread of its own: a hub that does not answer must not keep the stop
/// button from working.
fn head(url: &str, token: Option<&str>) -> Result<Response<ureq::Body>> {
    let failed = |message: String| Error::Download { url: url.to_owned(), message };
    let interrupt = Interrupt::listen();
    let (sender, answers) = sync_channel(1);
    let (address, token) = (url.to_owned(), token.map(str::to_owned));
    std::thread::spawn(move || {
        let _ = sender.send(request_head(address, token.as_deref()));
    });
    loop {
        match answers.recv_timeout(Duration::from_millis(200)) {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => {
                let what = no_connection(&error);
                return Err(failed(format!(
                    "{what}: check the network, or give the folder of a model"
                )));
            }
            Err(_) if interrupt.happened() => {
                return Err(Error::Stopped(format!("the download of {url}")));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(failed("no answer; run the cell again".to_owned()));
            }
        }
    }
}

/// Follows redirects to the same host only, which are those of models with a new name: the headers
/// that count come before the redirect to the host of the large files.
fn request_head(
    mut url: String,
    token: Option<&str>,
) -> std::result::Result<Response<ureq::Body>, ureq::Error> {
    for _ in 0..REDIRECTS {
        let mut request = agent(0).head(&url);
        if let Some(token) = token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let answer = request.call()?;
        let location = answer.headers().get("Location").and_then(|location| location.to_str().ok());
        let origin = origin(&url);
        match location.map(|location| location.strip_prefix(origin).unwrap_or(location)) {
            Some(path) if path.starts_with('/') && !path.starts_with("//") => {
                url = format!("{origin}{path}");
            }
            _ => return Ok(answer),
        }
    }
    Err(ureq::Error::TooManyRedirects)
}

/// The scheme and the host of an address.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |scheme| scheme + 3);
    url[host..].find('/').map_or(url, |path| &url[..host + path])
}

fn refusal(status: u16) -> String {
    match status {
        401 | 403 => "gated, private or no such model: check the spelling, or ask for access on \
                      its page and set HF_TOKEN to your token"
            .to_owned(),
        429 => "too many requests: wait a minute, or set HF_TOKEN to your token".to_owned(),
        _ => format!("the hub answers {status}: try again later"),
    }
}
