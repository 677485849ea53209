//! Running other programs, and files that are whole.

use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

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

#[cfg(test)]
mod tests {
    use super::*;

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
