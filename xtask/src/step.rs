//! The long steps of the set-up: their output is in log files; what is seen are bars in a terminal,
//! lines elsewhere, and the end of the log if one fails.

use crate::process::{Context, Result};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fs::File;
use std::io::{IsTerminal, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// A step that takes less shows nothing.
const SOMETHING: Duration = Duration::from_secs(1);
/// How often a line says how far it is.
const EVERY: Duration = Duration::from_secs(20);

/// The bars of all steps that run at the same time, if this is a terminal.
static BARS: LazyLock<Option<MultiProgress>> = LazyLock::new(|| {
    let dumb = std::env::var_os("TERM").is_some_and(|kind| kind == "dumb");
    let is_terminal = std::io::stdout().is_terminal() && !dumb;
    is_terminal.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stdout()))
});

/// A line that stands above the bars.
pub fn say(line: &str) {
    match &*BARS {
        Some(bars) => drop(bars.println(line)),
        None => println!("{line}"),
    }
}

/// Runs one step with its output in a log file. Where nothing was to be done, nothing is shown.
pub fn step(name: &str, log: &Path, command: &mut Command) -> Result<()> {
    watched_step(name, log, log, command)
}

/// The same with a program that writes into another log how far it is.
pub fn watched_step(name: &str, log: &Path, watched: &Path, command: &mut Command) -> Result<()> {
    let folder = log.parent().context("a log file has a folder")?;
    std::fs::create_dir_all(folder).context(format!("can't make {}", folder.display()))?;
    let file = File::create(log).context(format!("can't write {}", log.display()))?;
    let copy = file.try_clone().context("can't write the log twice")?;
    if BARS.is_some() {
        // cargo tells files how far it is only if it is asked to.
        command.env("CARGO_TERM_PROGRESS_WHEN", "always").env("CARGO_TERM_PROGRESS_WIDTH", "60");
    }
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(copy)
        .spawn()
        .context(format!("{name}: can't run {program}"))?;
    let mut shown = Shown::begin(name);
    let status = loop {
        if let Some(status) = child.try_wait().context(name)? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(50));
        shown.look(watched);
    };
    shown.end(status.success());
    if status.success() { Ok(()) } else { Err(explain(name, log)) }
}

/// What is seen of a step.
struct Shown<'a> {
    name: &'a str,
    started: Instant,
    /// When it was looked at last, if it has been worth it yet.
    last: Option<Instant>,
    bar: Option<ProgressBar>,
}

impl Shown<'_> {
    fn begin(name: &str) -> Shown<'_> {
        Shown { name, started: Instant::now(), last: None, bar: None }
    }

    fn look(&mut self, log: &Path) {
        let wait = match (self.last, &*BARS) {
            (None, _) => SOMETHING,
            (Some(_), Some(_)) => Duration::from_millis(200),
            (Some(_), None) => EVERY,
        };
        if self.last.unwrap_or(self.started).elapsed() < wait {
            return;
        }
        let first = self.last.replace(Instant::now()).is_none();
        // One that was left by an earlier run says nothing yet.
        let text = if self.is_new(log) { end_of(log) } else { String::new() };
        match &*BARS {
            Some(bars) => self.draw(bars, &text),
            None if first => println!("  {} ...", self.name),
            None => {
                let line = shorten(&last_lines(&text, 1));
                println!("  {}: {:.0} s, {line}", self.name, self.started.elapsed().as_secs_f32());
            }
        }
    }

    fn draw(&mut self, bars: &MultiProgress, text: &str) {
        let style = |template| ProgressStyle::with_template(template).ok();
        let bar = self.bar.get_or_insert_with(|| {
            let bar = bars.add(ProgressBar::new_spinner());
            bar.set_prefix(self.name.to_owned());
            if let Some(style) = style("  {spinner} {prefix:32} {elapsed:>4} {wide_msg}") {
                bar.set_style(style);
            }
            bar.with_elapsed(self.started.elapsed())
        });
        if let Some((done, all)) = text.rsplit(['\n', '\r']).find_map(progress_of) {
            if bar.length() != Some(all)
                && let Some(style) =
                    style("  {spinner} {prefix:32} {elapsed:>4} {bar:24} {pos}/{len} {wide_msg}")
            {
                bar.set_length(all);
                bar.set_style(style);
            }
            bar.set_position(done);
        }
        bar.set_message(shorten(&last_lines(text, 1)));
        bar.tick();
    }

    fn is_new(&self, log: &Path) -> bool {
        let changed = log.metadata().and_then(|about| about.modified()).ok();
        let age = changed.and_then(|changed| changed.elapsed().ok());
        age.is_some_and(|age| age <= self.started.elapsed())
    }

    fn end(self, well: bool) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if well && self.last.is_some() {
            let seconds = self.started.elapsed().as_secs();
            let time = match seconds {
                0..120 => format!("{seconds} s"),
                _ => format!("{} min {} s", seconds / 60, seconds % 60),
            };
            say(&format!("  {}: done in {time}", self.name));
        }
    }
}

