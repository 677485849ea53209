//! A copy of cargo's target folder that costs no space: some hundred megabytes of compiled crates are
//! hard-linked, and what cargo rewrites in place is copied.

use crate::error::{Context, Result};
use crate::workspace::CELLS;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// Files that are worth a link.
const LARGE: u64 = 1 << 14;

/// What compilers and linkers replace by a new file, programs aside. Others, objects of C compilers
/// among them, are rewritten in place.
const REPLACED: [&str; 4] = ["a", "rlib", "rmeta", "so"];

/// Copies a target folder, whole or not at all. What belongs to the library is copied, too: it is
/// compiled anew.
///
/// # Errors
/// A folder that can't be read or written.
pub fn link_tree(from: &Path, to: &Path, library: &str) -> Result<()> {
    let what = || format!("can't copy {} to {}", from.display(), to.display());
    let new = to.with_extension(format!("new-{}", std::process::id()));
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).context(what())?;
    }
    let linked =
        link(from, &new, &|path| is_ours(path.strip_prefix(from).unwrap_or(path), library))
            .and_then(|()| fs::rename(&new, to));
    if linked.is_err() {
        let _ = fs::remove_dir_all(&new);
    }
    linked.context(what())
}

fn link(from: &Path, to: &Path, is_ours: &impl Fn(&Path) -> bool) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            let name = entry.file_name();
            if name != "incremental" && name != "cargo-timings" {
                link(&source, &target, is_ours)?;
            }
        } else if is_replaced(&source, &entry.metadata()?) && !is_ours(&source) {
            // Another owner's file can't be linked where the system protects it, nor one on another
            // file system.
            fs::hard_link(&source, &target)
                .or_else(|_| symlink(&source, &target))
                .or_else(|_| copy(&source, &target))?;
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

/// Whether a file is large, and never written in place.
fn is_replaced(path: &Path, about: &Metadata) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let is_program = about.permissions().mode() & 0o111 != 0;
    about.len() >= LARGE && extension.map_or(is_program, |kind| REPLACED.contains(&kind))
}

/// Whether a file in a target folder belongs to the library or a cell.
fn is_ours(path: &Path, library: &str) -> bool {
    // In the names of rustc's files a hyphen is an underscore.
    let file_name = library.replace('-', "_");
    path.iter().any(|part| {
        let part = part.to_string_lossy();
        let name = part.strip_prefix("lib").unwrap_or(&part);
        [CELLS, library, file_name.as_str()].iter().any(|package| {
            name.strip_prefix(package).is_some_and(|rest| rest.starts_with(['-', '.']))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::write;
    use std::os::unix::fs::MetadataExt;
    use std::path::PathBuf;

    fn target(name: &str) -> PathBuf {
        let root = std::env::temp_dir().join(format!("kernel-links-{name}-{}", std::process::id()));
        let deps = root.join("from/x/debug/deps");
        write(&deps.join("libtch-1.rlib"), "tch".repeat(10_000)).unwrap();
        write(&deps.join("tch-1.d"), "tch".repeat(10_000)).unwrap();
        write(&deps.join("libunit8-1.rlib"), "unit8".repeat(10_000)).unwrap();
        write(&root.join("from/x/debug/.cargo-lock"), "").unwrap();
        root
    }

    #[test]
    fn writing_into_a_copy_leaves_the_original_alone() {
        let root = target("alone");
        link_tree(&root.join("from"), &root.join("to"), "unit8").unwrap();
        for file in ["deps/tch-1.d", "deps/libunit8-1.rlib", ".cargo-lock"] {
            fs::write(root.join("to/x/debug").join(file), "changed").unwrap();
            let original = fs::read_to_string(root.join("from/x/debug").join(file)).unwrap();
            assert_ne!(original, "changed", "{file}");
        }
        let linked = root.join("to/x/debug/deps/libtch-1.rlib");
        assert_eq!(fs::metadata(&linked).unwrap().nlink(), 2);
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_library_with_a_hyphen_has_files_with_an_underscore() {
        for (file, ours) in [
            ("deps/libmy_lib-1.rlib", true),
            (".fingerprint/my-lib-1/lib", true),
            ("deps/libmy_lib_derive-1.so", false),
            ("deps/libmy-1.rlib", false),
        ] {
            assert_eq!(is_ours(Path::new(file), "my-lib"), ours, "{file}");
        }
    }

    #[test]
    fn on_another_file_system_files_are_symbolic_links() {
        if !Path::new("/dev/shm").is_dir() {
            return;
        }
        let root = target("elsewhere");
        let elsewhere = PathBuf::from(format!("/dev/shm/kernel-links-{}", std::process::id()));
        link_tree(&root.join("from"), &elsewhere, "unit8").unwrap();
        let linked = elsewhere.join("x/debug/deps/libtch-1.rlib");
        assert_eq!(fs::read_to_string(linked).unwrap(), "tch".repeat(10_000));
        fs::remove_dir_all(elsewhere).unwrap();
        fs::remove_dir_all(root).unwrap();
    }
}
