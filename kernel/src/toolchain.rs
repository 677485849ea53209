//! With which programs the library and the cells are compiled, and with which settings of cargo's.
//!
//! Found once, by `prepare`: kernels use what is recorded, so that neither a change of rustup's
//! default nor the PATH of whoever starts a kernel can make it compile everything again. What the
//! user has set for cargo in variables and files (wrappers, flags, other target folders) is meant for
//! other projects, and does not count here; where packages come from does.

use crate::error::{Context, Result};
use crate::linux;
use crate::process::{on_path, output_of, read_json, write, write_json};
use crate::settings::Settings;
use serde::{Deserialize, Serialize};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Variables of cargo's that say where packages come from, and how to reach that place.
const SOURCES: [&str; 6] = [
    "CARGO_HTTP_",
    "CARGO_NET_",
    "CARGO_REGISTRIES_",
    "CARGO_REGISTRY_",
    "CARGO_SOURCE_",
    "CARGO_TERM_",
];

/// Tables of cargo's configuration that say the same.
const SOURCE_TABLES: [&str; 7] =
    ["source", "registries", "registry", "net", "http", "credential-alias", "term"];

/// The stand-in for the linker.
pub const LINKER: &str = "notebook-cc";

/// The programs, by their full paths, and what they say about themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Toolchain {
    /// The compiler.
    pub rustc: PathBuf,
    /// The real cargo.
    pub cargo: PathBuf,
    /// The folder of the compiler and the standard library.
    pub sysroot: PathBuf,
    /// The host's name, such as `x86_64-unknown-linux-gnu`.
    pub target: String,
    /// What `rustc -vV` prints.
    pub version: String,
    /// What `cargo --version` prints.
    pub cargo_version: String,
    /// What `rustc --print cfg -O` prints: rust-analyzer asks at each start of a kernel.
    pub cfg: String,
    /// What `rustc --print target-spec-json` prints.
    pub target_spec: String,
    /// The C compiler that links.
    pub cc: PathBuf,
    /// Size and time of the compiler's file: another one means that Rust was updated.
    compiler: (u64, u64),
}

impl Toolchain {
    /// The recorded one.
    ///
    /// # Errors
    /// Rust was updated or removed since: what was compiled with it does not fit any more.
    pub fn current(settings: &Settings) -> Result<Toolchain> {
        let file = settings.home.join("toolchain.json");
        let recorded: Toolchain = read_json(&file)
            .map_err(|_| format!("nothing is prepared yet: run `{}`", settings.setup_command))?;
        let closed = |error: std::io::Error| error.kind() == std::io::ErrorKind::PermissionDenied;
        if fs::metadata(&recorded.rustc).is_err_and(closed) {
            return Err(format!(
                "{} is closed to you: whoever prepared this installs Rust where all may read it \
                 (RUSTUP_HOME says where), and runs `{}` again",
                recorded.rustc.display(),
                settings.setup_command
            ));
        }
        if fingerprint(&recorded.rustc) != Some(recorded.compiler) {
            return Err(format!(
                "Rust was updated or removed since the set-up: run `{}`, once",
                settings.setup_command
            ));
        }
        Ok(recorded)
    }

    /// The one that the user's PATH names, in the library's folder.
    ///
    /// # Errors
    /// No Rust, no C compiler.
    pub fn find(settings: &Settings) -> Result<Toolchain> {
        let rustc = on_path("rustc").context(format!(
            "rustc was not found on the PATH: install Rust from https://rustup.rs, then `{}`",
            settings.setup_command
        ))?;
        let sysroot = print(
            Command::new(&rustc).args(["--print", "sysroot"]).current_dir(&settings.library.path),
        );
        let direct = sysroot.map(|sysroot| PathBuf::from(sysroot).join("bin/rustc"));
        Toolchain::at(settings, &direct.filter(|direct| direct.is_file()).unwrap_or(rustc))
    }

