//! The prebuilt kernel: the folder in which evcxr would compile the library at its first `:dep`,
//! compiled once. Every kernel then starts in a clone of it (see [`crate::clone`]).

use crate::build::Build;
use crate::environment::Environment;
use crate::process::{Context, Result, output_of, step, write};
use crate::project::Project;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs at the end of a kernel's start, and says so (see [`crate::relay`]). A panic in a cell shows its message, not thirty lines of C++ stack and
/// a Rust one: in a notebook the cell is the place, and the message is what helps.
const PRELUDE: &str = r#"
std::panic::set_hook(Box::new(|panic| {
    let message = panic.payload_as_str().unwrap_or("no message");
    let message = message.split("Exception raised from").next().unwrap_or(message);
    eprintln!("panicked: {}", message.trim_end().trim_end_matches("\\n"));
}));
if let Some(file) = std::env::var_os("UNIT8_READY") {
    std::fs::write(file, "").ok();
}
"#;

/// The folder, and the crate, in which evcxr compiles the cells.
pub const CELLS: &str = "ctx";

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
    let mut fetch = build.fetch();
    fetch.current_dir(&template);
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
        environment.libtorch().display(),
        build.linker(),
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
