//! Files and frames.

use serde_json::{Value, from_value, json};
use std::str::FromStr;
use unit8::polars::prelude::{Column, DataFrame};
use unit8::{CsvOptions, Result, Reviews};

/// The reviews of a file or a frame, or why there are none.
pub fn reviews(case: &Value) -> Value {
    let read = || match case["path"].as_str() {
        Some(path) if path.ends_with(".jsonl") => Reviews::from_json_lines(path, "text", "label"),
        Some(path) => {
            let option = |name: &str| case[name].as_str().map(str::to_owned);
            let options = CsvOptions {
                separator: option("separator").and_then(|separator| separator.chars().next()),
                encoding: option("encoding"),
                header: case["header"] != false,
                drop_missing: case["drop_missing"] == true,
                class_names: from_value(case["class_names"].clone()).unwrap(),
                ..Default::default()
            };
            let names = if options.header { ["text", "label"] } else { ["0", "1"] };
            Reviews::from_csv_with(path, names[0], names[1], &options)
        }
        None => Reviews::from_frame(&frame(case)?, "text", "label"),
    };
    let rows = |reviews: Reviews| {
        let (texts, labels) = (reviews.texts()?, reviews.labels()?.to_vec());
        Result::Ok(json!({ "texts": texts, "labels": labels, "names": reviews.class_names }))
    };
    read().and_then(rows).unwrap_or_else(|error| json!({ "error": error.to_string() }))
}

/// The labels of texts that may have several, or why there are none.
pub fn label_file(case: &Value) -> Result<Value> {
    let columns: Vec<&str> =
        case["columns"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let path = case["path"].as_str().unwrap();
    let separator = case["separator"].as_str().and_then(|separator| separator.chars().next());
    let options = CsvOptions { label_separator: separator, ..Default::default() };
    let reviews = match path.ends_with(".jsonl") {
        true => Reviews::from_json_lines_multi_label(path, "text", &columns),
        false => Reviews::from_csv_multi_label(path, "text", &columns, &options),
    };
    let rows = |reviews: Reviews| {
        let labels = reviews.multi_labels()?;
        Result::Ok(
            json!({ "texts": reviews.texts()?, "rows": labels.rows(), "names": labels.class_names() }),
        )
    };
    Ok(reviews.and_then(rows).unwrap_or_else(|error| json!({ "error": error.to_string() })))
}

/// A frame with labels of a type that the case names.
fn frame(case: &Value) -> Result<DataFrame> {
    fn column<T: FromStr>(labels: &[Option<String>]) -> Vec<Option<T>> {
        labels.iter().map(|label| label.as_ref().and_then(|label| label.parse().ok())).collect()
    }
    let texts: Vec<Option<String>> = from_value(case["texts"].clone()).unwrap();
    let labels: Vec<Option<String>> = from_value(case["labels"].clone()).unwrap();
    let name = || "label".into();
    let labels = match case["type"].as_str().unwrap() {
        "i32" => Column::new(name(), column::<i32>(&labels)),
        "i64" => Column::new(name(), column::<i64>(&labels)),
        "u32" => Column::new(name(), column::<u32>(&labels)),
        "u64" => Column::new(name(), column::<u64>(&labels)),
        "f32" => Column::new(name(), column::<f32>(&labels)),
        "f64" => Column::new(name(), column::<f64>(&labels)),
        "bool" => Column::new(name(), column::<bool>(&labels)),
        _ => Column::new(name(), labels),
    };
    Ok(DataFrame::new_infer_height(vec![Column::new("text".into(), texts), labels])?)
}
