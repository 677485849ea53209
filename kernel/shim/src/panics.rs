//! Panics are told to the kernel, which shows them as Jupyter shows an error.

use crate::PROCESS;
use std::panic::PanicHookInfo;

/// A panic of the cell's own thread is the kernel's to show, if it ends the cell. One of another
/// thread ends that thread, and is told where it happens.
pub fn tell_of_panics() {
    std::panic::set_hook(Box::new(|panic: &PanicHookInfo<'_>| {
        let message = panic.payload_as_str().unwrap_or("no message");
        // SAFETY: two numbers of this process.
        let main = unsafe { libc::gettid() == libc::getpid() };
        if let Some(process) = PROCESS.get() {
            process.link.tell(if main { b'P' } else { b'T' }, message.as_bytes());
        }
    }));
}
