//! The Rust kernel for Jupyter, in a folder of the project's, and the kernel spec.

use crate::environment::Environment;
use crate::process::{Context, Result, output_of, step, write};
use crate::project::Project;
use serde_json::json;
use std::path::Path;
use std::process::Command;

const VERSION: &str = "0.22.0";

/// Builds evcxr_jupyter, unless this version is there already.
pub fn ensure(project: &Project) -> Result<()> {
    if is_installed(project) {
        return Ok(());
    }
    // A notebook's kernel reads a few small files for each cell: optimizing it to the last costs
    // minutes here and saves milliseconds there.
    let mut cargo = Command::new("cargo");
    cargo
        .args(["install", "--locked", "--force", "evcxr_jupyter", "--version", VERSION, "--root"])
        .arg(project.home.join("evcxr"))
        .env("CARGO_TARGET_DIR", project.home.join("evcxr-build"))
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
        .env_remove("RUSTFLAGS")
        .current_dir(std::env::temp_dir());
    step("the Rust kernel (evcxr_jupyter)", &project.log("evcxr"), &mut cargo)?;
    let _ = std::fs::remove_dir_all(project.home.join("evcxr-build"));
    Ok(())
}

/// cargo writes this list when the program is in its place.
fn is_installed(project: &Project) -> bool {
    let list = std::fs::read_to_string(project.home.join("evcxr/.crates.toml"));
    let wanted = format!("\"evcxr_jupyter {VERSION} ");
    project.evcxr().exists() && list.is_ok_and(|list| list.contains(&wanted))
}

/// rust-analyzer, which tells the kernel the types of a cell's variables, reads the sources of
/// the standard library.
pub fn ensure_rust_src() {
    let Some(sysroot) = output_of(Command::new("rustc").args(["--print", "sysroot"])) else {
        return;
    };
    if Path::new(&sysroot).join("lib/rustlib/src/rust/library/std").is_dir() {
        return;
    }
    if output_of(Command::new("rustup").args(["component", "add", "rust-src"])).is_none() {
        println!(
            "  note: the sources of Rust's standard library are missing, so a cell has to spell out \
             types such as Vec<f64>. `rustup component add rust-src` (conda: the package rust-src) \
             adds them."
        );
    }
}

/// Copies this program to where the kernel spec and rust-analyzer find it.
pub fn install_launcher(project: &Project) -> Result<()> {
    let program = std::env::current_exe().context("where is this program?")?;
    let bytes = std::fs::read(&program).context(format!("can't read {}", program.display()))?;
    for copy in [project.launcher(), project.cargo_filter()] {
        if std::fs::read(&copy).is_ok_and(|old| old == bytes) {
            continue;
        }
        write(&copy, &bytes)?;
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o755))
            .context(format!("can't make {} executable", copy.display()))?;
    }
    Ok(())
}

/// Writes the kernel spec "Rust (Unit 8)" into the environment.
pub fn install_kernel_spec(project: &Project, environment: &Environment) -> Result<()> {
    let spec = json!({
        "argv": [project.launcher(), project.root, environment.prefix, "{connection_file}"],
        "display_name": "Rust (Unit 8)",
        "language": "rust",
        // Jupyter's stop button becomes a SIGINT that `fit` sees. In its own mode, evcxr would
        // end the process that holds the variables.
        "interrupt_mode": "signal",
    });
    let file = environment.prefix.join("share/jupyter/kernels/unit8/kernel.json");
    let text = format!("{spec:#}\n");
    if std::fs::read_to_string(&file).is_ok_and(|old| old == text) {
        return Ok(());
    }
    write(&file, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_off_or_older_installation_does_not_count() {
        let home = std::env::temp_dir().join(format!("unit8-evcxr-{}", std::process::id()));
        let project = Project { root: home.clone(), home: home.clone() };
        write(&project.evcxr(), "program").unwrap();
        assert!(!is_installed(&project));
        let list = home.join("evcxr/.crates.toml");
        write(&list, "[v1]\n\"evcxr_jupyter 0.21.1 (registry)\" = [\"evcxr_jupyter\"]\n").unwrap();
        assert!(!is_installed(&project));
        write(&list, format!("\"evcxr_jupyter {VERSION} (registry)\" = []\n")).unwrap();
        assert!(is_installed(&project));
        std::fs::remove_dir_all(home).unwrap();
    }
}
