//! Reviews as a CSV file.

use super::quote::quote;
use super::readers::NAMES;
use super::{Reviews, are_names, frame};
use crate::error::{Error, Result};
use crate::files::{cannot_write, write_whole};
use polars::prelude::{AnyValue, Column, DataFrame, DataType};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Writes all columns, the labels as numbers. Missing values are empty fields.
pub fn write(path: &Path, reviews: &Reviews) -> Result<()> {
    if reviews.is_multi_label() {
        let labels = reviews.multi_labels()?;
        return write_frame(path, &reviews.with_multi_labels(&labels)?.frame);
    }
    let labels = frame::class_numbers(&reviews.frame, &reviews.class_names)?;
    let mut frame = reviews.frame.clone();
    let used: HashSet<i64> = labels.iter().copied().collect();
    // Numbers that are not those of all classes would be numbered anew by whoever reads them.
    let has_gap = (0..used.len() as i64).any(|class| !used.contains(&class));
    if are_names(&reviews.class_names) || has_gap {
        if frame.column(NAMES).is_ok() {
            let message = "the names of the classes go into a column of this name: rename yours";
            return Err(Error::file(path, format!("column {}: {message}", quote(NAMES))));
        }
        let names = labels.iter().map(|label| reviews.class_names[*label as usize].as_str());
        frame.with_column(Column::new(NAMES.into(), names.collect::<Vec<_>>()))?;
    }
    frame.with_column(Column::new("label".into(), labels))?;
    write_frame(path, &frame)
}

fn write_frame(path: &Path, frame: &DataFrame) -> Result<()> {
    let flat = |kind: &DataType| !kind.is_nested() && !matches!(kind, DataType::Binary);
    if let Some(column) = frame.columns().iter().find(|column| !flat(column.dtype())) {
        let (name, kind) = (quote(column.name()), column.dtype());
        let message = format!("column {name} holds {kind}, which CSV has no form for: drop it");
        return Err(Error::file(path, message));
    }
    write_whole(path, |part| {
        let failed = |error: std::io::Error| cannot_write(path, &error);
        let mut file = BufWriter::new(File::create(part).map_err(failed)?);
        let names = frame.get_column_names().into_iter().map(|name| quoted(name).into_owned());
        writeln!(file, "{}", names.collect::<Vec<_>>().join(",")).map_err(failed)?;
        for row in 0..frame.height() {
            for (number, column) in frame.columns().iter().enumerate() {
                let separator = if number > 0 { "," } else { "" };
                let value = column.get(row)?;
                write!(file, "{separator}{}", quoted(&field(&value))).map_err(failed)?;
            }
            writeln!(file).map_err(failed)?;
        }
        file.flush().map_err(failed)
    })
}

fn field<'a>(value: &'a AnyValue) -> Cow<'a, str> {
    if let Some(text) = value.get_str() {
        return text.into();
    }
    match value {
        AnyValue::Null => "".into(),
        _ => frame::number(value).unwrap_or_else(|| value.to_string()).into(),
    }
}

