//! Tables of numbers as colours.

use super::axis::Extent;
use super::svg::{Anchor, COLORS, MARGIN, Stroke, Svg, TEXT};
use super::text::{shortened, width};
use super::ticks::Ticks;
use crate::display::{Html, thousands};
use std::collections::BTreeMap;

/// More rows or columns than this are no picture any more.
const MOST_NAMES: usize = 100;
const LONGEST_NAME: f64 = 110.0;
/// Of the letters in the key.
const SIZE: f64 = 14.0;
/// A colour can be told from the next one if there are so many.
const SHADES: f64 = 50.0;

/// A square table of numbers, the larger the stronger its colour, with a name for each row and column,
/// and a key of the colours: how much each word piece takes up of each other one, say. Numbers below
/// zero have a colour of their own; by the square root, or small shares could not be told from none.
///
/// Of more than 100 names the first 100 are drawn. The figure says so, and what else is not in it: numbers
/// without a name, names without a number, numbers that are not finite.
pub fn heat_map(title: &str, names: &[String], values: &[Vec<f64>]) -> Html {
    let drawn = &names[..names.len().min(MOST_NAMES)];
    let (cell, letters) = match drawn.len() {
        ..=24 => (26.0, 14.0),
        25..=64 => (18.0, 14.0),
        _ => (14.0, 11.0),
    };
    let short: Vec<String> =
        drawn.iter().map(|name| shortened(name, letters, LONGEST_NAME)).collect();
    let room = short.iter().map(|name| width(name, letters)).fold(20.0, f64::max) + 8.0;
    let side = cell * drawn.len() as f64;
    let mut svg = Svg::new((room + side + 2.0 * MARGIN).max(430.0), title);
    let table = Table { left: MARGIN + room, top: svg.height + room, cell, count: drawn.len() };
    table.draw_names(&mut svg, &short, letters);
    let shown = || values.iter().take(drawn.len()).flat_map(|row| row.iter().take(drawn.len()));
    let most = shown().copied().filter(|v| v.is_finite()).fold(0.0, |most, v| v.abs().max(most));
    table.draw_cells(&mut svg, values, most);
    svg.height = table.top + side + 14.0;
    let is_below = |value: &f64| value.is_finite() && *value < 0.0;
    let least = if shown().any(is_below) { -most } else { 0.0 };
    draw_key(&mut svg, least, most);
    svg.notes = notes(names, values, shown().filter(|value| !value.is_finite()).count());
    svg.into_html()
}

/// What the picture doesn't show.
fn notes(names: &[String], values: &[Vec<f64>], missing: usize) -> Vec<String> {
    let mut notes = Vec::new();
    let count = names.len();
    if let Some(row) = values.iter().position(|row| row.len() != count) {
        let length = values[row].len();
        notes.push(format!(
            "{count} names, but {length} values in values[{row}]: what has both is drawn"
        ));
    } else if values.len() != count {
        notes.push(format!("{count} names, but {} rows: what has both is drawn", values.len()));
    }
    if count > MOST_NAMES {
        let all = thousands(count);
        notes.push(format!(
            "the first {MOST_NAMES} of {all} names are drawn: take a part of them, 64 tokens, say"
        ));
    }
    match missing {
        0 => {}
        1 => notes.push("1 value is not finite (crossed out)".to_owned()),
        many => notes.push(format!("{} values are not finite (crossed out)", thousands(many))),
    }
    if count == 0 {
        notes.push("there are no names, so nothing is drawn".to_owned());
    }
    notes
}

/// The cells, in pixels.
struct Table {
    left: f64,
    top: f64,
    cell: f64,
    count: usize,
}

impl Table {
    fn draw_names(&self, svg: &mut Svg, names: &[String], letters: f64) {
        for (place, name) in (0..).map(f64::from).zip(names) {
            let middle = (place + 0.5) * self.cell;
            svg.text((self.left - 6.0, self.top + middle), name, letters, Anchor::End);
            svg.text_upwards((self.left + middle, self.top - 6.0), name, letters, Anchor::Start);
        }
    }

