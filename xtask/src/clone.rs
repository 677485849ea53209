//! A kernel's own copy of the template. What cargo and evcxr rewrite in place is copied; some hundred
//! megabytes of compiled crates are hard-linked.

use crate::process::{Context, Result};
use crate::project::Project;
use crate::template::{CELLS, read_stamp};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The folder of one kernel. It goes when this value goes; the lock in it tells later kernels
/// that its owner is alive, and is released by the system however that owner ends.
pub struct Clone {
    pub folder: PathBuf,
    owner: File,
}

impl Clone {
    /// Clones the template. Where there is none that is complete, the folder stays empty: such a
    /// kernel works, and compiles the library at its first `:dep`.
    pub fn of_template(project: &Project) -> Result<Clone> {
        let clones = project.clones();
        fs::create_dir_all(&clones).context(format!("can't make {}", clones.display()))?;
        let clone = {
            // One at a time: a new folder must be locked before another kernel sweeps.
            let guard = File::create(clones.join("guard")).context("can't write the guard file")?;
            guard.lock().context("can't lock the guard file")?;
            sweep(&clones);
            Clone::empty(&clones)?
        };
        let lock = File::open(project.home.join("template.lock"));
        let _held = lock.and_then(|lock| lock.lock_shared().map(|()| lock));
        let template = project.template();
        if read_stamp(&template).is_none() {
            eprintln!(
                "unit8: no prebuilt library, so the first :dep takes minutes. \
                 `cargo xtask setup` builds it."
            );
            fs::create_dir(clone.folder.join(CELLS)).context("a kernel's folder")?;
            return Ok(clone);
        }
        copy_tree(&template, &clone.folder, &clone.folder)
            .context(format!("can't clone {}", template.display()))?;
        Ok(clone)
    }

    fn empty(clones: &Path) -> Result<Clone> {
        let folder = (0..)
            .map(|number| clones.join(format!("{}-{number}", std::process::id())))
            .find(|folder| !folder.exists())
            .context("no free name for a kernel's folder")?;
        fs::create_dir(&folder).context(format!("can't make {}", folder.display()))?;
        // It will hold the key of the kernel's connections.
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))
            .context(format!("can't protect {}", folder.display()))?;
        let owner = File::create(lock_file(&folder)).context("a kernel's lock file")?;
        owner.lock().context("a kernel's lock file")?;
        Ok(Clone { folder, owner })
    }
}

impl Drop for Clone {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
        let _ = fs::remove_file(lock_file(&self.folder));
        let _ = self.owner.unlock();
    }
}

/// The lock lies beside the folder, so that it outlives a half-removed one.
fn lock_file(folder: &Path) -> PathBuf {
    folder.with_extension("lock")
}

/// Removes the clones that killed kernels left.
pub fn sweep(clones: &Path) {
    let Ok(entries) = fs::read_dir(clones) else {
        return;
    };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.extension().is_none_or(|extension| extension != "lock") {
            continue;
        }
        if File::open(&path).is_ok_and(|lock| lock.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(path.with_extension(""));
            let _ = fs::remove_file(&path);
        }
    }
}

fn copy_tree(from: &Path, to: &Path, root: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            if is_needed(&source) {
                fs::create_dir(&target)?;
                copy_tree(&source, &target, root)?;
            }
        } else if is_shared(target.strip_prefix(root).unwrap_or(&target), entry.metadata()?.len()) {
            // Another file system, or one without hard links: a copy does as well.
            fs::hard_link(&source, &target).or_else(|_| copy(&source, &target))?;
        } else {
            copy(&source, &target)?;
        }
    }
    Ok(())
}

/// cargo compares times of change to tell what is fresh: a copy must keep them.
fn copy(source: &Path, target: &Path) -> io::Result<()> {
    fs::copy(source, target)?;
    let modified = fs::metadata(source)?.modified()?;
    File::options().write(true).open(target)?.set_modified(modified)
}

