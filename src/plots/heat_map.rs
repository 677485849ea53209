//! Tables of numbers as colours.

use super::axis::Extent;
use super::drawing::{COLORS, Drawing, MARGIN, Stroke, TEXT};
use super::text::{shortened, width};
use super::ticks::Ticks;
use crate::display::{Html, thousands};
use plotters::style::text_anchor::HPos;
use plotters::style::{Color, RGBColor};

/// More rows or columns than this are no picture any more.
const MOST_NAMES: usize = 80;
const LONGEST_NAME: f64 = 110.0;
/// Of the letters in the key.
const SIZE: f64 = 14.0;
/// How wide and high a cell of the key is.
const KEY: f64 = 20.0;
/// A colour can be told from the next one if there are so many.
const SHADES: f64 = 50.0;

/// A square table of numbers, the larger the stronger its colour, with a name for each row and column,
/// and a key of the colours: how much each word piece takes up of each other one, say. Numbers below
/// zero have a colour of their own; by the square root, or small shares could not be told from none.
///
/// Of more than 80 names the first 80 are drawn; give it a part of names and numbers to see another one,
/// the first 64 tokens of a long text, say. The figure says so, and what else is not in it: numbers
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
    let mut drawing = Drawing::new((room + side + 2.0 * MARGIN).max(430.0), title);
    let table = Table { left: MARGIN + room, top: drawing.height + room, cell, count: drawn.len() };
    table.draw_names(&mut drawing, &short, letters);
    let shown = || values.iter().take(drawn.len()).flat_map(|row| row.iter().take(drawn.len()));
    let most = shown().copied().filter(|v| v.is_finite()).fold(0.0, |most, v| v.abs().max(most));
    table.draw_cells(&mut drawing, values, most);
    drawing.height = table.top + side + 14.0;
    let is_below = |value: &f64| value.is_finite() && *value < 0.0;
    let least = if shown().any(is_below) { -most } else { 0.0 };
    draw_key(&mut drawing, least, most);
    drawing.notes = notes(names, values, shown().filter(|value| !value.is_finite()).count());
    drawing.into_html()
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
            "the first {MOST_NAMES} of {all} names are drawn: plots::heat_map draws another part"
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
    fn draw_names(&self, drawing: &mut Drawing, names: &[String], letters: f64) {
        for (place, name) in (0..).map(f64::from).zip(names) {
            let middle = (place + 0.5) * self.cell;
            drawing.text((self.left - 6.0, self.top + middle), name, letters, HPos::Right);
            drawing.text_upwards((self.left + middle, self.top - 6.0), name, letters, HPos::Left);
        }
    }

    /// One rectangle for neighbours of the same shade: most of a confusion matrix is none at all.
    fn draw_cells(&self, drawing: &mut Drawing, values: &[Vec<f64>], most: f64) {
        for (row, numbers) in (0..self.count).zip(values) {
            let shades: Vec<Option<Shade>> =
                numbers.iter().take(self.count).map(|value| shade(*value, most)).collect();
            let mut column = 0;
            for run in shades.chunk_by(|a, b| a == b) {
                let start = self.corner(row, column);
                match run[0] {
                    Some((_, 0.0)) => {}
                    Some((color, strength)) => {
                        let end = self.corner(row + 1, column + run.len());
                        drawing.rectangle(start, end, color.mix(strength));
                    }
                    None => self.cross_out(drawing, start, run.len()),
                }
                column += run.len();
            }
        }
        let all = self.count;
        for line in 0..=all {
            for ends in [[(line, 0), (line, all)], [(0, line), (all, line)]] {
                let ends = ends.map(|(row, column)| self.corner(row, column));
                drawing.line(&ends, Stroke::new(TEXT, 1.0, 0.2));
            }
        }
    }

    /// The upper left corner of a cell.
    fn corner(&self, row: usize, column: usize) -> (f64, f64) {
        (self.left + self.cell * column as f64, self.top + self.cell * row as f64)
    }

    /// A cross in each of some cells side by side, in one stroke: there in zigzag, and back.
    fn cross_out(&self, drawing: &mut Drawing, (left, top): (f64, f64), count: usize) {
        let corner = |place: usize| {
            let is_top = place.is_multiple_of(2);
            (left + self.cell * place as f64, if is_top { top } else { top + self.cell })
        };
        let opposite = |place: usize| (corner(place).0, corner(place + 1).1);
        let middle = (left + self.cell * (count as f64 - 0.5), top + self.cell / 2.0);
        let mut points: Vec<(f64, f64)> = (0..=count).map(corner).collect();
        points.push(middle);
        points.extend((0..=count).rev().map(opposite));
        drawing.line(&points, Stroke::new(TEXT, 1.5, 1.0));
    }
}