/// A field as it stands in the file.
pub fn quoted(field: &str) -> Cow<'_, str> {
    if field.contains(['"', ',', '\n', '\r']) {
        return format!("\"{}\"", field.replace('"', "\"\"")).into();
    }
    field.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::CsvOptions;
    use crate::files::test_folder;
    use polars::prelude::{NamedFrom, Series};
    use std::fs;

    fn there_and_back(name: &str, reviews: &Reviews) -> (String, Reviews) {
        let folder = test_folder(&format!("write-{name}"));
        let path = folder.join("mine.csv");
        reviews.write_csv(&path).unwrap();
        let contents = fs::read_to_string(&path).unwrap();
        let again = Reviews::from_csv(&path, "text", "label").unwrap();
        fs::remove_dir_all(folder).unwrap();
        (contents, again)
    }

    #[test]
    fn texts_come_back_to_the_letter() {
        let texts: Vec<String> = [
            "a \"b\",\nc",
            "",
            "ä\u{1f600}",
            "\u{feff}mark",
            "\rcr\r\n",
            "nul\0",
            "\"",
            "\"\"",
            " a ",
            "NA",
            "null",
            "a;b|c\td",
            "a\n\n\nb",
            ",",
            "'",
            "\u{2028}",
            "0.50",
        ]
        .map(str::to_owned)
        .into();
        let labels: Vec<i64> = (0..texts.len() as i64).map(|row| row % 3).collect();
        let reviews = Reviews::from_rows(texts.clone(), labels.clone()).unwrap();
        let (contents, again) = there_and_back("texts", &reviews);
        assert!(contents.starts_with("text,label\n"), "{contents}");
        assert_eq!((again.texts().unwrap(), again.labels().unwrap().to_vec()), (texts, labels));
        assert_eq!(again.class_names, reviews.class_names);
    }

    #[test]
    fn names_and_numbers_of_classes_come_back() {
        for names in [["positive", "negative", "mixed"], ["5", "10", "1"], ["NA", "a, b", "0"]] {
            let texts = ["a", "b", "c", "d"].map(str::to_owned).into();
            let mut reviews = Reviews::from_rows(texts, vec![2, 0, 1, 0]).unwrap();
            reviews.class_names = names.map(str::to_owned).into();
            let (_, again) = there_and_back("names", &reviews);
            assert_eq!(again.class_names, names);
            assert_eq!(again.labels().unwrap(), [2, 0, 1, 0]);
        }
        // A class without a row keeps its number.
        let mut part = Reviews::from_rows(vec!["a".into(), "b".into()], vec![0, 2]).unwrap();
        part.class_names = ["neg", "neu", "pos"].map(str::to_owned).into();
        let (contents, again) = there_and_back("part", &part);
        assert_eq!(contents, "text,label,class_name\na,0,neg\nb,2,pos\n");
        assert_eq!(again.class_names, ["neg", "1", "pos"]);
        assert_eq!(again.labels().unwrap(), [0, 2]);
        part.class_names = ["0", "1", "2"].map(str::to_owned).into();
        let (contents, again) = there_and_back("part", &part);
        assert_eq!(contents, "text,label,class_name\na,0,0\nb,2,2\n");
        assert_eq!(
            (&again.class_names, again.labels().unwrap().to_vec()),
            (&part.class_names, vec![0, 2])
        );
    }

    #[test]
    fn a_column_that_only_happens_to_be_called_so_is_not_taken_for_names() {
        let folder = test_folder("write-foreign");
        let path = folder.join("mine.csv");
        for (rows, names) in [
            ("a,0,3b\nb,1,3b\n", ["0", "1"]),
            ("a,0,x\nb,1,y\nc,0,z\n", ["0", "1"]),
            ("a,0,x\nb,1,\n", ["0", "1"]),
            ("a,-1,x\nb,1,y\n", ["-1", "1"]),
            ("a,0,y\nb,1,x\n", ["y", "x"]),
            ("a,1,World\nb,2,Sports\n", ["World", "Sports"]),
        ] {
            fs::write(&path, format!("text,label,class_name\n{rows}")).unwrap();
            let reviews = Reviews::from_csv(&path, "text", "label").unwrap();
            assert_eq!(reviews.class_names, names, "{rows}");
        }
        let options =
            CsvOptions { class_names: Some(vec!["x".into(), "y".into()]), ..Default::default() };
        // Names that are asked for are those of the file, in another order.
        for (rows, labels) in [("a,0,y\nb,1,x\n", [1, 0]), ("a,0,x\nb,1,y\n", [0, 1])] {
            fs::write(&path, format!("text,label,class_name\n{rows}")).unwrap();
            let reviews = Reviews::from_csv_with(&path, "text", "label", &options).unwrap();
            assert_eq!(
                (reviews.labels().unwrap().to_vec(), &reviews.class_names[0]),
                (labels.to_vec(), &"x".to_owned())
            );
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn numbers_are_written_in_full_and_missing_values_as_nothing() {
        let mut reviews = Reviews::from_rows(vec!["a".into(), "b".into()], vec![0, 1]).unwrap();
        let columns: [Series; 6] = [
            Series::new("f".into(), [0.123456789012, 1e300]),
            Series::new("g".into(), [0.1_f32, f32::NAN]),
            Series::new("i".into(), [Some(1_234_567_i64), None]),
            Series::new("b".into(), [Some(true), None]),
            Series::new("s".into(), [None, Some("null")]),
            Series::new_null("n".into(), 2),
        ];
        for column in columns {
            reviews.frame.with_column(column.into()).unwrap();
        }
        let (contents, _) = there_and_back("numbers", &reviews);
        let expected = "text,label,f,g,i,b,s,n\na,0,0.123456789012,0.1,1234567,true,,\n\
                        b,1,1e300,NaN,,,null,\n";
        assert_eq!(contents, expected);
        let lists =
            Series::new("l".into(), [[1_i64], [2]].map(|list| Series::new("".into(), list)));
        reviews.frame.with_column(lists.into()).unwrap();
        let error = reviews.write_csv("lists.csv").unwrap_err().to_string();
        assert!(error.starts_with("lists.csv: column \"l\" holds list"), "{error}");
        assert!(!Path::new("lists.csv").exists());
    }
}
