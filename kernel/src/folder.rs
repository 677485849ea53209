//! The folder of one kernel: the cells' source, what they are compiled to, its connection file. All
//! that is large stays in the template.

use crate::error::{Context, Result};
use crate::janitor::Janitor;
use crate::lock::{Lock, abandoned};
use crate::process::write;
use crate::settings::Settings;
use crate::template::Template;
use crate::toolchain::{Toolchain, cargo_home, join, stand_ins};
use crate::workspace::CELLS;
use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names the kernel's folder to the stand-ins (see [`crate::cells`]).
pub const FOLDER: &str = "NOTEBOOK_KERNEL_FOLDER";

/// Names the settings to the stand-ins.
pub const SETTINGS: &str = "NOTEBOOK_KERNEL_SETTINGS";

/// The folder. It goes when this value goes; the lock beside it tells later kernels that its owner is
/// alive, and is released by the system however that owner ends.
#[derive(Debug)]
pub struct Folder {
    /// Its path.
    pub path: PathBuf,
    template: Template,
    _owner: Lock,
}

impl Folder {
    /// Makes the folder for a kernel that begins with a template, and lets it be watched.
    ///
    /// # Errors
    /// A place that can't be written.
    pub fn new(settings: &Settings, template: Template) -> Result<(Folder, Janitor)> {
        let kernels = kernels(settings)?;
        // One at a time: a new folder must be locked before another kernel sweeps.
        let _guard = Lock::exclusive(&kernels.join("guard"))?;
        sweep(&kernels);
        let path = (0..)
            .map(|number| kernels.join(format!("{}-{number}", std::process::id())))
            .find(|path| !path.exists())
            .context("no free name for a kernel's folder")?;
        // First: a kernel that ended between the two would leave the folder.
        let janitor = Janitor::start(&path)?;
        // It will hold the key of the kernel's connections.
        let made = fs::DirBuilder::new().mode(0o700).create(&path);
        made.context(format!("can't make {}", path.display()))?;
        let owner = Lock::exclusive(&lock_file(&path))?;
        use_template(&path, &template.folder)?;
        write(&path.join(CELLS).join("src/lib.rs"), "")?;
        Ok((Folder { path, template, _owner: owner }, janitor))
    }

    /// Gives evcxr all variables by which its cells are compiled here, by our stand-ins.
    ///
    /// # Errors
    /// No Rust any more.
    pub fn set_variables(
        &self,
        settings: &Settings,
        settings_file: &Path,
        command: &mut Command,
    ) -> Result<()> {
        let tools = Toolchain::current(settings)?;
        let cells = stand_ins(settings);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(cells.clone()).chain(settings.path.clone());
        let sources = self.template.folder.join("sources/std");
        for name in ["RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "RUSTUP_TOOLCHAIN"] {
            command.env_remove(name);
        }
        command
            .env("PATH", join(folders.chain(std::env::split_paths(&path))))
            .env("EVCXR_TMPDIR", self.path.join(CELLS))
            .env("EVCXR_CONFIG_DIR", settings.home.join("config"))
            .env("CARGO", cells.join("cargo"))
            .env("RUSTC", &tools.rustc)
            .env("CARGO_HOME", cargo_home(&settings.own_folder()?)?)
            .env(FOLDER, &self.path)
            .env(SETTINGS, settings_file)
            .envs(&settings.variables);
        if sources.is_dir() {
            command.env("RUST_SRC_PATH", sources);
        }
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
        let _ = fs::remove_file(lock_file(&self.path));
    }
}

/// The template that a kernel uses at present.
///
/// # Errors
/// A folder that is gone.
pub fn template_of(folder: &Path) -> Result<PathBuf> {
    let text = fs::read_to_string(folder.join("template"));
    Ok(text.context(format!("{} is gone", folder.display()))?.into())
}

/// Lets a kernel use another template from now on.
///
/// # Errors
/// A folder that can't be written.
pub fn use_template(folder: &Path, template: &Path) -> Result<()> {
    write(&folder.join("template"), template.to_string_lossy().as_bytes())
}

/// The templates that living kernels use.
pub fn templates_in_use(settings: &Settings) -> HashSet<PathBuf> {
    let Ok(kernels) = kernels(settings) else { return HashSet::new() };
    folders(&kernels).into_iter().filter_map(|folder| template_of(&folder).ok()).collect()
}

/// Removes what killed kernels left.
pub fn sweep(kernels: &Path) {
    for folder in folders(kernels) {
        let lock = lock_file(&folder);
        if let Some(_held) = abandoned(&lock) {
            let _ = fs::remove_dir_all(&folder);
            let _ = fs::remove_file(lock);
        }
    }
}

/// The folder of all kernels' folders.
///
/// # Errors
/// A place that can't be written.
pub fn kernels(settings: &Settings) -> Result<PathBuf> {
    let kernels = settings.own_folder()?.join("kernels");
    fs::create_dir_all(&kernels).context(format!("can't make {}", kernels.display()))?;
    Ok(kernels)
}

/// The lock lies beside the folder, so that it outlives a half-removed one.
fn lock_file(folder: &Path) -> PathBuf {
    folder.with_extension("lock")
}

fn folders(kernels: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(kernels).into_iter().flatten();
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "lock"))
        .map(|lock| lock.with_extension(""))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_kernel_left_is_swept_and_a_living_one_is_not() {
        let kernels = std::env::temp_dir().join(format!("kernel-sweep-{}", std::process::id()));
        for name in ["1", "2"] {
            write(&kernels.join(name).join("src/lib.rs"), "").unwrap();
            write(&kernels.join(format!("{name}.lock")), "").unwrap();
        }
        let alive = Lock::exclusive(&kernels.join("2.lock")).unwrap();
        sweep(&kernels);
        assert!(!kernels.join("1").exists() && !kernels.join("1.lock").exists());
        assert!(kernels.join("2/src/lib.rs").exists());
        drop(alive);
        fs::remove_dir_all(kernels).unwrap();
    }
}
