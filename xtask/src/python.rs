//! Python programs: which one makes the environment, and how they are started, whatever the
//! user's shell and settings say about others.

use crate::process::{Result, output_of};
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// The versions for which all packages of environment.yml are known to exist: 3.10 to 3.14.
const OLDEST: u32 = 10;
const NEWEST: u32 = 14;

/// Where to look: the user's default comes first.
const PROGRAMS: [&str; 7] =
    ["python3", "python3.11", "python3.12", "python3.13", "python3.14", "python3.10", "python"];

/// What a shell may have set for other programs, by which ours would load something else, leave
/// the tests' `assert`s out, or not end.
const VARIABLES: [&str; 7] = [
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONPLATLIBDIR",
    "PYTHONSAFEPATH",
    "PYTHONSTARTUP",
    "PYTHONOPTIMIZE",
    "PYTHONINSPECT",
];

/// A Python program with nothing but what belongs to it.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command
}

/// `pip install` into this environment.
///
/// Settings of the user's, in variables and in files, may say that packages go elsewhere, that only
/// some are allowed, or that nothing is installed at all. Those are overruled; the ones about the
/// index, the network and certificates hold.
pub fn pip_install(mut python: Command, prefix: &Path) -> Command {
    // pip takes a setting from its own options before it looks at a variable, and from a variable
    // before it looks at a file.
    python
        .args(["-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off"])
        .args(["--no-user", "--target=", "--root=/", "--prefix"])
        .arg(prefix)
        .args(["--no-binary=:none:", "--only-binary=:none:"]);
    for switch in ["USER", "NO_DEPS", "DRY_RUN", "IGNORE_INSTALLED", "REQUIRE_HASHES"] {
        python.env(format!("PIP_{switch}"), "0");
    }
    only_what_is_named(&mut python);
    python
}

/// `pip download` of the packages that a file names with their checksums, and of nothing else.
pub fn pip_download(mut python: Command, requirements: &Path, folder: &Path) -> Command {
    python
        .args(["-m", "pip", "download", "--disable-pip-version-check", "--progress-bar=off"])
        .args(["--no-deps", "--require-hashes", "--no-binary=:none:", "--only-binary=:all:"])
        .arg("--dest")
        .arg(folder)
        .arg("--requirement")
        .arg(requirements);
    only_what_is_named(&mut python);
    python
}

/// Overrules the settings that add packages, or take them for another Python.
fn only_what_is_named(pip: &mut Command) {
    for list in ["CONSTRAINT", "REQUIREMENT"] {
        pip.env(format!("PIP_{list}"), "/dev/null");
    }
    for name in ["PYTHON", "EDITABLE", "PLATFORM", "PYTHON_VERSION", "IMPLEMENTATION", "ABI"] {
        pip.env_remove(format!("PIP_{name}"));
    }
}

/// A Python on the PATH.
#[derive(Clone, Debug, PartialEq)]
pub struct Python {
    pub program: String,
    /// The 12 of 3.12.
    minor: u32,
    /// Whether it can make an environment with pip in it.
    can_make: bool,
}

impl Python {
    fn ask(program: &str) -> Option<Python> {
        let script = "import sys; from importlib.util import find_spec; \
                      print(*sys.version_info[:2], all(map(find_spec, ['venv', 'ensurepip'])))";
        let answer = output_of(command(program).args(["-I", "-c", script]))?;
        let mut words = answer.split_whitespace();
        let (major, minor, can_make) = (words.next()?, words.next()?, words.next()?);
        let minor = minor.parse().ok().filter(|_| major == "3")?;
        Some(Python { program: program.to_owned(), minor, can_make: can_make == "True" })
    }

    pub fn is_known(&self) -> bool {
        (OLDEST..=NEWEST).contains(&self.minor)
    }

    /// A word about a Python that is newer than this project.
    pub fn warning(&self) -> Option<String> {
        (!self.is_known()).then(|| {
            format!(
                "{} is Python 3.{}, newer than 3.{NEWEST}, up to which this was tried: it may work",
                self.program, self.minor
            )
        })
    }
}

/// The Python to make the environment with.
pub fn find() -> Result<Python> {
    choose(PROGRAMS.into_iter().filter_map(Python::ask).collect())
}

/// The first of a known version, else one that is newer.
fn choose(found: Vec<Python>) -> Result<Python> {
    let fit = |python: &&Python| python.can_make && python.minor >= OLDEST;
    let mut fitting = found.iter().filter(fit);
    let first = fitting.clone().next();
    if let Some(python) = fitting.find(|python| python.is_known()).or(first) {
        return Ok(python.clone());
    }
    let without_venv = found.iter().find(|python| python.minor >= OLDEST);
    Err(match (without_venv, found.first()) {
        (Some(Python { program, minor, .. }), _) => format!(
            "{program} is Python 3.{minor} without venv and ensurepip. Install them (Debian: apt \
             install python3.{minor}-venv), or activate a conda environment."
        ),
        (None, old) => {
            let old = old.map_or("Python was not found on the PATH".to_owned(), |python| {
                format!("{} is Python 3.{}", python.program, python.minor)
            });
            format!(
                "{old}; 3.{OLDEST} or newer is needed. Install it (Debian: apt install python3 \
                 python3-venv), or activate a conda environment."
            )
        }
    })
}

/// What to do where pip finds no package for a Python.
pub fn no_packages(prefix: &Path, log: &str) -> Option<String> {
    log.contains("No matching distribution found").then(|| {
        format!(
            "Is there no package for this Python? Python 3.{OLDEST} to 3.{NEWEST} have all of \
             them. Install one of those, delete {}, and run the command again.",
            prefix.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python(program: &str, minor: u32, can_make: bool) -> Python {
        Python { program: program.to_owned(), minor, can_make }
    }

    #[test]
    fn the_default_python_is_taken_if_it_can_be() {
        let chosen = |found: &[Python]| choose(found.to_vec()).unwrap().program;
        let (old, new) = (python("python3", 9, true), python("python3", 15, true));
        let (good, bare) = (python("python3.12", 12, true), python("python3", 13, false));
        assert_eq!(chosen(&[python("python3", 14, true), good.clone()]), "python3");
        for other in [old, new.clone(), bare] {
            assert_eq!(chosen(&[other, good.clone()]), "python3.12");
        }
        assert_eq!(chosen(std::slice::from_ref(&new)), "python3");
        assert!(new.warning().unwrap().contains("Python 3.15, newer than"));
        assert_eq!(good.warning(), None);
    }

    #[test]
    fn where_none_will_do_the_remedy_is_named() {
        let error = |found: &[Python]| choose(found.to_vec()).unwrap_err();
        let bare = python("python3", 13, false);
        let old = python("python3", 9, true);
        assert!(error(&[old.clone(), bare]).contains("apt install python3.13-venv"));
        assert!(error(&[old]).starts_with("python3 is Python 3.9; 3.10 or newer is needed"));
        assert!(error(&[]).starts_with("Python was not found"));
    }
}
