//! Texts with several labels from files and frames of somebody's own.

use super::cells::{self, Cell, Cells, Source};
use super::class_columns::flags;
use super::classes::is_list;
use super::quote::{list, quote};
use super::readers::{apart, said};
use super::table::{self, CsvOptions, Table};
use super::{MultiLabels, Reviews, frame, json, missing};
use crate::error::{Error, Result};
use polars::prelude::{AnyValue, DataFrame, DataType};
use serde_json::Value;
use std::path::Path;

impl Reviews {
    /// As [`from_csv_with`](Self::from_csv_with), where a text may have several labels at once, or
    /// none: a column for each class with 0 and 1 (false and true), or one column with names in it, if
    /// `label_separator` in the options says what stands between them. The frame then has, instead of
    /// `label`, a column for each class with 0 and 1.
    ///
    /// Classes are in the order of the columns; names in one column are sorted, unless the options name
    /// the classes. Another file of the same data is read with `&train.class_names` for its columns, or
    /// numbered alike by [`with_class_names`](Self::with_class_names).
    ///
    /// ```
    /// use unit8::{CsvOptions, Reviews};
    /// # use unit8::Result;
    /// # let folder = std::env::temp_dir().join("unit8-doc-multi-label");
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// # let path = folder.join("mine.csv");
    /// std::fs::write(&path, "text,toxic,insult\nYou fool!,1,1\nThanks.,0,0\n").unwrap();
    /// let options = CsvOptions::default();
    /// let reviews = Reviews::from_csv_multi_label(&path, "text", &["toxic", "insult"], &options)?;
    /// assert_eq!(reviews.class_names, ["toxic", "insult"]);
    /// assert_eq!(reviews.multi_labels()?.names(0), ["toxic", "insult"]);
    ///
    /// std::fs::write(&path, "text,topics\nA vote on the stadium,sport;politics\nRain,\n").unwrap();
    /// let options = CsvOptions { label_separator: Some(';'), ..Default::default() };
    /// let reviews = Reviews::from_csv_multi_label(&path, "text", &["topics"], &options)?;
    /// assert_eq!(reviews.class_names, ["politics", "sport"]);
    /// # Result::Ok(())
    /// ```
    ///
    /// # Errors
    /// As [`from_csv_with`](Self::from_csv_with), with the line if something else than 0 and 1 stands
    /// in the column of a class, or a list as Python writes it in one of names; [`Error::Data`] if no
    /// text has a label, or a class is called `text`, `label` or `index`.
    pub fn from_csv_multi_label(
        path: impl AsRef<Path>,
        text: &str,
        labels: &[impl AsRef<str>],
        options: &CsvOptions,
    ) -> Result<Reviews> {
        said(csv(path.as_ref(), text, &plain(labels), options)?)
    }

    /// As [`from_json_lines`](Self::from_json_lines), where a text may have several labels at once, or
    /// none: one field with a list of names, or a field for each class with 0 and 1 (false and true).
    /// See [`from_csv_multi_label`](Self::from_csv_multi_label).
    ///
    /// ```
    /// # use unit8::{Result, Reviews};
    /// # let folder = std::env::temp_dir().join("unit8-doc-multi-label-json");
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// # let path = folder.join("mine.jsonl");
    /// std::fs::write(&path, "{\"text\": \"A vote on the stadium\", \"topics\": [\"sport\", \"politics\"]}\n").unwrap();
    /// let reviews = Reviews::from_json_lines_multi_label(&path, "text", &["topics"])?;
    /// assert_eq!(reviews.class_counts()?, [1, 1]);
    /// # Result::Ok(())
    /// ```
    ///
    /// # Errors
    /// As [`from_json_lines`](Self::from_json_lines) and
    /// [`from_csv_multi_label`](Self::from_csv_multi_label).
    pub fn from_json_lines_multi_label(
        path: impl AsRef<Path>,
        text: &str,
        labels: &[impl AsRef<str>],
    ) -> Result<Reviews> {
        said(json_lines(path.as_ref(), text, &plain(labels))?)
    }