/// `Building [=====>     ] 12/300: serde, syn` of cargo's: 12 of 300.
fn progress_of(line: &str) -> Option<(u64, u64)> {
    let (_, rest) = line.trim_start().strip_prefix("Building [")?.split_once("] ")?;
    let (done, rest) = rest.split_once('/')?;
    let all = rest.split(|sign: char| !sign.is_ascii_digit()).next()?;
    Some((done.parse().ok()?, all.parse().ok()?))
}

/// The last kilobytes of a log: it may be long, and is looked at often.
fn end_of(log: &Path) -> String {
    const MOST: u64 = 1 << 14;
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(MOST)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}

/// The end of a log, and what it most likely means.
fn explain(name: &str, log: &Path) -> String {
    let tail = last_lines(&end_of(log), 12);
    let remedy = remedy(&tail);
    format!("{name} failed.\n{tail}\n(all of it: {})\n{remedy}", log.display())
}

fn remedy(tail: &str) -> &'static str {
    let says = |words: &[&str]| words.iter().any(|word| tail.to_lowercase().contains(word));
    if says(&["no space left", "os error 28"]) {
        "The disk is full: set-up needs 10 GB, less with --cpu, and `cargo xtask models` another 1.3 GB. \
         Make room and run the command again."
    } else if says(&["resolve host", "connect", "network", "timed out", "dns error", "spurious"]) {
        "No network, or a proxy in between. Run the command again when it is there: \
         set-up goes on where it was."
    } else if says(&["lock file", "--locked"]) {
        "Cargo.lock doesn't fit Cargo.toml: `git checkout Cargo.lock`, or `cargo update`."
    } else if says(&["linker `cc` not found", "c++", "is `g++` installed"]) {
        "A C++ compiler is missing: install g++ (Debian: apt install g++) and run the command again."
    } else {
        "The command can be run again: it goes on where it was."
    }
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text
        .split(['\n', '\r'])
        .filter(|line| !line.trim().is_empty() && progress_of(line).is_none())
        .collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

fn shorten(line: &str) -> String {
    line.trim().chars().take(70).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_is_told_with_its_remedy() {
        for (log, wanted) in [
            ("error: No space left on device (os error 28)", "The disk is full"),
            ("ERROR: Could not install: [Errno 28] No space left on device", "The disk is full"),
            ("error: [6] Could not resolve host: index.crates.io", "No network"),
            ("error: cannot update the lock file because --locked was passed", "Cargo.lock"),
            ("error: failed to run c++: No such file", "install g++"),
            ("something else", "goes on where it was"),
        ] {
            assert!(remedy(log).contains(wanted), "{log}: {}", remedy(log));
        }
    }

    #[test]
    fn what_cargo_says_of_its_progress_is_understood_and_is_no_line_of_the_log() {
        assert_eq!(progress_of("    Building [===>      ] 12/300: serde, syn"), Some((12, 300)));
        assert_eq!(progress_of("    Building [=========>] 299/300"), Some((299, 300)));
        assert_eq!(progress_of("   Compiling serde v1.0.0 (1/2)"), None);
        let log = "   Compiling a\n    Building [> ] 1/3: b\r\r\n";
        assert_eq!(last_lines(log, 1), "   Compiling a");
    }
}
