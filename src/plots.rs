//! Figures, drawn by plotters as SVG. Text and axes take the colour of the notebook's text, so
//! that a figure reads well in JupyterLab's light and dark themes.

use plotters::prelude::*;
use std::ops::Range;

/// Two stand side by side in a notebook at a laptop's width.
const SIZE: (u32, u32) = (430, 310);
/// Distinct on white and on black, and to colour-blind eyes (Okabe and Ito 2008).
const COLORS: [RGBColor; 4] =
    [RGBColor(0, 114, 178), RGBColor(230, 120, 0), RGBColor(0, 158, 115), RGBColor(204, 121, 167)];
/// Stands for the colour of the notebook's text until the drawing is done.
const TEXT: RGBColor = RGBColor(1, 2, 3);

/// One line of a chart.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its name in the legend.
    pub name: &'static str,
    /// Its points (x, y), from left to right.
    pub points: Vec<(f64, f64)>,
}

/// A chart of lines with axes and a legend, as an SVG element.
pub fn line_chart(title: &str, x_label: &str, y_label: &str, series: &[Series]) -> String {
    let mut svg = String::new();
    let drawn = draw(&mut svg, title, x_label, y_label, series);
    if let Err(error) = drawn {
        return format!("<p>{title}: {}</p>", crate::display::escape(&error.to_string()));
    }
    let text = "currentColor";
    let responsive = format!("<svg role=\"img\" aria-label=\"{title}\" ");
    svg.replace("#010203", text).replacen("<svg ", &responsive, 1)
}

fn draw(
    svg: &mut String,
    title: &str,
    x_label: &str,
    y_label: &str,
    series: &[Series],
) -> Result<(), Box<dyn std::error::Error>> {
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let points = || series.iter().flat_map(|series| &series.points);
    let x = range(points().map(|point| point.0), 0.0);
    let y = range(points().map(|point| point.1), 0.06);
    let mut chart = ChartBuilder::on(&area)
        .caption(title, font(19))
        .margin(8)
        .margin_right(18)
        .x_label_area_size(42)
        .y_label_area_size(58)
        .build_cartesian_2d(x, y)?;
    chart
        .configure_mesh()
        .x_desc(x_label)
        .y_desc(y_label)
        .x_labels(8)
        .y_labels(6)
        .x_label_formatter(&|x| {
            if x.fract() == 0.0 { format!("{x:.0}") } else { String::new() }
        })
        .label_style(font(15))
        .axis_desc_style(font(16))
        .axis_style(TEXT.mix(0.6))
        .bold_line_style(TEXT.mix(0.15))
        .light_line_style(TRANSPARENT)
        .draw()?;
    for (series, color) in series.iter().zip(COLORS.iter().cycle()) {
        let style = color.stroke_width(2);
        chart
            .draw_series(LineSeries::new(series.points.iter().copied(), style).point_size(3))?
            .label(series.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
    }
    chart.configure_series_labels().label_font(font(15)).border_style(TRANSPARENT).draw()?;
    area.present()?;
    Ok(())
}

fn font(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&TEXT)
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
