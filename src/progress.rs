//! When a long cell says how far it is.

use std::time::{Duration, Instant};

/// Not more often than this, so that a cell's output stays readable.
const EVERY: Duration = Duration::from_secs(2);
/// The lines of a cell in which one long thing happens: about a screenful.
const LINES: f64 = 15.0;
/// Those of a part of a cell.
const FEW_LINES: f64 = 5.0;

/// Paces the progress lines of a cell.
pub struct Pace {
    started: Instant,
    last_line: Instant,
    lines: f64,
}

impl Pace {
    pub fn start() -> Pace {
        let now = Instant::now();
        Pace { started: now, last_line: now, lines: LINES }
    }

    /// For what a cell may do several times.
    pub fn start_of_part() -> Pace {
        Pace { lines: FEW_LINES, ..Pace::start() }
    }

    /// Seconds since the start.
    pub fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// How many seconds are left when this share of the work is done, 0 to 1.
    pub fn seconds_left(&self, share: f64) -> f64 {
        self.seconds() / share.max(1e-9) - self.seconds()
    }

    /// Whether it is time for a line, when this share of the work is done, 0 to 1. At the end the
    /// result speaks for itself.
    pub fn line_is_due(&mut self, share: f64) -> bool {
        if share >= 1.0 {
            return false;
        }
        let even = Duration::try_from_secs_f64(self.seconds() / share.max(1e-9) / self.lines);
        // What takes hours says soon that it works, and then ever more rarely.
        let twice_as_late = self.last_line - self.started;
        let due = self.last_line.elapsed()
            >= EVERY.max(even.map_or(twice_as_late, |even| even.min(twice_as_late)));
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
        let mut fresh = Pace { started: ago(1), last_line: ago(1), lines: LINES };
        assert!(!fresh.line_is_due(0.5));
        let mut later = Pace { started: ago(3), last_line: ago(3), lines: LINES };
        assert!(later.line_is_due(0.5));
        assert!(!later.line_is_due(0.5), "not twice");
        // In 300 seconds: a line every 20 seconds, but the first ones come earlier.
        let mut long = Pace { started: ago(60), last_line: ago(15), lines: LINES };
        assert!(!long.line_is_due(0.2));
        let mut endless = Pace { started: ago(7), last_line: ago(4), lines: LINES };
        assert!(endless.line_is_due(1e-9) && !endless.line_is_due(1e-9));
    }
}
