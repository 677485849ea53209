//! How far it is, and what is to be said at the end.

use crate::input::Window;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, stderr};
use std::time::Duration;
use unit8::dataloader::Dataset;

pub struct Progress {
    bar: ProgressBar,
    max_length: usize,
    texts: usize,
    /// Those that have as many tokens as are read.
    full: usize,
}

impl Progress {
    /// On a terminal, if the results go somewhere else: they are progress enough.
    pub fn start(size: Option<u64>, max_length: usize, results_are_seen: bool) -> Progress {
        let (bar, template) = match size {
            Some(size) => {
                (ProgressBar::new(size), "{bar:40} {percent} %  {msg}  {elapsed}, {eta} left")
            }
            None => (ProgressBar::new_spinner(), "{spinner} {msg}  {elapsed}"),
        };
        if results_are_seen || !stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let style = ProgressStyle::with_template(template);
        let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        // A window may take minutes: it is seen that time goes on.
        bar.enable_steady_tick(Duration::from_millis(250));
        Progress { bar, max_length, texts: 0, full: 0 }
    }

    /// These texts have been classified.
    pub fn after(&mut self, window: &Window) {
        let lengths = window.encodings.lengths();
        self.full += lengths.iter().filter(|&&length| length == self.max_length).count();
        self.texts += window.encodings.len();
        self.bar.set_position(window.bytes);
        self.bar.set_message(format!("{} texts", self.texts));
    }

    /// Above the bar.
    pub fn say(&self, note: &str) {
        self.bar.suspend(|| eprintln!("{note}"));
    }

    /// How many have been.
    pub fn texts(&self) -> usize {
        self.texts
    }

    /// All have.
    pub fn end(self) {
        self.bar.finish_and_clear();
        if self.full > 0 {
            eprintln!(
                "{} of {} texts have {} tokens or more: what is longer was cut off",
                self.full, self.texts, self.max_length
            );
        }
    }
}
