//! The notebooks' kernel (see kernel/): its programs, and what is particular to this course.

use crate::environment::Environment;
use crate::process::{Context, Result, host, ignore_settings, write};
use crate::project::Project;
use crate::step::{step, watched_step};
use serde_json::json;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

const SETUP: &str = "cargo xtask setup";

/// How libtorch waits, keeps its memory and attends, unless the user has said so.
const DEFAULTS: [(&str, &str); 3] = [
    // libtorch's threads wait for each other in a loop that burns the processor, thirty times
    // longer than this by default. With several kernels on one machine that was a training
    // thirty times slower; alone, this one is as fast.
    ("GOMP_SPINCOUNT", "10000"),
    // Memory of tensors that goes back to the system after each one has to be cleared by it
    // before the next: a third of a training step.
    (
        "GLIBC_TUNABLES",
        "glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=17179869184",
    ),
    // On NVIDIA's Hopper and newer, libtorch asks cuDNN first, which takes from a fifth of a second to
    // a second to prepare itself for each new length of a batch, and our batches have hundreds:
    // the encoder of 8.7 part 1 took 94 s there instead of 7.
    ("TORCH_CUDNN_SDPA_DEPRIORITIZED", "1"),
];

/// Where unit8-predict looks for the settings.
const SETTINGS: &str = ".unit8/kernel.json";

/// What the set-up knows of the kernel.
pub struct Kernel {
    program: PathBuf,
    settings: PathBuf,
    target: PathBuf,
    libtorch: PathBuf,
}

impl Kernel {
    /// Writes the course's settings.
    pub fn configure(project: &Project, environment: &Environment) -> Result<Kernel> {
        let libtorch = environment.libtorch();
        let defaults: std::collections::BTreeMap<_, _> = DEFAULTS.into_iter().collect();
        let settings = json!({
            "library": {"name": "unit8", "path": project.root},
            "home": project.home,
            "evcxr": project.evcxr(),
            // Once a `?` has been seen, evcxr shows what a `?` gives by `evcxr_display`; the first one
            // would else be shown by Debug.
            "prelude": "Ok::<(), String>(())?;\n",
            "variables": {
                "LIBTORCH": libtorch,
                // Another version in the same place: all is compiled again.
                "UNIT8_TORCH": environment.torch_version(),
                "VIRTUAL_ENV": environment.prefix,
            },
            "defaults": defaults,
            "path": [environment.prefix.join("bin")],
            "library_path": [libtorch.join("lib")],
            "setup_command": SETUP,
        });
        let file = project.home.join("kernel.json");
        write_if_new(&file, &format!("{settings:#}\n"))?;
        let visible = project.root.join(SETTINGS);
        if visible != file {
            link_if_new(&visible, &file)?;
        }
        Ok(Kernel {
            program: program(project),
            settings: file,
            target: project.home.join("tests"),
            libtorch,
        })
    }

    /// Compiles the library for the notebooks, and all else that a kernel needs.
    pub fn prepare(&self, project: &Project) -> Result<()> {
        let mut prepare = Command::new(&self.program);
        prepare.arg("prepare").arg(&self.settings);
        let (log, watched) = (project.log("prepare"), project.log("library"));
        watched_step("the library for the notebooks", &log, &watched, &mut prepare)
    }

    /// `cargo <verb>` on the project, compiled as it is for the kernels.
    pub fn cargo(&self, verb: &str) -> Command {
        let mut cargo = Command::new(&self.program);
        cargo.arg("cargo").arg(&self.settings).arg(&self.target).arg(verb);
        cargo
    }

    /// The variables with which programs that use the library run.
    pub fn set_variables(&self, command: &mut Command) {
        let inherited = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
        let folders =
            std::iter::once(self.libtorch.join("lib")).chain(std::env::split_paths(&inherited));
        command.env("LIBTORCH", &self.libtorch);
        command.env("LD_LIBRARY_PATH", std::env::join_paths(folders).unwrap_or_default());
        for (name, value) in DEFAULTS {
            if std::env::var_os(name).is_none() {
                command.env(name, value);
            }
        }
    }
}

/// Compiles the kernel, in a folder of its own: nothing of it is needed to print the first line of the
/// set-up.
pub fn build(project: &Project) -> Result<()> {
    let built = compile(project, "notebook-kernel", "")?;
    install(&built.join("notebook-kernel"), &program(project))?;
    // It shares the standard library with the cells: their panics are to be its own.
    let built = compile(project, "notebook-shim", "-Cprefer-dynamic")?;
    let shim = "libnotebook_shim.so";
    install(&built.join(shim), &project.home.join("lib").join(shim))
}

