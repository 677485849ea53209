//! Figures, drawn by plotters as SVG, as images that hold their own data: JupyterLab shows them
//! before a notebook is run or trusted, when it would take an SVG element apart.

mod points;
mod training;

use crate::display::{Html, escape, thousands};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
pub use points::{heat_map, scatter_chart};
use std::ops::Range;
pub(crate) use training::{Curve, training_chart};

/// Two stand side by side in a notebook at a laptop's width.
const SIZE: (u32, u32) = (430, 310);
/// Distinct on white and on black, and to colour-blind eyes (Okabe and Ito 2008).
const COLORS: [RGBColor; 4] =
    [RGBColor(0, 114, 178), RGBColor(230, 120, 0), RGBColor(0, 158, 115), RGBColor(204, 121, 167)];
/// A grey that reads on white (contrast 4.5) as on the black of JupyterLab's dark theme (4.2).
const TEXT: RGBColor = RGBColor(119, 119, 119);
/// The bars of a histogram.
const BINS: usize = 30;

/// A drawing in some area; plotters' errors have no common type.
type Drawn = std::result::Result<(), Box<dyn std::error::Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// One line of a chart.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its name in the legend.
    pub name: &'static str,
    /// Its points (x, y), from left to right.
    pub points: Vec<(f64, f64)>,
}

/// A chart of lines over whole numbers (epochs, say), with a legend.
pub fn line_chart(title: &str, x_label: &str, y_label: &str, series: &[Series]) -> Html {
    let points = || series.iter().flat_map(|series| &series.points);
    let x = range(points().map(|point| point.0), 0.0);
    let y = range(points().map(|point| point.1), 0.06);
    let ends = series.iter().filter_map(|series| Some(series.points.last()?.1));
    let position = legend_position(ends, &y);
    let whole = |x: &f64| whole_number(*x).map_or(String::new(), |x| x.to_string());
    figure(title, |area| {
        let mut chart = axes(area, title, x_label, y_label, x, y, &whole)?;
        for (series, color) in series.iter().zip(COLORS.iter().cycle()) {
            let style = color.stroke_width(2);
            chart
                .draw_series(LineSeries::new(series.points.iter().copied(), style).point_size(3))?
                .label(series.name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
        }
        let mut legend = chart.configure_series_labels();
        legend.position(position).label_font(font(15)).border_style(TRANSPARENT).draw()?;
        Ok(())
    })
}

/// A chart with a bar for each name.
pub fn bar_chart(title: &str, x_label: &str, y_label: &str, bars: &[(String, f64)]) -> Html {
    let names = |x: &f64| {
        let bar = whole_number(*x).and_then(|place| bars.get(usize::try_from(place).ok()?));
        bar.map_or(String::new(), |(name, _)| name.clone())
    };
    let height = bars.iter().map(|bar| bar.1).fold(0.0, f64::max);
    let x = -0.6..(bars.len().max(1) as f64 - 0.4);
    figure(title, |area| {
        let y = 0.0..(height * 1.06).max(1.0);
        let mut chart = axes(area, title, x_label, y_label, x, y, &names)?;
        chart.draw_series((0..).zip(bars).map(|(place, (_, height))| {
            let place = f64::from(place);
            Rectangle::new([(place - 0.35, 0.0), (place + 0.35, *height)], COLORS[0].filled())
        }))?;
        Ok(())
    })
}

/// How many of the values fall into each of 30 equal steps. The largest hundredth, which would
/// press all others together, counts for the last step.
pub fn histogram(title: &str, x_label: &str, y_label: &str, values: &[f64]) -> Html {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let end = range(sorted.iter().take(sorted.len().div_ceil(100) * 99).copied(), 0.0);
    let width = (end.end - end.start) / BINS as f64;
    let mut counts = [0.0; BINS];
    for value in &sorted {
        counts[(((value - end.start) / width) as usize).min(BINS - 1)] += 1.0;
    }
    let height = counts.iter().copied().fold(0.0, f64::max);
    figure(title, |area| {
        let y = 0.0..(height * 1.06).max(1.0);
        let whole = |x: &f64| format!("{x:.0}");
        let mut chart = axes(area, title, x_label, y_label, end.clone(), y, &whole)?;
        chart.draw_series((0..).zip(counts).map(|(bin, height)| {
            let left = end.start + f64::from(bin) * width;
            Rectangle::new([(left, 0.0), (left + 0.9 * width, height)], COLORS[0].filled())
        }))?;
        Ok(())
    })
}

/// Figures that are shown together, since a cell shows one block of HTML.
pub fn side_by_side(figures: &[Html]) -> Html {
    let all: String = figures.iter().map(Html::html).collect();
    let texts: Vec<&str> = figures.iter().map(Html::text).collect();
    Html::new(format!("<div>{all}</div>")).with_text(texts.join("\n"))
}

/// An image of what is drawn.
fn figure(title: &str, draw: impl FnOnce(&Area) -> Drawn) -> Html {
    figure_of(SIZE, title, draw)
}

/// The same of another size.
fn figure_of(size: (u32, u32), title: &str, draw: impl FnOnce(&Area) -> Drawn) -> Html {
    let mut svg = String::new();
    let drawn = {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        draw(&area).and_then(|()| Ok(area.present()?))
    };
    let alt = escape(title);
    let html = match drawn {
        Err(error) => format!("<p>{alt}: {}</p>", escape(&error.to_string())),
        // With its size, so that nothing moves while the next one of a row is decoded.
        Ok(()) => format!(
            "<img alt=\"{alt}\" width=\"{}\" height=\"{}\" src=\"data:image/svg+xml,{}\">",
            size.0,
            size.1,
            encoded(&svg)
        ),
    };
    Html::new(html).with_text(format!("(figure: {title})"))
}

/// A text as it may stand in an address (RFC 3986, `pchar`): nothing in it can end the attribute.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(2 * text.len());
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9'
            | b'A'..=b'Z'
            | b'a'..=b'z'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b','
            | b':'
            | b';'
            | b'='
            | b'('
            | b')'
            | b'/' => {
                encoded.push(byte.into());
            }
            other => encoded += &format!("%{other:02X}"),
        }
    }
    encoded
}

