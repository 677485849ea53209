//! CSV files of texts and labels.

use crate::error::{Error, Result};
use crate::files::{cannot_write, write_whole};
use polars::prelude::{AnyValue, DataFrame};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// No data set for learning has more classes; a number above this is no class but, say, a year.
pub const MAX_CLASSES: i64 = 1000;

/// The texts and labels of the rows, or of those rows whose field in one column has one value.
pub fn read(
    path: &Path,
    text: &str,
    label: &str,
    only: Option<(&str, &str)>,
) -> Result<(Vec<String>, Vec<String>)> {
    let unreadable = |error: csv::Error| Error::file(path, error);
    let mut reader = csv::Reader::from_path(path).map_err(unreadable)?;
    let header = reader.headers().map_err(unreadable)?.clone();
    if header.is_empty() {
        return Err(Error::file(path, "the file is empty: its first line names the columns"));
    }
    let column = |name: &str| {
        header.iter().position(|column| column == name).ok_or_else(|| {
            let known: Vec<&str> = header.iter().collect();
            Error::file(path, format!("no column {name:?}; there are {}", known.join(", ")))
        })
    };
    let (text, label) = (column(text)?, column(label)?);
    let only = match only {
        Some((name, value)) => Some((column(name)?, value)),
        None => None,
    };
    let (mut texts, mut labels) = (Vec::new(), Vec::new());
    let mut row = csv::StringRecord::new();
    while reader.read_record(&mut row).map_err(unreadable)? {
        if only.is_none_or(|(column, value)| row.get(column) == Some(value)) {
            let value = row.get(label).unwrap_or_default().trim();
            if value.is_empty() {
                let line = row.position().map_or(0, csv::Position::line);
                return Err(Error::file(path, format!("line {line}: the label is missing")));
            }
            labels.push(value.to_owned());
            texts.push(row.get(text).unwrap_or_default().to_owned());
        }
    }
    Ok((texts, labels))
}

/// Class numbers for the labels, and the name of each class. Whole numbers from 0 on are class
/// numbers already, so that several files of one data set agree; all others are sorted, by value
/// if they are numbers, and numbered.
pub fn classes(labels: &[String]) -> Result<(Vec<i64>, Vec<String>)> {
    let numbers: Option<Vec<i64>> = labels.iter().map(|label| label.parse().ok()).collect();
    if let Some(numbers) = &numbers
        && numbers.iter().all(|number| (0..MAX_CLASSES).contains(number))
    {
        return Ok((numbers.clone(), numbered(numbers)));
    }
    // Two labels that are the same number, "1" and "01", are two classes still.
    let key = |label: &str| label.parse::<i64>().ok().filter(|_| numbers.is_some());
    let names: BTreeSet<(Option<i64>, &str)> =
        labels.iter().map(|label| (key(label), label.as_str())).collect();
    if names.len() as i64 > MAX_CLASSES {
        return Err(Error::Data(format!(
            "the labels have {} different values, too many for classes: is it the right column?",
            names.len()
        )));
    }
    let class_of: BTreeMap<&str, i64> = names.iter().map(|(_, name)| *name).zip(0..).collect();
    let classes = labels.iter().map(|label| class_of[label.as_str()]).collect();
    Ok((classes, names.iter().map(|(_, name)| (*name).to_owned()).collect()))
}

/// The names of classes that have only numbers: 0 to the largest.
pub fn numbered(labels: &[i64]) -> Vec<String> {
    let largest = labels.iter().max().copied().unwrap_or(-1);
    (0..=largest).map(|class| class.to_string()).collect()
}

