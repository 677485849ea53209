//! Texts and labels in the columns of a polars frame. Rows count from 0.

use super::classes::{plain, whole};
use super::quote::{list, quote};
use crate::error::{Error, Result};
use polars::prelude::{AnyValue, Column, DataFrame, DataType};
use std::collections::HashMap;

/// The error of a row.
pub fn row(row: usize, complaint: String) -> Error {
    Error::Data(format!("row {row} (from 0): {complaint}"))
}

/// A column, by its name.
pub fn column<'a>(frame: &'a DataFrame, name: &str) -> Result<&'a Column> {
    frame.column(name).map_err(|_| {
        let names = list(frame.get_column_names().iter().map(|name| name.as_str()));
        Error::Data(format!("the frame has no column {}; there are {names}", quote(name)))
    })
}

/// The texts of a column of texts.
pub fn texts(column: &Column) -> Result<Vec<String>> {
    let text = |at: usize| {
        let value = column.get(at)?;
        let text = value.get_str().map(str::to_owned);
        text.ok_or_else(|| match value {
            AnyValue::Null => row(
                at,
                format!("no text in column {}: fill it in, or drop the row", quote(column.name())),
            ),
            _ => Error::Data(format!(
                "the column {} holds {}, not texts",
                quote(column.name()),
                column.dtype()
            )),
        })
    };
    (0..column.len()).map(text).collect()
}

/// The labels of a column as texts, whatever its type.
pub fn labels(column: &Column) -> Result<Vec<String>> {
    let name = quote(column.name());
    let label = |at: usize| {
        let value = column.get(at)?;
        let label = match (&value, value.get_str()) {
            (_, Some(word)) => word.trim().to_owned(),
            (AnyValue::Null, _) => String::new(),
            _ if value.is_nan() => String::new(),
            (AnyValue::Boolean(value), _) => value.to_string(),
            _ => number(&value).ok_or_else(|| {
                let kind = column.dtype();
                let lists = "; from_frame_multi_label reads lists of them";
                let lists = if kind.is_list() { lists } else { "" };
                Error::Data(format!(
                    "the column {name} holds {kind}: labels are numbers or words{lists}"
                ))
            })?,
        };
        if label.is_empty() {
            let remedy = "fill it in, or drop the row";
            return Err(row(at, format!("the label in column {name} is missing: {remedy}")));
        }
        Ok(label)
    };
    (0..column.len()).map(label).collect()
}

/// The class numbers in the column `label` of reviews. A notebook may have changed it: words are
/// looked up among the class names, and nothing else but a class number is taken for one.
pub fn class_numbers(frame: &DataFrame, class_names: &[String]) -> Result<Vec<i64>> {
    let column = column(frame, "label")?;
    let class_of: HashMap<String, i64> =
        class_names.iter().map(|name| plain(name)).zip(0..).collect();
    let numbers = 0..class_names.len() as i128;
    let class = |label: &str| {
        let index = |value: i128| Some(value as i64).filter(|_| numbers.contains(&value));
        let named = || class_of.get(&plain(label)).copied();
        match column.dtype() {
            DataType::Boolean => named().or_else(|| index(i128::from(label == "true"))),
            kind if kind.is_primitive_numeric() => index(whole(label)?),
            _ => named(),
        }
    };
    let known = |(at, label): (usize, String)| {
        class(&label).ok_or_else(|| {
            let (label, names) = (quote(&label), list(class_names));
            let remedy = "Reviews::from_frame numbers labels anew";
            row(at, format!("the label {label} is none of the classes {names}: {remedy}"))
        })
    };
    labels(column)?.into_iter().enumerate().map(known).collect()
}

