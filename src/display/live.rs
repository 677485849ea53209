//! A thing that changes while one looks at it.

use super::notebook::{self, Place};
use super::{Html, Show};
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Not more often than the eye needs.
const EVERY: Duration = Duration::from_millis(250);
/// What takes long to draw is drawn more rarely, so that at most this part of the time goes into it.
const SHARE: u32 = 50;
/// But never more rarely than this.
const RAREST: Duration = Duration::from_millis(900);
/// Where nothing can be replaced, each state stays.
const EVERY_LINE: Duration = Duration::from_secs(2);

/// A thing shown below a cell that can be replaced by another one: at any time, from any thread, also
/// after the cell has ended.
///
/// ```
/// let live = unit8::Live::new("0 %");
/// for percent in 1..=100 {
///     live.update(format!("{percent} %"));
/// }
/// ```
///
/// Drawing happens in a thread of its own, some four times a second, the newest state only; the last
/// one always arrives, at the latest when the last clone of the handle is dropped. Without this
/// project's kernel the states are printed, and not so many of them.
#[derive(Clone)]
pub struct Live {
    painter: Arc<Painter>,
}

impl Live {
    /// Shows the thing: `let live = Live::new("0 %");`
    pub fn new(thing: impl Show) -> Live {
        let html = thing.to_html();
        let place = Place::show(&html);
        if place.is_none() {
            notebook::print(&html);
        }
        let canvas = Canvas { place, drawn: Mutex::new(html), ..Canvas::default() };
        let painter = Painter { canvas: Arc::new(canvas), thread: Mutex::default() };
        let mut canvases = locked(&CANVASES);
        canvases.retain(|canvas| canvas.strong_count() > 0);
        canvases.push(Arc::downgrade(&painter.canvas));
        notebook::at_the_end_of_each_cell(draw_all, &DRAWS);
        Live { painter: Arc::new(painter) }
    }

    /// Puts another thing in its place. It is drawn later, if no newer one has come by then, so this
    /// takes no time. It is given away: `live.update(history.clone())`; for a number,
    /// `live.update(format!("{loss:.4}"))`.
    pub fn update(&self, thing: impl Show + Send + 'static) {
        let canvas = &self.painter.canvas;
        locked(&canvas.state).newest = Some(Box::new(thing));
        canvas.comes.notify_one();
        let mut thread = locked(&self.painter.thread);
        if thread.is_none() {
            let canvas = Arc::clone(canvas);
            *thread = thread::Builder::new().spawn(move || canvas.paint()).ok();
        }
        // No thread can be had: then it takes its time.
        if thread.is_none() {
            canvas.draw();
        }
    }

    /// Shows it once more, below the cell that ends with it.
    pub fn evcxr_display(&self) {
        let canvas = &self.painter.canvas;
        // With the lock: no newer state may come in between.
        let html = locked(&canvas.drawn);
        match &canvas.place {
            Some(place) => place.show_again(&html),
            None => notebook::print(&html),
        }
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Live").field(&locked(&self.painter.canvas.drawn).text()).finish()
    }
}

/// All that can still change.
static CANVASES: Mutex<Vec<Weak<Canvas>>> = Mutex::new(Vec::new());

static DRAWS: Once = Once::new();

/// A front end without a page keeps what it has heard of when the cell ends.
extern "C" fn draw_all() {
    let canvases: Vec<Arc<Canvas>> = locked(&CANVASES).iter().filter_map(Weak::upgrade).collect();
    canvases.iter().for_each(|canvas| canvas.draw());
}

