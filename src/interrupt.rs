//! Jupyter's stop button, while something of ours runs.

use std::sync::atomic::{AtomicBool, Ordering};

static STOPPED: AtomicBool = AtomicBool::new(false);

extern "C" fn stop(_signal: libc::c_int) {
    STOPPED.store(true, Ordering::Relaxed);
}

/// Listens to Jupyter's stop button, which is SIGINT, as long as it lives. The kernel ignores that
/// signal at all other times.
pub struct Interrupt {
    before: libc::sighandler_t,
}

impl Interrupt {
    pub fn listen() -> Interrupt {
        STOPPED.store(false, Ordering::Relaxed);
        // SAFETY: the handler only stores into an atomic, which is allowed in a signal handler.
        let before = unsafe { libc::signal(libc::SIGINT, stop as *const () as libc::sighandler_t) };
        Interrupt { before }
    }

    pub fn happened(&self) -> bool {
        STOPPED.load(Ordering::Relaxed)
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        // SAFETY: puts back what `listen` found.
        unsafe { libc::signal(libc::SIGINT, self.before) };
    }
}
