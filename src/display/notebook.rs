//! The ways in which things reach a notebook: through our kernel, which can replace what it has shown;
//! through evcxr alone, which shows HTML when the cell ends; or, in a program, as text.

use super::Html;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::ffi::CStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Once, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

/// What evcxr's lines about a block of output begin with.
const MARK: &str = "EVCXR_";
/// How a page is told which widget to show.
const WIDGET: &str = "application/vnd.jupyter.widget-view+json";

/// See `kernel/shim/src/display.rs`.
#[derive(Clone, Copy)]
struct Kernel {
    display: unsafe extern "C" fn(u64, bool, *const u8, usize) -> libc::c_int,
    at_end: unsafe extern "C" fn(extern "C" fn()),
}

/// A function of our kernel's, null where this is no process of its.
pub fn kernel_function(name: &CStr) -> *mut libc::c_void {
    // SAFETY: the name is a C string.
    unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) }
}

/// Our kernel's functions, where this is a process of its.
fn kernel() -> Option<Kernel> {
    static KERNEL: OnceLock<Option<Kernel>> = OnceLock::new();
    *KERNEL.get_or_init(|| {
        let display = kernel_function(c"notebook_kernel_display");
        let at_end = kernel_function(c"notebook_kernel_at_end");
        if display.is_null() || at_end.is_null() {
            return None;
        }
        // SAFETY: the functions of these names have these types.
        unsafe {
            Some(Kernel {
                display: std::mem::transmute::<
                    *mut libc::c_void,
                    unsafe extern "C" fn(u64, bool, *const u8, usize) -> libc::c_int,
                >(display),
                at_end: std::mem::transmute::<
                    *mut libc::c_void,
                    unsafe extern "C" fn(extern "C" fn()),
                >(at_end),
            })
        }
    })
}

/// Lets our kernel call a function at the end of each cell, before Jupyter learns of it; `asked` is that
/// function's own, for it to be called once.
pub fn at_the_end_of_each_cell(call: extern "C" fn(), asked: &Once) {
    if let Some(kernel) = kernel() {
        // SAFETY: the function is one of the library's, which is never unloaded.
        asked.call_once(|| unsafe { (kernel.at_end)(call) });
    }
}

/// Whether what was shown can be replaced by something else.
pub fn can_redraw() -> bool {
    kernel().is_some()
}

/// A place below a cell.
pub struct Place(u64);

impl Place {
    /// Shows a thing; what is printed later stands below it. None where nothing can be replaced.
    pub fn show(thing: &Html) -> Option<Place> {
        let place = Place::next()?;
        place.send(thing, false);
        Some(place)
    }

    /// Shows a widget in the same way, on pages that know of widgets.
    pub fn show_widget(model_id: &str) -> Option<Place> {
        let place = Place::next()?;
        place.send_data(&json!({WIDGET: view(model_id), "text/plain": ""}), false);
        Some(place)
    }

    fn next() -> Option<Place> {
        // Where a kernel works for another copy of the project, each cell has these statics for itself:
        // their places must not be the same.
        static COUNT: LazyLock<AtomicU64> = LazyLock::new(|| AtomicU64::new(nanoseconds()));
        kernel().map(|_| Place(COUNT.fetch_add(1, Ordering::Relaxed)))
    }

    /// Shows a thing once more, at the end of what stands there: both are replaced from now on.
    pub fn show_again(&self, thing: &Html) {
        self.send(thing, false);
    }

    /// Puts another thing there.
    pub fn replace(&self, thing: &Html) {
        self.send(thing, true);
    }

    /// Nothing stands there any more.
    pub fn clear(&self) {
        self.send_data(&json!({}), true);
    }

    fn send(&self, thing: &Html, replaces: bool) {
        let whole = json!({"text/html": thing.html, "text/plain": thing.text});
        // What stands there already is better than a word about its size.
        if !self.send_data(&whole, replaces) && !replaces {
            let megabytes = (thing.html.len() + thing.text.len()) as f64 / 1e6;
            let text = format!("({megabytes:.0} MB: too large to be shown)");
            self.send_data(&json!({"text/plain": text}), replaces);
        }
    }

    /// Whether it was not too large.
    fn send_data(&self, data: &Value, replaces: bool) -> bool {
        let Some(kernel) = kernel() else { return true };
        let json = data.to_string();
        // SAFETY: the text is as long as is said.
        unsafe { (kernel.display)(self.0, replaces, json.as_ptr(), json.len()) == 0 }
    }
}

/// Since 1970.
fn nanoseconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}

/// Whether this is the process of a notebook's cells, our kernel's or that of evcxr alone.
pub fn is_notebook() -> bool {
    can_redraw() || std::env::var_os("EVCXR_IS_RUNTIME").is_some()
}

/// Shows a thing as a cell's result is shown, by a widget where there is a page for it.
pub fn print_widget(model_id: &str, otherwise: &Html) {
    println!("EVCXR_BEGIN_CONTENT {WIDGET}\n{}\nEVCXR_END_CONTENT", view(model_id));
    print(otherwise);
}

fn view(model_id: &str) -> Value {
    json!({"version_major": 2, "version_minor": 0, "model_id": model_id})
}

/// Shows a thing as a cell's result is shown.
pub fn print(thing: &Html) {
    if is_notebook() {
        println!(
            "EVCXR_BEGIN_CONTENT text/html\n{}\nEVCXR_END_CONTENT\n\
             EVCXR_BEGIN_CONTENT text/plain\n{}\nEVCXR_END_CONTENT",
            in_block(&thing.html),
            in_block(&thing.text)
        );
    } else {
        println!("{}", thing.text);
    }
}

/// No line of what is shown, which may be somebody's text, ends the block in which it stands, or begins
/// another one.
fn in_block(text: &str) -> Cow<'_, str> {
    match text.contains(MARK) {
        true => text.replace(MARK, "EVCXR\u{200b}_").into(),
        false => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_does_not_leave_its_block() {
        let text = "a\nEVCXR_END_CONTENT\nEVCXR_BEGIN_CONTENT text/html\n<script>";
        assert!(!in_block(text).contains("\nEVCXR_"));
        assert_eq!(in_block("plain"), "plain");
    }
}