/// Ends the thread when nobody can update any more.
struct Painter {
    canvas: Arc<Canvas>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Painter {
    fn drop(&mut self) {
        locked(&self.canvas.state).closed = true;
        self.canvas.comes.notify_all();
        self.canvas.closes.notify_all();
        if let Some(thread) = locked(&self.thread).take()
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

#[derive(Default)]
struct Canvas {
    place: Option<Place>,
    state: Mutex<State>,
    /// Something new is to be drawn, or nothing more will be.
    comes: Condvar,
    /// Nothing more will be drawn. Apart from the other, as that one would wake who only rests.
    closes: Condvar,
    drawn: Mutex<Html>,
}

#[derive(Default)]
struct State {
    newest: Option<Box<dyn Show + Send>>,
    closed: bool,
}

impl Canvas {
    fn paint(&self) {
        let begun = Instant::now();
        loop {
            let nothing = |state: &mut State| state.newest.is_none() && !state.closed;
            let wait = self.comes.wait_while(locked(&self.state), nothing);
            let state = wait.unwrap_or_else(PoisonError::into_inner);
            if state.newest.is_none() {
                return;
            }
            drop(state);
            let started = Instant::now();
            self.draw();
            let rest = match self.place {
                Some(_) => {
                    let most = RAREST.saturating_sub(started.elapsed()).max(EVERY);
                    (started.elapsed() * SHARE).clamp(EVERY, most)
                }
                // What takes hours says soon that it works, and then ever more rarely.
                None => begun.elapsed().max(EVERY_LINE),
            };
            drop(self.closes.wait_timeout_while(locked(&self.state), rest, |state| !state.closed));
        }
    }

    /// Draws the newest state, if it has not been drawn yet.
    fn draw(&self) {
        // Whoever has this lock draws: no older state can come later.
        let mut drawn = locked(&self.drawn);
        let Some(thing) = locked(&self.state).newest.take() else { return };
        // A thing that panics has said so; it takes neither the process with it nor the next state.
        let draw = AssertUnwindSafe(|| thing.to_html());
        let Ok(html) = std::panic::catch_unwind(draw) else { return };
        if *drawn != html {
            match &self.place {
                Some(place) => place.replace(&html),
                None => notebook::print(&html),
            }
            *drawn = html;
        }
    }
}

/// A thread that panicked while it held the lock has left nothing half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Counts how often it is drawn.
    struct Counted(Arc<AtomicUsize>, String);

    impl Show for Counted {
        fn to_html(&self) -> Html {
            self.0.fetch_add(1, Ordering::Relaxed);
            self.1.to_html()
        }
    }

    #[test]
    fn of_many_states_few_are_drawn_and_the_last_one_always() {
        let live = Live::new("0");
        let count = Arc::new(AtomicUsize::new(0));
        for state in 1..=10_000 {
            live.update(Counted(Arc::clone(&count), state.to_string()));
        }
        let canvas = Arc::clone(&live.painter.canvas);
        let other = live.clone();
        drop(live);
        other.update(Counted(Arc::clone(&count), "last".to_owned()));
        drop(other);
        assert_eq!(locked(&canvas.drawn).text(), "last");
        assert!(count.load(Ordering::Relaxed) < 100, "{count:?}");
    }

    #[test]
    fn a_thing_that_cannot_be_drawn_takes_nothing_with_it() {
        struct Broken(Arc<AtomicUsize>);
        impl Show for Broken {
            fn to_html(&self) -> Html {
                self.0.fetch_add(1, Ordering::Relaxed);
                panic!("this panic belongs to the test")
            }
        }
        let (live, count) = (Live::new("first"), Arc::new(AtomicUsize::new(0)));
        let canvas = Arc::clone(&live.painter.canvas);
        live.update(Broken(Arc::clone(&count)));
        while count.load(Ordering::Relaxed) == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        live.update("second");
        drop(live);
        assert_eq!(locked(&canvas.drawn).text(), "second");
    }

    #[test]
    fn a_thread_may_be_the_last_that_holds_it() {
        let live = Live::new("first");
        let canvas = Arc::clone(&live.painter.canvas);
        thread::spawn(move || live.update("from a thread")).join().unwrap();
        assert_eq!(locked(&canvas.drawn).text(), "from a thread");
    }
}
