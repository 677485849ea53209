//! Where things are.

use crate::process::{Context, Result};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// The checkout and the folder for all that set-up makes in it.
#[derive(Clone, Debug)]
pub struct Project {
    /// The checkout: holds Cargo.toml and notebooks/.
    pub root: PathBuf,
    /// What set-up makes and `cargo clean` must not take: `.unit8` in the checkout.
    pub home: PathBuf,
}

impl Project {
    /// The checkout that this xtask was built from.
    pub fn of_xtask() -> Result<Project> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest.parent().context("xtask lies at the root of a disk")?;
        Project::at(root)
    }

    pub fn at(root: &Path) -> Result<Project> {
        let root = root.canonicalize().context(format!("{} can't be opened", root.display()))?;
        let home = home_of(&root)?;
        Ok(Project { root, home })
    }

    pub fn notebooks(&self) -> PathBuf {
        self.root.join("notebooks")
    }

    pub fn venv(&self) -> PathBuf {
        self.root.join(".venv")
    }

    pub fn evcxr(&self) -> PathBuf {
        self.home.join("evcxr/bin/evcxr_jupyter")
    }

    pub fn log(&self, step: &str) -> PathBuf {
        self.home.join("log").join(format!("{step}.log"))
    }
}

/// `.unit8` in the checkout, except where the path has a space in it: evcxr tells its child
/// process which file to load in a line of words separated by spaces, so such a kernel has to
/// live somewhere else. A colon separates the folders of PATH and the libraries of LD_PRELOAD.
fn home_of(root: &Path) -> Result<PathBuf> {
    let text = root.to_str().context(format!(
        "the path {} is not valid Unicode: move the project to another folder",
        root.display()
    ))?;
    if !is_unusable(text) {
        return Ok(root.join(".unit8"));
    }
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let folder = format!("unit8/{:016x}", hasher.finish());
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(std::env::home_dir()?.join(".cache")));
    cache
        .map(|cache| cache.join(folder))
        .filter(|home| home.is_absolute())
        .filter(|home| home.to_str().is_some_and(|home| !is_unusable(home)))
        .context(
            "the project's path and your cache folder both contain a space or a colon: \
                  move the project to a folder without one, or set XDG_CACHE_HOME to such a folder",
        )
}

fn is_unusable(path: &str) -> bool {
    path.contains(|sign: char| sign.is_whitespace() || sign == ':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_a_space_or_a_colon_puts_the_home_elsewhere() {
        let home = home_of(Path::new("/courses/Übung 8")).unwrap();
        assert!(!home.to_str().unwrap().contains(' '), "{home:?}");
        assert!(home.is_absolute(), "{home:?}");
        assert!(!home_of(Path::new("/courses/unit:8")).unwrap().to_str().unwrap().contains(':'));
        assert_ne!(home, home_of(Path::new("/courses/Übung 9")).unwrap());
    }

    #[test]
    fn other_paths_keep_it_in_the_checkout() {
        let root = Path::new("/courses/Übung-8");
        assert_eq!(home_of(root).unwrap(), root.join(".unit8"));
    }
}
