//! Points with their names.

use super::axis::{Extent, Scale};
use super::chart::{Chart, HEIGHT, NUMBER};
use super::drawing::COLORS;
use super::lines::is_finite;
use super::text::{shortened, width};
use crate::display::{Html, thousands};
use plotters::style::text_anchor::HPos;
use std::collections::BTreeMap;

/// More points than this have no names.
pub const MOST_NAMES: usize = 100;
const RADIUS: f64 = 5.0;
/// A cloud of more dots is made of fewer and larger ones.
const MOST_DOTS: usize = 4000;
/// A longer name is cut.
const LONGEST_NAME: f64 = 200.0;

/// A chart of points (name, x, y), each with its name beside it.
///
/// A name that finds no room beside its point is left out, and the figure says so. More than 100
/// points are small and have no names.
pub fn scatter_chart(
    title: &str,
    x_label: &str,
    y_label: &str,
    points: &[(String, f64, f64)],
) -> Html {
    let is_drawn = |point: &&(String, f64, f64)| is_finite(&(point.1, point.2));
    let drawn: Vec<&(String, f64, f64)> = points.iter().filter(is_drawn).collect();
    let x = Extent::of(drawn.iter().map(|point| point.1)).with_room(0.08);
    let y = Extent::of(drawn.iter().map(|point| point.2)).with_room(0.12);
    let axes = (Scale::Numbers(x_label, x), Scale::Numbers(y_label, y));
    let mut chart = Chart::new(title, &[], axes.0, axes.1, HEIGHT);
    let places: Vec<(f64, f64)> = drawn.iter().map(|point| chart.at((point.1, point.2))).collect();
    if drawn.len() <= MOST_NAMES {
        for (place, color) in places.iter().zip(COLORS.iter().cycle()) {
            chart.drawing.dot(*place, RADIUS, *color);
        }
        let names: Vec<&str> = drawn.iter().map(|point| point.0.as_str()).collect();
        draw_names(&mut chart, &places, &names);
    } else {
        draw_cloud(&mut chart, &places);
        chart.note(format!("{} points, too many for names", thousands(drawn.len())));
    }
    chart.note_missing(points.iter().map(|point| is_drawn(&point)));
    if points.is_empty() {
        chart.note("there are no points to draw");
    }
    chart.into_html()
}

/// Left, top, right and bottom of something.
type Area = [f64; 4];

/// Each name where it hides nothing, beside its point if it can be.
fn draw_names(chart: &mut Chart, places: &[(f64, f64)], names: &[&str]) {
    let [(left, top), (right, bottom)] = chart.corners();
    let within = |a: &Area| a[0] >= left && a[1] >= top && a[2] <= right && a[3] <= bottom;
    let apart = |a: &Area, b: &Area| a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] || b[3] <= a[1];
    let dot = |&(x, y): &(f64, f64)| [x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS];
    let mut taken: Vec<Area> = places.iter().map(dot).collect();
    let mut left_out = 0;
    for (place, name) in places.iter().zip(names) {
        let name = shortened(name, NUMBER, LONGEST_NAME);
        let areas = beside(*place, width(&name, NUMBER));
        let is_free = |area: &Area| within(area) && taken.iter().all(|other| apart(area, other));
        if let Some(area) = areas.into_iter().find(is_free) {
            chart.drawing.text((area[0], (area[1] + area[3]) / 2.0), &name, NUMBER, HPos::Left);
            taken.push(area);
        } else {
            left_out += 1;
        }
    }
    match left_out {
        0 => {}
        1 => chart.note("1 point has no name: there is no room for it"),
        many => chart.note(format!("{many} points have no names: there is no room for them")),
    }
}

