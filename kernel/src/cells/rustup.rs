//! The stand-in for rustup: evcxr asks it where cargo and rustc are.

use super::Cells;
use crate::error::Result;
use crate::toolchain::stand_ins;
use std::process::ExitCode;

/// `rustup which <program>`
///
/// # Errors
/// Any other command: there is nothing that a cell could want from rustup.
pub fn run(args: &[String]) -> Result<ExitCode> {
    let cells = Cells::from_environment()?;
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        [.., "which", "cargo"] => {
            println!("{}", stand_ins(&cells.settings).join("cargo").display());
        }
        [.., "which", "rustc"] => println!("{}", cells.tools.rustc.display()),
        _ => return Err("only `rustup which` works in a notebook".to_owned()),
    }
    Ok(ExitCode::SUCCESS)
}
