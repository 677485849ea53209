//! Set-up and automation of the course kit. `cargo xtask help` lists the commands.

mod arguments;
mod bench;
mod checks;
mod environment;
mod evcxr;
mod kernel;
mod lessons;
mod models;
mod pages;
mod process;
mod project;
mod python;
mod setup;
mod step;

use arguments::{Command, HELP};
use lessons::Purpose;
use process::Result;
use project::Project;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    xtask(&args).unwrap_or_else(|message| {
        eprintln!("error: {message}");
        ExitCode::FAILURE
    })
}

fn xtask(args: &[String]) -> Result<ExitCode> {
    let arguments = match arguments::parse(args) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("error: {error}\n\n{HELP}");
            return Ok(ExitCode::from(2));
        }
    };
    let tests = matches!(arguments.command, Command::Test | Command::Bench { .. });
    let options = setup::Options { cpu: arguments.cpu, tests };
    let project = Project::of_xtask()?;
    let set_up = || setup::run(&project, options);
    match arguments.command {
        Command::Help => {
            println!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        Command::Lab { jupyter } => lessons::lab(&project, &set_up()?, &jupyter),
        Command::Run { lessons, save } => {
            let lessons = lessons::select(&project, &lessons)?;
            lessons::run(&project, &set_up()?, &lessons, Purpose::of_run(save))
        }
        Command::Site { lessons, save, theme } => {
            let (lessons, purpose) = (lessons::select(&project, &lessons)?, Purpose::of_run(save));
            let setup = set_up()?;
            let executed = lessons::run(&project, &setup, &lessons, purpose)?;
            let written = pages::site(&project, &setup, &lessons, purpose, theme)?;
            Ok(if executed == ExitCode::SUCCESS { written } else { executed })
        }
        Command::Slides { lessons, theme } => {
            let lessons = lessons::select(&project, &lessons)?;
            pages::slides(&project, &set_up()?, &lessons, theme)
        }
        Command::Test => checks::run(&project, &set_up()?),
        Command::Bench { gpu: true } => bench::gpu(&project, &set_up()?),
        Command::Bench { gpu: false } => bench::run(&project, &set_up()?),
        Command::Setup => set_up().map(|_| ExitCode::SUCCESS),
        Command::Models => {
            let environment = environment::ensure(&project, options.cpu, options.tests)?;
            models::install(&project, &environment).map(|()| ExitCode::SUCCESS)
        }
    }
}
