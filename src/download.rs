//! Downloads that go on where they were, and arrive whole and right or not at all.

use crate::error::{Error, Result};
use crate::files::cannot_write;
use crate::network::{Address, Client, Token};
use checksum::Verdict;
#[cfg(test)]
pub use checksum::git_blob;
pub use checksum::{Checksum, sha256};
use receive::Arrived;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

mod checksum;
mod lock;
mod receive;
#[cfg(test)]
mod tests;

/// A file that turns out to be another one is downloaded so often.
const ROUNDS: usize = 3;

/// A file to be downloaded, and how to tell that it is the right one.
pub struct Download<'a> {
    /// Its address.
    pub url: &'a str,
    /// Where it was said to be just now: asked first. Such addresses expire.
    pub location: Option<&'a Address>,
    /// Its size in bytes, as far as it is known.
    pub size: Option<u64>,
    pub checksum: Checksum<'a>,
    pub token: Option<&'a Token>,
}

impl Download<'_> {
    /// Brings the file to `path`, unless it is there. What arrived before a stop, a crash or a
    /// broken connection stays in `<path>.part` and is not downloaded again.
    pub fn fetch(&self, client: &Client, path: &Path) -> Result<()> {
        self.fetch_locking(client, path, &with_suffix(path, "lock"))
    }

    /// [`Download::fetch`] for a folder that has another place for its locks.
    pub fn fetch_locking(&self, client: &Client, path: &Path, lock: &Path) -> Result<()> {
        let write_error = |error: io::Error| cannot_write(path, &error);
        for folder in [path, lock].into_iter().filter_map(Path::parent) {
            fs::create_dir_all(folder).map_err(write_error)?;
        }
        // One process at a time; a second one waits and finds the file.
        let lock = File::create(lock).map_err(write_error)?;
        let is_ours = lock::wait_for(&lock, path, client)?;
        if path.is_file() {
            return Ok(());
        }
        // Two at once must not write into one.
        let own = format!("{}.part", std::process::id());
        let part = with_suffix(path, if is_ours { "part" } else { &own });
        self.fetch_right(client, path, &part)?;
        fs::rename(&part, path).map_err(write_error)
    }

    /// Brings the file to `part` and makes sure that it is the right one.
    fn fetch_right(&self, client: &Client, path: &Path, part: &Path) -> Result<()> {
        let mut seen = None;
        let is_tag = matches!(self.checksum, Checksum::Tag(_));
        for _ in 0..ROUNDS {
            let Arrived { in_one_piece, is_whole } = self.receive(client, part, path)?;
            let Some(found) = self.difference(part)? else { return Ok(()) };
            // A mirror may call its files as it likes. What comes twice, and whole, is what it has.
            let length = fs::metadata(part).map_err(|error| Error::file(part, error))?.len();
            let is_whole = self.size.map_or(is_whole, |size| size == length);
            if is_tag && is_whole && seen.as_ref() == Some(&found) {
                println!(
                    "{}: the server's tag is no checksum, so it was compared with itself",
                    self.name()
                );
                return Ok(());
            }
            fs::remove_file(part).map_err(|error| cannot_write(part, &error))?;
            // Pieces may be of two files.
            if in_one_piece && !is_tag {
                return Err(self.wrong(path, &found, "run the cell again"));
            }
            seen = Some(found);
        }
        Err(self.wrong(path, &seen.unwrap_or_default(), "run the cell again"))
    }

    /// Whether a file is the right one.
    pub fn verify(&self, path: &Path) -> Result<()> {
        match self.difference(path)? {
            None => Ok(()),
            Some(found) => Err(self.wrong(path, &found, "delete it and run the cell again")),
        }
    }

    /// What a file is instead of the right one, if it is not.
    fn difference(&self, path: &Path) -> Result<Option<String>> {
        let unreadable = |error: io::Error| Error::file(path, error);
        let size = fs::metadata(path).map_err(unreadable)?.len();
        let (kind, found) = match self.checksum.verdict(path).map_err(unreadable)? {
            Verdict::Right => return Ok(None),
            Verdict::Wrong(kind, found) => (kind, found),
            Verdict::Unknown if self.size == Some(size) => return Ok(None),
            Verdict::Unknown => {
                ("SHA-256", sha256(&mut File::open(path).map_err(unreadable)?).map_err(unreadable)?)
            }
        };
        Ok(Some(format!("{size} bytes with {kind} {found}")))
    }

    fn wrong(&self, path: &Path, found: &str, remedy: &str) -> Error {
        let size = self.size.map_or(String::new(), |size| format!("{size} with "));
        let (url, expected) = (self.url, self.checksum.expected());
        Error::file(
            path,
            format!("not the file of {url}: {found} instead of {size}{expected}; {remedy}"),
        )
    }

    /// The last part of its address.
    fn name(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or(self.url)
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}