    fn at(settings: &Settings, rustc: &Path) -> Result<Toolchain> {
        let ask = |args: &[&str]| print(Command::new(rustc).args(args).env("RUSTC_BOOTSTRAP", "1"));
        let version = ask(&["-vV"]).context("rustc can't be run: install Rust anew")?;
        let target = version.lines().find_map(|line| line.strip_prefix("host: "));
        let beside = rustc.with_file_name("cargo");
        let cargo = Some(beside).filter(|cargo| cargo.is_file()).or_else(|| on_path("cargo"));
        let cargo = cargo.context("cargo was not found beside rustc, nor on the PATH")?;
        let cc = on_path("cc").or_else(|| on_path("gcc")).or_else(|| on_path("clang"));
        let cc = cc.context("cc was not found on the PATH: install a C compiler (gcc)")?;
        let toolchain = Toolchain {
            rustc: rustc.to_owned(),
            sysroot: ask(&["--print", "sysroot"]).context("rustc names no sysroot")?.into(),
            target: target.context("rustc -vV names no host")?.to_owned(),
            cargo_version: print(Command::new(&cargo).arg("--version")).unwrap_or_default(),
            cfg: ask(&["--print", "cfg", "-O"]).unwrap_or_default(),
            target_spec: ask(&["-Zunstable-options", "--print", "target-spec-json"])
                .unwrap_or_default(),
            compiler: fingerprint(rustc).context("rustc can't be read")?,
            version,
            cargo,
            cc,
        };
        write_json(&settings.home.join("toolchain.json"), &toolchain)?;
        Ok(toolchain)
    }

    /// The folder of the standard library's shared object.
    pub fn libraries(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib").join(&self.target).join("lib")
    }

    /// The sources of the standard library (the component rust-src).
    pub fn std_sources(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib/src/rust/library")
    }

    /// `cargo <verb>` with exactly the settings that everything here is compiled with.
    ///
    /// It starts in the root folder: cargo reads configurations in all folders above the one it
    /// starts in, and a project below the home folder would get those of the home folder.
    ///
    /// # Errors
    /// A CARGO_HOME that can't be made.
    pub fn cargo(&self, settings: &Settings, verb: &str, manifest: &Path) -> Result<Command> {
        let mut command = Command::new(&self.cargo);
        linux::tie(&mut command).current_dir("/").arg(verb).arg("--manifest-path").arg(manifest);
        let profile = settings.library.path.join(".cargo/config.toml");
        if profile.is_file() {
            command.arg("--config").arg(profile);
        }
        for (name, _) in std::env::vars_os() {
            if !is_kept(&name.to_string_lossy()) {
                command.env_remove(name);
            }
        }
        let triple = self.target.to_uppercase().replace(['-', '.'], "_");
        command
            .env_remove("LD_PRELOAD")
            .env("CARGO_HOME", cargo_home(&settings.own_folder()?)?)
            .env("CARGO_BUILD_TARGET", &self.target)
            // By name: cargo compiles everything again where a path is another one.
            .env(format!("CARGO_TARGET_{triple}_LINKER"), LINKER)
            .env("RUSTC", &self.rustc)
            .env("RUSTFLAGS", "-Cprefer-dynamic")
            .env("RUSTC_WRAPPER", "")
            .envs(&settings.variables);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let bin = self.rustc.parent().map(Path::to_owned);
        let folders = bin.into_iter().chain(settings.path.clone());
        // In a kernel our own come first; here only the linker is to be found.
        let ours = stand_ins(settings);
        let theirs = std::env::split_paths(&path).filter(|folder| *folder != ours);
        command.env("PATH", join(folders.chain(theirs).chain([ours.clone()])));
        Ok(command)
    }
}

/// The folder of the programs that stand in for others (see [`crate::cells`]).
pub fn stand_ins(settings: &Settings) -> PathBuf {
    settings.home.join("bin-cells")
}

/// A list of folders as it stands in a variable; one with a colon in its name is left out.
pub fn join(folders: impl Iterator<Item = PathBuf>) -> std::ffi::OsString {
    let usable = folders.filter(|folder| !folder.to_string_lossy().contains(':'));
    std::env::join_paths(usable).unwrap_or_default()
}

fn print(command: &mut Command) -> Option<String> {
    output_of(command.env_remove("LD_PRELOAD").env_remove("RUSTC_WRAPPER"))
}

fn fingerprint(program: &Path) -> Option<(u64, u64)> {
    let about = fs::metadata(program).ok()?;
    let changed = about.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some((about.len(), changed.as_secs()))
}

