//! Tables, and the texts in them.

use super::{Html, cut, visible};

/// A value of so many characters stays on one line.
const SHORT: usize = 24;
/// So many characters of a caption fit on a line.
const LINE: usize = 120;
/// Of a longer value the beginning is shown.
const LONGEST: usize = 10_000;

/// How a cell of a table stands out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The best of its column: in bold, where there is no HTML with a star.
    pub best: bool,
    /// Not what stands in the row before it in time: shaded, where there is no HTML with a tilde.
    pub changed: bool,
}

/// A table of texts, with a caption and a header. Columns whose values are numbers are aligned to
/// the right, the others to the left. Of a text of more than 10,000 characters the beginning is shown.
pub fn table(caption: &str, header: &[&str], rows: &[Vec<String>]) -> Html {
    marked_table(caption, header, rows, |_, _| Mark::default())
}

/// The same with cells that stand out: those of a row and a column.
pub fn marked_table(
    caption: &str,
    header: &[&str],
    rows: &[Vec<String>],
    mark: impl Fn(usize, usize) -> Mark,
) -> Html {
    let cut_row = |row: &Vec<String>| row.iter().map(|cell| cut(cell, LONGEST).into()).collect();
    let rows: &[Vec<String>] = &rows.iter().map(cut_row).collect::<Vec<_>>();
    let is_number =
        |cell: &str| cell.trim_end_matches(['%', ' ']).replace(',', "").parse::<f64>().is_ok();
    let left: Vec<bool> = (0..header.len())
        .map(|column| !rows.iter().filter_map(|row| row.get(column)).all(|cell| is_number(cell)))
        .collect();
    let line = |tag: &str, cells: &[&str], mark: &dyn Fn(usize) -> Mark| {
        let cells: String = (0..)
            .zip(cells.iter().zip(&left))
            .map(|(column, (cell, left))| {
                let Mark { best, changed } = mark(column);
                let side = if *left { "left" } else { "right" };
                let short = cell.chars().count() <= SHORT;
                let wrap = if short { ";white-space:nowrap" } else { "" };
                let shade = if changed { ";background:rgba(230,120,0,0.25)" } else { "" };
                let cell = if short { escape(cell) } else { breakable(&escape(cell)) };
                let cell = if best { format!("<b>{cell}</b>") } else { cell };
                format!("<{tag} style=\"text-align:{side}{wrap}{shade}\">{cell}</{tag}>")
            })
            .collect();
        format!("<tr>{cells}</tr>")
    };
    let body: String = (0..)
        .zip(rows)
        .map(|(number, row)| {
            let cells: Vec<&str> = row.iter().map(String::as_str).collect();
            line("td", &cells, &|column| mark(number, column))
        })
        .collect();
    let html = format!(
        "<table>{}<thead>{}</thead><tbody>{body}</tbody></table>",
        self::caption(caption),
        line("th", header, &|_| Mark::default()),
    );
    let with_mark = |(number, row): (usize, &Vec<String>)| -> Vec<String> {
        let cell = |(column, cell): (usize, &String)| {
            let Mark { best, changed } = mark(number, column);
            let [best, changed] =
                [(best, "*"), (changed, "~")].map(|(is, m)| if is { m } else { "" });
            format!("{cell}{best}{changed}")
        };
        row.iter().enumerate().map(cell).collect()
    };
    let rows: Vec<Vec<String>> = rows.iter().enumerate().map(with_mark).collect();
    Html::new(html).with_text(text_of(caption, header, &rows))
}

/// The same in columns of letters of one width.
fn text_of(caption: &str, header: &[&str], rows: &[Vec<String>]) -> String {
    let on_one_line = |cell: &str| visible(cell).replace('\n', " ");
    let header: Vec<String> = header.iter().map(|&cell| cell.to_owned()).collect();
    let lines = [&header].into_iter().chain(rows);
    let lines: Vec<Vec<String>> =
        lines.map(|line| line.iter().map(|cell| on_one_line(cell)).collect()).collect();
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let mut text = caption.to_owned();
    for line in &lines {
        text.push('\n');
        let cells = line.iter().enumerate();
        let line: String = cells.map(|(at, cell)| format!("{cell:<0$}  ", width(at))).collect();
        text.push_str(line.trim_end());
    }
    text.trim_start_matches('\n').to_owned()
}

/// The name of a class may be as long as a sentence, with no space in it.
fn breakable(escaped: &str) -> String {
    escaped.replace('_', "_<wbr>")
}

/// The caption of a table: on one line, which JupyterLab would break at the table's width, or, if that is
/// too long for a page, at the width of a page.
pub fn caption(text: &str) -> String {
    let is_line = text.chars().count() <= LINE;
    let wrap = if is_line { "white-space:nowrap" } else { "min-width:52em" };
    let text = if is_line { escape(text) } else { breakable(&escape(text)) };
    format!("<caption style=\"{wrap};text-align:left\">{text}</caption>")
}

/// A number with a comma between the thousands: 25,000.
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Makes any text safe to stand in HTML: a review can inject no markup, and its control characters are
/// written out.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let lines = text.replace('\r', "\n");
    for c in visible(&lines).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_captions_and_names_can_be_broken() {
        let name = "balance_not_updated_after_bank_transfer (3)";
        let table = table(&"a_caption ".repeat(20), &["class"], &[vec![name.to_owned()]]);
        assert!(table.html().contains("balance_<wbr>not_<wbr>updated"), "{}", table.html());
        assert!(!table.html().contains("nowrap;text-align:left\">a_"), "{}", table.html());
        assert!(table.text().contains(name), "{}", table.text());
        assert!(caption("labels: a_b").contains("nowrap;text-align:left\">labels: a_b<"));
    }

    #[test]
    fn markup_becomes_text() {
        assert_eq!(escape("<b a=\"x\">&'\n"), "&lt;b a=&quot;x&quot;&gt;&amp;&#39; ");
        let table = table("<i>", &["<b>"], &[vec!["<u>".to_owned()]]);
        let html = table.html();
        assert!(!html.contains("<i>") && !html.contains("<b>") && !html.contains("<u>"), "{html}");
    }

    #[test]
    fn a_table_holds_any_text() {
        let text = "\u{1b}[2J</td>\u{202e}\n".repeat(100_000);
        let table = table("t", &["text", "n"], &[vec![text, "1".to_owned()]]);
        assert!(table.html().len() < 1_000_000, "{}", table.html().len());
        assert!(!table.html().contains("</td>\u{202e}") && table.html().contains("characters)"));
        assert!(!table.text().contains(['\u{1b}', '\u{202e}']));
        assert_eq!(table.text().lines().count(), 3);
    }

    #[test]
    fn thousands_are_told_apart() {
        assert_eq!([0, 999, 1000, 25_000].map(thousands), ["0", "999", "1,000", "25,000"]);
        assert_eq!(thousands(22_713_986), "22,713,986");
    }

    #[test]
    fn numbers_stand_on_the_right() {
        let rows = [vec!["a".to_owned(), "1,000".to_owned(), "5.5 %".to_owned()]];
        let table = table("", &["text", "count", "share"], &rows);
        let html = table.html();
        // With the caption.
        assert_eq!(html.matches("text-align:left").count(), 3, "{html}");
        assert_eq!(html.matches("text-align:right").count(), 4, "{html}");
    }

    #[test]
    fn without_html_a_table_is_text_in_columns() {
        let rows = [vec!["a".to_owned(), "1,000".to_owned()], vec!["bcd".to_owned()]];
        let table = table("words", &["w", "count"], &rows);
        assert_eq!(table.text(), "words\nw    count\na    1,000\nbcd");
    }
}
