//! `cargo xtask slides`, and the web pages of `cargo xtask run --html`. xtask/python/pages.py writes
//! them; here is what it is given.

use crate::arguments::Theme;
use crate::environment::Environment;
use crate::lessons::{self, Purpose};
use crate::process::{Context, Result, status_of};
use crate::project::Project;
use crate::python;
use crate::setup::Setup;
use crate::step::step;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// reveal.js is in it; xtask/pages/reveal.txt has its checksum.
const WHEEL: &str = "sphinx_revealjs-3.2.1-py3-none-any.whl";

/// Writes presentations of the lessons as they lie.
pub fn slides(
    project: &Project,
    setup: &Setup,
    lessons: &[PathBuf],
    theme: Option<Theme>,
) -> Result<ExitCode> {
    let out = project.root.join("target/slides");
    let mut python = writer(project, setup, theme);
    python.arg("--reveal").arg(reveal(project, &setup.environment)?);
    python.args(["--", "slides"]).arg(project.notebooks()).arg(&out);
    for lesson in lessons {
        python.arg(lessons::place_of(project, lesson)).arg(lesson);
    }
    let code = finish(python)?;
    println!(
        "Slides: {}. Open them in a browser: space goes on, F fills the screen, Esc shows all, S \
         the speaker's notes.",
        out.display()
    );
    Ok(code)
}

/// Writes the course as web pages: what has just been executed as it came out, the rest as it lies.
pub fn site(
    project: &Project,
    setup: &Setup,
    executed: &[PathBuf],
    purpose: Purpose,
    theme: Option<Theme>,
) -> Result<ExitCode> {
    let out = project.root.join("target/site");
    let mut python = writer(project, setup, theme);
    python.args(["--", "site"]).arg(project.notebooks()).arg(&out);
    for lesson in lessons::select(project, &[])? {
        let result = lessons::executed(project, &lesson, purpose);
        let file = if executed.contains(&lesson) && result.exists() { &result } else { &lesson };
        python.arg(lessons::place_of(project, &lesson)).arg(file);
    }
    for page in texts(&project.notebooks())? {
        python.arg(lessons::place_of(project, &page)).arg(&page);
    }
    let code = finish(python)?;
    println!("Web pages: {}", out.join("index.html").display());
    Ok(code)
}

/// The pages beside the lessons that are written in Markdown.
fn texts(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).context(format!("{}", folder.display()))?;
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut texts: Vec<PathBuf> =
        files.filter(|file| file.extension() == Some(OsStr::new("md"))).collect();
    texts.sort();
    Ok(texts)
}

fn writer(project: &Project, setup: &Setup, theme: Option<Theme>) -> Command {
    let mut python = setup.environment.python();
    python.arg(project.root.join("xtask/python/pages.py"));
    if let Some(theme) = theme {
        python.args(["--theme", theme.name()]);
    }
    python
}

fn finish(mut python: Command) -> Result<ExitCode> {
    let status = status_of(&mut python)?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The package with reveal.js, which pip fetches and checks the first time.
fn reveal(project: &Project, environment: &Environment) -> Result<PathBuf> {
    let folder = project.home.join("reveal");
    let wheel = folder.join(WHEEL);
    if wheel.exists() {
        return Ok(wheel);
    }
    let new = folder.join(format!("new-{}", std::process::id()));
    let requirements = project.root.join("xtask/pages/reveal.txt");
    let mut pip = python::pip_download(environment.python(), &requirements, &new);
    let fetched = step("reveal.js", &project.log("reveal"), &mut pip).and_then(|()| {
        fs::rename(new.join(WHEEL), &wheel).context(format!("can't write {}", wheel.display()))
    });
    let _ = fs::remove_dir_all(&new);
    fetched.map(|()| wheel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_is_the_one_that_pip_is_told_to_fetch() {
        let (package, version) = WHEEL.split_once("-py3").unwrap().0.split_once('-').unwrap();
        let pin = format!("{}=={version} --hash=sha256:", package.replace('_', "-"));
        assert!(include_str!("../pages/reveal.txt").contains(&pin), "{pin}");
    }

    #[test]
    fn the_texts_beside_the_lessons_become_pages() {
        let folder = std::env::temp_dir().join(format!("xtask-texts-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for name in ["teaching.md", "a.md", "README.ipynb", "md"] {
            fs::write(folder.join(name), "").unwrap();
        }
        let found = texts(&folder).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(found, [folder.join("a.md"), folder.join("teaching.md")]);
    }
}
