//! A chart before anything is drawn in it: title, legend, axes.

use super::axis::{Axis, Scale};
use super::drawing::{Drawing, MARGIN, Stroke, TEXT};
use super::text::{shortened, width};
use crate::display::{Html, thousands};
use plotters::style::text_anchor::HPos;

/// Two stand side by side in a notebook at a laptop's width.
const WIDTH: f64 = 430.0;
/// Of the part that is drawn in; its width depends on the numbers beside it.
pub const HEIGHT: f64 = 216.0;
const LEAST_WIDTH: f64 = 240.0;
/// The sizes of the letters.
const LABEL: f64 = 15.0;
pub const NUMBER: f64 = 14.0;
/// Names that stand below a chart have so much room together.
const NAMES: f64 = 330.0;
/// Names beside an axis that are longer are cut.
const LONGEST_NAME: f64 = 330.0;

/// What a legend shows beside a name.
pub enum Mark {
    Line(Stroke),
    Ring,
}

/// Two axes, between which something is to be drawn.
pub struct Chart {
    pub drawing: Drawing,
    x: Axis,
    y: Axis,
    /// Of the part that is drawn in, in pixels.
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

impl Chart {
    /// A chart with this title, legend and axes; what is drawn in is so high.
    pub fn new(title: &str, legend: &[(Mark, &str)], x: Scale, y: Scale, height: f64) -> Chart {
        let y = Axis::new(y, |labels| labels.len() as f64 * 32.0 <= height);
        let left = MARGIN + LABEL + 14.0 + y.widest(NUMBER).min(LONGEST_NAME);
        let whole = WIDTH.max(left + LEAST_WIDTH + 2.0 * MARGIN);
        let width = whole - left - 2.0 * MARGIN;
        let x = Axis::new(x, |labels| {
            let room: f64 = labels.iter().map(|label| self::width(label, NUMBER) + 12.0).sum();
            labels.len() < 10 && room <= width
        });
        let mut drawing = Drawing::new(whole, title);
        draw_legend(&mut drawing, legend);
        let top = drawing.height + 8.0;
        drawing.height = top + height + 50.0;
        let mut chart = Chart { drawing, x, y, left, top, width, height };
        chart.draw_axes();
        chart
    }

    /// Says how many values are not drawn, since they are not finite.
    pub fn note_missing(&mut self, is_finite: impl Iterator<Item = bool>) {
        match is_finite.filter(|finite| !finite).count() {
            0 => {}
            1 => self.note("1 value is not finite and not drawn"),
            many => self.note(format!("{} values are not finite and not drawn", thousands(many))),
        }
    }

    /// A remark below the chart.
    pub fn note(&mut self, note: impl Into<String>) {
        self.drawing.notes.push(note.into());
    }

    /// Where a point is in the picture. One that lies outside stays at the edge.
    pub fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let share = (self.x.share(x), 1.0 - self.y.share(y));
        (self.left + share.0 * self.width, self.top + share.1 * self.height)
    }

    /// The upper left and the lower right corner of what is drawn in.
    pub fn corners(&self) -> [(f64, f64); 2] {
        [(self.left, self.top), (self.left + self.width, self.top + self.height)]
    }

    /// A thin line across the picture, or from its top to its bottom.
    fn rule(&mut self, from: (f64, f64), to: (f64, f64), opacity: f64) {
        self.drawing.line(&[from, to], Stroke::new(TEXT, 1.0, opacity));
    }

    fn draw_axes(&mut self) {
        let [(left, top), (right, bottom)] = self.corners();
        for (number, label) in self.x.ticks.clone() {
            let x = self.left + self.x.share(number) * self.width;
            if self.x.has_grid {
                self.rule((x, top), (x, bottom), 0.15);
            }
            // Names have a place each, of one width.
            let place = self.width / self.x.ticks.len() as f64 - 4.0;
            let label = if self.x.has_grid { label } else { shortened(&label, NUMBER, place) };
            // The last one must not leave the picture.
            let most = self.drawing.width - 2.0 - width(&label, NUMBER) / 2.0;
            self.drawing.text((x.min(most), bottom + 13.0), &label, NUMBER, HPos::Center);
        }
        for (number, label) in self.y.ticks.clone() {
            let y = self.top + (1.0 - self.y.share(number)) * self.height;
            if self.y.has_grid {
                self.rule((left, y), (right, y), 0.15);
            }
            let label = shortened(&label, NUMBER, LONGEST_NAME);
            self.drawing.text((left - 6.0, y), &label, NUMBER, HPos::Right);
        }
        self.rule((left, top), (left, bottom), 0.6);
        self.rule((left, bottom), (right, bottom), 0.6);
        let (x, y) = ((left + right) / 2.0, (top + bottom) / 2.0);
        let label = shortened(&self.x.label, LABEL, self.width);
        self.drawing.text((x, bottom + 35.0), &label, LABEL, HPos::Center);
        let label = shortened(&self.y.label, LABEL, self.height);
        self.drawing.text_upwards((MARGIN + 4.0, y), &label, LABEL, HPos::Center);
    }

    /// The picture.
    pub fn into_html(self) -> Html {
        self.drawing.into_html()
    }
}

/// Whether names fit below a chart, one beside the other.
pub fn fit_below(names: &[impl AsRef<str>]) -> bool {
    let room = NAMES / names.len() as f64;
    names.iter().all(|name| width(name.as_ref(), NUMBER) + 8.0 <= room)
}

/// One name after the other, in as many lines as they need: within the chart they would hide
/// something sooner or later.
fn draw_legend(drawing: &mut Drawing, legend: &[(Mark, &str)]) {
    const MARK: f64 = 22.0;
    const LINE: f64 = 19.0;
    let (left, right) = (4.0 * MARGIN, drawing.width - MARGIN);
    let mut x = right;
    for (mark, name) in legend {
        let name = shortened(name, NUMBER, right - left - MARK - 6.0);
        let end = MARK + 6.0 + width(&name, NUMBER);
        if x + end > right {
            (x, drawing.height) = (left, drawing.height + LINE);
        }
        let y = drawing.height - LINE / 2.0 + 3.0;
        match mark {
            Mark::Line(stroke) => drawing.line(&[(x, y), (x + MARK, y)], *stroke),
            Mark::Ring => drawing.ring((x + MARK / 2.0, y), 5.0),
        }
        drawing.text((x + MARK + 6.0, y), &name, NUMBER, HPos::Left);
        x += end + 12.0;
    }
}
