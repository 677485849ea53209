//! A figure that follows its controls.

mod caught;

use crate::display::{Html, Live, Show, escape, growing, problem, quietly};
use crate::interrupt::{Interrupt, as_long_as_wanted};
use crate::widgets::{
    Cell, Controls, Figure, State, Widget, changes, column, keep, wait_for_change,
};
use caught::caught;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// What takes less is never broken off: a figure would not move while somebody drags.
const SHORT: Duration = Duration::from_secs(1);
/// How soon a thread without work sees that it is to end.
const LOOK: Duration = Duration::from_millis(250);

const HEADLESS: &str = "it moves in a live notebook only";

/// Shows controls, and below them what the closure makes of their values: a text, a picture, all that the
/// library gives back, or a `Result` of it. Whenever a control moves, the closure runs, in a thread of its
/// own and with the newest values only, and its figure is redrawn; other cells can be run meanwhile.
///
/// ```
/// use unit8::{FloatLogSlider, IntSlider, explore};
/// let learning_rate = FloatLogSlider::new("learning rate", 1e-4..=1.0, 0.01)?;
/// let steps = IntSlider::new("steps", 1..=20, 5)?;
/// explore((&learning_rate, &steps), move |(learning_rate, steps)| {
///     let loss = (0..steps).fold(1.0, |loss, _| loss * (1.0 - learning_rate));
///     format!("the loss is {loss:.3}")
/// });
/// # Ok::<(), unit8::Error>(())
/// ```
///
/// A control is `&control`, or the control itself; several stand in a tuple. What the closure needs it
/// takes along (`move`): clone before it what other cells need, too. Of a training in it, the curve is seen
/// growing if it takes longer than a moment. An error and a panic are shown in the figure's place.
///
/// A computation of more than a second is broken off, as by the stop button, when a newer value waits, if
/// it listens: trainings, evaluations and all else of the library that takes time do. The stop button
/// itself ends the computation as well; the next move begins another one.
///
/// A training of a cell gives the same numbers whether a figure is computed beside it or not: their steps
/// take turns. But all threads draw from one generator of random numbers, libtorch's
/// ([`tch::manual_seed`]), and while a figure draws, so does who makes a model's first weights in a cell or
/// in a sweep. If these are to be the same another time, [`Explore::end`] it before.
///
/// It needs no variable: it ends when its cell is run again, or by [`Explore::end`]. Without a page, the
/// closure runs once, with the first values.
pub fn explore<C, S>(controls: C, figure: impl FnMut(C::Values) -> S + Send + 'static) -> Explore
where
    C: Controls,
    S: Show + 'static,
{
    let widgets = controls.widgets();
    let made = Cell::running();
    let (shown, refused) = match column(&widgets) {
        Ok(shown) => (shown.map(Arc::new), None),
        Err(error) => (None, Some(problem(&error.to_string()))),
    };
    let column = shown.as_ref().map(Arc::downgrade).unwrap_or_default();
    let pages = made.as_ref().map_or(0, |cell| cell.pages);
    let ended = Arc::new(AtomicBool::new(false));
    let mut worker = Worker {
        read: C::read,
        widgets,
        figure,
        column: shown,
        live: None,
        ended: Arc::clone(&ended),
        pages,
    };
    let mut drawn = None;
    let first = if let Some(refused) = refused {
        refused
    } else if pages > 0 {
        Html::new("<small>computing ...</small>").with_text("computing ...")
    } else {
        // Whoever runs the notebook without a page wants the figure when the cell ends.
        let states = worker.states();
        let html = worker.compute(&states).unwrap_or_default();
        drawn = Some(states);
        with_line(&html, HEADLESS)
    };
    let live = Live::new(first);
    if worker.column.is_some() {
        keep(Ends(Arc::clone(&ended)));
        worker.live = Some(live.clone());
        if thread::Builder::new().spawn(move || worker.follow(drawn)).is_err() {
            live.update(problem("no thread can be started: memory is full"));
        }
    }
    Explore { ended, column, live, made }
}

/// A figure that follows its controls, see [`explore`](explore()). A clone is the same one.
#[derive(Clone)]
pub struct Explore {
    ended: Arc<AtomicBool>,
    /// The thread's: it leaves the page with that.
    column: Weak<Figure>,
    live: Live,
    made: Option<Cell>,
}

impl Explore {
    /// Takes its controls from the page; the figure stays as it is.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    /// Shows it once more, below another cell; the one that has made it shows it already.
    pub fn evcxr_display(&self) {
        let cell = Cell::running()
            .filter(|cell| !self.made.as_ref().is_some_and(|made| made.is_same_run(cell)));
        if cell.is_some() {
            self.column.upgrade().iter().for_each(|column| column.show_again());
            self.live.evcxr_display();
        }
    }
}

/// Nothing: it stands on the page already. evcxr looks for this form at the end of a cell that moves a
/// variable, whatever else there is to be shown.
impl std::fmt::Debug for Explore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("()")
    }
}

