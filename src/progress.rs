//! A loop that stands in a notebook: how far it is, and the stop button.

use crate::display::{Bar, thousands};
use crate::interrupt::Interrupt;

/// Goes through some items, the steps of a training for instance, and shows below the cell how far it
/// is. Jupyter's stop button ends the loop before the next item, as `break` would: what it has done by
/// then is kept, and the cell goes on behind it.
///
/// ```
/// let mut sum = 0;
/// for step in unit8::progress("adding", 0..1000) {
///     sum += step;
/// }
/// ```
pub fn progress<I>(what: impl Into<String>, items: I) -> Progress<I::IntoIter>
where
    I: IntoIterator<IntoIter: ExactSizeIterator>,
{
    let items = items.into_iter();
    let bar = Some(Bar::start(what));
    Progress { all: items.len(), items, bar, interrupt: Interrupt::listen() }
}

/// An iterator that is watched, see [`progress`].
pub struct Progress<I> {
    items: I,
    all: usize,
    /// None: the loop has ended.
    bar: Option<Bar>,
    interrupt: Interrupt,
}

impl<I: ExactSizeIterator> Iterator for Progress<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        let bar = self.bar.as_mut()?;
        let (all, done) = (thousands(self.all), self.all - self.items.len());
        let stopped = self.interrupt.happened();
        let item = if stopped { None } else { self.items.next() };
        if item.is_some() {
            bar.at(done as f64 / self.all as f64, || format!("{} of {all}", thousands(done)));
        } else if let Some(bar) = self.bar.take() {
            let stopped = if stopped { "stopped after " } else { "" };
            bar.done(&format!("{stopped}{} of {all}", thousands(done)));
        }
        item
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.items.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interrupt::PRETENDED;

    #[test]
    fn all_items_come_in_their_order_and_none_after_the_last() {
        let mut some = progress("counting", ["a", "b"]);
        assert_eq!(
            [some.next(), some.next(), some.next(), some.next()],
            [Some("a"), Some("b"), None, None]
        );
        assert_eq!(progress("counting", 0..0usize).count(), 0);
    }

    #[test]
    fn a_stop_ends_the_loop_and_keeps_what_it_has_done() {
        let mut done = Vec::new();
        for step in progress("counting", 0..10) {
            done.push(step);
            PRETENDED.set(Some(step == 3));
        }
        PRETENDED.set(None);
        assert_eq!(done, [0, 1, 2, 3]);
    }
}
