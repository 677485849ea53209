//! What the hub tells about a file before it is downloaded.

use crate::download::sha256;
use crate::error::{Error, Result};
use crate::files::is_plain;
use crate::network::{Address, Answer};

/// A file of a model on the hub.
pub struct RemoteFile {
    pub name: String,
    pub url: String,
    /// Where it is just now.
    pub location: Address,
    pub commit: String,
    /// What the server calls the content, and what the cache does.
    pub tag: String,
    pub blob: String,
    /// Whether the tag is its SHA-256 for sure.
    pub is_large: bool,
    pub size: Option<u64>,
}

impl RemoteFile {
    /// A large file is elsewhere, and what the answer says about that one are the linked headers.
    ///
    /// # Errors
    /// [`Error::Network`] if the answer is not that of a hub.
    pub fn new(name: &str, url: String, answer: &Answer) -> Result<RemoteFile> {
        let lacks = |header| {
            let message = format!(
                "the answer has no {header}, so it is not that of a Hugging Face hub: check HF_ENDPOINT"
            );
            Error::Network { url: url.clone(), message }
        };
        let commit = answer.header("X-Repo-Commit").filter(|commit| is_plain(commit));
        let commit = commit.ok_or_else(|| lacks("X-Repo-Commit"))?;
        let linked = answer.header("X-Linked-Etag").map(bare).filter(|tag| !tag.is_empty());
        let tag = linked.or_else(|| answer.header("ETag").map(bare)).filter(|tag| !tag.is_empty());
        let tag = tag.ok_or_else(|| lacks("ETag"))?;
        let is_sha256 = tag.len() == 64 && tag.chars().all(|char| char.is_ascii_hexdigit());
        let own = || answer.header("Content-Length").filter(|_| answer.moved.is_none());
        let size = answer.header("X-Linked-Size").or_else(own);
        Ok(RemoteFile {
            name: name.to_owned(),
            location: answer.moved.as_ref().unwrap_or(&answer.address).clone(),
            commit: commit.to_owned(),
            blob: blob_name(tag).map_err(|error| Error::file(name, error))?,
            tag: tag.to_owned(),
            is_large: linked.is_some() && is_sha256,
            // Some answers to HEAD have no length worth the name.
            size: size
                .filter(|_| answer.encoding().is_none())
                .and_then(|size| size.parse().ok())
                .filter(|size| *size > 0),
            url,
        })
    }
}

/// A tag without what HTTP has around it.
fn bare(tag: &str) -> &str {
    tag.trim().trim_start_matches("W/").trim_matches('"')
}

/// The tag itself, as in Python, unless it would be no file's name.
fn blob_name(tag: &str) -> std::io::Result<String> {
    if is_plain(tag) { Ok(tag.to_owned()) } else { sha256(&mut tag.as_bytes()) }
}
