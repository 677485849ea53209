//! What stands between Jupyter and evcxr_jupyter: kernels for Rust notebooks on a local crate.
//!
//! A kernel is this program, which speaks Jupyter's protocol ([`proxy`]), with evcxr_jupyter behind
//! it on ports of its own ([`start`]). Into the process of the cells it loads the library in `shim/`,
//! which keeps what cells write and read apart from what evcxr writes and reads. Cells are compiled
//! by stand-ins for cargo and the linker ([`cells`]): the same program under other names, on what
//! `prepare` has compiled once for all kernels ([`template`]). rust-analyzer sees small copies of the
//! sources ([`sources`]). What only Linux knows is in [`linux`].
//!
//! # Notebooks on another crate
//!
//! Nothing here knows the crate that the notebooks load. To use it with one of your own:
//!
//! 1. Build `notebook-kernel`, and `notebook-shim` with `RUSTFLAGS=-Cprefer-dynamic`; put them into
//!    `HOME/bin/notebook-kernel` and `HOME/lib/libnotebook_shim.so` of a folder HOME without a space
//!    in its path. Install evcxr_jupyter, and Rust's component rust-src.
//! 2. Write a settings file (every field is described in [`settings`]):
//!
//!    ```json
//!    {"library": {"name": "mine", "path": "/home/ada/mine"}, "home": "/home/ada/mine/.kernel",
//!     "evcxr": "/home/ada/.cargo/bin/evcxr_jupyter", "prelude": "", "variables": {},
//!     "defaults": {}, "path": [], "library_path": [],
//!     "setup_command": "notebook-kernel prepare settings.json"}
//!    ```
//!
//!    Types of other crates that a notebook's variables may have stand in the crate's Cargo.toml:
//!    `[package.metadata.notebook]`, `types = ["polars-core"]`.
//! 3. `notebook-kernel prepare settings.json`, again after an update of Rust. An edit of the crate
//!    needs no command: the next kernel compiles it, once for all.
//! 4. Name it in a kernel spec: `"argv": ["HOME/bin/notebook-kernel", "kernel", "settings.json",
//!    "{connection_file}"]`, `"interrupt_mode": "signal"`, with full paths.

mod cells;
mod dependencies;
mod error;
mod folder;
mod janitor;
mod link;
mod links;
mod linux;
mod lock;
mod prepare;
mod process;
mod proxy;
mod settings;
mod sources;
mod start;
mod template;
mod toolchain;
mod workspace;

use error::Result;
use settings::Settings;
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: notebook-kernel prepare <settings>\n       \
                     notebook-kernel cargo <settings> <target folder> <arguments>\n       \
                     notebook-kernel kernel <settings> <connection file>";

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().collect();
    let name = Path::new(&args.remove(0)).file_name().unwrap_or_default().to_owned();
    let outcome = match name.to_str() {
        Some("cargo") => cells::cargo::run(&args),
        Some(toolchain::LINKER) => cells::cc::run(args),
        Some("recorder") => cells::recorder::run(&args),
        Some("rustup") => cells::rustup::run(&args),
        _ => command(&args),
    };
    outcome.unwrap_or_else(|message| {
        eprintln!("error: {message}");
        ExitCode::FAILURE
    })
}

fn command(args: &[String]) -> Result<ExitCode> {
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["kernel", settings, connection] => start::run(Path::new(settings), Path::new(connection)),
        ["janitor", folder] => {
            janitor::run(Path::new(folder));
            Ok(ExitCode::SUCCESS)
        }
        ["cargo", settings, target, ..] => {
            prepare::cargo(&Settings::read(Path::new(settings))?, Path::new(target), &args[3..])
        }
        ["prepare", settings] => prepare::run(&Settings::read(Path::new(settings))?),
        _ => Err(USAGE.to_owned()),
    }
}
