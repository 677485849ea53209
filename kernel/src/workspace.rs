//! The crate that evcxr would write for a cell, in a folder of its own where cargo compiles what it
//! depends on. Its own compilation is recorded: cells are compiled by the same command, without
//! cargo (see [`crate::cells::cargo`]).

use crate::error::{Context, Result};
use crate::process::{read_json, write};
use crate::settings::Settings;
use crate::toolchain::{Toolchain, stand_ins};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The name of the crate that evcxr writes.
pub const CELLS: &str = "ctx";

/// The variables that name the files for the commands of rustc and of the linker.
pub const RECORD: &str = "NOTEBOOK_KERNEL_RECORD";

/// A program's arguments and the variables that it was given by cargo.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The arguments.
    pub args: Vec<String>,
    /// The variables.
    pub variables: Vec<(String, String)>,
}

/// A folder with a crate for cargo.
pub struct Workspace {
    /// The folder.
    pub folder: PathBuf,
}

impl Workspace {
    /// Writes the crate's files, with the versions that are to be used. A crate that the source does
    /// not name is not linked.
    ///
    /// # Errors
    /// A folder that can't be written.
    pub fn write(&self, dependencies: &str, source: &str, lock: &Path) -> Result<()> {
        let manifest = format!(
            "[package]\nname = \"{CELLS}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n\
             [lib]\ncrate-type = [\"cdylib\"]\n\n[workspace]\n\n[dependencies]\n{dependencies}"
        );
        let lock = std::fs::read(lock).context(format!("can't read {}", lock.display()))?;
        write(&self.folder.join("src/lib.rs"), source)?;
        write(&self.folder.join("Cargo.lock"), lock)?;
        write(&self.manifest(), manifest)
    }

    /// Its Cargo.toml.
    pub fn manifest(&self) -> PathBuf {
        self.folder.join("Cargo.toml")
    }

    /// Where cargo compiles.
    pub fn target(&self) -> PathBuf {
        self.folder.join("target")
    }

    /// The recorded command of the compiler.
    pub fn compiler_record(&self) -> PathBuf {
        self.folder.join("rustc.json")
    }

    /// The recorded command of the linker.
    pub fn linker_record(&self) -> PathBuf {
        self.folder.join("cc.json")
    }

    /// `cargo <verb>` there.
    ///
    /// # Errors
    /// As [`Toolchain::cargo`].
    pub fn cargo(&self, settings: &Settings, tools: &Toolchain, verb: &str) -> Result<Command> {
        let mut command = tools.cargo(settings, verb, &self.manifest())?;
        command
            .env("CARGO_TARGET_DIR", self.target())
            .env("CARGO_BUILD_BUILD_DIR", self.target())
            .env("RUSTC_WORKSPACE_WRAPPER", stand_ins(settings).join("recorder"))
            .env(RECORD, &self.folder);
        Ok(command)
    }
}

impl Record {
    /// Reads one.
    ///
    /// # Errors
    /// A file that is missing.
    pub fn read(file: &Path) -> Result<Record> {
        read_json(file)
    }
}

/// The dependencies in a Cargo.toml of evcxr's, one a line, sorted.
pub fn dependencies(manifest: &str) -> Vec<String> {
    let list = manifest.split_once("[dependencies]").map_or("", |(_, list)| list);
    let mut lines: Vec<String> =
        list.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
    lines.sort();
    lines
}

/// Whether a line of dependencies is just the library, and from where: `name = { path = "…" }`.
pub fn path_of<'a>(dependency: &'a str, name: &str) -> Option<&'a str> {
    let (found, rest) = dependency.split_once('=')?;
    let inside = rest.trim().strip_prefix('{')?.strip_suffix('}')?;
    let (key, path) = inside.split_once('=')?;
    let path = path.trim().strip_prefix('"')?.strip_suffix('"')?;
    (found.trim() == name && key.trim() == "path" && !path.contains('"')).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_alone_is_recognized() {
        let manifest =
            "[lib]\npath = \"src/lib.rs\"\n\n[dependencies]\n    b = \"1\"\na = \"2\"\n\n";
        assert_eq!(dependencies(manifest), ["a = \"2\"", "b = \"1\""]);
        assert_eq!(path_of("unit8 = { path = \"/a b/c\" }", "unit8"), Some("/a b/c"));
        assert_eq!(path_of("unit8={path=\"/c\"}", "unit8"), Some("/c"));
        assert_eq!(path_of("unit8 = { path = \"/c\", features = [\"x\"] }", "unit8"), None);
        assert_eq!(path_of("rand = \"1\"", "unit8"), None);
        assert_eq!(path_of("unit9 = { path = \"/c\" }", "unit8"), None);
    }
}
