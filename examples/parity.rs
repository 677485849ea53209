//! What the library says about texts and files, for tests/python, which compares it with transformers
//! and pandas. The last line of the output is JSON.

use serde_json::{Value, from_str, from_value, json, to_string};
use std::fs::read_to_string;
use std::str::FromStr;
use unit8::polars::prelude::{Column, DataFrame};
use unit8::tch::{self, Tensor};
use unit8::{
    AutoModelForSequenceClassification as Model, Classifier, CsvOptions, Dataset, Encodings,
    Precision, Result, Reviews,
};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["ids", model, texts, length] => {
            let texts = encode(&Model::from_pretrained(model, 2)?, texts, length)?;
            let ids: Vec<_> = (0..texts.len()).map(|row| texts.ids(row)).collect();
            println!("{}", to_string(&ids).unwrap());
        }
        ["logits", model, texts, length, classes] => {
            let model = Model::from_pretrained(model, classes.parse().unwrap())?;
            let texts = encode(&model, texts, length)?;
            let rows: Vec<usize> = (0..texts.len()).collect();
            let tokens = texts.gather(&rows, unit8::device())?;
            print(&tch::no_grad(|| model.forward(&tokens)));
        }
        ["features", model, texts, length] => {
            let model = Model::from_pretrained(model, 2)?;
            model.freeze_all();
            let texts = encode(&model, texts, length)?;
            let [states] = model.features([&texts], Precision::Fp32)?;
            print(states.tensor());
        }
        ["reviews", cases] => {
            let cases: Vec<Value> = from_str(&read_to_string(cases).unwrap()).unwrap();
            println!("{}", to_string(&cases.iter().map(reviews).collect::<Vec<_>>()).unwrap());
        }
        ["save", model, folder] => Model::from_pretrained(model, 2)?.save_pretrained(folder)?,
        _ => panic!("see tests/python for the arguments"),
    }
    Ok(())
}

fn encode(model: &Model, file: &str, max_length: &str) -> Result<Encodings> {
    let texts: Vec<String> = from_str(&read_to_string(file).unwrap()).unwrap();
    model.tokenizer.encode(&texts, max_length.parse().unwrap())
}

/// The reviews of a file or a frame, or why there are none.
fn reviews(case: &Value) -> Value {
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

/// A tensor of shape (rows, columns).
fn print(tensor: &Tensor) {
    let rows: Vec<Vec<f32>> = tensor.try_into().unwrap();
    println!("{}", to_string(&rows).unwrap());
}