    /// As [`from_frame`](Self::from_frame), where a text may have several labels at once, or none: one
    /// column of lists of names, or a column for each class with 0 and 1 (false and true). See
    /// [`from_csv_multi_label`](Self::from_csv_multi_label).
    ///
    /// ```
    /// use unit8::Reviews;
    /// use unit8::polars::df;
    /// let frame = df!("text" => ["You fool!", "Thanks."], "toxic" => [true, false], "insult" => [1, 0])?;
    /// let reviews = Reviews::from_frame_multi_label(&frame, "text", &["toxic", "insult"])?;
    /// assert_eq!(reviews.class_counts()?, [1, 1]);
    /// # unit8::Result::Ok(())
    /// ```
    ///
    /// # Errors
    /// As [`from_frame`](Self::from_frame) and [`from_csv_multi_label`](Self::from_csv_multi_label).
    pub fn from_frame_multi_label(
        frame: &DataFrame,
        text: &str,
        labels: &[impl AsRef<str>],
    ) -> Result<Reviews> {
        said(of_frame(frame, text, &plain(labels))?)
    }
}

fn plain(labels: &[impl AsRef<str>]) -> Vec<&str> {
    labels.iter().map(AsRef::as_ref).collect()
}

/// Reads nothing where there is nothing to learn, or the texts are the labels.
fn check(text: &str, labels: &[&str]) -> Result<()> {
    if labels.is_empty() {
        let remedy = "name the column of each class, or the one with lists of names";
        return Err(Error::argument("labels", "[]", remedy));
    }
    let is_again = |(at, label): &(usize, &&str)| labels[..*at].contains(*label);
    if let Some((_, label)) = labels.iter().enumerate().find(is_again) {
        let remedy = format!("{} is there twice: name each column once", quote(label));
        return Err(Error::argument("labels", list(labels), remedy));
    }
    labels.iter().try_for_each(|label| apart(text.trim(), label.trim()))
}

fn together(
    texts: Vec<String>,
    (labels, more): (MultiLabels, Vec<String>),
    mut notes: Vec<String>,
) -> Result<(Reviews, Vec<String>)> {
    let classes = vec![0; texts.len()];
    let reviews = Reviews::from_rows(texts, classes)?;
    notes.extend(more);
    Ok((reviews.with_multi_labels(&labels)?, notes))
}

pub fn csv(
    path: &Path,
    text: &str,
    labels: &[&str],
    options: &CsvOptions,
) -> Result<(Reviews, Vec<String>)> {
    check(text, labels)?;
    let separator = options.label_separator;
    if let (Some(separator), [_, _, ..]) = (separator, labels) {
        let remedy = "it is for one column of names: leave it None where each class has a column";
        return Err(Error::argument("label_separator", format!("{separator:?}"), remedy));
    }
    let mut table = table::read_all(path, &[&[text], labels].concat(), None, options)?;
    missing::settle(path, labels, &mut table, options)?;
    let Table { columns, lines, mut notes, .. } = table;
    let mut columns = columns.into_iter();
    let texts = columns.next().unwrap_or_default();
    if texts.is_empty() {
        return Err(Error::file(path, notes.join("; ") + ": there are no reviews"));
    }
    let refuse = |row: usize, fault| Error::file(path, format!("line {}: {fault}", lines[row]));
    let cell = |(row, value): (usize, String)| match separator {
        None => Ok(Cell::One(value)),
        Some(_) if is_list(&value) => {
            let remedy = "a list as Python writes it: write the names with a separator between them, \
                          \";\".join(labels), or JSON lines, df.to_json(orient=\"records\", \
                          lines=True)";
            Err(refuse(row, format!("the labels are {}, {remedy}", quote(&value))))
        }
        Some(separator) => {
            let names = value.split(separator).map(str::trim).filter(|name| !name.is_empty());
            Ok(Cell::List(names.map(str::to_owned).collect()))
        }
    };
    let mut cells = Vec::new();
    for (name, column) in labels.iter().zip(columns) {
        let column = column.into_iter().enumerate().map(cell).collect::<Result<_>>()?;
        cells.push(Cells { name, cells: column });
    }
    let has_two = |cell: &Cell| matches!(cell, Cell::List(names) if names.len() > 1);
    if let Some(separator) = separator
        && !cells.iter().any(|column| column.cells.iter().any(has_two))
    {
        let question = format!("is {separator:?} what stands between the names?");
        notes.push(format!("no text has more than one label: {question}"));
    }
    let lists = "names in one column need label_separator in CsvOptions, Some(';') say, for what \
                 stands between them";
    let source = Source { refuse: &refuse, lists };
    together(texts, cells::labels(cells, options.class_names.as_deref(), &source)?, notes)
}