/// A colour and how strong it is: 0 to 1.
type Shade = (RGBColor, f64);

/// None of a number that is not finite.
fn shade(value: f64, most: f64) -> Option<Shade> {
    let strength = if most > 0.0 { (value / most).abs().sqrt().min(1.0) } else { 0.0 };
    let color = COLORS[usize::from(value < 0.0)];
    value.is_finite().then_some((color, (SHADES * strength).round() / SHADES))
}

/// Some numbers and their colours.
fn draw_key(drawing: &mut Drawing, least: f64, most: f64) {
    let room = drawing.width - 2.0 * MARGIN;
    let each = |label: &String| KEY + 5.0 + width(label, SIZE) + 14.0;
    let Extent { low, high, .. } = Extent::of([least, most]);
    let ticks = Ticks::new(low, high, false, |labels| {
        labels.len() <= 7 && labels.iter().map(each).sum::<f64>() <= room
    });
    let mut x = MARGIN;
    for (value, label) in ticks.values.iter().zip(&ticks.labels) {
        let (top, right, bottom) = (drawing.height, x + KEY, drawing.height + KEY);
        if let Some((color, strength)) = shade(*value, most) {
            drawing.rectangle((x, top), (right, bottom), color.mix(strength));
        }
        let outline = [(x, top), (right, top), (right, bottom), (x, bottom), (x, top)];
        drawing.line(&outline, Stroke::new(TEXT, 1.0, 0.2));
        let beside = (right + 5.0, top + KEY / 2.0);
        drawing.text(beside, label, SIZE, HPos::Left);
        x += each(label);
    }
    drawing.height += KEY + 8.0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plots::tests::{drawing, numbers, texts};

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("token{n}")).collect()
    }

    /// How many cells wide the rectangles of a colour are together, without those of the key.
    fn cells(chart: &Html, color: &str) -> f64 {
        let drawing = drawing(chart);
        let rectangles = drawing.split("<rect ").filter(|r| r.contains(color));
        let widths = rectangles.map(|rectangle| numbers(rectangle, "width")[0]);
        widths.filter(|width| *width != KEY).sum::<f64>() / 26.0
    }

    #[test]
    fn each_number_has_a_cell() {
        let values = [vec![0.5, 0.0], vec![0.1, 0.9]];
        let chart = heat_map("Attention", &["[CLS]".to_owned(), "film".to_owned()], &values);
        assert_eq!(drawing(&chart).matches("film").count(), 2);
        assert_eq!(cells(&chart, "#0072B2"), 3.0);
        assert!(texts(&chart).join(" ").ends_with("0.0 0.2 0.4 0.6 0.8"), "{:?}", texts(&chart));
    }

    #[test]
    fn a_review_of_512_tokens_is_a_picture_of_its_beginning() {
        let chart = heat_map("Attention", &names(512), &vec![vec![0.5; 512]; 512]);
        assert!(chart.html().len() < 300_000, "{}", chart.html().len());
        let said = texts(&chart).join(" ");
        assert!(
            said.contains(
                "the first 80 of 512 names are drawn: plots::heat_map draws another part"
            ),
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
        assert_eq!(drawing(&chart).matches("stroke-width=\"6\"").count(), 2);
        assert_eq!((cells(&chart, "#0072B2"), cells(&chart, "#E67800")), (1.0, 0.0));
        let chart = heat_map("t", &names(2), &[vec![-2.0, -2.0], vec![-2.0, 1.0]]);
        assert_eq!((cells(&chart, "#0072B2"), cells(&chart, "#E67800")), (1.0, 3.0));
    }
}
