//! The cache of huggingface_hub, so that Python and Rust download a model once.

use super::folder;
use crate::error::Result;
use crate::files::{cannot_write, write_whole};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A model in the cache: `blobs` has the files by their checksums, `snapshots/<commit>` links to
/// them by their names, and `refs/main` says which commit is the latest.
pub struct Repository {
    folder: PathBuf,
    locks: PathBuf,
}

impl Repository {
    pub fn new(cache: &Path, name: &str) -> Repository {
        let folder = format!("models--{}", name.replace('/', "--"));
        Repository { locks: cache.join(".locks").join(&folder), folder: cache.join(folder) }
    }

    /// The folder of the latest snapshot, if it is whole.
    pub fn snapshot(&self) -> Result<Option<PathBuf>> {
        let Ok(commit) = fs::read_to_string(self.folder.join("refs/main")) else {
            return Ok(None);
        };
        let snapshot = self.snapshot_of(commit.trim());
        Ok(folder::missing(&snapshot)?.is_empty().then_some(snapshot))
    }

    pub fn snapshot_of(&self, commit: &str) -> PathBuf {
        self.folder.join("snapshots").join(commit)
    }

    /// Where the content with this checksum is kept.
    pub fn blob(&self, checksum: &str) -> PathBuf {
        self.folder.join("blobs").join(checksum)
    }

    /// The lock that Python takes for it, too.
    pub fn lock(&self, checksum: &str) -> PathBuf {
        self.locks.join(format!("{checksum}.lock"))
    }

    /// Gives the content with this checksum its name in a snapshot.
    pub fn link(&self, commit: &str, file: &str, checksum: &str) -> Result<()> {
        let link = self.snapshot_of(commit).join(file);
        if link.is_file() {
            return Ok(());
        }
        write_whole(&link, |part| {
            let blob = Path::new("../../blobs").join(checksum);
            symlink(blob, part).map_err(|error| cannot_write(&link, &error))
        })
    }

    /// Makes this commit the latest.
    pub fn set_main(&self, commit: &str) -> Result<()> {
        let main = self.folder.join("refs/main");
        write_whole(&main, |part| {
            fs::write(part, commit).map_err(|error| cannot_write(&main, &error))
        })
    }
}
