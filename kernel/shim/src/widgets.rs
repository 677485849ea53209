//! Widgets of the notebook, whose values the kernel keeps: they move while a cell runs.

use crate::PROCESS;
use libc::{c_int, c_void};
use std::sync::{Condvar, Mutex, Once, PoisonError};
use std::time::Duration;

/// A larger request would take the browser down.
const LARGEST: usize = 16 << 20;

/// Asks the kernel for something about widgets, in JSON: `{"open": state}`, `{"get": [id, name]}`,
/// `{"set": [id, state]}`, `{"close": id}` or `{"cell": null}`. The answer, JSON too, is given to
/// `answer`, with `to`.
///
/// Returns 0, or 1 if the request is too large, or there is no kernel.
///
/// # Safety
/// `request` points to `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn notebook_kernel_widget(
    request: *const u8,
    length: usize,
    answer: extern "C" fn(*mut c_void, *const u8, usize),
    to: *mut c_void,
) -> c_int {
    let Some(process) = PROCESS.get().filter(|_| length <= LARGEST) else { return 1 };
    // SAFETY: as the caller says.
    let request = unsafe { std::slice::from_raw_parts(request, length) };
    let said = process.link.widget(request);
    answer(to, said.as_ptr(), said.len());
    0
}

/// How often the kernel has said that a value changed.
static CHANGES: Mutex<u64> = Mutex::new(0);
static CHANGED: Condvar = Condvar::new();

/// Waits until values have changed since there were `seen` changes, but no longer than so many
/// milliseconds; gives how many there are now.
#[unsafe(no_mangle)]
pub extern "C" fn notebook_kernel_changes(seen: u64, milliseconds: u64) -> u64 {
    static LISTENS: Once = Once::new();
    LISTENS.call_once(|| {
        // Without a thread to be had, whoever waits looks from time to time.
        let _ = std::thread::Builder::new().spawn(listen);
    });
    let changes = CHANGES.lock().unwrap_or_else(PoisonError::into_inner);
    let most = Duration::from_millis(milliseconds);
    let waited = CHANGED.wait_timeout_while(changes, most, |changes| *changes == seen);
    let (changes, _) = waited.unwrap_or_else(PoisonError::into_inner);
    *changes
}

fn listen() {
    let Some(process) = PROCESS.get() else { return };
    while process.link.wait_for_bell() {
        *CHANGES.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        CHANGED.notify_all();
    }
}
