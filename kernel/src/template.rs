//! The template: a folder with all that kernels need of the library, compiled once.
//!
//! It is named by what went into it, never changed when it is complete, and used in place by any
//! number of kernels. After an edit in the library's `src` a new one is made beside it, from hard
//! links to the compiled dependencies of the one before: whoever needs it first compiles the library,
//! and the others wait for that.

use crate::cells::metadata;
use crate::error::{Context, Result};
use crate::lock::{Lock, abandoned};
use crate::process::{output_of, step, write, write_json};
use crate::settings::Settings;
use crate::sources;
use crate::toolchain::Toolchain;
use crate::workspace::Workspace;
use crate::{dependencies, folder, links};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// The layout of a template; another one makes all of them new.
const FORMAT: u32 = 2;

/// A complete template. It stays as long as this value.
#[derive(Debug)]
pub struct Template {
    /// Its folder.
    pub folder: PathBuf,
    _lock: Lock,
}

/// What a template was made from.
struct Stamp {
    /// Compiler and variables: what no compiled crate survives a change of.
    platform: String,
    /// That, versions and profiles: two templates of one base have the same dependencies.
    base: String,
    /// That and the library's own files.
    all: String,
}

/// The current template, made where it is missing. `say` gets lines about what takes long.
///
/// # Errors
/// A library that does not compile, a disk that is full: the message names the remedy.
pub fn ensure(settings: &Settings, say: &mut dyn FnMut(&str)) -> Result<Template> {
    let tools = Toolchain::current(settings)?;
    let stamp = Stamp::now(settings, &tools)?;
    let folder = templates(settings).join(&stamp.all);
    if let Some(template) = Template::open(&folder)? {
        return Ok(template);
    }
    let own = settings.own_folder()?;
    if own != settings.home {
        let newest = newest(settings).context(format!(
            "{} is not prepared: whoever owns it runs `{}`",
            settings.home.display(),
            settings.setup_command
        ))?;
        say("this is not your folder, so the library is used as its owner compiled it");
        return Ok(newest);
    }
    loop {
        fs::create_dir_all(&folder).context(format!("can't make {}", folder.display()))?;
        let lock_file = lock_file(&folder);
        if let Some(lock) = Lock::if_free(&lock_file)? {
            if !is_complete(&folder) {
                make(settings, &tools, &stamp, &folder, say)?;
            }
            sweep(settings, &folder);
            return Ok(Template { _lock: lock.share(&lock_file)?, folder });
        }
        say("another kernel compiles the library, and this one waits for it");
        // Whoever has compiled it keeps it, as long as a kernel lives, together with others.
        drop(Lock::shared(&lock_file)?);
        if let Some(template) = Template::open(&folder)? {
            return Ok(template);
        }
    }
}

/// The complete template that was made last: what a kernel can use while the library does not
/// compile.
pub fn newest(settings: &Settings) -> Option<Template> {
    newest_folder(settings, |_| true).and_then(|folder| Template::open(&folder).ok()?)
}

impl Template {
    /// One that is complete, and nobody's to sweep from now on.
    fn open(folder: &Path) -> Result<Option<Template>> {
        if !is_complete(folder) {
            return Ok(None);
        }
        let lock = Lock::shared(&lock_file(folder))?;
        Ok(is_complete(folder).then(|| Template { folder: folder.to_owned(), _lock: lock }))
    }
}

/// The folder's last file.
fn is_complete(folder: &Path) -> bool {
    folder.join("complete").exists()
}

/// The lock lies beside the folder, so that it outlives a half-removed one.
fn lock_file(folder: &Path) -> PathBuf {
    folder.with_extension("lock")
}

fn templates(settings: &Settings) -> PathBuf {
    settings.home.join("templates")
}

fn newest_folder(settings: &Settings, fits: impl Fn(&str) -> bool) -> Option<PathBuf> {
    let made = |folder: &PathBuf| folder.join("complete").metadata().ok()?.modified().ok();
    fs::read_dir(templates(settings))
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|folder| fs::read_to_string(folder.join("complete")).is_ok_and(|base| fits(&base)))
        .max_by_key(made)
}

/// Removes the templates that no kernel uses, but for the one that was made last.
fn sweep(settings: &Settings, current: &Path) {
    let Ok(entries) = fs::read_dir(templates(settings)) else { return };
    let used = folder::templates_in_use(settings);
    for lock in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let folder = lock.with_extension("");
        let is_lock = lock.extension().is_some_and(|extension| extension == "lock");
        let is_other = is_lock && folder != current && !used.contains(&folder);
        if let Some(_held) = is_other.then(|| abandoned(&lock)).flatten() {
            let _ = fs::remove_file(folder.join("complete"));
            let _ = fs::remove_dir_all(folder);
            let _ = fs::remove_file(lock);
        }
    }
}

