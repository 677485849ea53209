//! Points with their names, and tables of numbers as colours.

use super::{COLORS, Drawn, TEXT, axes, figure, figure_of, font, range};
use crate::display::Html;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// A chart of points (name, x, y), each with its name beside it.
pub fn scatter_chart(
    title: &str,
    x_label: &str,
    y_label: &str,
    points: &[(String, f64, f64)],
) -> Html {
    let x = range(points.iter().map(|point| point.1), 0.08);
    let y = range(points.iter().map(|point| point.2), 0.12);
    let middle = (x.start + x.end) / 2.0;
    let number = |x: &f64| format!("{x:.0}");
    figure(title, |area| {
        let mut chart = axes(area, title, x_label, y_label, x, y, &number)?;
        chart.draw_series(points.iter().zip(COLORS.iter().cycle()).map(
            |((name, x, y), color)| {
                // To the side on which there is room.
                let (side, shift) = if *x > middle { (HPos::Right, -8) } else { (HPos::Left, 8) };
                let style = font(14).pos(Pos::new(side, VPos::Center));
                EmptyElement::at((*x, *y))
                    + Circle::new((0, 0), 5, color.filled())
                    + Text::new(name.clone(), (shift, 0), style)
            },
        ))?;
        Ok(())
    })
}

/// A square table of numbers from 0 on, the larger the stronger its colour, with a name for each row
/// and column, and a key of the colours: how much each word piece takes up of each other one, say.
pub fn heat_map(title: &str, names: &[String], values: &[Vec<f64>]) -> Html {
    const CELL: i32 = 26;
    const MARGIN: (i32, i32) = (104, 116);
    const KEY: i32 = 5;
    let count = names.len() as i32;
    let width = (MARGIN.0 + count * CELL + 10).max(MARGIN.0 + KEY * 3 * CELL) as u32;
    let bottom = MARGIN.1 + count * CELL + 14;
    let size = (width, (bottom + 2 * CELL) as u32);
    let most = values.iter().flatten().copied().filter(|v| v.is_finite()).fold(0.0, f64::max);
    figure_of(size, title, |area| {
        let cell = |left: i32, top: i32, value: f64| -> Drawn {
            // By the square root, or small shares could not be told from none.
            let share = if most > 0.0 { (value / most).clamp(0.0, 1.0).sqrt() } else { 0.0 };
            let cell = [(left, top), (left + CELL - 1, top + CELL - 1)];
            area.draw(&Rectangle::new(cell, COLORS[0].mix(share).filled()))?;
            Ok(area.draw(&Rectangle::new(cell, TEXT.mix(0.3)))?)
        };
        area.draw(&Text::new(title.to_owned(), (10, 8), font(17)))?;
        for (row, name) in (0..).zip(names) {
            let middle = row * CELL + CELL / 2;
            let right = font(15).pos(Pos::new(HPos::Right, VPos::Center));
            area.draw(&Text::new(name.clone(), (MARGIN.0 - 6, MARGIN.1 + middle), right))?;
            let upwards = font(15).transform(FontTransform::Rotate270);
            let upwards = upwards.pos(Pos::new(HPos::Left, VPos::Center));
            area.draw(&Text::new(name.clone(), (MARGIN.0 + middle, MARGIN.1 - 6), upwards))?;
        }
        for (row, numbers) in (0..count).zip(values) {
            for (column, value) in (0..count).zip(numbers) {
                cell(MARGIN.0 + column * CELL, MARGIN.1 + row * CELL, *value)?;
            }
        }
        for place in 0..KEY {
            let (left, value) = (MARGIN.0 + 3 * place * CELL, most * f64::from(place) / 4.0);
            cell(left, bottom, value)?;
            let beside = font(14).pos(Pos::new(HPos::Left, VPos::Center));
            let spot = (left + CELL + 5, bottom + CELL / 2);
            area.draw(&Text::new(format!("{value:.2}"), spot, beside))?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plots::tests::drawing;

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
    fn a_heat_map_has_a_cell_for_each_number() {
        let names = ["[CLS]".to_owned(), "film".to_owned()];
        let values = [vec![0.5, f64::NAN], vec![0.1, 0.9]];
        let drawing = drawing(&heat_map("Attention", &names, &values));
        assert_eq!(drawing.matches("film").count(), 2);
        // Of the table and of the key, where 0 has no colour
        assert_eq!(drawing.matches("#0072B2").count(), 4 + 4, "{drawing}");
        assert!(drawing.contains("0.90"), "{drawing}");
        assert_eq!(heat_map("t", &[], &[]).html().matches("<img").count(), 1);
    }
}
