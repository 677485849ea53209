//! Jupyter's stop button.

use super::cell::{Cell, Stream};
use super::failure::Failure;
use super::{Processes, Proxy};
use std::time::{Duration, Instant};

/// A second stop within this time ends the cell, whatever it does.
const SECOND_STOP: Duration = Duration::from_secs(5);
/// After this time a stop that did not help says what would.
const STOP_HELPS: Duration = Duration::from_millis(1500);

impl<P: Processes> Proxy<P> {
    /// Jupyter's stop button. The first stop ends what listens to it, and compilers; a second one
    /// soon after ends the cell, with the process that holds the variables. Where no cell runs, it
    /// ends what a thread of an earlier one computes, if that listens.
    pub fn stop(&mut self) {
        let Some(cell) = &mut self.cell else {
            if self.processes.listens() {
                self.processes.interrupt();
            }
            return;
        };
        if cell.killed {
            return;
        }
        let second = cell.stopped.is_some_and(|first| first.elapsed() < SECOND_STOP);
        cell.stopped = Some(Instant::now());
        cell.told = false;
        if !cell.is_with_evcxr {
            let text = "the cell was stopped before it ran";
            return self.finish(Some(Failure::new("Stopped", text)));
        }
        if second && cell.runs {
            cell.killed = true;
            self.processes.kill();
            self.end_displays();
        } else if cell.runs {
            self.processes.interrupt();
        } else {
            self.processes.stop_compiler();
        }
        self.end_input();
    }

    /// From time to time: shows text that has come, and repeats a stop that did not help yet.
    pub fn tick(&mut self) {
        self.read_output();
        self.repeat_stop();
        self.look_for_reply();
        if !self.cell.as_ref().is_some_and(Cell::is_about_to_ask) {
            self.flush();
        }
    }

    fn repeat_stop(&mut self) {
        let Some(cell) = self.cell.as_mut().filter(|cell| cell.is_with_evcxr && !cell.killed)
        else {
            return;
        };
        let Some(since) = cell.stopped.map(|stop| stop.elapsed()).filter(|at| *at < SECOND_STOP)
        else {
            return;
        };
        if !cell.runs {
            // evcxr runs several compilers, and works between them.
            return self.processes.stop_compiler();
        }
        // The first one may have come before the cell listened.
        self.processes.interrupt();
        if since > STOP_HELPS && !std::mem::replace(&mut cell.told, true) {
            let line = if self.processes.listens() {
                "[the stop was heard: it ends after the current step]\n"
            } else {
                "[the cell does not listen: a second stop ends it, and all variables with it]\n"
            };
            cell.say(Stream::Stderr, line);
        }
    }
}
