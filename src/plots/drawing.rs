//! A drawing that plotters draws, as an image that holds its own data: JupyterLab shows it before a
//! notebook is run or trusted, when it would take an SVG element apart.

use super::dashes::{Place, dashed};
use super::text::{shortened, wrapped};
use crate::display::{Html, escape};
use plotters::coord::Shift;
use plotters::element::{Drawable, PointCollection};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::fmt::Write;

/// Distinct on white and on black, and to colour-blind eyes (Okabe and Ito 2008).
pub const COLORS: [RGBColor; 4] =
    [RGBColor(0, 114, 178), RGBColor(230, 120, 0), RGBColor(0, 158, 115), RGBColor(204, 121, 167)];
/// A grey that reads on white (contrast 4.5) as on the black of JupyterLab's dark theme (4.2).
pub const TEXT: RGBColor = RGBColor(119, 119, 119);

/// Around all that is drawn.
pub const MARGIN: f64 = 10.0;
/// plotters knows whole numbers only: it draws so many times as large, and the image is scaled down.
pub const SCALE: f64 = 4.0;

/// Draws once the height is known.
type Shape = Box<dyn Fn(&DrawingArea<SVGBackend, Shift>) -> Drawn<()>>;
/// plotters' errors have no common type.
type Drawn<T> = Result<T, Box<dyn std::error::Error>>;

/// How a line looks.
#[derive(Clone, Copy)]
pub struct Stroke {
    pub color: RGBColor,
    /// In pixels.
    pub width: f64,
    /// 0 to 1.
    pub opacity: f64,
    /// The lengths of dashes and gaps in pixels, one after the other; none of a solid line.
    pub dashes: &'static [f64],
}

impl Stroke {
    /// A solid line.
    pub fn new(color: RGBColor, width: f64, opacity: f64) -> Stroke {
        Stroke { color, width, opacity, dashes: &[] }
    }
}

/// A drawing with a title at its top and remarks at its bottom.
pub struct Drawing {
    pub width: f64,
    /// How far down it goes so far.
    pub height: f64,
    title: String,
    /// What has to be said about the drawing: what is not in it, say.
    pub notes: Vec<String>,
    shapes: Vec<Shape>,
}

impl Drawing {
    pub fn new(width: f64, title: &str) -> Drawing {
        let title = shortened(title, 1.0, 120.0);
        let (notes, shapes) = (Vec::new(), Vec::new());
        let mut drawing = Drawing { width, height: MARGIN, title, notes, shapes };
        drawing.paragraph(&drawing.title.clone(), 18.0, 2);
        drawing
    }

    /// Lines of text below all else.
    fn paragraph(&mut self, text: &str, size: f64, most_lines: usize) {
        for line in wrapped(text, size, self.width - 2.0 * MARGIN, most_lines) {
            let middle = (self.width / 2.0, self.height + size / 2.0);
            self.text(middle, &line, size, HPos::Center);
            self.height += 1.25 * size;
        }
    }

    /// A filled rectangle between two corners.
    pub fn rectangle(&mut self, corner: Place, opposite: Place, fill: impl Into<RGBAColor>) {
        self.add(Rectangle::new([whole(corner), whole(opposite)], fill.into().filled()));
    }

    /// A line through some points; of one point nothing is seen.
    pub fn line(&mut self, points: &[Place], stroke: Stroke) {
        self.lines(&[points.to_vec()], stroke);
    }

    /// The parts of a line that has gaps.
    pub fn lines(&mut self, parts: &[Vec<Place>], stroke: Stroke) {
        if stroke.dashes.is_empty() {
            return parts.iter().for_each(|part| self.solid(part, stroke));
        }
        // No peak is lost between two dashes.
        let faint = Stroke { opacity: 0.3 * stroke.opacity, ..stroke };
        parts.iter().for_each(|part| self.solid(part, faint));
        dashed(parts, stroke.dashes).iter().for_each(|dash| self.solid(dash, stroke));
    }

    fn solid(&mut self, points: &[Place], Stroke { color, width, opacity, .. }: Stroke) {
        if points.len() > 1 {
            let points: Vec<_> = points.iter().copied().map(whole).collect();
            self.add(PathElement::new(points, color.mix(opacity).stroke_width(length(width))));
        }
    }

    /// A filled circle.
    pub fn dot(&mut self, middle: Place, radius: f64, color: RGBColor) {
        self.add(Circle::new(whole(middle), length(radius), color.filled()));
    }

