//! Jupyter's stop button, while something of ours runs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// How often it has been pressed while somebody listened.
static STOPS: AtomicUsize = AtomicUsize::new(0);

/// Of these, those that something has ended for.
static HEEDED: AtomicUsize = AtomicUsize::new(0);

/// How many listen, and what the signal did before.
static LISTENERS: Mutex<(usize, libc::sighandler_t)> = Mutex::new((0, libc::SIG_IGN));

extern "C" fn stop(_signal: libc::c_int) {
    STOPS.fetch_add(1, Ordering::Relaxed);
}

/// Listens to Jupyter's stop button, which is SIGINT, as long as it lives; several may, in threads. The
/// kernel ignores that signal at all other times.
pub struct Interrupt {
    before: usize,
}

impl Interrupt {
    pub fn listen() -> Interrupt {
        let mut listeners = LISTENERS.lock().unwrap_or_else(PoisonError::into_inner);
        if listeners.0 == 0 {
            let handler = stop as *const () as libc::sighandler_t;
            // SAFETY: the handler only adds to an atomic, which is allowed in a signal handler.
            listeners.1 = unsafe { libc::signal(libc::SIGINT, handler) };
        }
        listeners.0 += 1;
        Interrupt { before: STOPS.load(Ordering::Relaxed) }
    }

    pub fn happened(&self) -> bool {
        #[cfg(test)]
        if let Some(pressed) = PRETENDED.get() {
            return pressed;
        }
        let stops = STOPS.load(Ordering::Relaxed);
        if stops == self.before {
            return false;
        }
        HEEDED.store(stops, Ordering::Relaxed);
        true
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        let mut listeners = LISTENERS.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.0 -= 1;
        if listeners.0 == 0 {
            // SAFETY: puts back what `listen` found.
            unsafe { libc::signal(libc::SIGINT, listeners.1) };
            let heeded = HEEDED.load(Ordering::Relaxed) > self.before;
            if STOPS.load(Ordering::Relaxed) != self.before && !heeded {
                // It came too late for anybody who listened: the kernel ignores it, a program ends.
                // SAFETY: a signal to this thread.
                unsafe { libc::raise(libc::SIGINT) };
            }
        }
    }
}

#[cfg(test)]
thread_local! {
    /// Whether the button has been pressed, for the test of this thread: the signal is everybody's.
    pub static PRETENDED: std::cell::Cell<Option<bool>> = const { std::cell::Cell::new(None) };
}
