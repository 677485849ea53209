//! How often numbers occur.

use super::axis::{Extent, Scale};
use super::chart::{Chart, HEIGHT};
use super::drawing::COLORS;
use super::ticks::{Step, short};
use crate::display::{Html, thousands};

/// At most so many bars.
const MOST_BINS: f64 = 30.0;

/// How many of the values fall into each of some 30 bins of the same width, or fewer. Values that are
/// all multiples of one number, as whole numbers are, have equally many of its multiples in each.
///
/// One hundredth at an end, if it would press all others into less than half of the width, is
/// counted in the last bin there, and the figure says so. Values that are not finite aren't counted.
pub fn histogram(title: &str, x_label: &str, y_label: &str, values: &[f64]) -> Html {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let few = sorted.len() / 100;
    let (start, end) = nearly_all(&sorted, few);
    let bins = Bins::of(&sorted[start..end]);
    let counts = bins.counts(&sorted);
    let whole = is_whole(&sorted);
    let x = Scale::Numbers(x_label, Extent { whole, ..bins.extent() });
    let y = Scale::Numbers(y_label, Extent::from_zero(counts.iter().copied()));
    let mut chart = Chart::new(title, &[], x, y, HEIGHT);
    for (bin, count) in (0..).map(f64::from).zip(counts).filter(|bin| bin.1 > 0.0) {
        let (left, bottom) = chart.at((bins.edge(bin), 0.0));
        let (right, top) = chart.at((bins.edge(bin + 1.0), count));
        chart.drawing.rectangle((left, bottom), (left + 0.92 * (right - left), top), COLORS[0]);
    }
    if end < sorted.len() {
        let (few, most) = (thousands(few), short(sorted[sorted.len() - 1]));
        chart.note(format!("the last bar has the largest hundredth, too ({few}, up to {most})"));
    }
    if start > 0 {
        let (few, least) = (thousands(few), short(sorted[0]));
        chart.note(format!(
            "the first bar has the smallest hundredth, too ({few}, from {least} on)"
        ));
    }
    chart.note_missing(values.iter().map(|value| value.is_finite()));
    if sorted.is_empty() {
        chart.note("there are no values to count");
    }
    chart.into_html()
}

/// Where the values begin and end without so few at an end that would press all others together.
fn nearly_all(sorted: &[f64], few: usize) -> (usize, usize) {
    // Half of what is spanned: the whole may be more than the largest number there is.
    let half = |start: usize, end: usize| match &sorted[start..end] {
        [low, .., high] => high / 2.0 - low / 2.0,
        _ => 0.0,
    };
    let (mut start, mut end) = (0, sorted.len());
    if half(start, end - few) < half(start, end) / 2.0 {
        end -= few;
    }
    if half(start + few, end) < half(start, end) / 2.0 {
        start += few;
    }
    (start, end)
}

/// Parts of a range, all of the same width.
struct Bins {
    /// Where they begin, in widths: of the widest range the place itself may be no number.
    first: f64,
    width: f64,
    count: f64,
}

impl Bins {
    fn of(sorted: &[f64]) -> Bins {
        let (Some(&low), Some(&high)) = (sorted.first(), sorted.last()) else {
            return Bins { first: 0.0, width: 1.0, count: 1.0 };
        };
        let extent = Extent::of([low, high]);
        if (extent.low, extent.high) != (low, high) {
            // All the same: one bar, with room for one on both sides.
            let width = if low == 0.0 { 1.0 } else { extent.half() };
            return Bins { first: low / width - 1.5, width, count: 3.0 };
        }
        if let Some(grid) = grid(sorted) {
            let multiples = ((high - low) / grid).round() + 1.0;
            let each = (multiples / MOST_BINS).ceil();
            let width = each * grid;
            let first = (low - grid / 2.0) / width;
            return Bins { first, width, count: (multiples / each).ceil() };
        }
        let ends = |width: f64| ((low / width + 1e-9).floor(), (high / width - 1e-9).ceil());
        let mut widths = Step::sizes(low, high).map(Step::size);
        let fits = |width: &f64| ends(*width).1 - ends(*width).0 <= MOST_BINS;
        let width = widths.find(fits).unwrap_or(f64::MAX);
        let (first, end) = ends(width);
        Bins { first, width, count: end - first }
    }

    /// Where a bin begins.
    fn edge(&self, bin: f64) -> f64 {
        ((self.first + bin) * self.width).clamp(f64::MIN, f64::MAX)
    }

