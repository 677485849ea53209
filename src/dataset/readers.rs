//! Reviews from files and frames of somebody's own.

use super::classes::{self, Classes};
use super::json::{self, Lines};
use super::table::{self, CsvOptions, Table};
use super::{Labels, Reviews, frame, missing};
use crate::error::{Error, Result};
use polars::prelude::{Column, DataFrame};
use std::path::Path;

/// The column in which [`Reviews::write_csv`] keeps the names of the classes.
pub const NAMES: &str = "class_name";

impl Reviews {
    /// A CSV file of your own: one column with the texts, one with the labels of any number of
    /// classes. The other columns are left out. What stands between the fields, a comma, a
    /// semicolon, a tab or `|`, is found out.
    ///
    /// Labels that are whole numbers 0, 1, 2, ... are class numbers. All others are sorted, by value
    /// if they are numbers, and numbered: stars from 1 to 5 are the classes 0 to 4, named "1" to "5".
    /// Spaces around a label don't count, capitals do. Class numbers in a column `label` have the names
    /// in a column `class_name`, if [`Reviews::write_csv`] or somebody else has written one. Whatever
    /// was found out about the file and its labels is printed. Another file of the same data may lack
    /// a class: see [`Reviews::with_class_names`].
    ///
    /// ```
    /// # use unit8::{Result, Reviews};
    /// # let folder = std::env::temp_dir().join("unit8-doc-from-csv");
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// # let path = folder.join("mine.csv");
    /// std::fs::write(&path, "message,kind\nThank you!,praise\nIt broke.,complaint\n").unwrap();
    /// let reviews = Reviews::from_csv(&path, "message", "kind")?;
    /// assert_eq!(reviews.class_names, ["complaint", "praise"]);
    /// assert_eq!(reviews.class_counts()?, [1, 1]);
    /// # Result::Ok(())
    /// ```
    ///
    /// # Errors
    /// [`Error::File`] with the line if the file can't be read, is no UTF-8, has a quote that is not
    /// closed or a line with too many or too few fields, lacks a column or a label;
    /// [`Error::Data`] if it has more than a thousand classes.
    pub fn from_csv(path: impl AsRef<Path>, text: &str, label: &str) -> Result<Reviews> {
        Reviews::from_csv_with(path, text, label, &CsvOptions::default())
    }

    /// The same for a file that needs to be told about, see [`CsvOptions`].
    ///
    /// ```
    /// use unit8::{CsvOptions, Reviews};
    /// # use unit8::Result;
    /// # let folder = std::env::temp_dir().join("unit8-doc-from-csv-with");
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// # let path = folder.join("mine.tsv");
    /// std::fs::write(&path, "spam\tYou won!\nham\tSee you at 5\n").unwrap();
    /// let options = CsvOptions { header: false, quotes: false, ..Default::default() };
    /// let reviews = Reviews::from_csv_with(&path, "1", "0", &options)?;
    /// assert_eq!(reviews.class_names, ["ham", "spam"]);
    /// # Result::Ok(())
    /// ```
    ///
    /// # Errors
    /// As [`Reviews::from_csv`], and [`Error::Argument`] for an option that can't be used.
    pub fn from_csv_with(
        path: impl AsRef<Path>,
        text: &str,
        label: &str,
        options: &CsvOptions,
    ) -> Result<Reviews> {
        said(csv(path.as_ref(), text, label, options)?)
    }

    /// A file of JSON lines: an object on each line, with the text in one field and the label, a
    /// number, a word, true or false, in another. Labels are numbered as in [`Reviews::from_csv`]. Words
    /// such as "NA" are words here, as in pandas: what is missing is null. They are printed.
    ///
    /// ```
    /// # use unit8::{Result, Reviews};
    /// # let folder = std::env::temp_dir().join("unit8-doc-from-json-lines");
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// # let path = folder.join("mine.jsonl");
    /// let lines = "{\"message\": \"Thank you!\", \"stars\": 5}\n{\"message\": \"It broke.\", \"stars\": 1}\n";
    /// std::fs::write(&path, lines).unwrap();
    /// let reviews = Reviews::from_json_lines(&path, "message", "stars")?;
    /// assert_eq!(reviews.class_names, ["1", "5"]);
    /// # Result::Ok(())
    /// ```
    ///
    /// # Errors
    /// [`Error::File`] with the line if the file can't be read or a line is no object, lacks a
    /// field or holds something else in it; [`Error::Data`] if there are more than a thousand
    /// classes.
    pub fn from_json_lines(path: impl AsRef<Path>, text: &str, label: &str) -> Result<Reviews> {
        said(json_lines(path.as_ref(), text, label)?)
    }

    /// A polars frame with a column of texts and one of labels: whole numbers, also as floats,
    /// words, true or false. They become the columns `text` and `label`, in place of others of these
    /// names; the other columns stay. Labels are numbered as in [`Reviews::from_csv`]. Words such as "NA"
    /// are words here, as in pandas: what is missing is null. They are printed.
    ///
    /// ```
    /// use unit8::Reviews;
    /// use unit8::polars::df;
    /// let frame = df!("message" => ["Thank you!", "It broke."], "kind" => ["praise", "complaint"])?;
    /// let reviews = Reviews::from_frame(&frame, "message", "kind")?;
    /// assert_eq!(reviews.class_names, ["complaint", "praise"]);
    /// # unit8::Result::Ok(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Data`] if there is no such column or no row, and with the row if a text or a label
    /// is missing, or a label is 0.5 or infinite.
    pub fn from_frame(frame: &DataFrame, text: &str, label: &str) -> Result<Reviews> {
        said(of_frame(frame, text, label)?)
    }

