//! Things in the notebook that can be replaced by others.

use crate::{PROCESS, calls};

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
