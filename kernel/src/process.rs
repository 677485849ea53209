//! Running other programs: one line of error with the remedy, their output in a log file.

use crate::error::{Context, Result};
use crate::linux;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Writes a file whole or not at all.
///
/// # Errors
/// A folder that can't be written, a full disk.
pub fn write(path: &Path, contents: impl AsRef<[u8]>) -> Result<()> {
    let folder = path.parent().context(format!("{} has no folder", path.display()))?;
    std::fs::create_dir_all(folder).context(format!("can't make {}", folder.display()))?;
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".part{}", std::process::id()));
    let written = std::fs::write(&partial, contents).and_then(|()| std::fs::rename(&partial, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&partial);
    }
    written.context(format!("can't write {} (is the disk full?)", path.display()))
}

/// Reads a JSON file that [`write_json`] wrote.
///
/// # Errors
/// A file that is missing or was written by another version.
pub fn read_json<T: serde::de::DeserializeOwned>(file: &Path) -> Result<T> {
    let text = std::fs::read(file).context(format!("can't read {}", file.display()))?;
    serde_json::from_slice(&text).context(file.display().to_string())
}

/// Writes a value as JSON.
///
/// # Errors
/// As [`write()`].
pub fn write_json(file: &Path, value: &impl serde::Serialize) -> Result<()> {
    write(file, serde_json::to_vec(value).context(file.display().to_string())?)
}

/// What a program prints, or None if it can't be run or fails.
pub fn output_of(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Where a program lies.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Runs one long step with its output in a log file. A line at its start, one every `EVERY` that
/// shows how far it is, and one at its end.
///
/// # Errors
/// A program that fails: the end of its log, and what it most likely means.
pub fn step(
    name: &str,
    log: &Path,
    command: &mut Command,
    say: &mut dyn FnMut(&str),
) -> Result<()> {
    const EVERY: Duration = Duration::from_secs(20);
    let started = Instant::now();
    let mut shown = started;
    say(&format!("{name} ..."));
    let folder = log.parent().context("a log file has a folder")?;
    std::fs::create_dir_all(folder).context(format!("can't make {}", folder.display()))?;
    let file = File::create(log).context(format!("can't write {}", log.display()))?;
    let copy = file.try_clone().context("can't write the log twice")?;
    let program = command.get_program().to_string_lossy().into_owned();
    if linux::catches_interrupts(std::process::id()) {
        // A stop that does not end a kernel shall not end what it waits for either.
        linux::shield(command);
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(copy)
        .spawn()
        .context(format!("{name}: can't run {program}"))?;
    let status = loop {
        if let Some(status) = child.try_wait().context(name)? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(50));
        if shown.elapsed() >= EVERY {
            shown = Instant::now();
            let last: String = last_lines(log, 1).trim().chars().take(70).collect();
            say(&format!("{name}: {:.0} s, {last}", started.elapsed().as_secs_f32()));
        }
    };
    if !status.success() {
        let tail = last_lines(log, 12);
        let remedy = remedy(&tail);
        return Err(format!("{name} failed.\n{tail}\n(all of it: {})\n{remedy}", log.display()));
    }
    say(&format!("{name}: done in {:.0} s", started.elapsed().as_secs_f32()));
    Ok(())
}

fn remedy(tail: &str) -> &'static str {
    let says = |words: &[&str]| words.iter().any(|word| tail.to_lowercase().contains(word));
    if says(&["no space left", "os error 28"]) {
        "The disk is full. Make room and run the command again."
    } else if says(&["resolve host", "connect", "network", "timed out", "dns error", "spurious"]) {
        "No network, or a proxy in between. Run the command again when it is there: \
         set-up goes on where it was."
    } else if says(&["linker `cc` not found", "c++", "is `g++` installed"]) {
        "A C++ compiler is missing: install g++ (Debian: apt install g++) and run the command again."
    } else {
        "The command can be run again: it goes on where it was."
    }
}

fn last_lines(log: &Path, count: usize) -> String {
    let text = String::from_utf8_lossy(&std::fs::read(log).unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_is_told_with_its_remedy() {
        for (log, wanted) in [
            ("error: No space left on device (os error 28)", "The disk is full"),
            ("error: [6] Could not resolve host: index", "No network"),
            ("error: failed to run c++: No such file", "install g++"),
            ("something else", "goes on where it was"),
        ] {
            assert!(remedy(log).contains(wanted), "{log}: {}", remedy(log));
        }
    }

    #[test]
    fn a_file_is_written_whole_or_not_at_all() {
        let folder = std::env::temp_dir().join(format!("kernel-write-{}", std::process::id()));
        let file = folder.join("file");
        write(&file, "old").unwrap();
        // A folder stands where the new file is to go: the write fails, nothing is left over.
        std::fs::create_dir(folder.join("taken")).unwrap();
        std::fs::write(folder.join("taken/inside"), "").unwrap();
        let error = write(&folder.join("taken"), "new").unwrap_err();
        assert!(error.contains("is the disk full?"), "{error}");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "old");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