pub fn json_lines(path: &Path, text: &str, labels: &[&str]) -> Result<(Reviews, Vec<String>)> {
    check(text, labels)?;
    let (mut texts, mut lines) = (Vec::new(), Vec::new());
    let mut columns: Vec<Cells> =
        labels.iter().map(|name| Cells { name, cells: Vec::new() }).collect();
    json::each(path, |line, object| {
        texts.push(json::text_of(object, text)?);
        for column in &mut columns {
            let word = |value: &Value| json::word(value, column.name);
            column.cells.push(match json::value(object, column.name)? {
                Value::Array(values) => {
                    Cell::List(values.iter().map(word).collect::<std::result::Result<_, _>>()?)
                }
                Value::Null => {
                    let remedy =
                        "write [] for a text without a label (or 0 for each class, where the lists hold \
                         0 and 1), or 0 in the field of a class";
                    return Err(format!("the field {} holds null: {remedy}", quote(column.name)));
                }
                value => Cell::One(word(value)?),
            });
        }
        lines.push(line);
        Ok(())
    })?;
    let refuse = |row: usize, fault| Error::file(path, format!("line {}: {fault}", lines[row]));
    let lists = "names stand in a list, [\"sport\", \"politics\"], also a single one";
    let empty =
        missing::note(&texts, missing::may_be_missing, |row| format!("line {}", lines[row]));
    let labels = cells::labels(columns, None, &Source { refuse: &refuse, lists })?;
    together(texts, labels, empty.into_iter().collect())
}

pub fn of_frame(table: &DataFrame, text: &str, labels: &[&str]) -> Result<(Reviews, Vec<String>)> {
    check(text, labels)?;
    let texts = frame::texts(frame::column(table, text)?)?;
    let mut columns = Vec::new();
    for name in labels {
        let has_lists = matches!(frame::column(table, name)?.dtype(), DataType::List(_));
        columns.push(if has_lists { lists(table, name)? } else { flags(table, name)? });
    }
    let lists = "names stand in a column of lists";
    let found = cells::labels(columns, None, &Source { refuse: &frame::row, lists })?;
    let empty = missing::note(&texts, missing::may_be_missing, |row| format!("row {row} (from 0)"));
    let (mut reviews, notes) = together(texts, found, empty.into_iter().collect())?;
    let used = |name: &str| labels.contains(&name) || [text, "text", "label"].contains(&name);
    for column in table.columns().iter().filter(|column| !used(column.name())) {
        if reviews.frame.column(column.name()).is_ok() {
            return Err(Error::Data(format!(
                "a class is called {}, as another column of the frame is: rename one of them",
                quote(column.name())
            )));
        }
        reviews.frame.with_column(column.clone())?;
    }
    Ok((reviews, notes))
}

/// A column of lists.
fn lists<'a>(table: &DataFrame, name: &'a str) -> Result<Cells<'a>> {
    let column = frame::column(table, name)?;
    let cell = |at: usize| match column.get(at)? {
        AnyValue::List(values) => {
            let values = frame::labels(&values.with_name(name.into()).into());
            let within = |error| frame::row(at, format!("in its list of labels, {error}"));
            Ok(Cell::List(values.map_err(within)?))
        }
        _ => {
            let remedy = "put an empty list there, if it has no label, or drop the row";
            Err(frame::row(at, format!("no list in column {}: {remedy}", quote(name))))
        }
    };
    Ok(Cells { name, cells: (0..column.len()).map(cell).collect::<Result<_>>()? })
}

#[cfg(test)]
mod tests;
