//! What a cell has shown lives until that cell is run again, although no variable holds it.

use super::link::ask;
use crate::display::at_the_end_of_each_cell;
use serde_json::json;
use std::any::Any;
use std::sync::{Mutex, Once, PoisonError};

/// Of so many things the oldest goes.
const MOST: usize = 1_000;

/// A cell while it runs.
#[derive(Clone, PartialEq)]
pub struct Cell {
    /// The same whenever it is run.
    name: String,
    run: String,
    /// How many pages have asked the kernel for widgets: none where a notebook is run without one.
    pub pages: u64,
}

impl Cell {
    /// The one that runs now; None without our kernel.
    pub fn running() -> Option<Cell> {
        let answer = ask(&json!({"cell": null}))?;
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        let pages = answer["pages"].as_u64().unwrap_or_default();
        Some(Cell { name: text("cell"), run: text("run"), pages })
    }

    /// Whether this is the same run of the same cell.
    pub fn is_same_run(&self, other: &Cell) -> bool {
        self.name == other.name && self.run == other.run
    }
}

static KEPT: Mutex<Vec<(Cell, Box<dyn Any + Send>)>> = Mutex::new(Vec::new());

/// Keeps a thing until the cell that runs now is run again.
pub fn keep(thing: impl Any + Send) {
    static ASKED: Once = Once::new();
    at_the_end_of_each_cell(let_go, &ASKED);
    let Some(cell) = Cell::running() else { return };
    let mut gone = of_earlier_runs(&cell);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() == MOST {
        gone.push(kept.remove(0));
    }
    kept.push((cell, Box::new(thing)));
    // What goes may ask the kernel, and take its time.
    drop(kept);
    drop(gone);
}

/// A cell may have been changed so that it keeps nothing any more.
extern "C" fn let_go() {
    drop(Cell::running().map(|cell| of_earlier_runs(&cell)));
}

/// What this cell kept when it was run before; nobody keeps it any more.
fn of_earlier_runs(cell: &Cell) -> Vec<(Cell, Box<dyn Any + Send>)> {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    kept.extract_if(.., |(other, _)| other.name == cell.name && other.run != cell.run).collect()
}
