//! Figures, drawn by plotters: axes that read for any numbers, a word about what is not drawn, and
//! never more than a picture's size.
//!
//! Ticks and places are our own. plotters' axes go on for minutes, or panic, where numbers are far
//! apart.

mod axis;
mod bars;
mod chart;
mod dashes;
mod drawing;
mod grid;
mod heat_map;
mod histogram;
mod lines;
mod points;
mod powers;
mod raster;
mod spread;
mod text;
mod ticks;
mod training;

use crate::display::Html;
pub use bars::bar_chart;
pub(crate) use grid::{MOST as MOST_OF_GRID, Side, grid_chart};
pub use heat_map::heat_map;
pub use histogram::histogram;
pub(crate) use lines::ringed_semilogx;
pub use lines::{Series, line_chart, semilogx};
pub(crate) use points::MOST_NAMES;
pub use points::scatter_chart;
pub(crate) use raster::raster;
pub(crate) use spread::{Spread, has_magnitudes, spread_chart};
pub(crate) use training::{Curve, training_chart};

/// Figures that are shown together, since a cell shows one block of HTML.
pub fn side_by_side(figures: &[Html]) -> Html {
    let all: String = figures.iter().map(Html::html).collect();
    let texts: Vec<&str> = figures.iter().map(Html::text).collect();
    Html::new(format!("<div>{all}</div>")).with_text(texts.join("\n"))
}

#[cfg(test)]
pub(crate) mod tests;
