//! Lines over numbers.

use super::axis::{Extent, Scale};
use super::chart::{Chart, HEIGHT, Mark};
use super::dashes::Place;
use super::drawing::{COLORS, Stroke};
use crate::display::{Html, thousands};

/// Solid lines first, then dashed ones of the same colours.
const DASHES: [&[f64]; 4] = [&[], &[9.0, 4.0], &[3.0, 4.0], &[11.0, 4.0, 3.0, 4.0]];
/// More can't be told apart.
const MOST_LINES: usize = COLORS.len() * DASHES.len();
/// Dots closer than with so many of them in a row are a thick line.
const MOST_DOTS: usize = 40;
/// A line is drawn in so many parts, some pixels wide each.
const PARTS: usize = 100;

/// One line of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// Its points (x, y), joined in this order.
    pub points: Vec<(f64, f64)>,
}

impl Series {
    /// A line with its name: `Series::new(format!("learning rate {rate}"), points)`.
    pub fn new(name: impl Into<String>, points: Vec<(f64, f64)>) -> Series {
        Series { name: name.into(), points }
    }
}

/// A chart of lines, with a legend. The points are joined in the order in which they are given;
/// one that is not finite leaves a gap, and the figure says how many there are.
///
/// Of many points close together the first, the last, the lowest and the highest are drawn, which
/// looks the same. Of more than 16 lines the first 16 are drawn, and the figure says so.
///
/// ```
/// use unit8::plots::{Series, line_chart};
///
/// let mut series = Vec::new();
/// for rate in [1e-5, 2e-5, 5e-5] {
///     // (epoch, accuracy), as a training would give them
///     series.push(Series::new(format!("learning rate {rate:e}"), vec![(1.0, 0.81), (2.0, 0.84)]));
/// }
/// line_chart("Accuracy", "epoch", "accuracy", &series);
/// ```
pub fn line_chart(title: &str, x_label: &str, y_label: &str, series: &[Series]) -> Html {
    let x = Extent::of(finite(series).map(|point| point.0));
    drawn(title, Scale::Numbers(x_label, x), y_label, series, None).into_html()
}

/// The same with a logarithmic x axis, for numbers of different magnitudes, such as learning rates:
/// matplotlib's `semilogx`. A point at 0 or below has no place on it; the figure says how many there
/// are.
///
/// ```
/// use unit8::plots::{Series, semilogx};
///
/// let losses = Series::new("loss", vec![(1e-5, 0.69), (1e-4, 0.61), (1e-3, 0.42), (1e-2, 0.75)]);
/// semilogx("Which rate?", "learning rate", "loss", &[losses]);
/// ```
pub fn semilogx(title: &str, x_label: &str, y_label: &str, series: &[Series]) -> Html {
    ringed_semilogx((title, x_label, y_label), series, None)
}

/// The same with a ring around a point, which has a name in the legend. The labels are title, x, y.
pub(crate) fn ringed_semilogx(
    (title, x_label, y_label): (&str, &str, &str),
    series: &[Series],
    ring: Option<(&str, (f64, f64))>,
) -> Html {
    let is_placed = |point: &(f64, f64)| point.0 > 0.0 || !point.0.is_finite();
    let placed = |series: &Series| {
        Series::new(series.name.as_str(), series.points.iter().copied().filter(is_placed).collect())
    };
    let all: usize = series.iter().map(|series| series.points.len()).sum();
    let series: Vec<Series> = series.iter().map(placed).collect();
    let x = Extent::of(finite(&series).map(|point| point.0.log10()));
    let mut chart = drawn(title, Scale::Powers(x_label, x), y_label, &series, ring);
    match all - series.iter().map(|series| series.points.len()).sum::<usize>() {
        0 => {}
        1 => chart.note("1 value at 0 or below has no place on a logarithmic axis"),
        many => chart.note(format!(
            "{} values at 0 or below have no place on a logarithmic axis",
            thousands(many)
        )),
    }
    chart.into_html()
}

/// The points that can be drawn.
fn finite(series: &[Series]) -> impl Iterator<Item = (f64, f64)> {
    let points = series.iter().take(MOST_LINES).flat_map(|series| &series.points);
    points.copied().filter(is_finite)
}

fn drawn(
    title: &str,
    x: Scale,
    y_label: &str,
    series: &[Series],
    ring: Option<(&str, (f64, f64))>,
) -> Chart {
    let drawn = &series[..series.len().min(MOST_LINES)];
    let y = Extent::of(finite(series).map(|point| point.1)).with_room(0.06);
    let styled = || drawn.iter().zip(strokes(2.0, 1.0));
    let mut legend: Vec<(Mark, &str)> = styled()
        .map(|(series, stroke)| (Mark::Line(stroke), series.name.as_str()))
        .filter(|(_, name)| !name.is_empty())
        .collect();
    legend.extend(ring.map(|(name, _)| (Mark::Ring, name)));
    let mut chart = Chart::new(title, &legend, x, Scale::Numbers(y_label, y), HEIGHT);
    for (series, stroke) in styled() {
        draw_line(&mut chart, &series.points, stroke);
    }
    if let Some((_, place)) = ring {
        let place = chart.at(place);
        chart.drawing.ring(place, 7.0);
    }
    let mut points = drawn.iter().flat_map(|series| &series.points);
    chart.note_missing(points.clone().map(is_finite));
    if points.next().is_none() {
        chart.note("there are no points to draw");
    }
    if series.len() > MOST_LINES {
        chart
            .note(format!("the first {MOST_LINES} of {} lines are drawn", thousands(series.len())));
    }
    chart
}

