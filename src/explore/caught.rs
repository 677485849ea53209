//! Panics of what somebody has written.

use crate::display::{Html, problem};
use crate::error::first_line;
use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::sync::Once;

thread_local! {
    /// Whether a panic of this thread is shown by us.
    static CATCHES: Cell<bool> = const { Cell::new(false) };
}

/// What some work shows; a panic is a line.
pub fn caught(work: impl FnOnce() -> Html) -> Html {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !CATCHES.get() {
                before(panic);
            }
        }));
    });
    CATCHES.set(true);
    let result = std::panic::catch_unwind(AssertUnwindSafe(work));
    CATCHES.set(false);
    result.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        problem(&format!("panicked: {}", first_line(text).trim_end_matches("\\n")))
    })
}
