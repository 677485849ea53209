//! The stand-ins with which evcxr compiles cells: the same program under the names `cargo`,
//! `rustup` and `notebook-cc`, first on the PATH of evcxr, and under that of `recorder`, which cargo
//! runs.
//!
//! evcxr runs cargo for each cell, which looks at the state of hundreds of packages before it starts
//! rustc, which starts the linker on hundreds of archives. Nothing of that changes from cell to cell.

pub mod cargo;
pub mod cc;
pub mod edit;
pub mod library;
pub mod metadata;
pub mod other;
pub mod recorder;
pub mod rustup;

use crate::error::{Context, Result};
use crate::folder::{self, FOLDER, SETTINGS};
use crate::settings::Settings;
use crate::toolchain::Toolchain;
use crate::workspace::{CELLS, Workspace};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

/// What a stand-in knows of the kernel that it works for.
pub struct Cells {
    settings: Settings,
    tools: Toolchain,
    folder: PathBuf,
}

impl Cells {
    /// From the variables that evcxr was given.
    ///
    /// # Errors
    /// A stand-in that is run by something else.
    pub fn from_environment() -> Result<Cells> {
        let variable = |name| std::env::var_os(name).context(format!("{name} is not set"));
        let settings = Settings::read(Path::new(&variable(SETTINGS)?))?;
        let tools = Toolchain::current(&settings)?;
        Ok(Cells { settings, tools, folder: variable(FOLDER)?.into() })
    }

    /// The folder of evcxr's crate.
    fn crate_folder(&self) -> PathBuf {
        self.folder.join(CELLS)
    }

    fn template(&self) -> Result<PathBuf> {
        folder::template_of(&self.folder)
    }

    /// Where cargo compiles what a notebook asks for besides the library.
    fn other_workspace(&self) -> Workspace {
        Workspace { folder: self.folder.join("other") }
    }
}

/// Takes from a program what is meant for evcxr and the process of the cells alone.
fn clean(command: &mut Command) -> &mut Command {
    command.env_remove("LD_PRELOAD");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("NOTEBOOK_KERNEL_") {
            command.env_remove(name);
        }
    }
    command
}

fn exit_code(status: ExitStatus) -> ExitCode {
    ExitCode::from(status.code().map_or(1, |code| code as u8))
}
