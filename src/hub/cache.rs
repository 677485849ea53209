//! The cache of huggingface_hub, so that Python and Rust download a model once.

use super::folder;
use super::name::Name;
use crate::error::Result;
use crate::files::{cannot_write, is_plain, write_whole};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A model in the cache: `blobs` has the files by their tags, which mostly are checksums,
/// `snapshots/<commit>` links to them by their names, and `refs/<revision>` says which commit it is.
pub struct Repository {
    folder: PathBuf,
    locks: PathBuf,
}

impl Repository {
    pub fn new(cache: &Path, name: &str) -> Repository {
        let folder = format!("models--{}", name.replace('/', "--"));
        Repository { locks: cache.join(".locks").join(&folder), folder: cache.join(folder) }
    }

    /// The folder of what a revision is, as far as is known here, if it is whole.
    pub fn snapshot(&self, name: &Name<'_>) -> Result<Option<PathBuf>> {
        let noted = fs::read_to_string(self.folder.join("refs").join(name.revision));
        let snapshot = match noted {
            _ if name.is_commit() => self.snapshot_of(name.revision),
            Ok(commit) if is_plain(commit.trim()) => self.snapshot_of(commit.trim()),
            _ => return Ok(None),
        };
        Ok(folder::missing(&snapshot)?.is_empty().then_some(snapshot))
    }

    /// Whether Python has noted that a commit does not have this file.
    pub fn is_known_to_lack(&self, commit: &str, file: &str) -> bool {
        self.folder.join(".no_exist").join(commit).join(file).is_file()
    }

    pub fn snapshot_of(&self, commit: &str) -> PathBuf {
        self.folder.join("snapshots").join(commit)
    }

    /// Where the content with this tag is kept.
    pub fn blob(&self, tag: &str) -> PathBuf {
        self.folder.join("blobs").join(tag)
    }

    /// The lock that Python takes for it, too.
    pub fn lock(&self, tag: &str) -> PathBuf {
        self.locks.join(format!("{tag}.lock"))
    }

    /// Gives the content with this tag its name in a snapshot.
    pub fn link(&self, commit: &str, file: &str, tag: &str) -> Result<()> {
        let link = self.snapshot_of(commit).join(file);
        if link.is_file() {
            return Ok(());
        }
        write_whole(&link, |part| {
            let blob = Path::new("../../blobs").join(tag);
            symlink(blob, part).map_err(|error| cannot_write(&link, &error))
        })
    }

    /// Notes which commit a revision is.
    pub fn note(&self, revision: &str, commit: &str) -> Result<()> {
        let note = self.folder.join("refs").join(revision);
        write_whole(&note, |part| {
            fs::write(part, commit).map_err(|error| cannot_write(&note, &error))
        })
    }
}