    /// The same reviews in another numbering: class 0 is the first of these names. So the files of
    /// one data set agree: `test.with_class_names(&train.class_names)?`.
    ///
    /// Of reviews with several labels the columns of the classes are then in this order.
    ///
    /// Where all classes are called by numbers and no new name is a number, the least number gets the
    /// first name, if there are as many names as numbers; if there are more names, 0 gets the first.
    /// Prints what each class is called, and which number it was.
    ///
    /// ```
    /// # use unit8::{Result, Reviews};
    /// use unit8::polars::df;
    /// let frame = df!("text" => ["Fine.", "Bad."], "label" => ["pos", "neg"])?;
    /// let test = Reviews::from_frame(&frame, "text", "label")?;
    /// let test = test.with_class_names(&["neg", "neu", "pos"])?;
    /// assert_eq!(test.class_counts()?, [1, 0, 1]);
    /// # Result::Ok(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Data`] with the row if its class is none of them, [`Error::Argument`] if a name is
    /// there twice, or there are more names than numbers, and 0 is none of these.
    pub fn with_class_names(&self, class_names: &[impl AsRef<str>]) -> Result<Reviews> {
        let names: Vec<String> = class_names.iter().map(|name| name.as_ref().to_owned()).collect();
        said(self.numbered_by(&names)?)
    }

    /// The same, and what is to be said of it.
    pub(super) fn numbered_by(&self, names: &[String]) -> Result<(Reviews, Vec<String>)> {
        if self.is_multi_label() {
            return self.with_classes(names);
        }
        let labels = frame::class_numbers(&self.frame, &self.class_names)?;
        let words: Vec<String> =
            labels.iter().map(|label| self.class_names[*label as usize].clone()).collect();
        let classes = classes::by_names(&words, names, frame::row)?;
        let mut frame = self.frame.clone();
        frame.with_column(Column::new("label".into(), classes.labels))?;
        let reviews = Reviews { frame, class_names: classes.names };
        Ok((reviews, classes.note.into_iter().collect()))
    }
}

/// Prints in one line what was found out.
pub(super) fn said((reviews, notes): (Reviews, Vec<String>)) -> Result<Reviews> {
    if !notes.is_empty() {
        println!("{}", notes.join("; "));
    }
    Ok(reviews)
}

pub fn csv(
    path: &Path,
    text: &str,
    label: &str,
    options: &CsvOptions,
) -> Result<(Reviews, Vec<String>)> {
    apart(text.trim(), label.trim())?;
    let optional = (label == "label").then_some(NAMES);
    if let Some(separator) = options.label_separator {
        let remedy = "from_csv_multi_label reads several labels for a text; else leave it None";
        return Err(Error::argument("label_separator", format!("{separator:?}"), remedy));
    }
    let mut table = table::read(path, [text, label], optional, options)?;
    missing::settle(path, &[label], &mut table, options)?;
    let Table { columns: [texts, labels], optional: names, lines, mut notes } = table;
    if texts.is_empty() {
        return Err(Error::file(path, notes.join("; ") + ": there are no reviews"));
    }
    let refuse = |row: usize, fault| Error::file(path, format!("line {}: {fault}", lines[row]));
    let kept = names.as_ref().and_then(|names| classes::named(&labels, names));
    let classes = match (&options.class_names, kept) {
        (Some(given), None) => classes::by_names(&labels, given, refuse)?,
        (Some(given), Some(_)) => {
            // What the file itself calls its classes.
            classes::by_names(&names.unwrap_or_default(), given, refuse)?
        }
        (None, Some(classes)) => classes,
        (None, None) => {
            let unused = format!("the column {NAMES} has not one name for each label: not used");
            notes.extend(names.map(|_| unused));
            classes::number(&labels, refuse)?
        }
    };
    together(texts, classes, notes)
}

pub fn json_lines(path: &Path, text: &str, label: &str) -> Result<(Reviews, Vec<String>)> {
    apart(text, label)?;
    let Lines { texts, labels, lines } = json::read(path, text, label)?;
    let refuse = |row: usize, fault| Error::file(path, format!("line {}: {fault}", lines[row]));
    let words = missing::words(&labels, refuse)?;
    let classes = classes::number(&labels, refuse)?;
    let empty =
        missing::note(&texts, missing::may_be_missing, |row| format!("line {}", lines[row]));
    together(texts, classes, empty.into_iter().chain(words).collect())
}

pub fn of_frame(frame: &DataFrame, text: &str, label: &str) -> Result<(Reviews, Vec<String>)> {
    apart(text, label)?;
    let texts = frame::texts(frame::column(frame, text)?)?;
    let labels = frame::labels(frame::column(frame, label)?)?;
    let words = missing::words(&labels, frame::row)?;
    let classes = classes::number(&labels, frame::row)?;
    let empty = missing::note(&texts, missing::may_be_missing, |row| format!("row {row} (from 0)"));
    let notes = empty.into_iter().chain(words).collect();
    let (mut reviews, notes) = together(texts, classes, notes)?;
    let others = frame
        .columns()
        .iter()
        .filter(|column| ![text, label, "text", "label"].contains(&column.name().as_str()));
    for column in others {
        reviews.frame.with_column(column.clone())?;
    }
    Ok((reviews, notes))
}

/// Refuses to learn the labels from themselves.
pub(super) fn apart(text: &str, label: &str) -> Result<()> {
    if text == label {
        return Err(Error::argument("label", label, "the texts are in this column: name another"));
    }
    Ok(())
}

fn together(
    texts: Vec<String>,
    classes: Classes,
    mut notes: Vec<String>,
) -> Result<(Reviews, Vec<String>)> {
    notes.extend(classes.note);
    Ok((Reviews::new(texts, Labels::from(classes.labels).called(classes.names))?, notes))
}

#[cfg(test)]
mod tests;