    /// The outline of a circle.
    pub fn ring(&mut self, middle: Place, radius: f64) {
        self.add(Circle::new(whole(middle), length(radius), TEXT.stroke_width(length(2.0))));
    }

    /// A text; its place is at half the height of its small letters, and at the end that is named.
    pub fn text(&mut self, place: Place, text: &str, size: f64, end: HPos) {
        self.write(place, text, size, end, FontTransform::None);
    }

    /// A text from the bottom to the top.
    pub fn text_upwards(&mut self, place: Place, text: &str, size: f64, end: HPos) {
        self.write(place, text, size, end, FontTransform::Rotate270);
    }

    fn write(&mut self, place: Place, text: &str, size: f64, end: HPos, turn: FontTransform) {
        // plotters divides by this.
        let font = ("sans-serif", 1.24 * SCALE * size).into_font().transform(turn);
        let style = font.color(&TEXT).pos(Pos::new(end, VPos::Center));
        self.add(Text::new(printable(text), whole(place), style));
    }

    fn add<E>(&mut self, element: E)
    where
        E: 'static + for<'a> Drawable<SVGBackend<'a>>,
        for<'a> &'a E: PointCollection<'a, (i32, i32)>,
    {
        self.shapes.push(Box::new(move |area| Ok(area.draw(&element)?)));
    }

    /// The image, and what is said where there are no images.
    pub fn into_html(mut self) -> Html {
        for note in std::mem::take(&mut self.notes) {
            self.paragraph(&note, 12.5, 3);
            self.title = format!("{}; {note}", self.title);
        }
        let (width, height) = (self.width.ceil(), (self.height + MARGIN).ceil());
        let title = escape(&self.title);
        let html = match self.svg((length(width), length(height))) {
            Err(error) => format!("<p>{title}: {}</p>", escape(&error.to_string())),
            // With its size, so that nothing moves while the next one of a row is decoded.
            Ok(svg) => format!(
                "<img alt=\"{title}\" width=\"{width}\" height=\"{height}\" \
                 src=\"data:image/svg+xml,{}\">",
                encoded(&svg)
            ),
        };
        Html::new(html).with_text(format!("(figure: {})", self.title))
    }

    fn svg(&self, size: (u32, u32)) -> Drawn<String> {
        let mut svg = String::new();
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        self.shapes.iter().try_for_each(|shape| shape(&area))?;
        area.present()?;
        drop(area);
        Ok(svg)
    }
}

/// Where plotters draws it.
fn whole((x, y): Place) -> (i32, i32) {
    ((SCALE * x).round() as i32, (SCALE * y).round() as i32)
}

/// How long plotters draws it.
fn length(pixels: f64) -> u32 {
    (SCALE * pixels).round() as u32
}

/// What XML allows in a text (1.0, section 2.2), on one line: one other character would take the
/// whole image away.
fn printable(text: &str) -> String {
    let allowed = |letter| match letter {
        '\t' | '\n' | '\r' => ' ',
        '\0'..=' ' if letter != ' ' => '\u{fffd}',
        '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        other => other,
    };
    text.chars().map(allowed).collect()
}

/// plotters' SVG as it may stand in an address (RFC 3986, `pchar`): nothing in it can end the attribute.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(2 * text.len());
    for byte in text.bytes() {
        match byte {
            byte if byte.is_ascii_alphanumeric() || b"-._~,:;=()/".contains(&byte) => {
                encoded.push(byte.into());
            }
            // Around the value of an attribute, whose own quotes plotters escapes; two bytes less.
            b'"' => encoded.push('\''),
            // Between two elements, where it says nothing.
            b'\n' => {}
            // A text takes everything.
            other => drop(write!(encoded, "%{other:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plots::tests::drawing;

    #[test]
    fn no_text_can_break_the_image() {
        let mut image = Drawing::new(430.0, "a \"title\" <b>");
        image.text((1.0, 1.0), "<b>\0\u{7}\n&\u{ffff}\"'</text>", 10.0, HPos::Left);
        image.notes.push("a note".to_owned());
        let html = image.into_html();
        let drawing = drawing(&html);
        assert!(drawing.contains("&lt;b&gt;\u{fffd}\u{fffd} &amp;\u{fffd}"), "{drawing}");
        assert_eq!(drawing.matches("</text>").count(), 3);
        assert!(!html.html().contains("\"title\"") && html.html().matches('<').count() == 1);
        assert_eq!(html.text(), "(figure: a \"title\" <b>; a note)");
    }
}
