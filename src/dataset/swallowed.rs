//! Rows that became a part of a text: a quote opens by mistake, and one of a later row closes it.

use super::records::{Record, Records};
use std::collections::HashSet;

/// So many lines that all look like rows of known labels are no text: two of them may be a sentence with
/// a number in it, and another one.
const SOME: usize = 3;
/// So many are none, if they have few labels, whatever these are.
const MANY: usize = 5;
/// A label has hardly ever more characters.
const LONGEST: usize = 40;

/// The records of several lines, and the labels of the others.
pub struct Suspects<'a> {
    separator: u8,
    width: usize,
    /// The place of the label in a row.
    label: usize,
    suspects: Vec<Record<'a>>,
    labels: HashSet<String>,
}

impl<'a> Suspects<'a> {
    pub fn new(separator: u8, width: usize, label: usize) -> Suspects<'a> {
        Suspects { separator, width, label, suspects: Vec::new(), labels: HashSet::new() }
    }

    /// A row with as many fields as all have.
    pub fn add(&mut self, record: &Record<'a>) {
        if record.last_line > record.line {
            self.suspects.push(Record { fields: Vec::new(), ..*record });
        } else if !self.labels.contains(record.fields[self.label].trim()) {
            self.labels.insert(record.fields[self.label].trim().to_owned());
        }
    }

    /// What is to be said of those of them that may be several rows.
    ///
    /// # Errors
    /// What is wrong with the first that certainly is: hardly ever do all lines of a text have as many
    /// separators as the rows of the file, and the labels of other rows or a few that repeat.
    pub fn judge(&self) -> Result<Option<String>, String> {
        let mut possible = Vec::new();
        for record in &self.suspects {
            let (line, last) = (record.line, record.last_line);
            let Some(labels) = self.labels_of(record.source) else { continue };
            let like_rows = lines(record.source).all(|line| self.is_like_a_row(line));
            if self.are_labels(&labels, like_rows) {
                return Err(format!(
                    "line {line}: a quote opens here and closes in line {last}, and each line between \
                     looks like a row of its own: write a quote inside a quoted field twice; if quotes \
                     are letters like others here, set quotes: false in CsvOptions; if it is one text, save \
                     the table as JSON lines"
                ));
            }
            if like_rows {
                possible.push((line, last));
            }
        }
        Ok(possible.first().map(|(line, last)| {
            let count = possible.len();
            let texts = if count == 1 { "1 text".to_owned() } else { format!("{count} texts") };
            format!(
                "{texts} of several lines, the first in the lines {line} to {last}, may be several rows \
                 that a stray quote joins"
            )
        }))
    }

    fn are_labels(&self, labels: &[String], like_rows: bool) -> bool {
        let distinct: HashSet<&String> = labels.iter().collect();
        let repeat = like_rows && labels.len() >= MANY && 2 * distinct.len() <= labels.len();
        let known = || distinct.iter().all(|label| self.labels.contains(*label));
        repeat || (labels.len() >= SOME && known())
    }

    /// The labels of the lines, if all can be rows.
    fn labels_of(&self, source: &str) -> Option<Vec<String>> {
        lines(source).map(|line| self.label_of(line)).collect()
    }

    /// Whether a line is written like a row with a label that nobody knows: behind the comma of a
    /// sentence is a space.
    fn is_like_a_row(&self, line: &str) -> bool {
        written_like_a_row(line, self.separator)
            .is_some_and(|row| row.fields[self.label].chars().count() <= LONGEST)
    }

    /// The label of a line, if it can be a row.
    fn label_of(&self, line: &str) -> Option<String> {
        let row = Records::new(line, self.separator, false).next()?.ok()?;
        let label = row.fields.get(self.label)?.trim_matches('"');
        let is_row = row.fields.len() == self.width && !label.is_empty() && label.trim() == label;
        is_row.then(|| label.to_owned())
    }
}

/// Whether the lines of a record may be rows of so many fields, where it isn't known which are labels.
pub fn may_be_rows(record: &Record, separator: u8, width: usize) -> bool {
    let is_row =
        |line| written_like_a_row(line, separator).is_some_and(|row| row.fields.len() == width);
    record.last_line > record.line && width > 1 && lines(record.source).all(is_row)
}

/// The fields of a line, unless they are parts of a sentence.
fn written_like_a_row(line: &str, separator: u8) -> Option<Record<'_>> {
    let row = Records::new(line, separator, false).next()?.ok()?;
    (!row.fields.iter().any(|field| field.starts_with(char::is_whitespace))).then_some(row)
}

fn lines(source: &str) -> impl Iterator<Item = &str> {
    source.split(['\n', '\r']).filter(|line| !line.trim().is_empty())
}