/// The dependency as evcxr writes it.
fn dependency(settings: &Settings) -> String {
    let path = settings.library.path.display().to_string();
    let path = path.replace('\\', "\\\\").replace('"', "\\\"");
    format!("{} = {{ path = \"{path}\" }}\n", settings.library.name)
}

fn make(
    settings: &Settings,
    tools: &Toolchain,
    stamp: &Stamp,
    folder: &Path,
    say: &mut dyn FnMut(&str),
) -> Result<()> {
    let work = Workspace { folder: folder.to_owned() };
    let library = &settings.library;
    let log = |name: &str| settings.home.join("log").join(format!("{name}.log"));
    let old = newest_folder(settings, |about| about.starts_with(&stamp.platform));
    let name = match &old {
        Some(_) => format!("{} has changed: it is compiled once, for all kernels", library.name),
        None => "the library for the notebooks".to_owned(),
    };
    if let (false, Some(old)) = (work.target().exists(), old) {
        let _held = Lock::shared(&lock_file(&old))?;
        links::link_tree(&old.join("target"), &work.target(), &library.name)?;
    }
    forget(&work, tools, &library.name);
    let source = format!("extern crate {};\n", library.name.replace('-', "_"));
    work.write(&dependency(settings), &source, &library.path.join("Cargo.lock"))?;
    let mut fetch = tools.cargo(settings, "fetch", &work.manifest())?;
    if output_of(fetch.args(["--offline", "--target", &tools.target])).is_none() {
        let mut fetch = tools.cargo(settings, "fetch", &work.manifest())?;
        fetch.args(["--target", &tools.target]);
        step("sources of the dependencies", &log("fetch"), &mut fetch, say)?;
    }
    let mut build = work.cargo(settings, tools, "build")?;
    step(&name, &log("library"), &mut build, say)?;
    dependencies::link(settings, tools, &work)?;
    let mut cargo = tools.cargo(settings, "metadata", &work.manifest())?;
    let mut graph = metadata::graph(cargo.arg("--offline"), &tools.target)?;
    if tools.std_sources().join("core").is_dir() {
        let crates = metadata::crates(&graph);
        sources::prepare(&tools.std_sources(), &crates, &folder.join("sources"))?;
    }
    metadata::show_trimmed(&mut graph, &folder.join("sources"));
    write_json(&folder.join("metadata.json"), &graph)?;
    write(&folder.join("complete"), format!("{}\n{}\n", stamp.platform, stamp.base))
}

/// Lets cargo compile the library again, whatever the times of its files say.
fn forget(work: &Workspace, tools: &Toolchain, library: &str) {
    let fingerprints = work.target().join(&tools.target).join("debug/.fingerprint");
    let entries = fs::read_dir(fingerprints).into_iter().flatten();
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let number = name.strip_prefix(library).and_then(|rest| rest.strip_prefix('-'));
        // Not those of another crate whose name begins with the library's.
        if number.is_some_and(|number| !number.contains('-')) {
            let _ = fs::remove_dir_all(path);
        }
    }
}

impl Stamp {
    fn now(settings: &Settings, tools: &Toolchain) -> Result<Stamp> {
        let library = &settings.library.path;
        let read = |file: &str| {
            let path = library.join(file);
            fs::read_to_string(&path).context(format!("{} can't be read", path.display()))
        };
        let platform = hash(&format!(
            "{FORMAT}\n{}\n{}\n{:?}\n{}\n{:?}\n{:?}",
            tools.version,
            tools.sysroot.display(),
            tools.cc,
            library.display(),
            settings.variables,
            settings.library_path,
        ));
        let profile = read(".cargo/config.toml").unwrap_or_default();
        let base = hash(&format!("{platform}\n{}\n{profile}", read("Cargo.lock")?));
        let mut all = Sha256::new();
        all.update(&base);
        all.update(read("Cargo.toml")?);
        let mut files = vec![library.join("build.rs")];
        collect(&library.join("src"), &mut files)?;
        files.sort();
        for file in files {
            all.update(file.to_string_lossy().as_bytes());
            all.update(fs::read(&file).unwrap_or_default());
        }
        Ok(Stamp { platform, base, all: hex(&all.finalize()) })
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let unreadable = || format!("can't read {}", folder.display());
    for entry in fs::read_dir(folder).context(unreadable())? {
        let path = entry.context(unreadable())?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// A short name for a text.
pub fn hash(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
