//! The curves of a training.

use super::axis::{Extent, Scale};
use super::chart::{Chart, HEIGHT, Mark};
use super::drawing::Stroke;
use super::lines::{draw_line, is_finite, strokes, thinned};
use crate::display::Html;

/// What one curve of a training is: points at the ends of the epochs, and in between, where they are
/// known.
#[derive(Clone, Debug)]
pub struct Curve {
    /// Its name in the legend.
    pub name: &'static str,
    /// (epoch, value) at the ends of the epochs.
    pub points: Vec<(f64, f64)>,
    /// (epoch, value) within the epochs, drawn thin.
    pub within: Vec<(f64, f64)>,
}

/// The curves over the epochs, with a ring around the best one's point, which has a name in the
/// legend. The picture is as wide as `epochs` needs, so that a training that runs is seen to fill it.
pub fn training_chart(
    title: &str,
    y_label: &str,
    curves: &[Curve],
    best: Option<(&str, (f64, f64))>,
    epochs: f64,
) -> Html {
    let x = Extent { whole: true, ..Extent::of([beginning(curves), epochs]) };
    let x = Scale::Numbers("epoch", x);
    let y = Scale::Numbers(y_label, heights(curves));
    let styled = || curves.iter().zip(strokes(2.0, 1.0));
    let mut legend: Vec<(Mark, &str)> =
        styled().map(|(curve, stroke)| (Mark::Line(stroke), curve.name)).collect();
    legend.extend(best.map(|(name, _)| (Mark::Ring, name)));
    let mut chart = Chart::new(title, &legend, x, y, HEIGHT);
    for (curve, stroke) in styled() {
        draw_within(&mut chart, &curve.within, Stroke { width: 1.0, opacity: 0.7, ..stroke });
        draw_line(&mut chart, &curve.points, stroke);
    }
    if let Some((_, best)) = best.filter(|(_, best)| is_finite(best)) {
        let place = chart.at(best);
        chart.drawing.ring(place, 7.0);
    }
    let points = curves.iter().flat_map(|curve| curve.points.iter().chain(&curve.within));
    chart.note_missing(points.map(is_finite));
    chart.into_html()
}

/// What goes on within the epochs, thin; with a dot at its end, while
/// nothing else is there. A first
/// step may be so far off that all else would be flat: it stays at the edge.
fn draw_within(chart: &mut Chart, points: &[(f64, f64)], stroke: Stroke) {
    let points: Vec<(f64, f64)> = points.iter().copied().filter(is_finite).collect();
    let places: Vec<(f64, f64)> = thinned(&points).iter().map(|point| chart.at(*point)).collect();
    chart.drawing.line(&places, stroke);
    if let (Some((x, _)), Some(place)) = (points.last(), places.last())
        && (*x < 1.0 || points.len() == 1)
    {
        chart.drawing.dot(*place, 2.0, stroke.color);
    }
}

/// Where the axis begins: at 0, or, of an older history without steps, at its first epoch.
fn beginning(curves: &[Curve]) -> f64 {
    let first = curves.iter().filter_map(|curve| Some(curve.points.first()?.0)).reduce(f64::min);
    first.filter(|_| curves.iter().all(|curve| curve.within.is_empty())).unwrap_or(0.0)
}

/// Room for all points at the ends of the epochs, and for nearly all of those in between.
fn heights(curves: &[Curve]) -> Extent {
    let within = curves.iter().flat_map(|curve| &curve.within).map(|point| point.1);
    let mut within: Vec<f64> = within.filter(|value| value.is_finite()).collect();
    within.sort_by(f64::total_cmp);
    let few = within.len() / 50;
    let nearly_all = within[few..within.len() - few].iter().copied();
    let ends = curves.iter().flat_map(|curve| &curve.points).map(|point| point.1);
    Extent::of(ends.chain(nearly_all)).with_room(0.06)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plots::tests::drawing;

    fn curve(points: &[(f64, f64)], within: &[(f64, f64)]) -> Curve {
        Curve { name: "train", points: points.to_vec(), within: within.to_vec() }
    }

    #[test]
    fn a_training_looks_right_from_its_first_step_to_its_hundred_thousandth() {
        let many: Vec<(f64, f64)> =
            (0..100_000).map(|step| (f64::from(step) / 1e5, 1.0 / f64::from(step + 1))).collect();
        type Points<'a> = &'a [(f64, f64)];
        let cases: [(Points, Points); 7] = [
            (&[], &[]),
            (&[], &[(0.01, 0.7)]),
            (&[(1.0, 0.5)], &[]),
            (&[(1.0, 0.5)], &many),
            (&[(1.0, f64::NAN), (2.0, f64::INFINITY)], &[(0.5, f64::NAN), (0.7, 1e300)]),
            (&[(1.0, 0.5), (2.0, 0.5)], &[(0.5, 0.5)]),
            (&[(9.0, 0.5), (10.0, 0.4)], &[]),
        ];
        for (points, within) in cases {
            let chart = training_chart("Loss", "y", &[curve(points, within)], None, 3.0);
            let drawing = drawing(&chart);
            assert!(drawing.contains("Loss") && !drawing.contains("NaN"), "{drawing}");
            assert!(chart.html().len() < 40_000, "{} bytes", chart.html().len());
        }
    }

    #[test]
    fn before_the_first_step_the_axis_is_that_of_the_plan_and_the_first_step_is_a_dot() {
        let empty = drawing(&training_chart("Loss", "y", &[curve(&[], &[])], None, 3.0));
        assert!(empty.contains(">0<") && empty.contains(">3<"), "{empty}");
        let step = drawing(&training_chart("Loss", "y", &[curve(&[], &[(0.01, 0.7)])], None, 3.0));
        assert_eq!(step.matches("<circle").count(), empty.matches("<circle").count() + 1);
    }

    #[test]
    fn the_best_epoch_has_a_ring() {
        let curves = [curve(&[(1.0, 0.5), (2.0, 0.4)], &[])];
        let plain = drawing(&training_chart("Loss", "y", &curves, None, 2.0));
        let best = Some(("best epoch by loss", (2.0, 0.4)));
        let marked = drawing(&training_chart("Loss", "y", &curves, best, 2.0));
        // One in the picture, one in the legend
        assert_eq!(marked.matches("<circle").count(), plain.matches("<circle").count() + 2);
        assert!(marked.contains("best epoch by loss"));
    }
}