/// Compiles a package, and names the folder of its results.
fn compile(project: &Project, package: &str, flags: &str) -> Result<PathBuf> {
    let target = project.home.join(format!("{package}-build"));
    let mut cargo = Command::new("cargo");
    cargo
        .args(["build", "--release", "--locked", "--package", package, "--target-dir"])
        .arg(&target)
        .current_dir(&project.root);
    ignore_settings(&mut cargo);
    // Small programs that are started for each cell, and read megabytes once.
    cargo.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1").env("RUSTFLAGS", flags);
    step(package, &project.log(package), &mut cargo)?;
    Ok(target.join(host()?).join("release"))
}

/// Writes the kernel spec "Rust (Unit 8)" into the environment.
pub fn install_spec(project: &Project, environment: &Environment) -> Result<()> {
    let settings = project.home.join("kernel.json");
    let spec = json!({
        "argv": [program(project), "kernel", settings, "{connection_file}"],
        "display_name": "Rust (Unit 8)",
        "language": "rust",
        // Jupyter's stop button becomes a SIGINT that `fit` sees. In its own mode, evcxr would
        // end the process that holds the variables.
        "interrupt_mode": "signal",
    });
    let file = environment.prefix.join("share/jupyter/kernels/unit8/kernel.json");
    write_if_new(&file, &format!("{spec:#}\n"))
}

fn program(project: &Project) -> PathBuf {
    project.home.join("bin/notebook-kernel")
}

fn write_if_new(file: &Path, text: &str) -> Result<()> {
    if std::fs::read_to_string(file).is_ok_and(|old| old == text) {
        return Ok(());
    }
    write(file, text)
}

fn link_if_new(link: &Path, target: &Path) -> Result<()> {
    if std::fs::read_link(link).is_ok_and(|old| old == target) {
        return Ok(());
    }
    let make = || {
        let new = link.with_file_name(format!("new-{}", std::process::id()));
        std::fs::create_dir_all(link.parent().unwrap_or(link))?;
        symlink(target, &new)?;
        std::fs::rename(&new, link)
    };
    make().context(format!("can't link {} to {}", link.display(), target.display()))
}

/// Copies a program to its place: one that runs is replaced, not overwritten.
fn install(built: &Path, place: &Path) -> Result<()> {
    let bytes = std::fs::read(built).context(format!("can't read {}", built.display()))?;
    let mode = std::fs::Permissions::from_mode(0o755);
    let unusable = || format!("can't make {} executable", place.display());
    // The mode is looked at, too: older versions could be broken off before they had set it.
    if std::fs::read(place).is_ok_and(|old| old == bytes) {
        return std::fs::set_permissions(place, mode).context(unusable());
    }
    let new = place.with_file_name(format!("new-{}", std::process::id()));
    write(&new, &bytes)?;
    std::fs::set_permissions(&new, mode)
        .and_then(|()| std::fs::rename(&new, place))
        .inspect_err(|_| drop(std::fs::remove_file(&new)))
        .context(unusable())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_where_the_settings_are_now() {
        let folder = std::env::temp_dir().join(format!("xtask-link-{}", std::process::id()));
        let link = folder.join(SETTINGS);
        for target in ["a/kernel.json", "a/kernel.json", "b/kernel.json"] {
            link_if_new(&link, Path::new(target)).unwrap();
            assert_eq!(std::fs::read_link(&link).unwrap(), Path::new(target));
        }
        assert_eq!(std::fs::read_dir(folder.join(".unit8")).unwrap().count(), 1);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_program_is_executable_whatever_was_there() {
        let folder = std::env::temp_dir().join(format!("xtask-install-{}", std::process::id()));
        let (built, place) = (folder.join("built"), folder.join("bin/program"));
        write(&built, b"new").unwrap();
        let mode = || std::fs::metadata(&place).unwrap().permissions().mode() & 0o777;
        for old in [None, Some("old"), Some("new")] {
            if let Some(old) = old {
                write(&place, old).unwrap();
                std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o644)).unwrap();
            }
            install(&built, &place).unwrap();
            assert_eq!((std::fs::read(&place).unwrap(), mode()), (b"new".to_vec(), 0o755));
        }
        assert_eq!(std::fs::read_dir(folder.join("bin")).unwrap().count(), 1);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
