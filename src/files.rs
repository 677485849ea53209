//! Files that are written whole or not at all, the folder for what is downloaded, and what the Python
//! environment has.

use crate::environment::Environment;
use crate::error::{Error, Result};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Makes a folder, unless it is there; none that is called `~`, which whoever tidies up might take for
/// their home.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.iter().next().is_some_and(|first| first.to_string_lossy().starts_with('~')) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, NO_TILDE));
    }
    fs::create_dir_all(folder)
}

/// What a path that begins so is to be instead.
pub const NO_TILDE: &str =
    "~ is not your home folder here: write the path out, as in /home/ada/reviews.csv";

/// Lets `write` make the file under another name and gives it its own at the end: a full disk or a
/// crash leaves an older file as it was. A device or a pipe is written to as it is: it would be one no
/// more.
pub fn write_whole(path: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    if fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        return write(path);
    }
    let failed = |error: io::Error| cannot_write(path, &error);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    create_folder(folder.unwrap_or(Path::new("."))).map_err(failed)?;
    let part = part_of(path);
    let written = write(&part).and_then(|()| {
        File::open(&part).and_then(|file| file.sync_all()).map_err(failed)?;
        fs::rename(&part, path).map_err(failed)
    });
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written
}

/// Writes bytes, whole or not at all.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    write_whole(path, |part| fs::write(part, bytes).map_err(|error| cannot_write(path, &error)))
}

/// The name of a file that is not whole yet, another one in each process.
fn part_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}

/// Whether this is the name of a file and leads nowhere else.
pub fn is_plain(name: &str) -> bool {
    (1..200).contains(&name.len())
        && !name.starts_with('.')
        && name.chars().all(|char| char.is_ascii_alphanumeric() || "-_.=+".contains(char))
}

pub fn cannot_write(path: &Path, error: &io::Error) -> Error {
    let remedy = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            ": free some space and run the cell again"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ": choose a folder that you may write to"
        }
        _ => "",
    };
    Error::file(path, format!("can't be written: {error}{remedy}"))
}

/// Where downloaded data is kept: `UNIT8_DATA`, else `unit8/data` in the user's cache folder.
///
/// # Errors
/// [`Error::Data`] if neither that variable nor `HOME` is set.
pub fn data_dir() -> Result<PathBuf> {
    let environment = Environment::of_process();
    let in_cache = || Some(environment.cache()?.join("unit8").join("data"));
    environment.path("UNIT8_DATA").or_else(in_cache).ok_or_else(|| {
        Error::Data("no home folder: set UNIT8_DATA to a folder for the data".to_owned())
    })
}

/// A file or folder in the active Python environment: of a pip package, or below the environment
/// itself.
pub fn in_environment(path: &str) -> Option<PathBuf> {
    let environments = ["VIRTUAL_ENV", "CONDA_PREFIX"].into_iter().filter_map(std::env::var_os);
    environments
        .map(PathBuf::from)
        .flat_map(|prefix| [site_packages(&prefix), vec![prefix]].concat())
        .map(|folder| folder.join(path))
        .find(|path| path.exists())
}

fn site_packages(prefix: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(prefix.join("lib")) else {
        return Vec::new();
    };
    entries.filter_map(|entry| Some(entry.ok()?.path().join("site-packages"))).collect()
}

/// A new folder for the files of one test.
#[cfg(test)]
pub fn test_folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("unit8-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &Path, text: &'static str) -> Result<()> {
        write_whole(path, |part| fs::write(part, text).map_err(|e| cannot_write(path, &e)))
    }

    #[test]
    fn no_folder_is_called_like_the_home() {
        for path in ["~/new/file.txt", "~ada/file.txt"] {
            let error = text(Path::new(path), "new").unwrap_err().to_string();
            assert!(error.contains("write the path out"), "{error}");
        }
        assert!(!Path::new("~").exists());
    }

    #[test]
    fn a_device_stays_one() {
        let folder = test_folder("device");
        let (nothing, full) = (folder.join("nothing"), folder.join("full"));
        std::os::unix::fs::symlink("/dev/null", &nothing).unwrap();
        std::os::unix::fs::symlink("/dev/full", &full).unwrap();
        text(&nothing, "new").unwrap();
        let error = text(&full, "new").unwrap_err().to_string();
        assert!(error.ends_with("free some space and run the cell again"), "{error}");
        assert!(nothing.is_symlink() && full.is_symlink());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_full_disk_leaves_the_old_file() {
        let folder = test_folder("full");
        let path = folder.join("new/file.txt");
        text(&path, "old").unwrap();
        // What is written to this device finds no space.
        std::os::unix::fs::symlink("/dev/full", part_of(&path)).unwrap();
        let error = text(&path, "new").unwrap_err().to_string();
        assert!(error.contains("file.txt: can't be written"), "{error}");
        assert!(error.ends_with("free some space and run the cell again"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        text(&path, "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no part is left");
        fs::remove_dir_all(folder).unwrap();
    }
}
