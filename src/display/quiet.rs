//! Work whose result alone is shown, and what may be seen of it before.

use super::Show;
use std::cell::RefCell;
use std::rc::Rc;

/// Puts what has come of some work so far where its result will stand.
pub type Growing = Rc<dyn Fn(Box<dyn Show + Send>)>;

/// How the work of a thread is shown.
#[derive(Default)]
enum Shown {
    /// With its bars, its lines and its figures.
    #[default]
    Whole,
    Result,
    /// A training shows how it grows, in the place of the result.
    Growing(Growing),
}

thread_local! {
    static SHOWN: RefCell<Shown> = const { RefCell::new(Shown::Whole) };
}

fn within<R>(shown: Shown, work: impl FnOnce() -> R) -> R {
    /// Also where the work panics.
    struct Before(Shown);
    impl Drop for Before {
        fn drop(&mut self) {
            SHOWN.set(std::mem::take(&mut self.0));
        }
    }
    let _before = Before(SHOWN.replace(shown));
    work()
}

/// Does some work that shows its result alone: no bars and figures of its own.
pub fn quietly<R>(work: impl FnOnce() -> R) -> R {
    within(Shown::Result, work)
}

/// The same, but a training in it may show itself before there is a result.
pub fn growing<R>(grows: Growing, work: impl FnOnce() -> R) -> R {
    within(Shown::Growing(grows), work)
}

/// Whether this thread does such work.
pub fn is_quiet() -> bool {
    SHOWN.with_borrow(|shown| !matches!(shown, Shown::Whole))
}

/// Where a training of this thread may show itself, if its result alone is shown otherwise.
pub fn grows() -> Option<Growing> {
    SHOWN.with_borrow(|shown| match shown {
        Shown::Growing(grows) => Some(Rc::clone(grows)),
        _ => None,
    })
}

/// Prints a line, which is not the result of such work.
pub fn remark(line: &str) {
    if !is_quiet() {
        println!("{line}");
    }
}