/// A number in the shortest way that is read as the same number.
pub fn number(value: &AnyValue) -> Option<String> {
    match value {
        AnyValue::Float32(value) => Some(format!("{value:?}")),
        AnyValue::Float64(value) => Some(format!("{value:?}")),
        // The Display of polars may put in thousands separators.
        _ if value.is_integer() => value.extract::<i128>().map(|value| value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Reviews;
    use crate::dataset::readers::of_frame;
    use polars::prelude::{NamedFrom, Series};

    /// Reviews whose labels a notebook has changed.
    fn changed(labels: Series) -> Reviews {
        let texts = (0..labels.len()).map(|row| format!("text {row}")).collect();
        let mut reviews = Reviews::from_rows(texts, vec![0; labels.len()]).unwrap();
        reviews.frame.with_column(labels.with_name("label".into()).into()).unwrap();
        reviews.class_names = ["neg", "pos"].map(str::to_owned).into();
        reviews
    }

    #[test]
    fn changed_labels_are_class_numbers_or_names() {
        let name = || "label".into();
        for labels in [
            Series::new(name(), ["pos", "neg", " pos"]),
            Series::new(name(), [1_i32, 0, 1]),
            Series::new(name(), [1., -0., 1.]),
            Series::new(name(), [true, false, true]),
        ] {
            let reviews = changed(labels);
            assert_eq!(reviews.labels().unwrap(), [1, 0, 1]);
            assert_eq!(reviews.class_counts().unwrap(), [1, 2]);
        }
    }

    #[test]
    fn nothing_else_becomes_a_class() {
        let name = || "label".into();
        for (labels, value) in [
            (Series::new(name(), ["pos", "meh"]), "\"meh\" is none of the classes neg, pos"),
            (Series::new(name(), ["pos", "1"]), "\"1\" is none of the classes neg, pos"),
            (Series::new(name(), [Some("pos"), None]), "is missing"),
            (Series::new(name(), [0_i64, 2]), "\"2\" is none"),
            (Series::new(name(), [0_i64, -1]), "\"-1\" is none"),
            (Series::new(name(), [Some(1_i64), None]), "is missing"),
            (Series::new(name(), [1., 0.5]), "\"0.5\" is none"),
            (Series::new(name(), [1., f64::NAN]), "is missing"),
            (Series::new(name(), [1., f64::NEG_INFINITY]), "\"-inf\" is none"),
        ] {
            let reviews = changed(labels);
            for error in [reviews.labels().unwrap_err(), reviews.class_counts().unwrap_err()] {
                let error = error.to_string();
                assert!(error.starts_with("row 1 (from 0): the label"), "{error}");
                assert!(error.contains(value), "{value}: {error}");
            }
            assert!(reviews.split(1).is_err() && reviews.write_csv("changed.csv").is_err());
        }
    }

    #[test]
    fn a_missing_text_or_column_is_named() {
        let mut reviews = changed(Series::new("label".into(), [0_i64, 1]));
        reviews.frame.with_column(Column::new("text".into(), [Some("a"), None])).unwrap();
        let error = reviews.texts().unwrap_err().to_string();
        assert!(error.starts_with("row 1 (from 0): no text in column \"text\""), "{error}");
        reviews.frame.drop_in_place("label").unwrap();
        let error = reviews.labels().unwrap_err().to_string();
        assert_eq!(error, "the frame has no column \"label\"; there are text");
    }

    fn frame(labels: Series) -> DataFrame {
        let texts: Vec<String> = (0..labels.len()).map(|row| format!("text {row}")).collect();
        let columns =
            vec![Column::new("message".into(), texts), labels.with_name("kind".into()).into()];
        DataFrame::new_infer_height(columns).unwrap()
    }

    fn complaint<T: std::fmt::Debug>(outcome: Result<T>) -> String {
        outcome.unwrap_err().to_string()
    }

    fn framed(labels: Series) -> Result<(Reviews, Vec<String>)> {
        of_frame(&frame(labels), "message", "kind")
    }

    #[test]
    fn labels_of_a_frame_have_any_type() {
        let name = || "kind".into();
        for labels in [
            Series::new(name(), [1_i64, 0, 1]),
            Series::new(name(), [1_i32, 0, 1]),
            Series::new(name(), [1_u32, 0, 1]),
            Series::new(name(), [1_u64, 0, 1]),
            Series::new(name(), [1_f32, 0., 1.]),
            Series::new(name(), [1_f64, -0., 1.]),
        ] {
            let (reviews, notes) = framed(labels).unwrap();
            assert_eq!(reviews.labels().unwrap(), [1, 0, 1]);
            assert!(notes.is_empty(), "{notes:?}");
        }
        for (labels, names) in [
            (Series::new(name(), ["pos", " neg ", "pos"]), ["neg", "pos"]),
            (Series::new(name(), [true, false, true]), ["false", "true"]),
            (Series::new(name(), [10., 2., 10.]), ["2", "10"]),
            (Series::new(name(), [5_i64, -5, 5]), ["-5", "5"]),
        ] {
            let (reviews, notes) = framed(labels).unwrap();
            assert_eq!(reviews.labels().unwrap(), [1, 0, 1]);
            assert_eq!(reviews.class_names, names);
            assert!(notes[0].starts_with("labels: "), "{notes:?}");
        }
    }

    #[test]
    fn what_is_no_label_or_text_in_a_frame_is_named_by_its_row() {
        let name = || "kind".into();
        for (labels, expected) in [
            (
                Series::new(name(), [Some("a"), None]),
                "row 1 (from 0): the label in column \"kind\" is missing",
            ),
            (
                Series::new(name(), ["a", " "]),
                "row 1 (from 0): the label in column \"kind\" is missing",
            ),
            (
                Series::new(name(), [Some(1_i64), None]),
                "row 1 (from 0): the label in column \"kind\" is missing",
            ),
            (
                Series::new(name(), [1., f64::NAN]),
                "row 1 (from 0): the label in column \"kind\" is missing",
            ),
            (Series::new(name(), [1., 0.5]), "row 1 (from 0): the label 0.5 is no class"),
            (Series::new(name(), [1., f64::INFINITY]), "row 1 (from 0): the label inf is no class"),
            (Series::new_null(name(), 2), "row 0 (from 0): the label"),
            (Series::new(name(), [Series::new(name(), [1_i64])]), "the column \"kind\" holds list"),
        ] {
            let error = complaint(framed(labels));
            assert!(error.starts_with(expected), "{expected}: {error}");
        }
        let mut table = frame(Series::new(name(), [1_i64, 0]));
        let error = complaint(of_frame(&table, "kind", "message"));
        assert!(error.starts_with("the column \"kind\" holds i64, not texts"), "{error}");
        let error = complaint(of_frame(&table, "text", "kind"));
        assert_eq!(error, "the frame has no column \"text\"; there are message, kind");
        table.with_column(Column::new("message".into(), [None, Some("b")])).unwrap();
        let error = complaint(of_frame(&table, "message", "kind"));
        assert!(error.starts_with("row 0 (from 0): no text in column \"message\""), "{error}");
        assert!(
            complaint(of_frame(&table.head(Some(0)), "message", "kind")).contains("no reviews")
        );
    }

    #[test]
    fn the_other_columns_of_a_frame_stay() {
        let mut table = frame(Series::new("kind".into(), ["b", "a"]));
        table.with_column(Column::new("stars".into(), [0.5, 1.5])).unwrap();
        table.with_column(Column::new("label".into(), ["x", "y"])).unwrap();
        let (reviews, _) = of_frame(&table, "message", "kind").unwrap();
        assert_eq!(reviews.frame.get_column_names(), ["text", "label", "stars"]);
        assert_eq!(reviews.labels().unwrap(), [1, 0]);
    }
}
