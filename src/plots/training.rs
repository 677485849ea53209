//! The curves of a training.

use super::{COLORS, Chart, Drawn, TEXT, axes, figure, font, legend_position, range, whole_number};
use crate::display::Html;
use plotters::prelude::*;
use std::ops::Range;

/// More points than this can't be told apart, and each of them costs.
const MOST_POINTS: usize = 200;

/// Dots closer than with so many of them in a row are a thick line.
const MOST_DOTS: usize = 40;

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

/// The curves over the epochs, with a ring around the best one's point. The picture is as wide as
/// `epochs` needs, so that a training that runs is seen to fill it.
pub fn training_chart(
    title: &str,
    y_label: &str,
    curves: &[Curve],
    best: Option<(f64, f64)>,
    epochs: f64,
) -> Html {
    let within: Vec<Vec<(f64, f64)>> = curves.iter().map(|curve| thinned(&curve.within)).collect();
    let y = heights(curves, &within);
    let x = range([beginning(curves, &within), epochs].into_iter(), 0.0);
    let ends = curves.iter().zip(&within);
    let ends = ends.filter_map(|(curve, within)| curve.points.last().or(within.last()));
    let position = legend_position(ends.map(|point| point.1), &y);
    let whole = |x: &f64| whole_number(*x).map_or(String::new(), |x| x.to_string());
    figure(title, |area| {
        let mut chart = axes(area, title, "epoch", y_label, x, y.clone(), &whole)?;
        for ((curve, within), color) in curves.iter().zip(&within).zip(COLORS.iter().cycle()) {
            draw_within(&mut chart, within, &y, color)?;
            draw_ends(&mut chart, curve, color)?;
        }
        if let Some(best) = best {
            chart
                .draw_series([Circle::new(best, 7, TEXT.stroke_width(2))])?
                .label("best epoch")
                .legend(|(x, y)| Circle::new((x + 9, y), 5, TEXT.stroke_width(2)));
        }
        let mut legend = chart.configure_series_labels();
        legend.position(position).label_font(font(15)).border_style(TRANSPARENT).draw()?;
        Ok(())
    })
}

/// What goes on within the epochs, thin; while nothing else is there, with a dot at its end.
fn draw_within(
    chart: &mut Chart<'_, '_>,
    points: &[(f64, f64)],
    y: &Range<f64>,
    color: &RGBColor,
) -> Drawn {
    // A first step may be so far off that all else would be flat: it stays at the edge.
    let points: Vec<(f64, f64)> =
        points.iter().map(|(x, value)| (*x, value.clamp(y.start, y.end))).collect();
    let tip = points.last().copied().filter(|(x, _)| *x < 1.0);
    chart.draw_series(LineSeries::new(points, color.mix(0.7).stroke_width(1)))?;
    chart.draw_series(tip.map(|tip| Circle::new(tip, 2, color.filled())))?;
    Ok(())
}

fn draw_ends(chart: &mut Chart<'_, '_>, curve: &Curve, color: &RGBColor) -> Drawn {
    let style = color.stroke_width(2);
    let points = thinned(&curve.points);
    let size = if points.len() <= MOST_DOTS { 3 } else { 0 };
    chart
        .draw_series(LineSeries::new(points, style).point_size(size))?
        .label(curve.name)
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
    Ok(())
}

fn finite(points: &[(f64, f64)]) -> impl Iterator<Item = (f64, f64)> + '_ {
    points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite())
}

/// Where the axis begins: at 0, or, of an older history without steps, at its first epoch.
fn beginning(curves: &[Curve], within: &[Vec<(f64, f64)>]) -> f64 {
    let first = curves.iter().filter_map(|curve| Some(curve.points.first()?.0)).reduce(f64::min);
    first.filter(|_| within.iter().all(Vec::is_empty)).unwrap_or(0.0)
}

/// Room for all points at the ends of the epochs, and for nearly all of those in between.
fn heights(curves: &[Curve], within: &[Vec<(f64, f64)>]) -> Range<f64> {
    let mut between: Vec<f64> = within.iter().flatten().map(|point| point.1).collect();
    between.sort_by(f64::total_cmp);
    let few = between.len() / 50;
    let between = between[few..between.len() - few].iter().copied();
    let ends = curves.iter().flat_map(|curve| &curve.points).map(|point| point.1);
    range(ends.chain(between), 0.06)
}

/// At most so many points, each the mean of equally many.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let points: Vec<(f64, f64)> = finite(points).collect();
    let together = points.len().div_ceil(MOST_POINTS).max(1);
    let mean = |points: &[(f64, f64)]| {
        let count = points.len() as f64;
        let sum = points.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
        (sum.0 / count, sum.1 / count)
    };
    points.chunks(together).map(mean).collect()
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
        assert!(empty.contains(">\n0\n<") && empty.contains(">\n3\n<"), "{empty}");
        let step = drawing(&training_chart("Loss", "y", &[curve(&[], &[(0.01, 0.7)])], None, 3.0));
        assert_eq!(step.matches("<circle").count(), empty.matches("<circle").count() + 1);
    }

    #[test]
    fn the_best_epoch_has_a_ring() {
        let curves = [curve(&[(1.0, 0.5), (2.0, 0.4)], &[])];
        let plain = drawing(&training_chart("Loss", "y", &curves, None, 2.0));
        let marked = drawing(&training_chart("Loss", "y", &curves, Some((2.0, 0.4)), 2.0));
        // One in the picture, one in the legend
        assert_eq!(marked.matches("<circle").count(), plain.matches("<circle").count() + 2);
        assert!(marked.contains("best epoch"));
    }

    #[test]
    fn many_points_become_few_with_the_same_mean() {
        let points: Vec<(f64, f64)> = (0..1000).map(|x| (f64::from(x), 2.0)).collect();
        let few = thinned(&points);
        assert!(few.len() <= MOST_POINTS && few.iter().all(|point| point.1 == 2.0));
        assert_eq!(thinned(&points[..3]), points[..3]);
    }
}
