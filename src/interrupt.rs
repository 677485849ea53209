//! Jupyter's stop button, while something of ours runs.

use crate::threads;
use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How often it has been pressed while somebody listened.
static STOPS: AtomicUsize = AtomicUsize::new(0);

/// Of these, those that something has ended for.
static HEEDED: AtomicUsize = AtomicUsize::new(0);

/// Those who listen.
struct Listeners {
    count: usize,
    /// What the signal did before the first of them came ...
    handler: libc::sighandler_t,
    /// ... and how often it had been pressed by then.
    stops: usize,
}

static LISTENERS: Mutex<Listeners> =
    Mutex::new(Listeners { count: 0, handler: libc::SIG_IGN, stops: 0 });

extern "C" fn stop(_signal: libc::c_int) {
    STOPS.fetch_add(1, Ordering::Relaxed);
}

/// Says whether the result of some work is not wanted any more.
type Unwanted = Arc<dyn Fn() -> bool + Send + Sync>;

thread_local! {
    /// Of what this thread works on.
    static UNWANTED: RefCell<Option<Unwanted>> = const { RefCell::new(None) };
}

/// Does some work that ends early, as by the stop button, when its result is not wanted any more.
pub fn as_long_as_wanted<R>(unwanted: Unwanted, work: impl FnOnce() -> R) -> R {
    /// Also where the work panics.
    struct Before(Option<Unwanted>);
    impl Drop for Before {
        fn drop(&mut self) {
            UNWANTED.replace(self.0.take());
        }
    }
    let _before = Before(UNWANTED.replace(Some(unwanted)));
    work()
}

/// Listens to Jupyter's stop button, which is SIGINT, as long as it lives; several may, in threads. The
/// kernel ignores that signal at all other times.
pub struct Interrupt {
    before: usize,
    unwanted: Option<Unwanted>,
}

impl Interrupt {
    pub fn listen() -> Interrupt {
        let mut listeners = LISTENERS.lock().unwrap_or_else(PoisonError::into_inner);
        if listeners.count == 0 {
            let handler = stop as *const () as libc::sighandler_t;
            listeners.stops = STOPS.load(Ordering::Relaxed);
            // SAFETY: the handler only adds to an atomic, which is allowed in a signal handler.
            listeners.handler = unsafe { libc::signal(libc::SIGINT, handler) };
        }
        listeners.count += 1;
        let unwanted = UNWANTED.with_borrow(Clone::clone);
        Interrupt { before: STOPS.load(Ordering::Relaxed), unwanted }
    }

    /// Whether to end: the button was pressed, or nobody wants the result any more.
    pub fn happened(&self) -> bool {
        self.pressed() || self.unwanted.as_ref().is_some_and(|unwanted| unwanted())
    }

    /// Whether the button was pressed.
    pub fn pressed(&self) -> bool {
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
        // What listens computes, and has ended now.
        threads::let_go();
        let mut listeners = LISTENERS.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.count -= 1;
        if listeners.count == 0 {
            // SAFETY: puts back what `listen` found.
            unsafe { libc::signal(libc::SIGINT, listeners.handler) };
            let heeded = HEEDED.load(Ordering::Relaxed).max(listeners.stops);
            if STOPS.load(Ordering::Relaxed) > heeded {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_nobody_wants_any_more_ends_in_its_thread_alone() {
        let unwanted = || as_long_as_wanted(Arc::new(|| true), || Interrupt::listen().happened());
        assert!(unwanted());
        let caught = std::panic::catch_unwind(|| {
            as_long_as_wanted(Arc::new(|| true), || std::panic::resume_unwind(Box::new(())))
        });
        assert!(caught.is_err() && !Interrupt::listen().happened());
        let other = as_long_as_wanted(Arc::new(|| true), || {
            std::thread::spawn(|| Interrupt::listen().happened()).join()
        });
        assert!(!other.unwrap());
    }
}