    fn extent(&self) -> Extent {
        Extent { low: self.edge(0.0), high: self.edge(self.count), whole: false }
    }

    fn counts(&self, values: &[f64]) -> Vec<f64> {
        let mut counts = vec![0.0; self.count as usize];
        for value in values {
            // At an edge it belongs to the bin above, whatever the last digit of a division is.
            let bin = (value / self.width - self.first + 1e-9).floor();
            counts[bin.clamp(0.0, self.count - 1.0) as usize] += 1.0;
        }
        counts
    }
}

/// The number that all distances of the values are multiples of, if there is one that is not far
/// too small for a bin: edges anywhere between would give each bin now one of them and now two.
fn grid(sorted: &[f64]) -> Option<f64> {
    let distances = sorted.windows(2).map(|pair| pair[1] - pair[0]).filter(|d| *d > 0.0);
    let grid = distances.reduce(f64::min)?;
    let (low, high) = (sorted[0], sorted[sorted.len() - 1]);
    // Two numbers have only one distance, which says something of whole ones alone.
    if high - low == grid && !is_whole(sorted) {
        return None;
    }
    let is_multiple = |value: &f64| {
        let times = (value - low) / grid;
        times < 1e6 && (times - times.round()).abs() < 1e-3
    };
    sorted.iter().all(is_multiple).then_some(grid)
}

fn is_whole(values: &[f64]) -> bool {
    values.iter().all(|value| value.fract() == 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plots::tests::{drawing, texts};

    fn counts(values: &[f64]) -> Vec<f64> {
        Bins::of(values).counts(values)
    }

    #[test]
    fn every_value_is_counted() {
        let values: Vec<f64> = (0..1000).map(f64::from).collect();
        assert_eq!(counts(&values).iter().sum::<f64>(), 1000.0);
        assert_eq!(counts(&[f64::MIN, -1.0, 0.0, f64::MAX]).iter().sum::<f64>(), 4.0);
        let drawing = drawing(&histogram("Lengths", "words", "reviews", &values));
        assert_eq!(drawing.matches("<rect").count(), 30);
    }

    #[test]
    fn whole_numbers_have_a_bar_each_and_none_in_between() {
        assert_eq!(counts(&[1.0, 1.0, 2.0, 4.0, 5.0]), [2.0, 1.0, 0.0, 1.0, 1.0]);
        let even: Vec<f64> = (0..45).map(f64::from).collect();
        assert!(counts(&even)[..22].iter().all(|count| *count == 2.0));
        // Half stars, in steps that no computer has exactly
        let tenths: Vec<f64> = (0..20).map(|n| f64::from(n) * 0.1).collect();
        assert_eq!(counts(&tenths), [1.0; 20]);
        assert_eq!(counts(&[0.0, 1.0, 1.0]), [1.0, 2.0]);
        assert_eq!(counts(&[0.02, 0.98]).len(), 20);
    }

    #[test]
    fn probabilities_have_an_axis_from_0_to_1() {
        let values: Vec<f64> = (0..500).map(|n| (f64::from(n) * 0.618).fract()).collect();
        let texts = texts(&histogram("t", "probability", "reviews", &values));
        assert!(texts.join(" ").contains("0.0 0.2 0.4 0.6 0.8 1.0"), "{texts:?}");
        assert_eq!(counts(&values).len(), 20);
    }

    #[test]
    fn a_hundredth_far_away_is_in_the_last_bar_and_that_is_said() {
        let mut values: Vec<f64> = (0..200).map(f64::from).collect();
        assert!(!texts(&histogram("t", "x", "y", &values)).join(" ").contains("hundredth"));
        values.extend([1e300, 5e9]);
        let said = texts(&histogram("t", "x", "y", &values)).join(" ");
        assert!(
            said.contains("the last bar has the largest hundredth, too (2, up to 1e300)"),
            "{said}"
        );
        values.iter_mut().for_each(|value| *value = -*value);
        let said = texts(&histogram("t", "x", "y", &values)).join(" ");
        assert!(
            said.contains("the first bar has the smallest hundredth, too (2, from −1e300 on)"),
            "{said}"
        );
    }

    #[test]
    fn values_that_are_all_the_same_are_one_bar_in_the_middle() {
        for value in [0.0, 5.0, 0.25, -1e300, 1e-300] {
            let chart = drawing(&histogram("t", "x", "y", &[value; 9]));
            assert_eq!(chart.matches("<rect").count(), 1, "{value}");
            assert_eq!(counts(&[value; 9]), [0.0, 9.0, 0.0]);
        }
    }
}
