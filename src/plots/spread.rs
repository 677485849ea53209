//! Means with their spread, over numbers or over names.

use super::axis::{Extent, Scale};
use super::chart::{Chart, HEIGHT, Mark, fit_below};
use super::drawing::Stroke;
use super::lines::{is_finite, strokes};
use crate::display::Html;

/// Numbers of which the largest is so many times the smallest have magnitudes of their own.
const POWERS: f64 = 20.0;
/// Half of the line at the end of a bar, and how far two series are apart at the same number.
const CAP: f64 = 4.0;
/// How far apart names are that stand at the left.
const LINE: f64 = 26.0;

/// Means over some numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// Its name in the legend.
    pub name: String,
    /// (x, mean, how far the bar goes up and down from it)
    pub points: Vec<(f64, f64, f64)>,
    /// Whether a line goes through the means.
    pub joined: bool,
}

/// What the means stand over.
#[derive(Clone, Copy)]
enum Over {
    Numbers,
    /// Below the chart.
    Names,
    /// So many, at its left, from the top: the bars lie.
    NamesAtTheLeft(f64),
}

impl Over {
    fn of(names: Option<&[String]>) -> Over {
        match names {
            None => Over::Numbers,
            Some(names) if fit_below(names) => Over::Names,
            Some(names) => Over::NamesAtTheLeft(names.len() as f64),
        }
    }

    /// Where a point is in the picture, a little aside.
    fn at(self, chart: &Chart, (x, mean): (f64, f64), aside: f64) -> (f64, f64) {
        let (point, (right, down)) = match self {
            Over::Numbers => ((x, mean), (aside, 0.0)),
            Over::Names => ((x + 0.5, mean), (aside, 0.0)),
            Over::NamesAtTheLeft(count) => ((mean, count - x - 0.5), (0.0, aside)),
        };
        let (x, y) = chart.at(point);
        (x + right, y + down)
    }

    fn height(self) -> f64 {
        match self {
            Over::NamesAtTheLeft(count) => (count * LINE).max(HEIGHT / 2.0),
            _ => HEIGHT,
        }
    }
}

/// A chart of means with bars up and down, over numbers, of which those of different magnitudes have a
/// logarithmic axis, or over names: the first one stands at 0, the next one at 1. Names that don't fit below
/// the chart stand to its left, from the top, and the bars lie. The labels are title, x, y.
pub fn spread_chart(
    (title, x_label, y_label): (&str, &str, &str),
    names: Option<Vec<String>>,
    series: &[Spread],
    notes: &[String],
) -> Html {
    let over = Over::of(names.as_deref());
    let points = || series.iter().flat_map(|series| &series.points).copied();
    let ends = points().filter(is_drawn).flat_map(|(_, mean, bar)| [mean - bar, mean, mean + bar]);
    let means = Scale::Numbers(y_label, Extent::of(ends).with_room(0.06));
    let numbers = || points().filter(is_drawn).map(|(x, ..)| x);
    let (x, y) = match names {
        Some(mut names) if matches!(over, Over::NamesAtTheLeft(_)) => {
            names.reverse();
            (means, Scale::Names(x_label, names))
        }
        Some(names) => (Scale::Names(x_label, names), means),
        None if has_magnitudes(numbers()) => {
            let extent = Extent::of(numbers().map(f64::log10)).with_room(0.04);
            (Scale::Powers(x_label, extent), means)
        }
        None => (Scale::Numbers(x_label, Extent::of(numbers()).with_room(0.04)), means),
    };
    let styled = || series.iter().zip(strokes(2.0, 1.0));
    let legend: Vec<(Mark, &str)> = styled()
        .filter(|(series, _)| !series.name.is_empty())
        .map(|(series, stroke)| (Mark::Line(stroke), series.name.as_str()))
        .collect();
    let mut chart = Chart::new(title, &legend, x, y, over.height());
    let middle = (series.len() as f64 - 1.0) / 2.0;
    for (number, (series, stroke)) in (0..).map(f64::from).zip(styled()) {
        let aside = CAP * (number - middle).clamp(-4.0, 4.0);
        draw(&mut chart, (over, aside), series, stroke);
    }
    chart.note_missing(points().map(|point| is_drawn(&point)));
    if points().next().is_none() {
        chart.note("there are no points to draw");
    }
    notes.iter().for_each(|note| chart.note(note.as_str()));
    chart.into_html()
}

