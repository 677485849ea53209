//! Things in the notebook that can be replaced by others.

use crate::{PROCESS, calls};
use std::sync::Mutex;

/// A larger thing would take the browser down.
const LARGEST: usize = 16 << 20;

/// Shows a thing below what the cells have written so far, or puts it in the place of the one that
/// was shown with the same number before. The thing is a JSON object: a text for each MIME type.
///
/// Returns 0, or 1 if it is too large, or there is no kernel.
///
/// # Safety
/// `thing` points to `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn notebook_kernel_display(
    id: u64,
    replaces: bool,
    thing: *const u8,
    length: usize,
) -> libc::c_int {
    let Some(process) = PROCESS.get().filter(|_| length <= LARGEST) else { return 1 };
    // SAFETY: as the caller says.
    let thing = unsafe { std::slice::from_raw_parts(thing, length) };
    if replaces {
        process.link.replace(id, thing);
    } else {
        calls::flush();
        process.link.show(id, thing);
    }
    0
}

static AT_END: Mutex<Vec<extern "C" fn()>> = Mutex::new(Vec::new());

/// Calls a function at the end of each cell, before the front ends learn of the end.
#[unsafe(no_mangle)]
pub extern "C" fn notebook_kernel_at_end(call: extern "C" fn()) {
    if let Ok(mut calls) = AT_END.lock() {
        calls.push(call);
    }
}

/// The cell is at its end.
pub fn cell_ends() {
    let calls = AT_END.lock().map(|calls| calls.clone()).unwrap_or_default();
    calls.into_iter().for_each(|call| call());
}
