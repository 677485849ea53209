//! Texts and labels that are not there.

use super::quote::quote;
use super::table::{CsvOptions, MISSING, Table};
use crate::error::{Error, Result};
use std::path::Path;

/// Takes the spaces from the labels, the second column, and leaves out the rows without a text or a
/// label if that is wanted; else such a label is an error, and such a text is noted.
pub fn settle(path: &Path, label: &str, table: &mut Table<2>, options: &CsvOptions) -> Result<()> {
    let is_missing = |text: &str| {
        let text = text.trim();
        text.is_empty() || options.missing.iter().any(|missing| missing == text)
    };
    let names = options.class_names.as_deref().unwrap_or_default();
    let is_class = |label: &str| names.iter().any(|name| name == label) || !is_missing(label);
    let [texts, labels] = &mut table.columns;
    for label in labels.iter_mut() {
        *label = label.trim().to_owned();
    }
    if options.drop_missing {
        let rows = texts.iter().zip(labels.iter());
        let keep = rows.map(|(text, label)| !is_missing(text) && is_class(label)).collect();
        leave_out(table, keep);
        return Ok(());
    }
    if let Some(row) = labels.iter().position(|label| !is_class(label)) {
        let (line, found) = (table.lines[row], quote(&labels[row]));
        return Err(Error::file(
            path,
            format!(
                "line {line}: the label is missing (column {} holds {found}): fill it in, or set \
                 drop_missing: true in CsvOptions; if it is a class, take it out of missing there",
                quote(label)
            ),
        ));
    }
    let line = |row: usize| format!("line {}", table.lines[row]);
    table.notes.extend(note(texts, is_missing, line));
    Ok(())
}

fn leave_out(table: &mut Table<2>, keep: Vec<bool>) {
    let Some(first) = keep.iter().position(|keep| !keep) else {
        return;
    };
    let rows = match keep.iter().filter(|keep| !**keep).count() {
        1 => "1 row".to_owned(),
        count => format!("{count} rows"),
    };
    let line = table.lines[first];
    table
        .notes
        .push(format!("{rows} without a text or a label left out, the first in line {line}"));
    for column in table.columns.iter_mut().chain(&mut table.optional) {
        retain(column, &keep);
    }
    retain(&mut table.lines, &keep);
}

fn retain<T>(column: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    column.retain(|_| keep.next() == Some(&true));
}

/// What is said of texts that are not there.
pub fn note(
    texts: &[String],
    is_missing: impl Fn(&str) -> bool,
    place: impl Fn(usize) -> String,
) -> Option<String> {
    let mut missing = (0..texts.len()).filter(|&row| is_missing(&texts[row]));
    let first = missing.next()?;
    let texts_are = match missing.count() {
        0 => "1 text is".to_owned(),
        more => format!("{} texts are", more + 1),
    };
    Some(format!(
        "{texts_are} missing and kept, the first in {} ({})",
        place(first),
        quote(&texts[first])
    ))
}

/// Whether a text is none, or what pandas would take for none in a CSV file.
pub fn may_be_missing(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || MISSING.contains(&text)
}

/// What is said of words like "NA" and "null" among the labels of a format that has a null of its own,
/// where they are words: classes, unless all other labels are numbers.
///
/// # Errors
/// By `refuse`, the first of them among numbers.
pub fn words(labels: &[String], refuse: impl Fn(usize, String) -> Error) -> Result<Option<String>> {
    let Some(row) = labels.iter().position(|label| may_be_missing(label)) else {
        return Ok(None);
    };
    let word = quote(&labels[row]);
    let mut others = labels.iter().filter(|label| !may_be_missing(label)).peekable();
    if others.peek().is_some() && others.all(|label| label.parse::<f64>().is_ok()) {
        let fault = format!("the label {word} is missing, the others are numbers");
        return Err(refuse(row, format!("{fault}: fill it in, or drop the row")));
    }
    Ok(Some(format!("{word} is taken for a class: drop its rows if it stands for no label")))
}