fn is_drawn((x, mean, _): &(f64, f64, f64)) -> bool {
    is_finite(&(*x, *mean))
}

/// The means of a series, and their bars.
fn draw(chart: &mut Chart, (over, aside): (Over, f64), series: &Spread, stroke: Stroke) {
    let drawn: Vec<_> = series.points.iter().copied().filter(is_drawn).collect();
    if series.joined {
        let means = drawn.iter().map(|&(x, mean, _)| over.at(chart, (x, mean), aside)).collect();
        chart.drawing.lines(&[means], stroke);
    }
    let solid = Stroke { dashes: &[], width: 1.5, ..stroke };
    for (x, mean, bar) in drawn {
        let place = over.at(chart, (x, mean), aside);
        chart.drawing.dot(place, 3.5, stroke.color);
        if bar.is_finite() && bar > 0.0 {
            let ends = [mean - bar, mean + bar];
            let along = ends.map(|end| over.at(chart, (x, end), aside));
            chart.drawing.line(&along, solid);
            for end in ends {
                let cap = [-CAP, CAP].map(|side| over.at(chart, (x, end), aside + side));
                chart.drawing.line(&cap, solid);
            }
        }
    }
}

/// Whether a logarithmic axis suits them.
pub fn has_magnitudes(numbers: impl Iterator<Item = f64>) -> bool {
    let (least, most) = numbers
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), n| (low.min(n), high.max(n)));
    least > 0.0 && most / least >= POWERS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plots::tests::{drawing, numbers, texts};

    fn spread(points: &[(f64, f64, f64)], joined: bool) -> Spread {
        Spread { name: String::new(), points: points.to_vec(), joined }
    }

    #[test]
    fn learning_rates_have_a_logarithmic_axis_and_bars_their_length() {
        let points = [(1e-4, 80.0, 1.0), (1e-3, 84.0, 2.0), (1e-2, 70.0, 0.0)];
        let chart = spread_chart(("t", "learning_rate", "y"), None, &[spread(&points, true)], &[]);
        let said = texts(&chart).join(" ");
        assert!(said.contains("1e-4 2e-4 5e-4 1e-3"), "{said}");
        let drawing = drawing(&chart);
        let places = numbers(&drawing, "cx");
        assert!((places[1] - places[0] - (places[2] - places[1])).abs() < 0.6, "{places:?}");
        // A line through the means, and two bars with two ends each.
        assert_eq!(drawing.matches("stroke=\"#0072B2\"").count(), 1 + 2 * 3);
        assert!(!has_magnitudes([16.0, 32.0, 64.0].into_iter()));
        assert!(!has_magnitudes([0.0, 0.01, 0.1].into_iter()) && !has_magnitudes([].into_iter()));
    }

    #[test]
    fn names_are_places_and_what_is_not_finite_is_said() {
        let names = Some(["Sgd", "Adam"].map(str::to_owned).into());
        let points = [(0.0, 1.0, f64::NAN), (1.0, 2.0, 0.5), (1.0, f64::NAN, 0.5)];
        let note = ["a note".to_owned()];
        let chart = spread_chart(("t", "optimizer", "y"), names, &[spread(&points, false)], &note);
        let said = texts(&chart).join(" ");
        assert!(said.contains("Sgd Adam") && said.contains("a note"), "{said}");
        assert!(said.contains("1 value is not finite") && !drawing(&chart).contains("NaN"));
        assert!(
            texts(&spread_chart(("t", "x", "y"), None, &[], &[])).join(" ").contains("no points")
        );
    }

    #[test]
    fn long_names_stand_in_full_at_the_left_of_bars_that_lie() {
        let long =
            ["last layers", "last layers + 2 blocks", "last layers + 3 blocks", "whole model"];
        let names = Some(long.map(str::to_owned).into());
        let points = [(0.0, 70.0, 1.0), (1.0, 82.0, 1.0), (2.0, 83.0, 1.0), (3.0, 84.0, 0.5)];
        let chart = spread_chart(("t", "way", "y"), names, &[spread(&points, false)], &[]);
        let said = texts(&chart);
        assert!(long.iter().all(|name| said.iter().any(|text| text == name)), "{said:?}");
        let drawing = drawing(&chart);
        let [x, y] = ["cx", "cy"].map(|name| numbers(&drawing, name));
        assert!(x.is_sorted() && y.is_sorted() && y[0] < y[3], "{x:?} {y:?}");
    }
}