/// Ends the thread when it is dropped.
struct Ends(Arc<AtomicBool>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Worker<V, F> {
    read: fn(&mut dyn Iterator<Item = State>) -> Option<V>,
    widgets: Vec<Widget>,
    figure: F,
    column: Option<Arc<Figure>>,
    /// None as long as nothing stands there.
    live: Option<Live>,
    ended: Arc<AtomicBool>,
    /// How many pages there were when it was shown: those that came later don't see what is redrawn.
    pages: u64,
}

impl<V, S: Show, F: FnMut(V) -> S> Worker<V, F> {
    fn states(&self) -> Vec<State> {
        self.widgets.iter().map(Widget::state).collect()
    }

    /// Draws what belongs to the newest values, until the end.
    fn follow(mut self, mut drawn: Option<Vec<State>>) {
        while !self.ended.load(Ordering::Relaxed) {
            // Before the values: what changes while they are read is not missed.
            let seen = changes();
            let states = self.states();
            if drawn.as_ref() == Some(&states) {
                wait_for_change(seen, LOOK);
            } else if let Some(html) = self.compute(&states) {
                self.draw(html);
                drawn = Some(states);
            }
        }
    }

    /// The figure that belongs to these values; None if it was broken off for newer ones.
    fn compute(&mut self, states: &[State]) -> Option<Html> {
        let values = (self.read)(&mut states.iter().cloned())?;
        let broken_off = Arc::new(AtomicBool::new(false));
        let unwanted = {
            let (ended, broken_off) = (Arc::clone(&self.ended), Arc::clone(&broken_off));
            let (widgets, begun) = (self.widgets.clone(), states.to_vec());
            let (started, seen) = (Instant::now(), changes());
            move || {
                let is_newer = || widgets.iter().map(Widget::state).ne(begun.iter().cloned());
                let moved = || started.elapsed() > SHORT && changes() != seen && is_newer();
                let unwanted = ended.load(Ordering::Relaxed) || moved();
                broken_off.fetch_or(unwanted, Ordering::Relaxed);
                unwanted
            }
        };
        let interrupt = Interrupt::listen();
        let mut line = states.iter().map(State::text).collect::<Vec<_>>().join(" · ");
        let figure = || caught(|| (self.figure)(values).to_html());
        let work = || as_long_as_wanted(Arc::new(unwanted), figure);
        let html = match self.live.clone() {
            Some(live) => {
                let line = line.clone();
                growing(Rc::new(move |thing| live.update(WithLine(thing, line.clone()))), work)
            }
            None => quietly(work),
        };
        if broken_off.load(Ordering::Relaxed) {
            return None;
        }
        if interrupt.pressed() {
            line += " · stopped";
        }
        Some(with_line(&html, &line))
    }

    fn draw(&self, html: Html) {
        // A page that is loaded anew knows its widgets, and nothing of what was shown by others.
        let is_seen = Cell::running().is_none_or(|cell| cell.pages == self.pages);
        if let Some(column) = self.column.as_ref().filter(|_| !is_seen) {
            column.draw(html.html());
        }
        if let Some(live) = &self.live {
            live.update(html);
        }
    }
}

/// What a training shows of itself, with the values that it is for.
struct WithLine(Box<dyn Show + Send>, String);

impl Show for WithLine {
    fn to_html(&self) -> Html {
        with_line(&self.0.to_html(), &self.1)
    }
}

fn with_line(html: &Html, line: &str) -> Html {
    let small = format!("<div><small style=\"opacity:0.7\">{}</small></div>", escape(line));
    Html::new(format!("{}{small}", html.html())).with_text(format!("{}\n{line}", html.text()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, Result};
    use crate::widgets::IntSlider;

    fn shown<S: Show + 'static>(figure: impl FnMut(i64) -> S + Send + 'static) -> Result<String> {
        let slider = IntSlider::new("n", 1..=10, 3)?;
        Ok(format!("{:?}", explore(slider, figure).live))
    }

    #[test]
    fn without_a_page_it_runs_once_with_the_first_values_and_says_so() -> Result<()> {
        let text = shown(|n| format!("{n} squared is {}", n * n))?;
        assert_eq!(text, format!("Live(\"3 squared is 9\\nn = 3\\n{HEADLESS}\")"));
        Ok(())
    }

    #[test]
    fn errors_and_panics_stand_in_the_figure_s_place() -> Result<()> {
        let failed = shown(|n| -> Result<String> { Err(Error::argument("n", n, "take more")) })?;
        assert!(failed.contains("n = 3: take more"), "{failed}");
        let panicked =
            shown(|n| -> String { panic!("this panic of {n} belongs to the test\nstack") })?;
        assert!(
            panicked.contains("panicked: this panic of 3 belongs to the test\\nn = 3"),
            "{panicked}"
        );
        Ok(())
    }

    #[test]
    fn what_is_newer_or_ended_breaks_a_long_computation_off() -> Result<()> {
        let slider = IntSlider::new("n", 1..=10, 3)?;
        let ended = Arc::new(AtomicBool::new(false));
        let (ends, listens) = (Arc::clone(&ended), || Interrupt::listen().happened());
        let mut worker = Worker {
            read: IntSlider::read,
            widgets: slider.widgets(),
            figure: move |_| {
                let before = listens();
                ends.store(true, Ordering::Relaxed);
                format!("{before} {}", listens())
            },
            column: None,
            live: None,
            ended,
            pages: 0,
        };
        assert_eq!(worker.compute(&worker.states()), None);
        Ok(())
    }
}