    /// One path for each shade, which is a tenth of what a rectangle for each cell takes.
    fn draw_cells(&self, svg: &mut Svg, values: &[Vec<f64>], most: f64) {
        let mut paths: BTreeMap<(i64, &str), String> = BTreeMap::new();
        let mut crosses = String::new();
        let cell = self.cell;
        for (row, numbers) in (0..self.count).zip(values) {
            for (column, value) in (0..self.count).zip(numbers) {
                let (x, y) = (self.left + cell * column as f64, self.top + cell * row as f64);
                let look = if value.is_finite() {
                    ((SHADES * strength(*value, most)).round() as i64, color(*value))
                } else {
                    let middle = (x + cell / 2.0 - 4.0, y + cell / 2.0 - 4.0);
                    crosses += &format!("M{:.1},{:.1}l8,8m0,-8l-8,8", middle.0, middle.1);
                    (0, TEXT)
                };
                *paths.entry(look).or_default() += &square(x, y, cell);
            }
        }
        for ((shade, color), path) in paths {
            svg.area(&path, color, shade as f64 / SHADES);
        }
        svg.path(&crosses, Stroke::new(TEXT, 1.5, 1.0));
    }
}

fn square(x: f64, y: f64, side: f64) -> String {
    format!("M{x:.1},{y:.1}h{side}v{side}h-{side}z")
}

/// 0 to 1.
fn strength(value: f64, most: f64) -> f64 {
    if most > 0.0 { (value / most).abs().sqrt().min(1.0) } else { 0.0 }
}

fn color(value: f64) -> &'static str {
    COLORS[usize::from(value < 0.0)]
}

/// Some numbers and their colours.
fn draw_key(svg: &mut Svg, least: f64, most: f64) {
    const CELL: f64 = 20.0;
    let room = svg.width - 2.0 * MARGIN;
    let each = |label: &String| CELL + 5.0 + width(label, SIZE) + 14.0;
    let Extent { low, high, .. } = Extent::of([least, most]);
    let ticks = Ticks::new(low, high, false, |labels| {
        labels.len() <= 7 && labels.iter().map(each).sum::<f64>() <= room
    });
    let mut x = MARGIN;
    for (value, label) in ticks.values.iter().zip(&ticks.labels) {
        let path = square(x, svg.height, CELL);
        svg.area(&path, color(*value), strength(*value, most));
        let beside = (x + CELL + 5.0, svg.height + CELL / 2.0);
        svg.text(beside, label, SIZE, Anchor::Start);
        x += each(label);
    }
    svg.height += CELL + 8.0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plots::tests::{drawing, texts};

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("token{n}")).collect()
    }

    /// The cells of a colour, with those of the key.
    fn cells(chart: &Html, color: &str) -> usize {
        let drawing = drawing(chart);
        let paths =
            drawing.split("<path ").filter(|path| path.contains(&format!("fill=\"{color}\"")));
        paths.map(|path| path.matches('M').count()).sum()
    }

    #[test]
    fn each_number_has_a_cell() {
        let values = [vec![0.5, 0.0], vec![0.1, 0.9]];
        let chart = heat_map("Attention", &["[CLS]".to_owned(), "film".to_owned()], &values);
        assert_eq!(drawing(&chart).matches("film").count(), 2);
        assert_eq!(cells(&chart, COLORS[0]), 4 + 5);
        assert!(texts(&chart).join(" ").ends_with("0.0 0.2 0.4 0.6 0.8"), "{:?}", texts(&chart));
    }

    #[test]
    fn a_review_of_512_tokens_is_a_picture_of_its_beginning() {
        let chart = heat_map("Attention", &names(512), &vec![vec![0.5; 512]; 512]);
        assert!(chart.html().len() < 300_000, "{}", chart.html().len());
        let said = texts(&chart).join(" ");
        assert!(
            said.contains("the first 100 of 512 names are drawn: take a part of them, 64 tokens"),
            "{said}"
        );
        assert!(
            !texts(&heat_map("t", &names(77), &vec![vec![0.5; 77]; 77]))
                .join(" ")
                .contains("drawn")
        );
    }

    #[test]
    fn what_does_not_fit_is_drawn_as_far_as_it_does_and_said() {
        let said =
            |count, values: &[Vec<f64>]| texts(&heat_map("t", &names(count), values)).join(" ");
        let ragged = [vec![1.0, 2.0], vec![1.0]];
        assert!(said(2, &ragged).contains("2 names, but 1 values in values[1]"));
        assert!(said(3, &ragged).contains("3 names, but 2 values in values[0]"));
        assert!(said(1, &[vec![1.0], vec![1.0]]).contains("1 names, but 2 rows"));
        assert!(said(0, &[]).contains("there are no names"));
    }

    #[test]
    fn numbers_below_zero_and_not_finite_ones_are_seen() {
        let values = [vec![f64::NAN, -2.0], vec![1e300, f64::INFINITY]];
        let chart = heat_map("t", &names(2), &values);
        assert!(texts(&chart).join(" ").contains("2 values are not finite (crossed out)"));
        assert_eq!(drawing(&chart).matches("l8,8").count(), 2);
        assert!(cells(&chart, COLORS[1]) > 1);
    }
}
