//! Texts and labels that are not there.

use super::quote::quote;
use super::table::{CsvOptions, MISSING, Table};
use crate::error::{Error, Result};
use std::path::Path;

/// Takes the spaces from the labels, all columns but the first, and leaves out the rows without a text
/// or a label if that is wanted; else such a label is an error, and such a text is noted.
pub fn settle<C: AsMut<[Vec<String>]>>(
    path: &Path,
    names: &[&str],
    table: &mut Table<C>,
    options: &CsvOptions,
) -> Result<()> {
    let is_missing = |text: &str| {
        let text = text.trim();
        text.is_empty() || options.missing.iter().any(|missing| missing == text)
    };
    let classes = options.class_names.as_deref().unwrap_or_default();
    // Where there may be several names, none at all is an answer.
    let may_be_empty = options.label_separator.is_some();
    let is_class = |label: &str| {
        classes.iter().any(|name| name == label)
            || !is_missing(label)
            || (label.is_empty() && may_be_empty)
    };
    let Some((texts, labels)) = table.columns.as_mut().split_first_mut() else { return Ok(()) };
    for label in labels.iter_mut().flatten() {
        *label = label.trim().to_owned();
    }
    if options.drop_missing {
        let is_whole =
            |row: usize| !is_missing(&texts[row]) && labels.iter().all(|all| is_class(&all[row]));
        let keep = (0..texts.len()).map(is_whole).collect();
        leave_out(table, keep);
        return Ok(());
    }
    let absent = |labels: &[String]| labels.iter().position(|label| !is_class(label));
    let first = labels.iter().zip(names).filter_map(|(all, name)| Some((absent(all)?, name, all)));
    if let Some((row, name, labels)) = first.min() {
        let (line, found) = (table.lines[row], quote(&labels[row]));
        let remedy = match names.len() {
            1 => {
                "fill it in, or set drop_missing: true in CsvOptions; if it is a class, take it out of \
                 missing there"
            }
            _ => {
                "write 0 where a text does not have the label; drop_missing: true in CsvOptions leaves out \
                 each row where that of any class is missing"
            }
        };
        let column = quote(name);
        let fault =
            format!("line {line}: the label is missing (column {column} holds {found}): {remedy}");
        return Err(Error::file(path, fault));
    }
    let line = |row: usize| format!("line {}", table.lines[row]);
    table.notes.extend(note(texts, is_missing, line));
    Ok(())
}

fn leave_out(table: &mut Table<impl AsMut<[Vec<String>]>>, keep: Vec<bool>) {
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
    for column in table.columns.as_mut().iter_mut().chain(&mut table.optional) {
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
