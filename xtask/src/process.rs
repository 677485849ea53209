//! Running other programs: one line of error with the remedy, their output in a log file.

use std::fs::File;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A failed step: one line (or a few) for the user that name the remedy.
pub type Result<T> = std::result::Result<T, String>;

pub trait Context<T> {
    /// Says what was being tried, in front of what went wrong.
    fn context(self, what: impl Into<String>) -> Result<T>;
}

impl<T, E: std::fmt::Display> Context<T> for std::result::Result<T, E> {
    fn context(self, what: impl Into<String>) -> Result<T> {
        self.map_err(|error| format!("{}: {error}", what.into()))
    }
}

impl<T> Context<T> for Option<T> {
    fn context(self, what: impl Into<String>) -> Result<T> {
        self.ok_or_else(|| what.into())
    }
}

/// Writes a file whole or not at all.
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

/// What a program prints, or None if it can't be run or fails.
pub fn output_of(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether there is NVIDIA's driver, by the same sign as in the library.
pub fn has_gpu() -> bool {
    ["/dev/nvidiactl", "/dev/dxg"].iter().any(|driver| Path::new(driver).exists())
}

pub fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Lets cargo build without the settings that the user has for other projects: flags, wrappers,
/// other targets, in variables and in files of the home folder.
pub fn ignore_settings(cargo: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_BUILD_", "CARGO_PROFILE_", "CARGO_TARGET_", "CARGO_ENCODED_", "CARGO_PKG_"]
            .iter()
            .any(|setting| text.starts_with(setting))
        {
            cargo.env_remove(&name);
        }
    }
    // An empty one overrules that of a file.
    cargo.env("RUSTFLAGS", "").env("RUSTC_WRAPPER", "").env("RUSTC_WORKSPACE_WRAPPER", "");
    if let Ok(host) = host() {
        cargo.env("CARGO_BUILD_TARGET", host);
    }
}

/// The name of this machine's kind, such as `x86_64-unknown-linux-gnu`.
pub fn host() -> Result<String> {
    let about = output_of(Command::new("rustc").arg("-vV"));
    let about = about.context("rustc can't be run: install Rust from https://rustup.rs")?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc -vV names no host")?.to_owned())
}

/// Runs a program in the foreground.
pub fn status_of(command: &mut Command) -> Result<ExitStatus> {
    command.status().context(format!("can't run {}", command.get_program().to_string_lossy()))
}

/// Runs one step of the set-up with its output in a log file. A line when it has begun, one every
/// `EVERY` that shows how far it is, and one at its end; none where there was nothing to do.
pub fn step(name: &str, log: &Path, command: &mut Command) -> Result<()> {
    const EVERY: Duration = Duration::from_secs(20);
    const SOMETHING: Duration = Duration::from_secs(1);
    let started = Instant::now();
    let mut shown = None;
    let folder = log.parent().context("a log file has a folder")?;
    std::fs::create_dir_all(folder).context(format!("can't make {}", folder.display()))?;
    let file = File::create(log).context(format!("can't write {}", log.display()))?;
    let copy = file.try_clone().context("can't write the log twice")?;
    let program = command.get_program().to_string_lossy().into_owned();
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
        if shown.is_none() && started.elapsed() >= SOMETHING {
            shown = Some(Instant::now());
            println!("  {name} ...");
        } else if shown.is_some_and(|shown| shown.elapsed() >= EVERY) {
            shown = Some(Instant::now());
            let last = last_lines(log, 1);
            println!("  {name}: {:.0} s, {}", started.elapsed().as_secs_f32(), shorten(&last));
        }
    };
    if !status.success() {
        return Err(explain(name, log));
    }
    if shown.is_some() {
        println!("  {name}: done in {:.0} s", started.elapsed().as_secs_f32());
    }
    Ok(())
}

/// The end of a log, and what it most likely means.
fn explain(name: &str, log: &Path) -> String {
    let tail = last_lines(log, 12);
    let remedy = remedy(&tail);
    format!("{name} failed.\n{tail}\n(all of it: {})\n{remedy}", log.display())
}

fn remedy(tail: &str) -> &'static str {
    let says = |words: &[&str]| words.iter().any(|word| tail.to_lowercase().contains(word));
    if says(&["no space left", "os error 28"]) {
        "The disk is full: set-up needs 10 GB, less with --cpu. Make room and run the command again."
    } else if says(&["resolve host", "connect", "network", "timed out", "dns error", "spurious"]) {
        "No network, or a proxy in between. Run the command again when it is there: \
         set-up goes on where it was."
    } else if says(&["lock file", "--locked"]) {
        "Cargo.lock doesn't fit Cargo.toml: `git checkout Cargo.lock`, or `cargo update`."
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

fn shorten(line: &str) -> String {
    line.trim().chars().take(70).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_is_told_with_its_remedy() {
        for (log, wanted) in [
            ("error: No space left on device (os error 28)", "The disk is full"),
            ("ERROR: Could not install: [Errno 28] No space left on device", "The disk is full"),
            ("error: [6] Could not resolve host: index.crates.io", "No network"),
            ("error: cannot update the lock file because --locked was passed", "Cargo.lock"),
            ("error: failed to run c++: No such file", "install g++"),
            ("something else", "goes on where it was"),
        ] {
            assert!(remedy(log).contains(wanted), "{log}: {}", remedy(log));
        }
    }

    #[test]
    fn a_file_is_written_whole_or_not_at_all() {
        let folder = std::env::temp_dir().join(format!("unit8-write-{}", std::process::id()));
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
