//! The prebuilt kernel: the folder in which evcxr would compile the library at its first `:dep`,
//! compiled once. Every kernel then starts in a clone of it (see [`crate::clone`]).

use crate::environment::Environment;
use crate::process::{Context, Result, output_of, step, write};
use crate::project::Project;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs at a kernel's start. A panic in a cell shows its message, not thirty lines of C++ stack and
/// a Rust one: in a notebook the cell is the place, and the message is what helps.
const PRELUDE: &str = r#"
std::panic::set_hook(Box::new(|panic| {
    let message = panic.payload_as_str().unwrap_or("no message");
    let message = message.split("Exception raised from").next().unwrap_or(message);
    eprintln!("panicked: {}", message.trim_end().trim_end_matches("\\n"));
}));
"#;

/// The folder, and the crate, in which evcxr compiles the cells.
pub const CELLS: &str = "ctx";

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

    /// The real cargo, for the one that stands in for it.
    pub fn real_cargo(&self) -> &Path {
        &self.cargo
    }

    /// The start-up file of the kernel.
    fn init_evcxr(&self) -> String {
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
    let found = ["mold", "lld"].into_iter().find(|name| crate::process::on_path(name));
    found.unwrap_or("system")
}

/// Builds or refreshes the template. The stamp is its last file: without one it is not used.
pub fn ensure(project: &Project, environment: &Environment, build: &Build) -> Result<()> {
    let template = project.template();
    let base = base_stamp(project, environment, build)?;
    let stamp = format!("{base}{}{PRELUDE}", source_stamp(project)?);
    if read_stamp(&template).as_deref() == Some(&stamp) {
        return Ok(());
    }
    fs::create_dir_all(&template).context(format!("can't make {}", template.display()))?;
    let lock = File::create(project.home.join("template.lock")).context("template.lock")?;
    lock.lock().context("template.lock")?;
    let old = read_stamp(&template).unwrap_or_default();
    let _ = fs::remove_file(stamp_file(&template));
    if !old.is_empty() && !old.starts_with(&base) {
        // Other dependencies, another compiler: what lies there only costs space and time.
        let _ = fs::remove_dir_all(template.join(CELLS));
    }
    write_crates(project, &template)?;
    // Without --target: evcxr asks for the dependency graph of all platforms, and it is offline.
    let mut fetch = Command::new(&build.cargo);
    fetch.arg("fetch").env("CARGO_HOME", &build.cargo_home).current_dir(&template);
    step("sources of the dependencies", &project.log("fetch"), &mut fetch)?;
    let mut cargo = build.cargo(project, "build");
    cargo.current_dir(template.join(CELLS));
    step("the library for the notebooks", &project.log("template"), &mut cargo)?;
    write(&project.evcxr_config().join("init.evcxr"), build.init_evcxr())?;
    write(&project.evcxr_config().join("prelude.rs"), PRELUDE)?;
    write(&stamp_file(&template), stamp)
}

pub fn read_stamp(template: &Path) -> Option<String> {
    fs::read_to_string(stamp_file(template)).ok()
}

fn stamp_file(template: &Path) -> PathBuf {
    template.join("complete")
}

/// The crate that evcxr writes after `:dep unit8 = { path = ".." }`, in a workspace with a second
/// one. That one keeps the library in the lock file: evcxr compiles its first, empty cell without
/// it, and cargo would forget the versions that the template was built with.
fn write_crates(project: &Project, template: &Path) -> Result<()> {
    let root = project.root.display().to_string().replace('\\', "\\\\").replace('"', "\\\"");
    for name in [CELLS, "keep"] {
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n\
             [lib]\ncrate-type = [\"cdylib\"]\npath = \"src/lib.rs\"\n\n\
             [dependencies]\nunit8 = {{ path = \"{root}\" }}\n"
        );
        write(&template.join(name).join("Cargo.toml"), manifest)?;
        write(&template.join(name).join("src/lib.rs"), "")?;
    }
    write(
        &template.join("Cargo.toml"),
        format!("[workspace]\nresolver = \"3\"\nmembers = [\"{CELLS}\", \"keep\"]\n"),
    )?;
    let lock = fs::read(project.root.join("Cargo.lock"))
        .context("Cargo.lock can't be read: `git checkout Cargo.lock`")?;
    write(&template.join("Cargo.lock"), lock)?;
    if project.home.starts_with(&project.root) {
        return Ok(());
    }
    // cargo looks for settings in the folders above, and this one is not below the checkout.
    let config = fs::read(project.root.join(".cargo/config.toml"))
        .context(".cargo/config.toml can't be read: `git checkout .cargo`")?;
    write(&project.home.join(".cargo/config.toml"), config)
}

/// What the dependencies were compiled with and for.
fn base_stamp(project: &Project, environment: &Environment, build: &Build) -> Result<String> {
    let rustc = output_of(Command::new("rustc").arg("-vV")).unwrap_or_default();
    let mut stamp = format!(
        "{rustc}\n{}\ntorch-{}\n{}\n{}\n",
        project.root.display(),
        environment.torch_version(),
        build.libtorch.display(),
        build.linker,
    );
    for file in ["Cargo.lock", ".cargo/config.toml"] {
        stamp += &fs::read_to_string(project.root.join(file))
            .context(format!("{file} can't be read: `git checkout {file}`"))?;
    }
    Ok(stamp)
}

/// The library's own files: name, size and time of the last change.
fn source_stamp(project: &Project) -> Result<String> {
    let mut files = BTreeMap::new();
    let manifest = project.root.join("Cargo.toml");
    if let Ok(about) = manifest.metadata() {
        files.insert(manifest, (about.len(), about.modified().ok()));
    }
    let mut folders = vec![project.root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).context(format!("{}", folder.display()))? {
            let path = entry.context("src/")?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(about) = path.metadata() {
                files.insert(path, (about.len(), about.modified().ok()));
            }
        }
    }
    Ok(format!("{files:?}\n"))
}