/// Whether a variable of the user's reaches cargo. Those that cargo sets for what it runs don't
/// (this may run below `cargo run`), or build scripts that look at them run again in each kernel.
fn is_kept(name: &str) -> bool {
    let settings = ["CARGO", "RUSTC", "RUSTFLAGS", "NOTEBOOK_KERNEL_"];
    let is_setting = settings.iter().any(|setting| name.starts_with(setting));
    !is_setting || SOURCES.iter().any(|kept| name.starts_with(kept))
}

/// A CARGO_HOME with what the user has downloaded and from where, and no settings for compiling. Nor
/// programs: rust-analyzer would take cargo from there, and pass by the stand-in.
///
/// # Errors
/// A folder that can't be made.
pub fn cargo_home(folder: &Path) -> Result<PathBuf> {
    let ours = folder.join("cargo-home");
    fs::create_dir_all(&ours).context(format!("can't make {}", ours.display()))?;
    let ours = ours.canonicalize().context(format!("can't open {}", ours.display()))?;
    let theirs = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")))
        .context("neither HOME nor CARGO_HOME is set")?;
    // A stand-in in a kernel has it from us.
    if theirs.canonicalize().is_ok_and(|theirs| theirs == ours) {
        return Ok(ours);
    }
    // Made here where a new machine lacks it: cargo would make it in our folder.
    let registry = theirs.join("registry");
    fs::create_dir_all(&registry).context(format!("can't make {}", registry.display()))?;
    for name in ["registry", "git", "credentials.toml", "credentials", ".package-cache"] {
        let (target, link) = (theirs.join(name), ours.join(name));
        if target.exists() && fs::read_link(&link).ok().as_ref() != Some(&target) {
            let _ = fs::remove_file(&link).or_else(|_| fs::remove_dir_all(&link));
            // Another kernel may have made it a moment ago.
            let _ = symlink(&target, &link);
        }
    }
    let read = |name| fs::read_to_string(theirs.join(name));
    let config = only_sources(&read("config.toml").or_else(|_| read("config")).unwrap_or_default());
    let file = ours.join("config.toml");
    if fs::read_to_string(&file).ok().as_ref() != Some(&config) {
        write(&file, config)?;
    }
    Ok(ours)
}

/// The tables of a cargo configuration that say where packages come from.
fn only_sources(config: &str) -> String {
    let mut table = None;
    let mut kept = String::new();
    for line in config.lines() {
        let header = line.trim_start().strip_prefix('[').map(|rest| rest.trim_start_matches('['));
        if let Some(header) = header.filter(|header| header.contains(']')) {
            table = header
                .split(['.', ']'])
                .next()
                .map(|name| name.trim().trim_matches('"').to_owned());
        }
        let first = line.split(['.', '=']).next().unwrap_or_default().trim();
        if SOURCE_TABLES.contains(&table.as_deref().unwrap_or(first)) {
            kept += line;
            kept.push('\n');
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_stays_and_flags_go() {
        let config = "net.retry = 3\nbuild.jobs = 1\n[build]\nrustc-wrapper = \"sccache\"\n\
                      target-dir = \"/tmp/t\"\n[source.crates-io]\nreplace-with = \"mirror\"\n\
                      [source.mirror]\nregistry = \"sparse+https://mirror/\"\n[target.'cfg(all())']\n\
                      rustflags = [\"-Ctarget-cpu=native\"]\n[http]\nproxy = \"p\"\n";
        let kept = only_sources(config);
        assert_eq!(
            kept,
            "net.retry = 3\n[source.crates-io]\nreplace-with = \"mirror\"\n[source.mirror]\n\
             registry = \"sparse+https://mirror/\"\n[http]\nproxy = \"p\"\n"
        );
    }

    #[test]
    fn variables_of_cargo_s_are_kept_only_for_downloads() {
        for name in [
            "RUSTFLAGS",
            "RUSTC_WRAPPER",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_BUILD_JOBS",
            "CARGO_TARGET_DIR",
            "CARGO_PROFILE_DEV_DEBUG",
            "CARGO",
            "CARGO_PKG_NAME",
        ] {
            assert!(!is_kept(name), "{name}");
        }
        for name in ["PATH", "CARGO_HTTP_PROXY", "CARGO_NET_OFFLINE", "RUST_BACKTRACE"] {
            assert!(is_kept(name), "{name}");
        }
    }
}
