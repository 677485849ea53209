//! Set-up and automation of the course kit. `cargo xtask help` lists the commands.
//!
//! Installed under two further names, the same program starts the notebook kernels
//! (`unit8-kernel`, see [`kernel`]) and stands in for cargo where rust-analyzer asks for the
//! dependency graph (`cargo`, see [`metadata`]).

mod bench;
mod build;
mod checks;
mod clone;
mod environment;
mod evcxr;
mod kernel;
mod lessons;
mod memory;
mod metadata;
mod process;
mod project;
mod relay;
mod setup;
mod template;

use process::Result;
use project::Project;
use std::path::Path;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <command>

  lab [-- <jupyter options>]   open JupyterLab on the lessons
  run [--save] [lesson ...]    execute the lessons headless; pictures and results go to
                               target/lessons/index.html. A lesson is named by a part of its
                               path. --save writes the outputs into the notebooks themselves
  test                         formatting, lints, docs, all tests, the lessons, JupyterLab
  bench [--gpu]                measure what the README promises; --gpu: training on a graphics
                               card, with a folder to take to a machine that has one
  setup                        only the set-up, which every command above does first

  --cpu                        set up without the CUDA packages";

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().collect();
    let name = Path::new(&args.remove(0)).file_name().unwrap_or_default().to_owned();
    let outcome = match name.to_str() {
        Some("cargo") => metadata::run(&args),
        Some("unit8-kernel") => kernel::run(&args),
        _ => xtask(args),
    };
    match outcome {
        Ok(code) => code,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn xtask(mut args: Vec<String>) -> Result<ExitCode> {
    let project = Project::of_xtask()?;
    let cpu = take_flag(&mut args, "--cpu");
    let command = if args.is_empty() { "help".to_owned() } else { args.remove(0) };
    if !["lab", "run", "test", "bench", "setup"].contains(&command.as_str()) {
        println!("{HELP}");
        let asked_for = ["help", "--help", "-h"].contains(&command.as_str());
        return Ok(if asked_for { ExitCode::SUCCESS } else { ExitCode::from(2) });
    }
    let tests = command == "test" || command == "bench";
    let setup = setup::run(&project, setup::Options { cpu, tests })?;
    match command.as_str() {
        "lab" => lessons::lab(&project, &setup, &args),
        "run" => {
            let save = take_flag(&mut args, "--save");
            lessons::run(&project, &setup, &args, save)
        }
        "test" => checks::run(&project, &setup),
        "bench" if take_flag(&mut args, "--gpu") => bench::gpu(&project, &setup),
        "bench" => bench::run(&project, &setup),
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn take_flag(args: &mut Vec<String>, flag: &str) -> bool {
    let before = args.len();
    args.retain(|arg| arg != flag);
    args.len() < before
}
