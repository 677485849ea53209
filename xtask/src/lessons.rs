//! `cargo xtask lab` and `cargo xtask run`.

use crate::process::{Context, Result, status_of, write};
use crate::project::Project;
use crate::setup::Setup;
use serde_json::Value;
use std::fs;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Where the executed lessons go, and what they may use.
#[derive(Clone, Copy, PartialEq)]
pub enum Purpose {
    /// Into target/lessons/.
    Look,
    /// Into the notebooks themselves.
    Save,
    /// Into target/lessons/, with the installed reviews and model, so that the numbers are the
    /// same on a machine that has a network, or the course's own in its caches.
    Test,
}

impl Purpose {
    pub fn of_run(save: bool) -> Purpose {
        if save { Purpose::Save } else { Purpose::Look }
    }
}

/// Opens JupyterLab on the lessons.
pub fn lab(project: &Project, setup: &Setup, args: &[String]) -> Result<ExitCode> {
    println!("JupyterLab opens on {}. Ctrl-C twice ends it.", project.notebooks().display());
    let mut jupyter = setup.environment.python();
    jupyter.args(["-m", "jupyterlab"]).args(args).current_dir(project.notebooks());
    if args.is_empty() {
        jupyter.arg("README.ipynb"); // the start page, unless something else is asked for
    }
    // SAFETY: asks the system for a number.
    if unsafe { libc::geteuid() } == 0 {
        println!("You are root, which JupyterLab refuses by default: it gets --allow-root.");
        jupyter.arg("--allow-root");
    }
    let status = status_of(&mut jupyter)?;
    Ok(ExitCode::from(status.code().map_or(1, |code| code as u8)))
}

/// Executes the lessons, each in a fresh kernel.
pub fn run(
    project: &Project,
    setup: &Setup,
    lessons: &[PathBuf],
    purpose: Purpose,
) -> Result<ExitCode> {
    let queue = Mutex::new(lessons.iter());
    let next = || {
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        if purpose == Purpose::Test { queue.next_back() } else { queue.next() }
    };
    let work = || -> Result<Vec<Done>> {
        std::iter::from_fn(next).map(|lesson| execute(project, setup, lesson, purpose)).collect()
    };
    // Two at a time only where nobody reads their times: what a lesson mostly does is to compile its
    // cells, and that keeps one core busy. From the last to the first, which are the shortest: then
    // neither core waits long for the other.
    let mut done = if purpose == Purpose::Test {
        std::thread::scope(|scope| {
            let beside = scope.spawn(work);
            let mine = work();
            let others = beside.join().unwrap_or_else(|panic| resume_unwind(panic));
            Ok::<_, String>([others?, mine?].concat())
        })?
    } else {
        work()?
    };
    done.sort_by(|a, b| a.name.cmp(&b.name));
    let failed = done.iter().filter(|lesson| !lesson.passed).count();
    let index = results(project).join("index.html");
    write(&index, page(&done.iter().map(section).collect::<String>()))?;
    println!("{} passed, {failed} failed: {}", lessons.len() - failed, index.display());
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A lesson after its run.
#[derive(Clone)]
struct Done {
    name: String,
    seconds: f32,
    passed: bool,
    notebook: PathBuf,
}

fn execute(project: &Project, setup: &Setup, lesson: &Path, purpose: Purpose) -> Result<Done> {
    let name = name_of(project, lesson);
    let notebook = executed(project, lesson, purpose);
    println!("{name}");
    let mut python = setup.environment.python();
    python
        .arg(project.root.join("xtask/python/run_lesson.py"))
        .args((purpose == Purpose::Test).then_some(["--installed", "--quick"]).iter().flatten())
        .args([lesson, &notebook])
        .current_dir(lesson.parent().unwrap_or(&project.root));
    let started = Instant::now();
    let passed = if purpose == Purpose::Test {
        // On one core, and its lines in one piece: another runs beside it.
        python.env("OMP_NUM_THREADS", "1");
        let output = python.output().context("can't run Python")?;
        print!("{name}\n{}", String::from_utf8_lossy(&[output.stdout, output.stderr].concat()));
        output.status.success()
    } else {
        status_of(&mut python)?.success()
    };
    let seconds = started.elapsed().as_secs_f32();
    println!("  {} in {seconds:.1} s", if passed { "done" } else { "FAILED" });
    Ok(Done { name, seconds, passed, notebook })
}

fn results(project: &Project) -> PathBuf {
    project.root.join("target/lessons")
}

/// Where a lesson lies after its run.
pub fn executed(project: &Project, lesson: &Path, purpose: Purpose) -> PathBuf {
    match purpose {
        Purpose::Save => lesson.to_owned(),
        _ => results(project).join(place_of(project, lesson)),
    }
}

/// The notebooks whose path contains one of the names; all of them when none is given.
pub fn select(project: &Project, names: &[String]) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    collect(&project.notebooks(), &mut all)?;
    all.sort();
    for name in names {
        if !all.iter().any(|lesson| name_of(project, lesson).contains(name.as_str())) {
            let known: Vec<String> = all.iter().map(|lesson| name_of(project, lesson)).collect();
            return Err(format!(
                "no lesson is called {name}; there are:\n  {}",
                known.join("\n  ")
            ));
        }
    }
    all.retain(|lesson| {
        let lesson = name_of(project, lesson);
        names.is_empty() || names.iter().any(|name| lesson.contains(name.as_str()))
    });
    Ok(all)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).context(format!("{}", folder.display()))? {
        let path = entry.context("notebooks/")?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !hidden {
            collect(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "ipynb") {
            found.push(path);
        }
    }
    Ok(())
}

