//! Work of all cores that shows how far it is, and that the stop button ends.

use crate::display::{Bar, thousands};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::{Builder, scope};
use std::time::Duration;

/// How often somebody looks at the button and the bar.
const LOOK: Duration = Duration::from_millis(50);

/// What those who work tell the one who watches, and what he tells them.
#[derive(Default)]
pub(super) struct Watch {
    done: AtomicUsize,
    stopped: AtomicBool,
}

impl Watch {
    /// One more text is done.
    pub(super) fn step(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the work is to end, with whatever it has.
    pub(super) fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

/// Does something with so many texts, in this thread and in those that it asks for help, while
/// another one watches.
///
/// # Errors
/// [`Error::Stopped`] by the stop button.
pub(super) fn watched<R>(texts: usize, work: impl FnOnce(&Watch) -> R) -> Result<R> {
    let (watch, interrupt) = (&Watch::default(), Interrupt::listen());
    let result = scope(|threads| {
        let (working, ended) = channel::<()>();
        // Without a thread to be had nobody watches, and the work is done all the same.
        let _ = Builder::new().spawn_scoped(threads, move || {
            let mut bar = Bar::start("counting words");
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(LOOK) {
                let done = watch.done.load(Ordering::Relaxed);
                watch.stopped.fetch_or(interrupt.happened(), Ordering::Relaxed);
                bar.at(done as f64 / texts.max(1) as f64, || {
                    format!("{} of {} texts", thousands(done), thousands(texts))
                });
            }
            if !watch.stopped() {
                bar.done(&format!("{} texts", thousands(texts)));
            }
        });
        let result = work(watch);
        drop(working);
        result
    });
    if watch.stopped() {
        return Err(Error::Stopped("the counting of the words".to_owned()));
    }
    Ok(result)
}
