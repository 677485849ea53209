//! With what a kernel compiles its cells.

use crate::environment::Environment;
use crate::process::{Context, Result, on_path, output_of};
use crate::project::Project;
use crate::template::CELLS;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The programs, paths and variables that a kernel compiles its cells with. They must be the same
/// for the template, or the kernel compiles everything again.
pub struct Build {
    target: String,
    rustc: PathBuf,
    cargo: PathBuf,
    cargo_home: PathBuf,
    linker: &'static str,
    libtorch: PathBuf,
}

impl Build {
    pub fn new(project: &Project, environment: &Environment) -> Result<Build> {
        let rustc = tool("rustc");
        let version = output_of(Command::new(&rustc).arg("-vV"))
            .context("rustc can't be run: install Rust from https://rustup.rs")?;
        let target = version.lines().find_map(|line| line.strip_prefix("host: "));
        Ok(Build {
            target: target.context("rustc -vV names no host")?.to_owned(),
            rustc,
            cargo: tool("cargo"),
            cargo_home: cargo_home_without_bin(project)?,
            linker: linker(),
            libtorch: environment.libtorch(),
        })
    }

    /// The variables of a kernel and of all that is compiled for one, as evcxr sets them.
    pub fn set_variables(&self, command: &mut Command) {
        let mut flags = "-Cprefer-dynamic".to_owned();
        if self.linker == "lld" {
            flags += " -Clink-arg=-fuse-ld=lld";
        }
        command
            .env("RUSTFLAGS", flags)
            .env("RUSTC", &self.rustc)
            .env("CARGO_HOME", &self.cargo_home)
            .env("LIBTORCH", &self.libtorch)
            .env("LD_LIBRARY_PATH", self.library_path())
            .env_remove("LIBTORCH_USE_PYTORCH");
        // What cargo tells `cargo xtask` about itself. A build script that looks at it would run
        // again, for a minute, in each kernel that is started in another way.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
    }

    /// libtorch finds its own libraries; only we have to find libtorch.
    fn library_path(&self) -> std::ffi::OsString {
        let lib = self.libtorch.join("lib");
        let inherited = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
        let others = std::env::split_paths(&inherited).filter(|folder| *folder != lib);
        let folders: Vec<PathBuf> = std::iter::once(lib.clone()).chain(others).collect();
        std::env::join_paths(folders).unwrap_or(inherited)
    }

    /// `cargo <verb>`, run as evcxr runs it, compiling into the template's folder.
    pub fn cargo(&self, project: &Project, verb: &str) -> Command {
        let mut command = match self.linker {
            "mold" => {
                let mut mold = Command::new("mold");
                mold.arg("-run").arg(&self.cargo);
                mold
            }
            _ => Command::new(&self.cargo),
        };
        self.set_variables(&mut command);
        let target_dir = project.template().join(CELLS).join("target");
        command
            .env("CARGO_TARGET_DIR", &target_dir)
            .env("CARGO_BUILD_BUILD_DIR", &target_dir)
            .arg(verb)
            .args(["--target", &self.target]);
        command
    }

    /// Downloads the sources of all dependencies, those of other platforms included.
    pub fn fetch(&self) -> Command {
        let mut cargo = Command::new(&self.cargo);
        cargo.arg("fetch").env("CARGO_HOME", &self.cargo_home);
        cargo
    }

    /// mold, lld or system.
    pub fn linker(&self) -> &str {
        self.linker
    }

    /// The real cargo, for the one that stands in for it.
    pub fn real_cargo(&self) -> &Path {
        &self.cargo
    }

    /// The start-up file of the kernel.
    pub fn init_evcxr(&self) -> String {
        format!(":offline 1\n:linker {}\n", self.linker)
    }
}

/// The program that rustup's stand-in would run.
fn tool(name: &str) -> PathBuf {
    output_of(Command::new("rustup").args(["which", name]))
        .unwrap_or_else(|| name.to_owned())
        .into()
}

/// A folder of links to all that is in the user's CARGO_HOME but its programs: rust-analyzer
/// prefers $CARGO_HOME/bin/cargo to $CARGO, and would pass by our filter.
fn cargo_home_without_bin(project: &Project) -> Result<PathBuf> {
    let ours = project.home.join("cargo-home");
    fs::create_dir_all(&ours).context(format!("can't make {}", ours.display()))?;
    let ours = ours.canonicalize().context(format!("can't open {}", ours.display()))?;
    let theirs = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")))
        .context("neither HOME nor CARGO_HOME is set")?;
    if theirs == ours {
        return Ok(ours);
    }
    // Made here where a new machine lacks it: cargo would make it in our folder.
    fs::create_dir_all(theirs.join("registry"))
        .context(format!("can't make {}", theirs.display()))?;
    for name in ["registry", "git", "config.toml", "config", "credentials.toml", ".package-cache"] {
        let (target, link) = (theirs.join(name), ours.join(name));
        if target.exists() && fs::read_link(&link).ok().as_ref() != Some(&target) {
            let _ = fs::remove_file(&link).or_else(|_| fs::remove_dir_all(&link));
            // Another kernel may have made it a moment ago.
            let _ = std::os::unix::fs::symlink(&target, &link);
        }
    }
    Ok(ours)
}

fn linker() -> &'static str {
    let found = ["mold", "lld"].into_iter().find(|name| on_path(name));
    found.unwrap_or("system")
}
