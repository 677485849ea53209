//! `cargo xtask bench`: the figures of the README, measured on this machine.

use crate::process::{Context, Result, has_gpu, output_of, status_of};
use crate::project::Project;
use crate::setup::Setup;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const ROUNDS: &str = "5";

pub fn run(project: &Project, setup: &Setup) -> Result<ExitCode> {
    lock_graph(project)?;
    kernels(project, setup)?;
    figures(project, setup)?;
    let predict = built(project, setup, &["--bin", "unit8-predict-program"])?;
    for (example, script) in
        [("bench_words", "bench_words.py"), ("bench_transformers", "bench_transformers.py")]
    {
        let program = example_program(project, setup, example)?;
        let mut python = setup.environment.python();
        setup.kernel.set_variables(&mut python);
        python.arg(project.root.join("xtask/python").join(script)).arg(program);
        python.env("UNIT8_PREDICT", &predict);
        if !status_of(&mut python)?.success() {
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The course's kernel beside a bare evcxr.
fn kernels(project: &Project, setup: &Setup) -> Result<()> {
    println!("kernels, median of {ROUNDS} starts (s):{:>15}{:>8}{:>8}", "ours", "bare", "times");
    let figures = in_kernels(project, setup, "bench_kernel.py", &[&project.evcxr()])?;
    for (part, seconds) in figures["ours"].as_object().into_iter().flatten() {
        let ours = seconds.as_f64().unwrap_or(f64::NAN);
        match figures["bare"][part].as_f64() {
            Some(bare) => println!("  {part:<38} {ours:8.2}{bare:8.2}{:8.2}", ours / bare),
            None => println!("  {part:<38} {ours:8.2}"),
        }
    }
    Ok(())
}

/// What the figure of a training costs it.
fn figures(project: &Project, setup: &Setup) -> Result<()> {
    println!("fit, median of {ROUNDS} trainings (s):{:>16}{:>8}{:>8}", "drawn", "quiet", "times");
    let figures = in_kernels(project, setup, "bench_live.py", &[])?;
    for (kind, seconds) in figures.as_object().into_iter().flatten() {
        let number = |name: &str| seconds[name].as_f64().unwrap_or(f64::NAN);
        let (live, quiet, ratio) = (number("live"), number("quiet"), number("ratio"));
        println!("  {kind:<38} {live:8.2}{quiet:8.2}{ratio:8.3}");
    }
    Ok(())
}

/// What a script that starts kernels prints last.
fn in_kernels(project: &Project, setup: &Setup, script: &str, more: &[&Path]) -> Result<Value> {
    let mut python = setup.environment.python();
    python.arg(project.root.join("xtask/python").join(script)).arg(&project.root);
    python.args(more).arg(ROUNDS);
    let figures = output_of(&mut python)
        .context(format!("{script} can't measure: `cargo xtask run` tells why"))?;
    serde_json::from_str(figures.lines().last().unwrap_or_default())
        .context(format!("the figures of {script} can't be read"))
}

/// `cargo xtask bench --gpu`: a folder with all that a machine with a graphics card needs besides
/// PyTorch, and the figures, if this is one.
pub fn gpu(project: &Project, setup: &Setup) -> Result<ExitCode> {
    let folder = project.root.join("target/bench-gpu");
    let program = PathBuf::from(example_program(project, setup, "bench_gpu")?);
    fs::create_dir_all(&folder).context(format!("can't make {}", folder.display()))?;
    let libraries = output_of(Command::new("rustc").args(["--print", "target-libdir"]))
        .and_then(|folder| fs::read_dir(folder).ok())
        .context("rustc names no folder of its libraries")?;
    let std = libraries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".so")
    });
    let script = project.root.join("xtask/python/bench_gpu.py");
    for file in [program, script].into_iter().chain(std) {
        let copy = folder.join(file.file_name().unwrap_or_default());
        fs::copy(&file, &copy).context(format!("can't write {}", copy.display()))?;
    }
    if !has_gpu() {
        println!(
            "no NVIDIA driver here: copy {} to a machine that has one, with torch 2.13.0 and \
             transformers, and run there: python bench_gpu.py ./bench_gpu",
            folder.display()
        );
        return Ok(ExitCode::SUCCESS);
    }
    let mut python = setup.environment.python();
    python.arg(folder.join("bench_gpu.py")).arg(folder.join("bench_gpu"));
    let measured = status_of(&mut python)?.success();
    Ok(if measured { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What the library needs: each package is compiled for the kernels.
fn lock_graph(project: &Project) -> Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.args(["metadata", "--format-version=1"]).current_dir(&project.root);
    let text = output_of(&mut cargo).context("cargo metadata fails: is Cargo.lock current?")?;
    let graph: Value = serde_json::from_str(&text).context("cargo metadata")?;
    let packages = || graph["packages"].as_array().into_iter().flatten();
    let library = packages().find(|package| package["name"] == "unit8");
    let mut needed = BTreeSet::new();
    let mut next: Vec<&str> =
        library.and_then(|package| package["id"].as_str()).into_iter().collect();
    while let Some(id) = next.pop() {
        let nodes = graph["resolve"]["nodes"].as_array().into_iter().flatten();
        if needed.insert(id) {
            let node = nodes.filter(|node| node["id"] == id);
            let needs = node.flat_map(|node| node["dependencies"].as_array().into_iter().flatten());
            next.extend(needs.filter_map(Value::as_str));
        }
    }
    let folders: BTreeSet<&Path> = packages()
        .filter(|package| !package["source"].is_null())
        .filter(|package| package["id"].as_str().is_some_and(|id| needed.contains(id)))
        .filter_map(|package| Path::new(package["manifest_path"].as_str()?).parent())
        .collect();
    let bytes: u64 = folders.iter().map(|folder| size_of(folder)).sum();
    println!(
        "the library needs {} packages, {:.0} MB of sources",
        folders.len(),
        bytes as f64 / 1e6
    );
    Ok(())
}

fn size_of(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .map(
            |path| {
                if path.is_dir() { size_of(&path) } else { path.metadata().map_or(0, |m| m.len()) }
            },
        )
        .sum()
}

/// Compiles an example of the library, and tells where it is.
pub fn example_program(project: &Project, setup: &Setup, name: &str) -> Result<String> {
    built(project, setup, &["--example", name])
}

/// Compiles the one program that these words mean to cargo, and tells where it is.
pub fn built(project: &Project, setup: &Setup, which: &[&str]) -> Result<String> {
    let mut cargo = setup.kernel.cargo("build");
    // Of the workspace, so that the packages below have the features, and the builds, of its tests.
    cargo.arg("--workspace").args(which).arg("--message-format=json");
    let messages = output_of(cargo.current_dir(&project.root))
        .context(format!("{} does not compile", which.join(" ")))?;
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(str::to_owned))
        .context("cargo names no program")
}
