//! How far something is that takes time: a bar where it can be redrawn, else lines now and then.

use super::notebook::Place;
use super::{Html, can_redraw, escape, is_quiet};
use std::time::{Duration, Instant};

/// What takes less than a second shows nothing but its result.
const FIRST: Duration = Duration::from_secs(1);
/// Not more often than the eye needs.
const EVERY: Duration = Duration::from_millis(250);
/// Lines stay: not more often than this, so that a cell's output stays readable.
const EVERY_LINE: Duration = Duration::from_secs(2);
/// The lines of a cell in which one long thing happens: about a screenful.
const LINES: f64 = 15.0;

/// Tells how far something is. If it is dropped before its end, it says where it ended.
pub struct Bar {
    what: String,
    /// None: nothing is said.
    shown: Option<Shown>,
    pace: Pace,
    /// The shares that were done before, and that are done now, 0 to 1.
    before: f64,
    share: f64,
}

enum Shown {
    Lines,
    /// A bar, once it has been worth it.
    Redrawn(Option<Place>, Instant),
}

impl Bar {
    /// Something has begun: "tokenizing", say.
    pub fn start(what: impl Into<String>) -> Bar {
        Bar::go_on(what, 0.0)
    }

    /// Something goes on of which this share is done already, 0 to 1.
    pub fn go_on(what: impl Into<String>, before: f64) -> Bar {
        let shown = if can_redraw() { Shown::Redrawn(None, Instant::now()) } else { Shown::Lines };
        let shown = (!is_quiet()).then_some(shown);
        Bar { what: what.into(), shown, pace: Pace::start(), before, share: before }
    }

    /// Seconds since the start.
    pub fn seconds(&self) -> f64 {
        self.pace.seconds()
    }

    /// This share of the work is done, 0 to 1; `detail` says what else is to be known.
    pub fn at(&mut self, share: f64, detail: impl FnOnce() -> String) {
        self.share = share;
        let lines = matches!(self.shown, Some(Shown::Lines));
        if self.shown.is_none() || (lines && !self.pace.line_is_due(share)) {
            return;
        }
        if let Some(Shown::Redrawn(place, last)) = &self.shown {
            let wait = if place.is_some() { EVERY } else { FIRST };
            if last.elapsed() < wait || share >= 1.0 {
                return;
            }
        }
        let here = (share - self.before) / (1.0 - self.before).max(1e-9);
        let left = seconds(self.pace.seconds() * (1.0 - here) / here.max(1e-9));
        let parts = [format!("{:.0} %", 100.0 * share), detail(), format!("{left} left")];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let text = format!("{} | {}", self.what, parts.join(" | "));
        if let Some(Shown::Redrawn(..)) = self.shown {
            self.draw(
                &Html::new(bar(share, &format!("{}: {}", self.what, parts.join(" · "))))
                    .with_text(text),
            );
        } else {
            println!("{text}");
        }
    }

    fn draw(&mut self, html: &Html) {
        if let Some(Shown::Redrawn(place, last)) = &mut self.shown {
            match place {
                Some(place) => place.replace(html),
                None => *place = Place::show(html),
            }
            *last = Instant::now();
        }
    }

    /// It is done; the line that stays, if there was a bar, ends with the seconds.
    pub fn done(mut self, result: &str) {
        let line = format!("{}: {result} in {}", self.what, seconds(self.pace.seconds()));
        self.end(&line);
    }

    fn end(&mut self, line: &str) {
        if matches!(self.shown, Some(Shown::Redrawn(Some(_), _))) {
            let html = format!("<small style=\"opacity:0.7\">{}</small>", escape(line));
            self.draw(&Html::new(html).with_text(line));
        }
        self.shown = None;
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        let line = format!("{}: ended at {:.0} %", self.what, 100.0 * self.share);
        self.end(&line);
    }
}

/// A bar, filled up to this share, 0 to 1, and text beside it.
pub fn bar(share: f64, text: &str) -> String {
    format!(
        "<div style=\"display:flex;align-items:center\">\
         <progress value=\"{share:.4}\" max=\"1\" style=\"width:14em;margin-right:0.8em\"></progress>\
         <span>{}</span></div>",
        escape(text)
    )
}

/// `0.8 s`, `12 s`, `3 min 20 s`, `2 h 5 min`.
pub fn seconds(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        _ if seconds < 9.95 => format!("{:.1} s", seconds.max(0.0)),
        0..=119 => format!("{whole} s"),
        120..=7199 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// Paces lines that stay.
pub struct Pace {
    started: Instant,
    last_line: Instant,
}

impl Pace {
    pub fn start() -> Pace {
        let now = Instant::now();
        Pace { started: now, last_line: now }
    }

    /// Seconds since the start.
    pub fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// Whether it is time for a line, when this share of the work is done, 0 to 1. At the end the
    /// result speaks for itself.
    pub fn line_is_due(&mut self, share: f64) -> bool {
        if share >= 1.0 {
            return false;
        }
        let even = Duration::try_from_secs_f64(self.seconds() / share.max(1e-9) / LINES);
        // What takes hours says soon that it works, and then ever more rarely.
        let twice_as_late = self.last_line - self.started;
        let due = self.last_line.elapsed()
            >= EVERY_LINE.max(even.map_or(twice_as_late, |even| even.min(twice_as_late)));
        if due {
            self.last_line = Instant::now();
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_waits_two_seconds_and_longer_in_long_work() {
        let ago = |seconds| Instant::now() - Duration::from_secs(seconds);
        let mut fresh = Pace { started: ago(1), last_line: ago(1) };
        assert!(!fresh.line_is_due(0.5));
        let mut later = Pace { started: ago(3), last_line: ago(3) };
        assert!(later.line_is_due(0.5));
        assert!(!later.line_is_due(0.5), "not twice");
        // In 300 seconds: a line every 20 seconds, but the first ones come earlier.
        let mut long = Pace { started: ago(60), last_line: ago(15) };
        assert!(!long.line_is_due(0.2));
        let mut endless = Pace { started: ago(7), last_line: ago(4) };
        assert!(endless.line_is_due(1e-9) && !endless.line_is_due(1e-9));
    }

    #[test]
    fn times_are_written_as_one_says_them() {
        let times = [0.04, 9.94, 9.96, 119.0, 200.0, 7500.0, -1.0].map(seconds);
        assert_eq!(times, ["0.0 s", "9.9 s", "10 s", "119 s", "3 min 20 s", "2 h 5 min", "0.0 s"]);
    }

    #[test]
    fn a_bar_cannot_inject_markup() {
        let html = bar(0.5, "<script>");
        assert!(html.contains("value=\"0.5000\"") && !html.contains("<script>"), "{html}");
    }
}