/// Where a name of this width can stand: to the right and to the left of its point, above and below it,
/// a line higher or lower to its right and left, and above or below with one end over the point.
fn beside((x, y): (f64, f64), width: f64) -> [Area; 12] {
    let height = NUMBER + 1.0;
    let (right, left, middle) = (x + RADIUS + 3.0, x - RADIUS - 3.0 - width, x - width / 2.0);
    let (line, above, below) = (y - height / 2.0, y - RADIUS - height, y + RADIUS);
    let corners = [
        (right, line),
        (left, line),
        (middle, above),
        (middle, below),
        (right, line - height),
        (right, line + height),
        (left, line - height),
        (left, line + height),
        (x, above),
        (x, below),
        (x - width, above),
        (x - width, below),
    ];
    corners.map(|(x, y)| [x, y, x + width, y + height])
}

/// Small points, of those close together one: all of them would be no small picture.
fn draw_cloud(chart: &mut Chart, places: &[(f64, f64)]) {
    let mut side = 1.0;
    let mut dots = thinned(places, side);
    while dots.len() > MOST_DOTS {
        side += 1.0;
        dots = thinned(&dots, side);
    }
    dots.iter().for_each(|place| chart.drawing.dot(*place, 0.75 * side.max(2.0), COLORS[0]));
}

/// One place of those in each square of a grid.
fn thinned(places: &[(f64, f64)], side: f64) -> Vec<(f64, f64)> {
    let square = |&(x, y): &(f64, f64)| [x, y].map(|place| (place / side).floor() as i64);
    let squares: BTreeMap<[i64; 2], (f64, f64)> =
        places.iter().map(|place| (square(place), *place)).collect();
    squares.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plots::tests::{drawing, texts};

    fn points(places: &[(f64, f64)]) -> Vec<(String, f64, f64)> {
        places.iter().enumerate().map(|(n, (x, y))| (format!("model {n}"), *x, *y)).collect()
    }

    #[test]
    fn points_have_their_names_and_cannot_inject_markup() {
        let points = [("<b>".to_owned(), 1.0, 80.0), ("whole".to_owned(), 100.0, 90.0)];
        let drawing = drawing(&scatter_chart("t", "seconds", "accuracy (%)", &points));
        assert!(drawing.contains("whole") && drawing.contains("seconds"), "{drawing}");
        assert!(!drawing.contains("<b>"), "{drawing}");
        assert_eq!(drawing.matches("<circle").count(), 2);
        assert_eq!(scatter_chart("t", "x", "y", &[]).html().matches("<img").count(), 1);
    }

    #[test]
    fn names_side_by_side_hide_nothing_and_a_name_without_room_is_said() {
        let close = points(&[(0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (1.0, 0.01)]);
        let texts_of_close = texts(&scatter_chart("t", "x", "y", &close)).join(" ");
        assert!(texts_of_close.contains("model 0") && texts_of_close.contains("model 2"));
        let same = texts(&scatter_chart("t", "x", "y", &points(&[(1.0, 1.0); 30]))).join(" ");
        assert!(same.contains("24 points have no names"), "{same}");
    }

    #[test]
    fn the_ways_of_the_comparison_all_have_their_names() {
        let ways = [
            ("bag of words", 2.6, 82.2),
            ("LSTM", 3.8, 73.4),
            ("own transformer", 19.3, 75.8),
            ("last layers", 15.2, 71.0),
            ("LoRA", 113.9, 81.8),
            ("last layers + 2 blocks", 82.7, 80.6),
            ("whole model", 157.6, 83.0),
            ("last layers, MPNet", 94.4, 81.0),
        ];
        let ways = ways.map(|(name, seconds, accuracy)| (name.to_owned(), seconds, accuracy));
        let texts = texts(&scatter_chart("t", "x", "y", &ways)).join(" ");
        assert!(texts.contains("MPNet") && !texts.contains("no name"), "{texts}");
    }

    #[test]
    fn many_points_are_a_small_picture() {
        let many: Vec<(f64, f64)> =
            (0..100_000).map(|n| (f64::from(n), (f64::from(n) * 0.618).fract())).collect();
        let chart = scatter_chart("t", "x", "y", &points(&many));
        assert!(chart.html().len() < 1_000_000, "{}", chart.html().len());
        assert!(texts(&chart).join(" ").contains("100,000 points, too many for names"));
        assert!(!drawing(&chart).contains("model"));
    }
}
