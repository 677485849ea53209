//! What the library asks our kernel about widgets, see `kernel/shim/src/widgets.rs`.

use crate::display::kernel_function;
use libc::{c_int, c_void};
use serde_json::Value;
use std::sync::OnceLock;
use std::time::Duration;

type Answer = extern "C" fn(*mut c_void, *const u8, usize);
type Ask = unsafe extern "C" fn(*const u8, usize, Answer, *mut c_void) -> c_int;
type Changes = unsafe extern "C" fn(u64, u64) -> u64;

#[derive(Clone, Copy)]
struct Kernel {
    ask: Ask,
    changes: Changes,
}

fn kernel() -> Option<Kernel> {
    static KERNEL: OnceLock<Option<Kernel>> = OnceLock::new();
    *KERNEL.get_or_init(|| {
        let ask = kernel_function(c"notebook_kernel_widget");
        let changes = kernel_function(c"notebook_kernel_changes");
        if ask.is_null() || changes.is_null() {
            return None;
        }
        // SAFETY: the functions of these names have these types.
        unsafe {
            Some(Kernel {
                ask: std::mem::transmute::<*mut c_void, Ask>(ask),
                changes: std::mem::transmute::<*mut c_void, Changes>(changes),
            })
        }
    })
}

/// The kernel's answer; None where there is no kernel, or it has nothing to say.
pub fn ask(request: &Value) -> Option<Value> {
    extern "C" fn keep(to: *mut c_void, answer: *const u8, length: usize) {
        if length > 0 {
            // SAFETY: `to` is the vector below, and the answer is as long as is said.
            unsafe {
                (*to.cast::<Vec<u8>>()).extend(std::slice::from_raw_parts(answer, length));
            }
        }
    }
    let kernel = kernel()?;
    let (json, mut answer) = (request.to_string(), Vec::<u8>::new());
    // SAFETY: the text is as long as is said, and the vector outlives the call.
    unsafe { (kernel.ask)(json.as_ptr(), json.len(), keep, (&raw mut answer).cast()) };
    serde_json::from_slice(&answer).ok().filter(|answer: &Value| !answer.is_null())
}

/// Whether there is no kernel of ours.
pub fn is_alone() -> bool {
    kernel().is_none()
}

/// How often the value of a widget, of whichever, has changed.
pub fn changes() -> u64 {
    // SAFETY: waits for no time.
    kernel().map_or(0, |kernel| unsafe { (kernel.changes)(0, 0) })
}

/// Waits until it has changed since there were `seen` changes, but no longer than this.
pub fn wait_for_change(seen: u64, longest: Duration) {
    if let Some(kernel) = kernel() {
        // SAFETY: two numbers.
        unsafe { (kernel.changes)(seen, longest.as_millis() as u64) };
    }
}
