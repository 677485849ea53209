//! Rows that became a part of a text: a quote opens by mistake, and one of a later row closes it.

use super::records::{Record, Records};
use std::collections::HashSet;

/// So many lines that all look like rows are no text, whatever their labels are.
const MANY: usize = 5;

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

    /// What is wrong with the first of them that is several rows. Lines of a text hardly ever all have
    /// as many separators as the rows of the file, and what is the label of other rows behind them.
    pub fn complaint(&self) -> Option<String> {
        let record = self.suspects.iter().find(|record| self.is_several_rows(record.source))?;
        Some(format!(
            "line {}: a quote opens here and closes in line {}, and each line between looks like a row \
             of its own: write a quote inside a quoted field twice; if quotes are letters like others \
             here, set quotes: false in CsvOptions",
            record.line, record.last_line
        ))
    }

    fn is_several_rows(&self, source: &str) -> bool {
        let lines = source.split(['\n', '\r']).filter(|line| !line.trim().is_empty());
        let labels: Option<Vec<String>> = lines.map(|line| self.label_of(line)).collect();
        labels.is_some_and(|labels| {
            labels.len() >= MANY || labels.iter().all(|label| self.labels.contains(label))
        })
    }

    /// The label of a line, if it can be a row. Behind the comma of a sentence is a space.
    fn label_of(&self, line: &str) -> Option<String> {
        let row = Records::new(line, self.separator, false).next()?.ok()?;
        let label = row.fields.get(self.label)?.trim_matches('"');
        let is_row = row.fields.len() == self.width && !label.is_empty() && label.trim() == label;
        is_row.then(|| label.to_owned())
    }
}
