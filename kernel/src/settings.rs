//! All that is particular to one project, in one file: which crate the notebooks load, with what it
//! is compiled and run, and what every cell finds. A set-up program writes it; `prepare` and the
//! kernel read it.

use crate::error::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{DirBuilder, Metadata, Permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The settings of a project's notebooks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// The crate that notebooks load by `:dep NAME = { path = ".." }`.
    pub library: Library,
    /// The folder for all that is prepared: compiled once, used by every kernel.
    pub home: PathBuf,
    /// The program evcxr_jupyter.
    pub evcxr: PathBuf,
    /// Rust code that each kernel runs at its start.
    pub prelude: String,
    /// Environment variables for compiling the library and for running cells.
    pub variables: BTreeMap<String, String>,
    /// Environment variables for running cells, where the user has not set them.
    pub defaults: BTreeMap<String, String>,
    /// Folders in front of the user's PATH.
    pub path: Vec<PathBuf>,
    /// Folders in which the library's shared objects lie, such as libtorch's.
    pub library_path: Vec<PathBuf>,
    /// The command that prepares all this again, for messages.
    pub setup_command: String,
}

/// A local crate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Library {
    /// Its name.
    pub name: String,
    /// The folder of its Cargo.toml.
    pub path: PathBuf,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// A file that is missing or was written by another version.
    pub fn read(file: &Path) -> Result<Settings> {
        let text = std::fs::read(file).context(format!("can't read {}", file.display()))?;
        serde_json::from_slice(&text).context(format!("{}: run the set-up again", file.display()))
    }
}

impl Settings {
    /// The folder that this user may write: `home`, or for a course folder that belongs to somebody
    /// else, one in the user's cache. evcxr tells the process of the cells which file to load in
    /// words separated by spaces, so no path in it may have one, and a colon separates the folders of
    /// PATH.
    ///
    /// # Errors
    /// No such folder.
    pub fn own_folder(&self) -> Result<PathBuf> {
        if is_writable(&self.home) {
            return Ok(self.home.clone());
        }
        let place = crate::template::hash(&self.home.to_string_lossy());
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| Some(std::env::home_dir()?.join(".cache")));
        let cache = cache.map(|cache| cache.join(&self.library.name).join(&place));
        let user = unsafe { libc::getuid() };
        let spare = std::env::temp_dir().join(format!("{}-{user}-{place}", self.library.name));
        let usable = |folder: &PathBuf| {
            let text = folder.to_str().unwrap_or(" ");
            folder.is_absolute()
                && !text.contains(|sign: char| sign.is_whitespace() || sign == ':')
                && make_private(folder)
        };
        cache.into_iter().chain([spare]).find(usable).context(format!(
            "{} can't be written, and neither can your cache folder: set XDG_CACHE_HOME to one \
             without a space or a colon in its path",
            self.home.display()
        ))
    }
}

fn is_writable(folder: &Path) -> bool {
    use std::os::unix::ffi::OsStrExt;
    std::ffi::CString::new(folder.as_os_str().as_bytes())
        .is_ok_and(|path| unsafe { libc::access(path.as_ptr(), libc::W_OK) == 0 })
}

/// Makes a folder for this user alone, or takes the one that is there. In a folder for all, somebody
/// else may have made one of this name, or a link to another.
fn make_private(folder: &Path) -> bool {
    let mut builder = DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(folder).is_ok();
    // SAFETY: no arguments, no failure.
    let user = unsafe { libc::getuid() };
    let is_ours = |about: Metadata| about.is_dir() && about.uid() == user;
    made && folder.symlink_metadata().is_ok_and(is_ours)
        && std::fs::set_permissions(folder, Permissions::from_mode(0o700)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_for_one_user_is_nobody_else_s() {
        let root = std::env::temp_dir().join(format!("kernel-private-{}", std::process::id()));
        let (folder, link) = (root.join("a/b"), root.join("link"));
        std::fs::create_dir_all(&folder).unwrap();
        std::os::unix::fs::symlink(&folder, &link).unwrap();
        assert!(make_private(&folder) && make_private(&root.join("new")));
        for folder in [&folder, &root.join("new")] {
            assert_eq!(folder.metadata().unwrap().mode() & 0o777, 0o700);
        }
        assert!(!make_private(&link));
        std::fs::remove_dir_all(root).unwrap();
    }
}
