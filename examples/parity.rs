//! What the library says about texts, for tests/python, which compares it with transformers. The
//! last line of the output is JSON.

use serde_json::{from_str, to_string};
use std::fs::read_to_string;
use unit8::tch::{self, Tensor};
use unit8::{
    AutoModelForSequenceClassification as Model, Classifier, Dataset, Encodings, Precision, Result,
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
        ["save", model, folder] => Model::from_pretrained(model, 2)?.save_pretrained(folder)?,
        _ => panic!("see tests/python/test_transformers.py for the arguments"),
    }
    Ok(())
}

fn encode(model: &Model, file: &str, max_length: &str) -> Result<Encodings> {
    let texts: Vec<String> = from_str(&read_to_string(file).unwrap()).unwrap();
    model.tokenizer.encode(&texts, max_length.parse().unwrap())
}

/// A tensor of shape (rows, columns).
fn print(tensor: &Tensor) {
    let rows: Vec<Vec<f32>> = tensor.try_into().unwrap();
    println!("{}", to_string(&rows).unwrap());
}
