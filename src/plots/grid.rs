//! A number for each pair of two names, with its colour.

use super::drawing::{COLORS, Drawing, MARGIN, Stroke, TEXT};
use super::text::{shortened, width};
use crate::display::Html;
use plotters::style::Color;
use plotters::style::text_anchor::HPos;

/// More rows or columns than this are no picture any more.
pub const MOST: usize = 12;
const LETTERS: f64 = 13.0;
const LONGEST_NAME: f64 = 110.0;
/// A cell, and how much of its height has a colour: the number stands below it, so that it reads on any.
const WIDTH: f64 = 70.0;
const HEIGHT: f64 = 36.0;
const COLORED: f64 = 16.0;
/// Of the least number that is drawn.
const FAINT: f64 = 0.08;

/// What runs along a side: its label, and a name for each row or column.
pub struct Side<'a> {
    pub label: &'a str,
    pub names: Vec<String>,
}

/// A table of numbers, a row for each name of the first side, a column for each of the second one; the
/// larger a number, compared to the others, the stronger its colour. A missing one is a dash.
pub fn grid_chart(
    title: &str,
    (rows, columns): (&Side, &Side),
    values: &[Vec<Option<f64>>],
    written: impl Fn(f64) -> String,
    note: &str,
) -> Html {
    let finite = || values.iter().flatten().flatten().copied().filter(|value| value.is_finite());
    let (least, most) =
        (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    let names: Vec<String> =
        rows.names.iter().map(|name| shortened(name, LETTERS, LONGEST_NAME)).collect();
    let room = names.iter().map(|name| width(name, LETTERS)).fold(30.0, f64::max) + 8.0;
    let left = MARGIN + LETTERS + 8.0 + room;
    let [count, across] = [rows.names.len(), columns.names.len()].map(|count| count as f64);
    let mut drawing = Drawing::new((left + WIDTH * across + 2.0 * MARGIN).max(300.0), title);
    let right = left + WIDTH * across;
    let middle = ((left + right) / 2.0, drawing.height + LETTERS);
    drawing.text(middle, &shortened(columns.label, LETTERS, right - MARGIN), LETTERS, HPos::Center);
    let top = drawing.height + 3.2 * LETTERS;
    let beside = (MARGIN + 4.0, top + HEIGHT * count / 2.0);
    drawing.text_upwards(
        beside,
        &shortened(rows.label, LETTERS, HEIGHT * count + 40.0),
        LETTERS,
        HPos::Center,
    );
    for (column, name) in (0..).map(f64::from).zip(&columns.names) {
        let place = (left + WIDTH * (column + 0.5), top - LETTERS);
        drawing.text(place, &shortened(name, LETTERS, WIDTH - 4.0), LETTERS, HPos::Center);
    }
    for ((row, name), values) in (0..).map(f64::from).zip(&names).zip(values) {
        let y = top + HEIGHT * row;
        drawing.text((left - 6.0, y + HEIGHT / 2.0), name, LETTERS, HPos::Right);
        for (column, value) in (0..).map(f64::from).zip(values) {
            let x = left + WIDTH * column;
            if let Some(value) = value.filter(|value| value.is_finite()) {
                let share = if most > least { (value - least) / (most - least) } else { 1.0 };
                let strength = FAINT + (1.0 - FAINT) * share;
                let opposite = (x + WIDTH - 1.0, y + COLORED);
                drawing.rectangle((x + 1.0, y + 1.0), opposite, COLORS[0].mix(strength));
            }
            let text = value.map_or("–".to_owned(), &written);
            let place = (x + WIDTH / 2.0, y + (COLORED + HEIGHT) / 2.0);
            drawing.text(place, &shortened(&text, LETTERS, WIDTH - 4.0), LETTERS, HPos::Center);
        }
    }
    drawing.line(&[(left, top), (left, top + HEIGHT * count)], Stroke::new(TEXT, 1.0, 0.6));
    drawing.line(&[(left, top), (right, top)], Stroke::new(TEXT, 1.0, 0.6));
    drawing.height = top + HEIGHT * count + 24.0;
    drawing.notes.push(note.to_owned());
    drawing.into_html()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plots::tests::{drawing, texts};

    #[test]
    fn each_pair_has_its_number_and_a_colour_and_a_missing_one_a_dash() {
        let side = |label, names: [&str; 2]| Side { label, names: names.map(str::to_owned).into() };
        let (rows, columns) = (side("batch_size", ["16", "32"]), side("rate", ["0.1", "<b>"]));
        let values = [vec![Some(0.8), Some(0.9)], vec![None, Some(f64::NAN)]];
        let written = |value: f64| format!("{:.0} %", 100.0 * value);
        let chart = grid_chart("t", (&rows, &columns), &values, written, "a note");
        let said = texts(&chart).join(" ");
        for words in ["batch_size", "rate", "80 %", "90 %", "–", "NaN %", "a note"] {
            assert!(said.contains(words), "{words}: {said}");
        }
        assert_eq!(drawing(&chart).matches("<rect").count(), 2);
        assert!(drawing(&chart).contains("opacity=\"1\"") && !said.contains("<b>"));
        let nothing = Side { label: "x", names: Vec::new() };
        let empty = grid_chart("t", (&nothing, &nothing), &[], written, "none");
        assert!(drawing(&empty).contains("none"));
    }
}
