//! What the library says about texts and files, for tests/python, which compares it with transformers
//! and pandas. The last line of the output is JSON.

use serde_json::{Value, from_str, from_value, json, to_string};
use std::fs::read_to_string;
use std::str::FromStr;
use unit8::polars::prelude::{Column, DataFrame};
use unit8::tch::nn::VarStore;
use unit8::tch::{self, Device, Tensor};
use unit8::{
    AutoModelForSequenceClassification as Model, ClassMetrics, ClassWeights, Classifier,
    CsvOptions, DataLoader, Dataset, DistilBertConfig, Encodings, EpochMetrics, History, Lora,
    Metric, Mode, MultiLabels, Optimizer, Precision, Result, Reviews, Run, Runs, StepMetrics,
    Targets, ThresholdCurve, Tokenizer, Trainer,
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

/// The labels of texts that may have several, or why there are none.
fn label_file(case: &Value) -> Result<Value> {
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

/// Logits that somebody else has calculated, as data ...
struct Logits(Tensor);

impl Dataset for Logits {
    type Batch = Tensor;

    fn len(&self) -> usize {
        self.0.size()[0] as usize
    }

    fn gather(&self, rows: &[usize], _device: Device) -> Result<Tensor> {
        let rows: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
        Ok(self.0.index_select(0, &Tensor::from_slice(&rows)))
    }
}

/// ... and a model that passes them on, times 1.
struct Factor(VarStore, Tensor);

impl Factor {
    fn new() -> Factor {
        let store = VarStore::new(Device::Cpu);
        let one = store.root().ones("one", &[1]);
        Factor(store, one)
    }
}

impl Classifier<Tensor> for Factor {
    fn forward(&self, logits: &Tensor) -> Tensor {
        logits * &self.1
    }

    fn var_store(&self) -> &VarStore {
        &self.0
    }
}

fn loader(case: &Value, batch_size: usize) -> Result<DataLoader<Logits>> {
    let rows: Vec<Vec<f32>> = from_str(&case["logits"].to_string()).unwrap();
    let labels: Targets = match case["labels"][0].is_array() {
        false => from_value::<Vec<i64>>(case["labels"].clone()).unwrap().into(),
        true => {
            let labels: Vec<Vec<bool>> = from_value(case["labels"].clone()).unwrap();
            let names: Vec<String> = (0..rows[0].len()).map(|class| class.to_string()).collect();
            MultiLabels::new(labels, names)?.into()
        }
    };
    DataLoader::new(Logits(Tensor::from_slice2(&rows)), labels, batch_size)
}

/// The losses of a training that learns nothing, for train and val, and the macro F1.
fn losses(case: &Value) -> Result<Value> {
    let data = loader(case, case["batch_size"].as_u64().unwrap() as usize)?;
    let trainer = Trainer {
        num_epochs: 1,
        learning_rate: 1e-30,
        class_weights: match &case["weights"] {
            Value::Null => ClassWeights::Equal,
            Value::String(_) => ClassWeights::Balanced,
            weights => ClassWeights::Given(from_str(&weights.to_string()).unwrap()),
        },
        label_smoothing: case["smoothing"].as_f64().unwrap(),
        accumulation_steps: 2,
        best_by: Metric::MacroF1,
        quiet: true,
        ..Trainer::default()
    };
    let history = trainer.fit(&Factor::new(), &data, &data)?;
    let epoch = &history.epochs[0];
    Ok(json!([epoch.train_loss, epoch.val_loss, epoch.val_macro_f1, epoch.val_accuracy]))
}

/// Three steps, each an epoch, with a learning rate for each block.
fn blocks(case: &Value) -> Trainer {
    Trainer {
        num_epochs: 3,
        learning_rate: 1e-4,
        optimizer: if case["optimizer"] == "Adam" { Optimizer::Adam } else { Optimizer::AdamW },
        layer_decay: case["layer_decay"].as_f64().unwrap(),
        gradual_unfreezing: case["gradual"].as_u64().map(|epochs| epochs as usize),
        best_by: Metric::Loss,
        quiet: true,
        ..Trainer::default()
    }
}

/// What is measured of examples with several labels, at the case's threshold.
fn labels(case: &Value) -> Result<Value> {
    let threshold = case["threshold"].as_f64().unwrap() as f32;
    let evaluation = Trainer::default()
        .evaluate_multi_label(&Factor::new(), &loader(case, 8)?)?
        .with_threshold(threshold)?;
    let numbers = |m: &ClassMetrics| json!([m.precision, m.recall, m.f1, m.support]);
    let areas = |class: &String| {
        let [roc, precision] = [evaluation.roc(class), evaluation.precision_recall(class)];
        json!([roc.ok().map(|curve| curve.area), precision.ok().map(|curve| curve.area)])
    };
    Ok(json!({
        "probabilities": evaluation.predictions.probabilities,
        "names": evaluation.predictions.names(),
        "loss": evaluation.loss,
        "accuracy": evaluation.accuracy(),
        "hamming": evaluation.hamming_loss(),
        "classes": evaluation.class_metrics().iter().map(numbers).collect::<Vec<_>>(),
        "micro": numbers(&evaluation.micro_avg()),
        "macro": numbers(&evaluation.macro_avg()),
        "weighted": numbers(&evaluation.weighted_avg()),
        "samples": numbers(&evaluation.samples_avg()),
        "areas": evaluation.labels.class_names().iter().map(areas).collect::<Vec<_>>(),
    }))
}

fn metrics(case: &Value) -> Result<Value> {
    let evaluation = Trainer::default().evaluate(&Factor::new(), &loader(case, 8)?)?;
    let numbers = |m: &ClassMetrics| json!([m.precision, m.recall, m.f1, m.support]);
    let curve = |curve: Result<ThresholdCurve>| {
        curve.ok().map(|curve| {
            let thresholds = &curve.thresholds[1..];
            json!({ "points": curve.points, "thresholds": thresholds, "area": curve.area })
        })
    };
    let issues = evaluation.label_issues();
    Ok(json!({
        "probabilities": evaluation.predictions.probabilities,
        "loss": evaluation.loss,
        "classes": evaluation.class_metrics().iter().map(numbers).collect::<Vec<_>>(),
        "macro": numbers(&evaluation.macro_avg()),
        "weighted": numbers(&evaluation.weighted_avg()),
        "label_issues": issues.iter().map(|issue| (issue.row, issue.suggestion)).collect::<Vec<_>>(),
        "roc": curve(evaluation.roc()),
        "precision_recall": curve(evaluation.precision_recall()),
    }))
}

/// Three runs, and their files for pandas and TensorBoard.
fn keep_runs(folder: &str) -> Result<()> {
    let mut runs = Runs::open(format!("{folder}/runs"))?;
    for (number, name) in (1..).zip(["first", "a, \"b\"\n\u{1f600}", "third"]) {
        let share = f64::from(number) / 7.0;
        let epoch = |epoch| EpochMetrics {
            epoch,
            train_loss: share / epoch as f64,
            train_accuracy: 0.5,
            val_loss: 1.0 / 3.0,
            val_accuracy: share,
            val_macro_f1: None,
        };
        let step = StepMetrics { epoch: 0.5, train_loss: 0.25, train_accuracy: 0.75 };
        let history = History {
            epochs: (1..=number as usize).map(epoch).collect(),
            steps: vec![step],
            ..History::default()
        };
        let trainer = Trainer { learning_rate: share * 1e-5, ..Trainer::default() };
        let run = Run::trained(name, &trainer, &history).with("layers", "last two").note("a note");
        runs.keep(run.result("test accuracy", share * share).result("nothing", f64::NAN))?;
    }
    runs.write_csv(format!("{folder}/runs.csv"))?;
    runs.write_tensorboard(format!("{folder}/tensorboard"))
}
