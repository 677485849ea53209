//! Runs as files, one each.

use super::run::{FORMAT, Run};
use crate::error::{Error, Result};
use crate::files::{cannot_write, create_folder, write_whole};
use rayon::prelude::*;
use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A larger file is no record.
const MOST_BYTES: u64 = 1 << 28;
/// So many files that can't be read are named.
const MOST_NAMES: usize = 5;
/// The letters of a run's name that its file has.
const NAME: usize = 40;

/// All runs of a folder; names the files among them that are none. Without the folder there are none.
pub fn read_all(folder: &Path) -> Result<Vec<Run>> {
    let cannot_read = |error: std::io::Error| {
        Error::file(folder, format!("can't be read: {error}: name a folder for the runs"))
    };
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(cannot_read)?,
    };
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>();
    let mut paths: Vec<PathBuf> = paths.map_err(cannot_read)?;
    paths.retain(|path| path.extension().is_some_and(|end| end == "json"));
    paths.sort();
    let read: Vec<_> =
        paths.into_par_iter().map(|path| read(&path).map_err(|e| (path, e))).collect();
    let (mut runs, mut skipped) = (Vec::new(), Vec::new());
    for run in read {
        match run {
            Ok(run) => runs.push(run),
            Err(why) => skipped.push(why),
        }
    }
    let newer = runs.iter().filter(|run| run.format > FORMAT).count();
    if newer > 0 {
        let folder = folder.display();
        println!(
            "{folder}: {newer} of {} records are of a newer version of the library: what this one \
             doesn't know is left out",
            runs.len()
        );
    }
    for (path, why) in skipped.iter().take(MOST_NAMES) {
        println!("{}: {why}; skipped", path.display());
    }
    if skipped.len() > MOST_NAMES {
        let more = skipped.len() - MOST_NAMES;
        println!("{}: {more} more files are no records of runs; skipped", folder.display());
    }
    Ok(runs)
}

/// The run, or what is wrong with its file.
fn read(path: &Path) -> std::result::Result<Run, String> {
    let about = fs::metadata(path).map_err(|error| format!("can't be read: {error}"))?;
    if !about.is_file() || about.len() > MOST_BYTES {
        return Err("no record of a run".to_owned());
    }
    let json = fs::read(path).map_err(|error| format!("can't be read: {error}"))?;
    let run: Run = serde_json::from_slice(&json).map_err(|error| match json.is_empty() {
        true => "an empty file, no record of a run".to_owned(),
        false => format!("no record of a run, or a damaged one ({error})"),
    })?;
    Ok(Run { file: Some(path.to_owned()), ..run })
}

/// Writes the run, whole or not at all: to its own file if it has one there, else to a new one.
pub fn write(mut run: Run, folder: &Path) -> Result<Run> {
    run.check()?;
    if let Some(path) = run.file.take().filter(|file| file.parent() == Some(folder)) {
        return write_to(path, run);
    }
    let (path, reserved) = reserve(folder, &run)?;
    let written = write_to(path, run);
    let _ = fs::remove_file(reserved);
    written
}

fn write_to(path: PathBuf, run: Run) -> Result<Run> {
    let json = serde_json::to_vec_pretty(&run).map_err(|error| Error::file(&path, error))?;
    write_whole(&path, |part| fs::write(part, json).map_err(|e| cannot_write(&path, &e)))?;
    Ok(Run { file: Some(path), ..run })
}

/// The name of a record that nobody has, and the file that reserves it: of two kernels that write at
/// once, one makes that file, and the other one takes the next name.
fn reserve(folder: &Path, run: &Run) -> Result<(PathBuf, PathBuf)> {
    create_folder(folder).map_err(|error| cannot_write(folder, &error))?;
    let stem = stem(run);
    for number in 1.. {
        let last = if number == 1 { String::new() } else { format!("-{number}") };
        let path = folder.join(format!("{stem}{last}.json"));
        let reserved = folder.join(format!(".{stem}{last}.reserved"));
        match OpenOptions::new().write(true).create_new(true).open(&reserved) {
            Ok(_) if !path.exists() => return Ok((path, reserved)),
            Ok(_) => drop(fs::remove_file(reserved)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(cannot_write(&path, &error)),
        }
    }
    Err(Error::file(folder, "there are too many runs of one name"))
}

/// When it began and what it is called, as far as each system takes it for the name of a file.
fn stem(run: &Run) -> String {
    let plain = |text: &str| -> String {
        let letters = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
        letters.take(NAME).collect()
    };
    let name = plain(&run.name);
    let words: Vec<&str> = name.split('-').filter(|word| !word.is_empty()).collect();
    let time = plain(run.started.split('.').next().unwrap_or_default());
    [time.as_str(), &words.join("-")].join("-").trim_end_matches('-').to_owned()
}

/// Whether files can be written there, before hours are spent on what they are to hold.
pub fn check_writable(folder: &Path) -> Result<()> {
    create_folder(folder).map_err(|error| cannot_write(folder, &error))?;
    let probe = folder.join(format!(".{}.probe", std::process::id()));
    let written = fs::write(&probe, "?").map_err(|error| cannot_write(folder, &error));
    let _ = fs::remove_file(probe);
    written
}

pub fn remove(run: &Run) -> Result<()> {
    let Some(path) = &run.file else { return Ok(()) };
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(Error::file(path, format!("can't be deleted: {error}")))
        }
        _ => Ok(()),
    }
}
