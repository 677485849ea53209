//! What stands behind `cargo xtask`.

use crate::process::Result;

pub const HELP: &str = "\
cargo xtask <command>

  lab [-- <jupyter options>]   open JupyterLab on the lessons; what follows -- is JupyterLab's
  run [--save] [lesson ...]    execute the lessons headless; pictures and results go to
                               target/lessons/index.html. A lesson is named by a part of its
                               path. --save writes the outputs into the notebooks themselves
  test                         formatting, lints, docs, all tests, the lessons, JupyterLab
  bench [--gpu]                measure what the README promises; --gpu: training on a graphics
                               card, with a folder to take to a machine that has one
  setup                        only the set-up, which every command above does first
  help                         this text

  --cpu                        set up without the CUDA packages
  -h, --help                   this text";

#[derive(Debug, PartialEq)]
pub enum Command {
    Help,
    Lab { jupyter: Vec<String> },
    Run { lessons: Vec<String>, save: bool },
    Test,
    Bench { gpu: bool },
    Setup,
}

#[derive(Debug, PartialEq)]
pub struct Arguments {
    pub command: Command,
    /// Set up without the CUDA packages.
    pub cpu: bool,
}

/// Nothing is begun before all arguments have been understood.
pub fn parse(args: &[String]) -> Result<Arguments> {
    let end = args.iter().position(|arg| arg == "--");
    let (ours, jupyter) = args.split_at(end.unwrap_or(args.len()));
    let (mut options, mut words): (Vec<&str>, Vec<&str>) =
        ours.iter().map(String::as_str).partition(|arg| arg.starts_with('-'));
    let command = if words.is_empty() { "help" } else { words.remove(0) };
    let mut take = |option| {
        let before = options.len();
        options.retain(|other| *other != option);
        options.len() < before
    };
    if take("--help") | take("-h") || command == "help" {
        return Ok(Arguments { command: Command::Help, cpu: false });
    }
    let cpu = take("--cpu");
    let parsed = match command {
        "lab" => Command::Lab { jupyter: jupyter.iter().skip(1).cloned().collect() },
        "run" => Command::Run {
            save: take("--save"),
            lessons: words.drain(..).map(str::to_owned).collect(),
        },
        "test" => Command::Test,
        "bench" => Command::Bench { gpu: take("--gpu") },
        "setup" => Command::Setup,
        _ => return Err(format!("there is no command {command}")),
    };
    let jupyter = jupyter.iter().map(String::as_str).filter(|_| command != "lab");
    match options.into_iter().chain(words).chain(jupyter).next() {
        None => Ok(Arguments { command: parsed, cpu }),
        Some(extra) if command == "lab" => {
            Err(format!("lab doesn't know {extra}; JupyterLab's own options: lab -- {extra}"))
        }
        Some(extra) => Err(format!("{command} doesn't know {extra}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments> {
        super::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn help_is_given_wherever_it_is_asked_for() {
        for line in ["", "help", "--help", "-h", "lab --help", "run -h part1", "help setup"] {
            assert_eq!(parse(line).unwrap().command, Command::Help, "{line}");
        }
    }

    #[test]
    fn each_command_takes_its_own_options() {
        let arguments = |command, cpu| Ok(Arguments { command, cpu });
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(parse("setup --cpu"), arguments(Command::Setup, true));
        assert_eq!(parse("--cpu bench --gpu"), arguments(Command::Bench { gpu: true }, true));
        let run = Command::Run { lessons: texts(&["part1", "8.2"]), save: true };
        assert_eq!(parse("run part1 --save 8.2"), arguments(run, false));
        let lab = Command::Lab { jupyter: texts(&["--help", "--port", "8889"]) };
        assert_eq!(parse("lab -- --help --port 8889"), arguments(lab, false));
    }

    #[test]
    fn what_is_not_known_is_named() {
        for (line, word) in [
            ("lap", "lap"),
            ("test --fast", "--fast"),
            ("setup now", "now"),
            ("run --sav part1", "--sav"),
            ("test -- -k lessons", "--"),
            ("lab --port=8889", "lab -- --port=8889"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.ends_with(word), "{line}: {error}");
        }
    }
}
