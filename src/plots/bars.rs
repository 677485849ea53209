//! A bar for each name.

use super::axis::{Extent, Scale};
use super::chart::{Chart, HEIGHT, fit_below};
use super::drawing::{COLORS, Stroke, TEXT};
use crate::display::{Html, thousands};

/// More bars than this are no picture any more.
const MOST_BARS: usize = 100;
/// How far apart bars are whose names stand to their left, and how high a few of them are.
const LINE: f64 = 18.0;
const LEAST_HEIGHT: f64 = 120.0;

/// A chart with a bar for each name, from 0 to its value. The bars stand upright; where the names
/// don't fit below them, they lie, with the names to their left and the first one at the top.
///
/// `x_label` says what the names are, `y_label` what the values are, with their unit. Of more than
/// 100 bars the first 100 are drawn, and the figure says so; values that are not finite have no bar.
pub fn bar_chart(title: &str, x_label: &str, y_label: &str, bars: &[(String, f64)]) -> Html {
    let drawn = &bars[..bars.len().min(MOST_BARS)];
    let count = drawn.len() as f64;
    let values = Scale::Numbers(y_label, Extent::from_zero(drawn.iter().map(|bar| bar.1)));
    let names = drawn.iter().map(|bar| bar.0.clone());
    let stand = fit_below(&drawn.iter().map(|(name, _)| name).collect::<Vec<_>>());
    let mut chart = if stand {
        Chart::new(title, &[], Scale::Names(x_label, names.collect()), values, HEIGHT)
    } else {
        let names = Scale::Names(x_label, names.rev().collect());
        Chart::new(title, &[], values, names, (count * LINE).max(LEAST_HEIGHT))
    };
    let corner =
        |place: f64, value: f64| if stand { (place, value) } else { (value, count - place) };
    for (place, (_, value)) in (0..).map(f64::from).zip(drawn).filter(|bar| bar.1.1.is_finite()) {
        let start = chart.at(corner(place + 0.15, 0.0));
        let end = chart.at(corner(place + 0.85, *value));
        chart.drawing.rectangle(start, end, COLORS[0]);
    }
    let zero = [corner(0.0, 0.0), corner(count, 0.0)].map(|end| chart.at(end));
    chart.drawing.line(&zero, Stroke::new(TEXT, 1.0, 0.6));
    chart.note_missing(drawn.iter().map(|bar| bar.1.is_finite()));
    if bars.is_empty() {
        chart.note("there are no bars to draw");
    }
    if bars.len() > MOST_BARS {
        chart.note(format!("the first {MOST_BARS} of {} bars are drawn", thousands(bars.len())));
    }
    chart.into_html()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plots::tests::{drawing, numbers, texts};

    fn bars(values: &[f64]) -> Vec<(String, f64)> {
        values.iter().enumerate().map(|(n, value)| (format!("class {n}"), *value)).collect()
    }

    /// Of each bar: x, y, width, height.
    fn rectangles(chart: &Html) -> Vec<[f64; 4]> {
        let drawing = drawing(chart);
        let rectangles = drawing.split("<rect ").skip(1);
        rectangles.map(|r| ["x", "y", "width", "height"].map(|name| numbers(r, name)[0])).collect()
    }

    #[test]
    fn bars_have_their_names_and_cannot_inject_markup() {
        let bars = [("ne<g>".to_owned(), 3.0), ("p\u{f6}s 电影".to_owned(), 5.0)];
        let chart = bar_chart("<\"Classes\">", "class", "reviews", &bars);
        assert!(!chart.html().contains("<\"") && !chart.html().contains("<g>"), "{chart:?}");
        let drawing = drawing(&chart);
        assert!(drawing.contains("p\u{f6}s 电影") && drawing.contains("reviews"), "{drawing}");
        assert!(!drawing.contains("ne<g>"), "{drawing}");
        assert_eq!(drawing.matches("#0072B2").count(), 2);
    }

    #[test]
    fn bars_go_from_zero_to_their_value_and_small_ones_are_seen() {
        let [up, down] = rectangles(&bar_chart("t", "x", "y", &bars(&[2.0, -1.0])))[..] else {
            panic!("two bars")
        };
        assert!((up[1] + up[3] - down[1]).abs() < 0.2, "both at 0: {up:?} {down:?}");
        assert!((up[3] - 2.0 * down[3]).abs() < 0.3, "{up:?} {down:?}");
        let shares = rectangles(&bar_chart("t", "x", "y", &bars(&[0.02, 0.03])));
        assert!(shares[0][3] > 100.0 && shares[1][3] > 150.0, "{shares:?}");
    }

    #[test]
    fn many_names_stand_to_the_left_of_bars_that_lie() {
        let mut many = bars(&[1.0; 77]);
        many[3].0 = "balance_not_updated_after_cheque_or_cash_deposit_or_so".to_owned();
        let chart = bar_chart("t", "class", "reviews", &many);
        let lie = rectangles(&chart);
        assert!(lie.len() == 77 && lie.windows(2).all(|pair| pair[0][1] < pair[1][1] - 10.0));
        let texts = texts(&chart);
        assert!(texts.iter().any(|text| text.starts_with("balance_not") && text.ends_with('…')));
        let (first, last) = (
            texts.iter().position(|text| text == "class 0"),
            texts.iter().position(|text| text == "class 76"),
        );
        assert!(first > last, "the first one is at the top, drawn last: {texts:?}");
    }

    #[test]
    fn what_is_not_drawn_is_said() {
        let said = |values: &[f64]| texts(&bar_chart("t", "x", "y", &bars(values))).join(" ");
        assert!(said(&[]).contains("there are no bars to draw"));
        assert!(said(&[1.0; 1234]).contains("the first 100 of 1,234 bars are drawn"));
        assert!(said(&[1.0, f64::NAN]).contains("1 value is not finite and not drawn"));
        assert!(!said(&[1.0; 100]).contains("drawn"));
    }
}
