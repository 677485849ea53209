//! `cargo xtask test`: everything that has to hold.

use crate::bench::{built, example_program};
use crate::lessons::{self, Purpose};
use crate::process::{Result, status_of};
use crate::project::Project;
use crate::setup::Setup;
use std::process::{Command, ExitCode};
use std::time::Instant;

/// Two files of tests at a time: most of what they do keeps one core busy. In their own order: by default
/// those with few tests, which take longest, come last, and one core waits for the other.
const BY_FILE: &[&str] = &["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"];

pub fn run(project: &Project, setup: &Setup) -> Result<ExitCode> {
    let commands = [
        ("formatting", format_check()),
        ("lints", lints(setup)),
        ("documentation", documentation(setup)),
        ("tests of the library and the set-up", rust_tests(setup)),
        (
            "kernels, set-up faults and JupyterLab",
            pytest(project, setup, "tests/notebooks", &[&["-k", "not lessons"], BY_FILE].concat()),
        ),
    ];
    let mut failed = Vec::new();
    let mut check = |name, outcome: &mut dyn FnMut() -> Result<bool>| -> Result<()> {
        println!("== {name}");
        let started = Instant::now();
        if !outcome()? {
            failed.push(name);
        }
        println!("== {name}: {:.0} s", started.elapsed().as_secs_f32());
        Ok(())
    };
    for (name, mut command) in commands {
        command.current_dir(&project.root);
        check(name, &mut || Ok(status_of(&mut command)?.success()))?;
    }
    check("parity with transformers", &mut || {
        let mut pytest = pytest(project, setup, "tests/python", BY_FILE);
        setup.kernel.set_variables(&mut pytest);
        pytest.env("UNIT8_PARITY", example_program(project, setup, "parity")?);
        pytest.env("UNIT8_BENCH_GPU", example_program(project, setup, "bench_gpu")?);
        pytest.env("UNIT8_PREDICT", built(project, setup, &["--bin", "unit8-predict-program"])?);
        Ok(status_of(&mut pytest)?.success())
    })?;
    check("the lessons", &mut || {
        let all = lessons::select(project, &[])?;
        let executed = lessons::run(project, setup, &all, Purpose::Test)? == ExitCode::SUCCESS;
        // test_reruns.py shares its lessons out itself.
        let mut pytest = pytest(project, setup, "tests/notebooks", &["-k", "lessons"]);
        Ok(executed && status_of(pytest.env("OMP_NUM_THREADS", "1"))?.success())
    })?;
    println!("{} passed, {} failed", 7 - failed.len(), failed.len());
    for name in &failed {
        println!("FAILED: {name}");
    }
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn format_check() -> Command {
    let mut cargo = Command::new("cargo");
    cargo.args(["fmt", "--all", "--check"]);
    cargo
}

fn lints(setup: &Setup) -> Command {
    let mut cargo = setup.kernel.cargo("clippy");
    cargo.args(["--workspace", "--all-targets", "--", "-D", "warnings"]);
    cargo
}

fn documentation(setup: &Setup) -> Command {
    let mut cargo = setup.kernel.cargo("doc");
    cargo.args(["--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
    cargo
}

fn rust_tests(setup: &Setup) -> Command {
    let mut cargo = setup.kernel.cargo("test");
    cargo.arg("--workspace").env("VIRTUAL_ENV", &setup.environment.prefix);
    cargo
}

fn pytest(project: &Project, setup: &Setup, folder: &str, options: &[&str]) -> Command {
    let mut pytest = setup.environment.python();
    pytest
        .args(["-m", "pytest", "-q", "-rs", "--durations=20", "-p", "no:cacheprovider"])
        .args(options);
    pytest.arg(project.root.join(folder));
    pytest
}