fn axes<'a, 'b>(
    area: &'a Area<'b>,
    title: &str,
    x_label: &str,
    y_label: &str,
    x: Range<f64>,
    y: Range<f64>,
    x_name: &dyn Fn(&f64) -> String,
) -> std::result::Result<Chart<'a, 'b>, Box<dyn std::error::Error>> {
    let mut chart = ChartBuilder::on(area)
        .caption(title, font(19))
        .margin(8)
        .margin_right(18)
        .x_label_area_size(42)
        .y_label_area_size(66)
        .build_cartesian_2d(x, y)?;
    chart
        .configure_mesh()
        .x_desc(x_label)
        .y_desc(y_label)
        .x_labels(8)
        .y_labels(6)
        .x_label_formatter(&x_name)
        .y_label_formatter(&|y| short_number(*y))
        .label_style(font(15))
        .axis_desc_style(font(16))
        .axis_style(TEXT.mix(0.6))
        .bold_line_style(TEXT.mix(0.15))
        .light_line_style(TRANSPARENT)
        .draw()?;
    Ok(chart)
}

fn font(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&TEXT)
}

/// The corner on the right that the lines leave free: a loss falls, an accuracy rises.
fn legend_position(ends: impl Iterator<Item = f64>, y: &Range<f64>) -> SeriesLabelPosition {
    let ends: Vec<f64> = ends.collect();
    let mean = ends.iter().sum::<f64>() / ends.len().max(1) as f64;
    if mean > (y.start + y.end) / 2.0 {
        SeriesLabelPosition::LowerRight
    } else {
        SeriesLabelPosition::UpperRight
    }
}

/// The number, if the place of a label is a whole one. Steps like 0.2 don't add up exactly.
fn whole_number(x: f64) -> Option<i64> {
    ((x - x.round()).abs() < 1e-6).then_some(x.round() as i64)
}

/// A number beside an axis: 2,000 or 0.25.
fn short_number(y: f64) -> String {
    match whole_number(y) {
        Some(whole) if whole >= 0 => thousands(whole as usize),
        _ => format!("{y:.4}").trim_end_matches('0').to_owned(),
    }
}

/// From the least to the largest value, and some room on both sides. A range is never empty.
fn range(values: impl Iterator<Item = f64>, room: f64) -> Range<f64> {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high {
        return 0.0..1.0;
    }
    let room = if high > low { room * (high - low) } else { 0.5 };
    low - room..high + room
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// The SVG inside the images.
    pub fn drawing(figure: &Html) -> String {
        let mut parts = figure.html().split('%');
        let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
        for part in parts {
            bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
            bytes.extend_from_slice(&part.as_bytes()[2..]);
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn bars_have_their_names_and_cannot_inject_markup() {
        let bars = [("ne<g>".to_owned(), 3.0), ("p\u{f6}s".to_owned(), 5.0)];
        let chart = bar_chart("<\"Classes\">", "class", "reviews", &bars);
        assert!(!chart.html().contains("<\"") && !chart.html().contains("<g>"), "{chart:?}");
        let drawing = drawing(&chart);
        assert!(drawing.contains("p\u{f6}s") && drawing.contains("reviews"), "{drawing}");
        assert!(!drawing.contains("ne<g>"), "{drawing}");
        assert_eq!(drawing.matches("#0072B2").count(), 2);
    }

    #[test]
    fn numbers_beside_an_axis_are_short() {
        let numbers = [0.0, 2000.0, 0.25, 0.1 + 0.2, -0.5, 1e-9];
        assert_eq!(numbers.map(short_number), ["0", "2,000", "0.25", "0.3", "-0.5", "0"]);
    }

    #[test]
    fn odd_values_are_drawn_as_well() {
        for values in [vec![], vec![1.0], vec![2.0; 9], vec![f64::NAN, 1.0, f64::INFINITY]] {
            assert_eq!(histogram("t", "x", "y", &values).html().matches("<img").count(), 1);
        }
        assert_eq!(bar_chart("t", "x", "y", &[]).html().matches("<img").count(), 1);
        let point = [Series { name: "train", points: vec![(1.0, f64::NAN), (2.0, 1.0)] }];
        assert_eq!(line_chart("t", "x", "y", &point).html().matches("<img").count(), 1);
    }

    #[test]
    fn a_histogram_counts_every_value() {
        let values: Vec<f64> = (0..1000).map(f64::from).collect();
        let drawing = drawing(&histogram("Lengths", "words", "reviews", &values));
        assert_eq!(drawing.matches("#0072B2").count(), BINS);
    }
}