/// `8.2-bag-of-words/part2-classifier.ipynb`
pub fn place_of<'a>(project: &Project, lesson: &'a Path) -> &'a Path {
    lesson.strip_prefix(project.notebooks()).unwrap_or(lesson)
}

/// `8.2-bag-of-words/part2-classifier`
fn name_of(project: &Project, lesson: &Path) -> String {
    place_of(project, lesson).with_extension("").display().to_string()
}

/// A lesson on the index page: its time and its pictures.
fn section(lesson: &Done) -> String {
    let Done { name, seconds, .. } = lesson;
    let mark = if lesson.passed { "passed" } else { "<strong>failed</strong>" };
    let pictures = fs::read(&lesson.notebook).map(|bytes| pictures(&bytes)).unwrap_or_default();
    format!("<h2>{name}</h2>\n<p>{mark} in {seconds:.1} s</p>\n{}\n", pictures.join("\n"))
}

/// The HTML outputs that hold a drawing.
fn pictures(notebook: &[u8]) -> Vec<String> {
    let notebook: Value = serde_json::from_slice(notebook).unwrap_or_default();
    let cells = notebook["cells"].as_array().map_or(&[][..], Vec::as_slice);
    cells
        .iter()
        .flat_map(|cell| cell["outputs"].as_array().map_or(&[][..], Vec::as_slice))
        .map(|output| text_of(&output["data"]["text/html"]))
        .filter(|html| html.contains("image/svg+xml"))
        .collect()
}

/// Notebook files hold a text whole or in lines.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

fn page(sections: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Unit 8 lessons</title>\n\
         <style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; \
         padding: 0 1em }}</style>\n<h1>Unit 8 lessons</h1>\n{sections}</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_found_in_both_forms_of_text() {
        let notebook = br#"{"cells": [{"outputs": [
            {"data": {"text/html": ["<img src='data:image/svg+xml,a'", ">"]}},
            {"data": {"text/html": "<img src='data:image/svg+xml,b'>"}},
            {"data": {"text/html": "<table>"}}, {"text": "x"}]}, {"source": "x"}]}"#;
        let expected = ["a", "b"].map(|data| format!("<img src='data:image/svg+xml,{data}'>"));
        assert_eq!(pictures(notebook), expected);
    }
}
