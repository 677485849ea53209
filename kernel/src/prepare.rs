//! `notebook-kernel prepare <settings>`: makes all that kernels need besides evcxr.

use crate::error::{Context, Result};
use crate::folder::{kernels, sweep};
use crate::links::link_tree;
use crate::process::write;
use crate::settings::Settings;
use crate::template;
use crate::toolchain::{LINKER, Toolchain, join, stand_ins};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::ExitCode;

/// The names under which this program stands in for others (see [`crate::cells`]).
const STAND_INS: [&str; 4] = ["cargo", LINKER, "recorder", "rustup"];

/// Prepares a project's kernels. What is there already costs nothing.
///
/// # Errors
/// What the user has to do first: a compiler that is missing, a library that does not compile.
pub fn run(settings: &Settings) -> Result<ExitCode> {
    install_stand_ins(settings)?;
    Toolchain::find(settings)?;
    let config = settings.home.join("config");
    write(&config.join("init.evcxr"), ":linker system\n")?;
    write(&config.join("prelude.rs"), &settings.prelude)?;
    sweep(&kernels(settings)?);
    template::ensure(settings, &mut |line| println!("  {line}"))?;
    Ok(ExitCode::SUCCESS)
}

/// `notebook-kernel cargo <settings> <target folder> <arguments>`: cargo for the library itself, for
/// its tests and lints, with what the template was compiled with. It compiles elsewhere, and finds
/// all dependencies there already.
///
/// # Errors
/// As [`run`].
pub fn cargo(settings: &Settings, target: &Path, args: &[String]) -> Result<ExitCode> {
    let (verb, args) = args.split_first().context("cargo needs a command")?;
    let template = template::ensure(settings, &mut |line| println!("  {line}"))?;
    let (base, seed) = (fs::read(template.folder.join("complete")), target.join("seed"));
    let base = base.context("the template is gone")?;
    if fs::read(&seed).ok().as_ref() != Some(&base) {
        let _ = fs::remove_dir_all(target);
        link_tree(&template.folder.join("target"), target, &settings.library.name)?;
        write(&seed, base)?;
    }
    let tools = Toolchain::current(settings)?;
    let inherited = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let libraries = settings.library_path.iter().cloned().chain(std::env::split_paths(&inherited));
    let mut cargo = tools.cargo(settings, verb, &settings.library.path.join("Cargo.toml"))?;
    cargo
        .args(args)
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_BUILD_BUILD_DIR", target)
        .env("LD_LIBRARY_PATH", join(libraries));
    let status = cargo.status().context("cargo")?;
    Ok(ExitCode::from(status.code().map_or(1, |code| code as u8)))
}

fn install_stand_ins(settings: &Settings) -> Result<()> {
    let program = std::env::current_exe().context("where is this program?")?;
    let folder = stand_ins(settings);
    fs::create_dir_all(&folder).context(format!("can't make {}", folder.display()))?;
    for name in STAND_INS {
        let link = folder.join(name);
        if fs::read_link(&link).ok().as_ref() != Some(&program) {
            let _ = fs::remove_file(&link);
            symlink(&program, &link).context(format!("can't make {}", link.display()))?;
        }
    }
    Ok(())
}