/// Writes all columns of a table.
pub fn write(path: &Path, frame: &DataFrame) -> Result<()> {
    write_whole(path, |part| {
        let failed = |error: csv::Error| cannot_write(path, &error.into());
        let mut writer = csv::Writer::from_path(part).map_err(failed)?;
        writer
            .write_record(frame.get_column_names().iter().map(|name| name.as_str()))
            .map_err(failed)?;
        for row in 0..frame.height() {
            for column in frame.columns() {
                let written = match column.get(row)? {
                    AnyValue::String(text) => writer.write_field(text),
                    value => writer.write_field(value.to_string()),
                };
                written.map_err(failed)?;
            }
            writer.write_record(None::<&[u8]>).map_err(failed)?;
        }
        writer.flush().map_err(|error| cannot_write(path, &error))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Reviews;
    use crate::files::test_folder;
    use std::fs;

    fn with_file<T>(name: &str, contents: impl AsRef<[u8]>, read: impl FnOnce(&Path) -> T) -> T {
        let folder = test_folder(name);
        let path = folder.join("mine.csv");
        fs::write(&path, contents).unwrap();
        let outcome = read(&path);
        fs::remove_dir_all(folder).unwrap();
        outcome
    }

    fn read_text(name: &str, contents: impl AsRef<[u8]>) -> Result<Reviews> {
        with_file(name, contents, |path| Reviews::from_csv(path, "text", "label"))
    }

    #[test]
    fn quotes_newlines_bom_and_crlf_are_understood() {
        let contents = "\u{feff}label,text\r\n1,\"a \"\"b\"\",\nc\"\r\n0,d\r\n";
        let reviews = read_text("quotes", contents).unwrap();
        assert_eq!(reviews.texts().unwrap(), ["a \"b\",\nc", "d"]);
        assert_eq!(reviews.labels().unwrap(), [1, 0]);
        assert_eq!(reviews.class_names, ["0", "1"]);
    }

    #[test]
    fn extra_columns_are_left_alone() {
        let reviews = read_text("extra", "id,label,stars,text\n7,0,3,a\n8,2,5,b\n").unwrap();
        assert_eq!(reviews.texts().unwrap(), ["a", "b"]);
        assert_eq!(reviews.class_counts().unwrap(), [1, 0, 1]);
    }

    #[test]
    fn labels_that_are_not_numbers_become_classes_with_names() {
        let reviews = read_text("named", "text,label\na,pos\nb,neg\nc, pos \n").unwrap();
        assert_eq!(reviews.labels().unwrap(), [1, 0, 1]);
        assert_eq!(reviews.class_names, ["neg", "pos"]);
        let signs = read_text("signs", "text,label\na,10\nb,-1\nc,2\n").unwrap();
        assert_eq!(signs.labels().unwrap(), [2, 0, 1]);
        assert_eq!(signs.class_names, ["-1", "2", "10"]);
        let large = read_text("large", "text,label\na,9000000000000\nb,0\n").unwrap();
        assert_eq!(large.labels().unwrap(), [1, 0]);
    }

    #[test]
    fn one_class_is_data_too() {
        let reviews = read_text("one", "text,label\na,good\nb,good\n").unwrap();
        assert_eq!(reviews.class_counts().unwrap(), [2]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let faults: [(&str, &[u8], &str); 7] = [
            ("missing", b"label,review\n1,a\n", "no column \"text\"; there are label, review"),
            ("empty", b"", "the file is empty"),
            ("bom-only", b"\xef\xbb\xbf", "the file is empty"),
            ("rowless", b"text,label\n", "there are no reviews"),
            ("unlabelled", b"text,label\na,1\nb,\n", "line 3: the label is missing"),
            ("ragged", b"text,label\na,1\nb,1,c\n", "line: 3"),
            ("bytes", b"text,label\n\xff,1\n", "UTF-8"),
        ];
        for (name, contents, complaint) in faults {
            let error = read_text(name, contents).unwrap_err().to_string();
            assert!(error.contains(complaint), "{name}: {error}");
        }
        let absent = Reviews::from_csv("no.csv", "text", "label").unwrap_err().to_string();
        assert!(absent.starts_with("no.csv: "), "{absent}");
        let many: String = (0..1001).map(|i| format!("text {i},label {i}\n")).collect();
        let error = read_text("many", format!("text,label\n{many}")).unwrap_err().to_string();
        assert!(error.contains("1001 different values"), "{error}");
    }

    #[test]
    fn what_is_written_can_be_read() {
        let texts = vec!["a \"b\",\nc".to_owned(), String::new(), "\u{e4}\u{1f600}".to_owned()];
        let reviews = Reviews::from_rows(texts.clone(), vec![0, 2, 1]).unwrap();
        with_file("written", "", |path| {
            write(path, &reviews.frame).unwrap();
            let again = Reviews::from_csv(path, "text", "label").unwrap();
            assert_eq!(again.texts().unwrap(), texts);
            assert_eq!(again.labels().unwrap(), [0, 2, 1]);
        });
    }
}