/// Whether a file is hard-linked: a large output of a crate that the library depends on. Compilers
/// and linkers replace such files, but cargo rewrites its small ones in place, and would do so in
/// the template if a kernel ever had to compile a dependency again.
fn is_shared(path: &Path, bytes: u64) -> bool {
    const LARGE: u64 = 1 << 14;
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    let in_outputs = parts.iter().any(|part| *part == "deps" || *part == "build");
    let ours = parts.iter().any(|part| {
        let name = part.strip_prefix("lib").unwrap_or(part);
        [CELLS, "unit8", "xtask"].iter().any(|package| {
            name.strip_prefix(package).is_some_and(|rest| rest.starts_with(['-', '.']))
        })
    });
    in_outputs && !ours && bytes >= LARGE
}

/// A cell is compiled from scratch the first time: the rest of `target` would only be carried along.
fn is_needed(folder: &Path) -> bool {
    folder.file_name().is_none_or(|name| name != "incremental" && name != "cargo-timings")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("unit8-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn put(path: PathBuf, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn template(project: &Project) {
        let deps = project.template().join("target/x/debug/deps");
        put(deps.join("libtch-1.rlib"), &"tch".repeat(10_000));
        put(deps.join("tch-1.d"), "tch");
        put(deps.join("libunit8-1.rlib"), "unit8");
        put(project.template().join("target/x/debug/.cargo-lock"), "");
        put(project.template().join("Cargo.toml"), "manifest");
        put(project.template().join("complete"), "stamp");
    }

    #[test]
    fn writing_into_a_clone_leaves_the_template_alone() {
        let root = folder("clone");
        let project = Project { root: root.clone(), home: root.clone() };
        template(&project);
        let clone = Clone::of_template(&project).unwrap();
        for file in [
            "Cargo.toml",
            "target/x/debug/deps/tch-1.d",
            "target/x/debug/deps/libunit8-1.rlib",
            "target/x/debug/.cargo-lock",
        ] {
            fs::write(clone.folder.join(file), "changed").unwrap();
            assert_ne!(
                fs::read_to_string(project.template().join(file)).unwrap(),
                "changed",
                "{file}"
            );
        }
        let linked = clone.folder.join("target/x/debug/deps/libtch-1.rlib");
        use std::os::unix::fs::MetadataExt;
        assert_eq!(fs::metadata(&linked).unwrap().nlink(), 2);
        let gone = clone.folder.clone();
        drop(clone);
        assert!(!gone.exists());
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn on_another_file_system_files_are_copied() {
        if !Path::new("/dev/shm").is_dir() {
            return;
        }
        let elsewhere = PathBuf::from(format!("/dev/shm/unit8-clones-{}", std::process::id()));
        let root = folder("elsewhere");
        let project = Project { root: root.clone(), home: root.clone() };
        template(&project);
        fs::create_dir_all(&elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, project.clones()).unwrap();
        let clone = Clone::of_template(&project).unwrap();
        let copied = clone.folder.join("target/x/debug/deps/libtch-1.rlib");
        assert_eq!(fs::read_to_string(copied).unwrap(), "tch".repeat(10_000));
        drop(clone);
        fs::remove_dir_all(elsewhere).unwrap();
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_half_written_template_is_not_used() {
        let root = folder("half");
        let project = Project { root: root.clone(), home: root.clone() };
        template(&project);
        fs::remove_file(project.template().join("complete")).unwrap();
        let clone = Clone::of_template(&project).unwrap();
        assert!(!clone.folder.join("Cargo.toml").exists());
        drop(clone);
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn what_a_killed_kernel_left_is_swept_and_a_living_one_is_not() {
        let clones = folder("sweep");
        put(clones.join("1/src/lib.rs"), "");
        put(clones.join("1.lock"), "");
        put(clones.join("2/src/lib.rs"), "");
        put(clones.join("2.lock"), "");
        let alive = File::open(clones.join("2.lock")).unwrap();
        alive.lock().unwrap();
        sweep(&clones);
        assert!(!clones.join("1").exists() && !clones.join("1.lock").exists());
        assert!(clones.join("2/src/lib.rs").exists());
        fs::remove_dir_all(clones).unwrap();
    }
}
