//! Stands between cargo and rustc while cargo compiles a [`Workspace`],
//! and writes down with what arguments the crate of the cells is compiled.

use super::exit_code;
use crate::error::{Context, Result};
use crate::linux;
use crate::process::write_json;
use crate::workspace::{CELLS, RECORD, Record, Workspace};
use std::process::{Command, ExitCode};

/// `recorder <rustc> <arguments>`
///
/// # Errors
/// A rustc that can't be run, a folder that can't be written.
pub fn run(args: &[String]) -> Result<ExitCode> {
    linux::end_with_parent();
    let (rustc, args) = args.split_first().context("usage: recorder <rustc> <arguments>")?;
    if let Some(folder) = std::env::var_os(RECORD)
        && args.windows(2).any(|pair| pair == ["--crate-name", CELLS])
    {
        let variables = std::env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG_"));
        let record = Record { args: args.to_vec(), variables: variables.collect() };
        write_json(&Workspace { folder: folder.into() }.compiler_record(), &record)?;
    }
    let mut command = Command::new(rustc);
    let status = linux::tie(command.args(args)).status().context(format!("can't run {rustc}"))?;
    Ok(exit_code(status))
}