/// A style for each line, all different at first.
pub fn strokes(width: f64, opacity: f64) -> impl Iterator<Item = Stroke> {
    let styles = DASHES.iter().flat_map(|dashes| COLORS.map(|color| (color, *dashes)));
    styles.cycle().map(move |(color, dashes)| Stroke { color, width, opacity, dashes })
}

/// A line through the points, with dots where they are few.
pub fn draw_line(chart: &mut Chart, points: &[(f64, f64)], stroke: Stroke) {
    let thinned = thinned(points);
    let runs = thinned.split(|point| !is_finite(point));
    let parts: Vec<Vec<Place>> =
        runs.map(|run| run.iter().map(|point| chart.at(*point)).collect()).collect();
    chart.drawing.lines(&parts, stroke);
    for part in parts.iter().filter(|part| points.len() <= MOST_DOTS || part.len() == 1) {
        part.iter().for_each(|place| chart.drawing.dot(*place, 1.6 * stroke.width, stroke.color));
    }
}

pub fn is_finite(point: &(f64, f64)) -> bool {
    point.0.is_finite() && point.1.is_finite()
}

/// Points that look the same: of each hundredth the first, the lowest, the highest and the last one.
/// Where a whole hundredth is not finite, neither is what stands for it.
pub fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let together = points.len().div_ceil(PARTS);
    if together <= 4 {
        return points.to_vec();
    }
    points.chunks(together).flat_map(outline).collect()
}

fn outline(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let finite: Vec<(f64, f64)> = points.iter().copied().filter(is_finite).collect();
    let by_height = |a: &usize, b: &usize| finite[*a].1.total_cmp(&finite[*b].1);
    let lowest = (0..finite.len()).min_by(by_height);
    let (Some(lowest), Some(highest)) = (lowest, (0..finite.len()).max_by(by_height)) else {
        return points[..1].to_vec();
    };
    let mut places = vec![0, lowest, highest, finite.len() - 1];
    places.sort_unstable();
    places.dedup();
    places.into_iter().map(|place| finite[place]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plots::tests::{drawing, numbers, texts};

    #[test]
    fn a_loop_over_learning_rates_has_its_names_and_an_axis() {
        let rates = [1e-5, 2e-5, 5e-5];
        let series: Vec<Series> = rates
            .iter()
            .map(|rate| Series::new(format!("rate {rate}"), vec![(*rate, 0.8)]))
            .collect();
        let texts = texts(&line_chart("t", "learning rate", "accuracy", &series));
        assert!(texts.contains(&"rate 0.00001".to_owned()), "{texts:?}");
        assert!(texts.join(" ").contains("1e-5 2e-5 3e-5 4e-5 5e-5"), "{texts:?}");
    }

    #[test]
    fn lines_look_different_and_those_too_many_are_said() {
        let series = |count: usize| -> Vec<Series> {
            (0..count)
                .map(|n| Series::new(n.to_string(), vec![(0.0, 1.0), (1.0, n as f64)]))
                .collect()
        };
        let styles: Vec<_> =
            strokes(1.0, 1.0).take(16).map(|stroke| (stroke.color, stroke.dashes)).collect();
        assert!((1..16).all(|n| !styles[..n].contains(&styles[n])), "{styles:?}");
        assert!(!texts(&line_chart("t", "x", "y", &series(16))).join(" ").contains("first"));
        let said = texts(&line_chart("t", "x", "y", &series(1000))).join(" ");
        assert!(said.contains("the first 16 of 1,000 lines are drawn"), "{said}");
    }

    #[test]
    fn a_value_that_is_not_finite_leaves_a_gap_and_is_said() {
        let points =
            vec![(0.0, 1.0), (1.0, 2.0), (2.0, f64::NAN), (3.0, 1.0), (4.0, f64::INFINITY)];
        let chart = line_chart("t", "x", "y", &[Series::new("train", points)]);
        // One through two points and one in the legend; the last point is on its own.
        assert_eq!(drawing(&chart).matches("stroke=\"#0072B2\"").count(), 1 + 1);
        assert_eq!(drawing(&chart).matches("fill=\"#0072B2\"").count(), 3);
        let said = texts(&chart).join(" ");
        assert!(said.contains("2 values are not finite and not drawn"), "{said}");
    }

    #[test]
    fn on_a_logarithmic_axis_each_power_of_ten_has_as_much_room() {
        let points = vec![(1e-6, 1.0), (1e-5, 2.0), (1e-4, 1.5), (0.0, 1.0), (-1.0, 1.0)];
        let chart = semilogx("t", "learning rate", "loss", &[Series::new("", points)]);
        let places = numbers(&drawing(&chart), "cx");
        assert!((places[1] - places[0] - (places[2] - places[1])).abs() < 0.6, "{places:?}");
        let texts = texts(&chart).join(" ");
        assert!(texts.contains("1e-6 2e-6 5e-6 1e-5"), "{texts}");
        assert!(texts.contains("2 values at 0 or below have no place"), "{texts}");
    }

    #[test]
    fn many_points_become_few_and_no_peak_is_lost() {
        let mut points: Vec<(f64, f64)> = (0..100_000).map(|x| (f64::from(x), 2.0)).collect();
        (points[500].1, points[70_123].1) = (1e9, -1e9);
        let few = thinned(&points);
        assert!(
            few.len() <= 4 * PARTS && few.contains(&points[500]) && few.contains(&points[70_123])
        );
        assert_eq!((few.first(), few.last()), (points.first(), points.last()));
        assert_eq!(thinned(&points[..300]), points[..300]);
        let gap = [(0.0, f64::NAN); 1000];
        assert!(thinned(&gap).iter().all(|point| point.1.is_nan()));
    }
}
