//! What the library says about texts and files, for tests/python, which compares it with transformers
//! and pandas. The last line of the output is JSON.

mod data;
mod numbers;

use data::{label_file, reviews};
use numbers::{blocks, keep_runs, labels, losses, metrics};
use serde_json::{Value, from_str, json, to_string};
use std::fs::read_to_string;
use unit8::tch::{self, Tensor};
use unit8::{
    AutoModelForSequenceClassification as Model, Classifier, DataLoader, Dataset, DistilBertConfig,
    Encodings, Lora, Mode, MultiLabels, Precision, Result, Tokenizer, Trainer,
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
            let model = Model::from_pretrained_with_new_head(model, 2)?;
            model.freeze_all();
            let texts = encode(&model, texts, length)?;
            let [states] = model.features([&texts], Precision::Fp32)?;
            print(states.tensor());
        }
        ["gradients", model, texts, length, file] => {
            let model = Model::from_pretrained(model, 3)?;
            let texts = encode(&model, texts, length)?;
            let rows: Vec<usize> = (0..texts.len()).collect();
            let labels: Vec<i64> = (0..texts.len() as i64).map(|row| row % 3).collect();
            let logits = model.forward(&texts.gather(&rows, unit8::device())?);
            logits
                .cross_entropy_for_logits(&Tensor::from_slice(&labels).to_device(unit8::device()))
                .backward();
            let parameters = model.named_parameters().into_iter();
            let gradients: Vec<_> = parameters.map(|(name, p)| (name, p.grad())).collect();
            Tensor::write_safetensors(&gradients, file)?;
        }
        ["dropout", model, texts, length] => {
            let model = Model::from_pretrained(model, 3)?;
            let texts = encode(&model, texts, length)?;
            let rows: Vec<usize> = (0..texts.len()).collect();
            let tokens = texts.gather(&rows, unit8::device())?;
            tch::manual_seed(1);
            let mode = Mode { train: true, ..Mode::default() };
            print(&tch::no_grad(|| model.forward_t(&tokens, mode)));
        }
        ["hidden", model, texts, length] => {
            let model = Model::from_pretrained(model, 2)?;
            let texts = encode(&model, texts, length)?;
            let rows: Vec<usize> = (0..texts.len()).collect();
            let tokens = texts.gather(&rows, unit8::device())?;
            let hidden = tch::no_grad(|| model.last_hidden_state(&tokens, Mode::default()))?;
            print(&hidden.flatten(0, 1)); // (B, T, D) -> (B T, D)
        }
        ["untrained", config, folder] => {
            tch::manual_seed(1);
            let tokenizer = Tokenizer::from_pretrained("all-MiniLM-L6-v2")?;
            let config: DistilBertConfig = from_str(config).unwrap();
            Model::from_config(&config, &tokenizer, 2)?.save_pretrained(folder)?;
        }
        ["cut", texts, size, folder] => {
            let tokenizer = Tokenizer::from_pretrained("all-MiniLM-L6-v2")?;
            let texts: Vec<String> = from_str(&read_to_string(texts).unwrap()).unwrap();
            let seen = tokenizer.encode(&texts, 512)?;
            let cut = tokenizer.cut_to(size.parse().unwrap(), &seen)?;
            let config = DistilBertConfig { dim: 12, n_layers: 1, ..Default::default() };
            Model::from_config(&config, &cut, 2)?.save_pretrained(folder)?;
        }
        ["explain", model, texts, length] => {
            let model = Model::from_pretrained(model, 3)?;
            let texts: Vec<String> = from_str(&read_to_string(texts).unwrap()).unwrap();
            let explain = |text: &String| -> Result<Value> {
                let explained = model.explain(text, length.parse().unwrap())?;
                let ends = [explained.baseline, explained.logit];
                Ok(json!({ "class": explained.class, "words": explained.words, "ends": ends }))
            };
            let all: Vec<Value> = texts.iter().map(explain).collect::<Result<_>>()?;
            println!("{}", to_string(&all).unwrap());
        }
        ["losses", file] => each_case(file, losses)?,
        ["metrics", file] => each_case(file, metrics)?,
        ["labels", file] => each_case(file, labels)?,
        ["label-files", file] => each_case(file, label_file)?,
        ["multi-label", model, texts, length, rows, folder] => {
            let model = Model::from_pretrained(model, 3)?;
            let rows: Vec<Vec<bool>> = from_str(rows).unwrap();
            let labels = MultiLabels::new(rows, ["ham", "spam", "egg"])?;
            let data = DataLoader::new(encode(&model, texts, length)?, labels, 2)?;
            let trainer = Trainer { num_epochs: 1, quiet: true, ..Trainer::default() };
            trainer.fit(&model, &data, &data)?;
            model.save_pretrained(folder)?;
            let answers = trainer.predict_multi_label(&model, data.data())?;
            println!("{}", to_string(&answers.probabilities).unwrap());
        }
        ["sigmoids", model, texts, length] => {
            let model = Model::from_pretrained(model, 3)?;
            let texts = encode(&model, texts, length)?;
            let answers = Trainer::default().predict_multi_label(&model, &texts)?;
            println!("{}", to_string(&answers.probabilities).unwrap());
        }
        ["blocks", model, texts, folder, settings] => {
            let model = Model::from_pretrained(model, 3)?;
            let case: Value = from_str(settings).unwrap();
            let data = encode(&model, texts, "16")?;
            let labels: Vec<i64> = (0..data.len() as i64).map(|row| row % 3).collect();
            let batch_size = data.len(); // a step for each epoch
            let data = DataLoader::new(data, labels, batch_size)?;
            blocks(&case).fit(&model, &data, &data)?;
            model.save_pretrained(folder)?;
        }
        ["lora", model, adapter, texts, folder] => {
            let model = Model::from_pretrained(model, 3)?;
            tch::manual_seed(1);
            match adapter {
                "new" => model.add_lora(&Lora { rank: 4, ..Lora::default() })?,
                folder => model.load_adapter(folder)?,
            }
            let data = encode(&model, texts, "16")?;
            let labels: Vec<i64> = (0..data.len() as i64).map(|row| row % 3).collect();
            let data = DataLoader::new(data, labels, 2)?;
            let (num_epochs, learning_rate) = (2, 1e-2);
            let trainer = Trainer { num_epochs, learning_rate, quiet: true, ..Trainer::default() };
            trainer.fit(&model, &data, &data)?;
            model.save_adapter(format!("{folder}/adapter"))?;
            model.save_pretrained(format!("{folder}/merged"))?;
            let rows: Vec<usize> = (0..data.len()).collect();
            let tokens = data.data().gather(&rows, unit8::device())?;
            print(&tch::no_grad(|| model.forward(&tokens)));
        }
        ["adapted", model, adapter, texts] => {
            let model = Model::from_pretrained(model, 3)?;
            model.load_adapter(adapter)?;
            let texts = encode(&model, texts, "16")?;
            let rows: Vec<usize> = (0..texts.len()).collect();
            let tokens = texts.gather(&rows, unit8::device())?;
            print(&tch::no_grad(|| model.forward(&tokens)));
        }
        ["names", model, folder, names] => {
            let model = Model::from_pretrained(model, 2)?;
            model.set_class_names(&from_str::<Vec<String>>(names).unwrap())?;
            model.save_pretrained(folder)?;
        }
        ["predictions", model, texts, length] => {
            let model = Model::from_finetuned(model)?;
            let texts = encode(&model, texts, length)?;
            let predictions = Trainer::default().predict(&model, &texts)?;
            println!("{}", to_string(&predictions.probabilities).unwrap());
        }
        ["reviews", cases] => {
            let cases: Vec<Value> = from_str(&read_to_string(cases).unwrap()).unwrap();
            println!("{}", to_string(&cases.iter().map(reviews).collect::<Vec<_>>()).unwrap());
        }
        ["runs", folder] => keep_runs(folder)?,
        ["save", model, folder] => Model::from_pretrained(model, 2)?.save_pretrained(folder)?,
        _ => panic!("see tests/python for the arguments"),
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

/// Prints what is said about each of the cases in a file.
fn each_case(file: &str, say: impl Fn(&Value) -> Result<Value>) -> Result<()> {
    let cases: Vec<Value> = from_str(&read_to_string(file).unwrap()).unwrap();
    let said: Vec<Value> = cases.iter().map(say).collect::<Result<_>>()?;
    println!("{}", to_string(&said).unwrap());
    Ok(())
}
