//! A drawing, as an image that holds its own data: JupyterLab shows it before a notebook is run or
//! trusted, when it would take an SVG element apart.

use super::text::{shortened, wrapped};
use crate::display::{Html, escape};
use std::fmt::Write;

/// Distinct on white and on black, and to colour-blind eyes (Okabe and Ito 2008).
pub const COLORS: [&str; 4] = ["#0072B2", "#E67800", "#009E73", "#CC79A7"];
/// A grey that reads on white (contrast 4.5) as on the black of JupyterLab's dark theme (4.2).
pub const TEXT: &str = "#777777";

/// Around all that is drawn.
pub const MARGIN: f64 = 10.0;

/// Which part of a text stands at its place.
#[derive(Clone, Copy)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// How a line looks.
#[derive(Clone, Copy)]
pub struct Stroke {
    pub color: &'static str,
    /// In pixels.
    pub width: f64,
    /// 0 to 1.
    pub opacity: f64,
    /// The lengths of dashes and gaps in pixels; none of a solid line.
    pub dashes: &'static str,
}

impl Stroke {
    /// A solid line.
    pub fn new(color: &'static str, width: f64, opacity: f64) -> Stroke {
        Stroke { color, width, opacity, dashes: "" }
    }
}

/// A drawing with a title at its top and remarks at its bottom. Its places are pixels from the upper
/// left corner.
pub struct Svg {
    pub width: f64,
    /// How far down it goes so far.
    pub height: f64,
    title: String,
    /// What has to be said about the drawing: what is not in it, say.
    pub notes: Vec<String>,
    body: String,
}

impl Svg {
    pub fn new(width: f64, title: &str) -> Svg {
        let title = shortened(title, 1.0, 120.0);
        let body = String::new();
        let mut svg = Svg { width, height: MARGIN, title, notes: Vec::new(), body };
        svg.paragraph(&svg.title.clone(), 18.0, 2);
        svg
    }

    /// Lines of text below all else.
    fn paragraph(&mut self, text: &str, size: f64, most_lines: usize) {
        for line in wrapped(text, size, self.width - 2.0 * MARGIN, most_lines) {
            let middle = (self.width / 2.0, self.height + size / 2.0);
            self.text(middle, &line, size, Anchor::Middle);
            self.height += 1.25 * size;
        }
    }

    /// A filled rectangle between two corners.
    pub fn rectangle(&mut self, (x, y): (f64, f64), (end, bottom): (f64, f64), fill: &str) {
        let (left, top) = (x.min(end), y.min(bottom));
        let (width, height) = ((end - x).abs(), (bottom - y).abs());
        self.add(format_args!(
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             fill=\"{fill}\"/>"
        ));
    }

    /// A line through some points; of one point, a dot.
    pub fn line(&mut self, points: &[(f64, f64)], stroke: Stroke) {
        let mut path = String::new();
        for (command, (x, y)) in ["M"].iter().chain(["L"].iter().cycle()).zip(points) {
            add_to(&mut path, format_args!("{command}{x:.1},{y:.1}"));
        }
        if points.len() == 1 {
            path.push_str("h0");
        }
        self.path(&path, stroke);
    }

    /// What the commands of a path draw.
    pub fn path(&mut self, commands: &str, stroke: Stroke) {
        if commands.is_empty() {
            return;
        }
        let Stroke { color, width, opacity, dashes } = stroke;
        self.add(format_args!(
            "<path d=\"{commands}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{width}\""
        ));
        if opacity < 1.0 {
            self.add(format_args!(" stroke-opacity=\"{opacity:.2}\""));
        }
        if !dashes.is_empty() {
            self.add(format_args!(" stroke-dasharray=\"{dashes}\""));
        }
        self.body.push_str(" stroke-linecap=\"round\" stroke-linejoin=\"round\"/>");
    }

    /// The areas within a path, with faint borders.
    pub fn area(&mut self, commands: &str, color: &str, opacity: f64) {
        self.add(format_args!(
            "<path d=\"{commands}\" fill=\"{color}\" fill-opacity=\"{opacity:.2}\" \
             stroke=\"{TEXT}\" stroke-opacity=\"0.2\"/>"
        ));
    }

    /// A filled circle.
    pub fn dot(&mut self, (x, y): (f64, f64), radius: f64, color: &str) {
        self.add(format_args!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{color}\"/>"
        ));
    }

    /// The outline of a circle.
    pub fn ring(&mut self, (x, y): (f64, f64), radius: f64) {
        self.add(format_args!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"none\" stroke=\"{TEXT}\" \
             stroke-width=\"2\"/>"
        ));
    }

    /// A text; its place is at half the height of its small letters.
    pub fn text(&mut self, (x, y): (f64, f64), text: &str, size: f64, anchor: Anchor) {
        let y = y + 0.35 * size;
        self.write(format_args!("x=\"{x:.1}\" y=\"{y:.1}\""), text, size, anchor);
    }

    /// A text from the bottom to the top.
    pub fn text_upwards(&mut self, (x, y): (f64, f64), text: &str, size: f64, anchor: Anchor) {
        let x = x + 0.35 * size;
        let place = format_args!("transform=\"translate({x:.1},{y:.1}) rotate(-90)\"");
        self.write(place, text, size, anchor);
    }

    fn write(&mut self, place: std::fmt::Arguments, text: &str, size: f64, anchor: Anchor) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escape(&printable(text));
        self.add(format_args!(
            "<text {place} font-size=\"{size}\" text-anchor=\"{anchor}\">{text}</text>"
        ));
    }

    fn add(&mut self, part: std::fmt::Arguments) {
        add_to(&mut self.body, part);
    }

    /// The image, and what is said where there are no images.
    pub fn into_html(mut self) -> Html {
        for note in std::mem::take(&mut self.notes) {
            self.paragraph(&note, 12.5, 3);
            self.title = format!("{}; {note}", self.title);
        }
        let (width, height) = (self.width.ceil(), (self.height + MARGIN).ceil());
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" fill=\"{TEXT}\">{}</svg>",
            self.body
        );
        // With its size, so that nothing moves while the next one of a row is decoded.
        let html = format!(
            "<img alt=\"{}\" width=\"{width}\" height=\"{height}\" src=\"data:image/svg+xml,{}\">",
            escape(&self.title),
            encoded(&svg)
        );
        Html::new(html).with_text(format!("(figure: {})", self.title))
    }
}

fn add_to(text: &mut String, part: std::fmt::Arguments) {
    // A text takes everything.
    let _ = text.write_fmt(part);
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
            other => add_to(&mut encoded, format_args!("%{other:02X}")),
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
        let mut svg = Svg::new(430.0, "a \"title\" <b>");
        svg.text((1.0, 1.0), "<b>\0\u{7}\n&\u{ffff}\"'</text>", 10.0, Anchor::Start);
        svg.notes.push("a note".to_owned());
        let html = svg.into_html();
        let drawing = drawing(&html);
        assert!(drawing.contains("&lt;b&gt;\u{fffd}\u{fffd} &amp;\u{fffd}"), "{drawing}");
        assert_eq!(drawing.matches("</text>").count(), 3);
        assert!(!html.html().contains("\"title\"") && html.html().matches('<').count() == 1);
        assert_eq!(html.text(), "(figure: a \"title\" <b>; a note)");
    }
}
