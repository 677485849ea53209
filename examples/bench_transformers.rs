//! Times the transformers of the library, for `cargo xtask bench`, which runs the same in Python.
//! Each figure is a line: a name and a number.

use std::path::Path;
use std::time::Instant;
use unit8::tch::{self, Tensor};
use unit8::{
    AutoModelForSequenceClassification as Model, Classifier, DataLoader, Dataset, Encodings, Mode,
    Optimizer, Precision, Result, Reviews, Splits, Trainer,
};

/// The folder of another model than the installed one.
const OTHER: &str = "UNIT8_BENCH_MODEL";
const BATCH_SIZE: usize = 12;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number =
        |place: usize| arguments.get(place).and_then(|word| word.parse().ok()).unwrap_or(0);
    match arguments.first().map(String::as_str) {
        Some("tokenize") => tokenize(),
        Some("batches") => batches(number(1), number(2), &arguments[3]),
        Some("train") => train(precision(&arguments[1]), number(2), number(3)),
        Some("forward") => forward(precision(&arguments[1]), number(2), number(3)),
        Some("last-layers") => last_layers(number(1), number(2)),
        Some("predict") => predict(number(1), number(2), &arguments[3]),
        Some("accuracy") => accuracy(&arguments[1], precision(&arguments[2]), number(3) as u32),
        _ => panic!("see xtask/python/bench_transformers.py for the arguments"),
    }
}

fn precision(name: &str) -> Precision {
    if name == "bf16" { Precision::Bf16 } else { Precision::Fp32 }
}

fn model() -> Result<Model> {
    Model::from_pretrained(&std::env::var(OTHER).unwrap_or("all-MiniLM-L6-v2".to_owned()), 2)
}

fn splits() -> Result<Splits> {
    Reviews::installed()?.split(1)
}

/// The first `count` reviews of a split, encoded.
fn load(
    model: &Model,
    reviews: &Reviews,
    count: usize,
    max_length: usize,
) -> Result<DataLoader<Encodings>> {
    let texts = reviews.texts()?;
    let count = count.min(texts.len());
    let encodings = model.tokenizer.encode(&texts[..count], max_length)?;
    DataLoader::new(encodings, reviews.labels()?[..count].to_vec(), BATCH_SIZE)
}

/// Prints the median of five rounds, in seconds.
fn median(what: &str, mut round: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut seconds = Vec::new();
    for _ in 0..5 {
        let started = Instant::now();
        round()?;
        seconds.push(started.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    println!("{what} {}", seconds[2]);
    Ok(seconds[2])
}

/// Part by part, so that nothing is taken from the cache.
fn tokenize() -> Result<()> {
    let model = model()?;
    let texts = splits()?.train.texts()?;
    median("seconds", || {
        for part in texts.chunks(999) {
            model.tokenizer.encode(part, 512)?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Writes the ids and the labels of the batches that `train` and `forward` take.
fn batches(count: usize, max_length: usize, file: &str) -> Result<()> {
    let model = model()?;
    let reviews = splits()?.train;
    let (data, labels) = (load(&model, &reviews, count, max_length)?, reviews.labels()?);
    let batches: Vec<_> = data
        .shuffled(1)
        .into_iter()
        .map(|rows| {
            let row = |row: usize| (data.data().ids(row).unwrap_or_default(), labels[row]);
            rows.into_iter().map(row).collect::<Vec<_>>()
        })
        .collect();
    std::fs::write(file, format!("{batches:?}").replace('(', "[").replace(')', "]"))
        .unwrap_or_else(|error| panic!("{file}: {error}"));
    Ok(())
}

/// Whole-model training, one epoch.
fn train(precision: Precision, count: usize, max_length: usize) -> Result<()> {
    tch::manual_seed(1);
    let model = model()?;
    let data = load(&model, &splits()?.train, count, max_length)?;
    let val = load(&model, &splits()?.val, 1, max_length)?;
    let trainer = Trainer { num_epochs: 1, precision, ..Trainer::default() };
    let started = Instant::now();
    trainer.fit(&model, &data, &val)?;
    println!("examples/s {}", data.len() as f64 / started.elapsed().as_secs_f64());
    println!("peak-MB {}", peak_megabytes());
    Ok(())
}

/// The model without gradients.
fn forward(precision: Precision, count: usize, max_length: usize) -> Result<()> {
    let model = model()?;
    let data = load(&model, &splits()?.train, count, max_length)?;
    let mode = Mode { precision, ..Mode::default() };
    let device = Classifier::<Tensor>::var_store(&model).device();
    let pass = || -> Result<()> {
        for rows in data.shuffled(1) {
            let tokens = data.data().gather(&rows, device)?;
            let _ = tch::no_grad(|| model.forward_t(&tokens, mode));
        }
        Ok(())
    };
    pass()?;
    let started = Instant::now();
    pass()?;
    println!("examples/s {}", data.len() as f64 / started.elapsed().as_secs_f64());
    Ok(())
}

/// Three epochs of the last layers, from texts to the test accuracy; then again with another
/// learning rate.
fn last_layers(count: usize, max_length: usize) -> Result<()> {
    let splits = splits()?;
    let started = Instant::now();
    tch::manual_seed(1);
    let model = model()?;
    model.freeze_all();
    model.unfreeze(&model.last_layers())?;
    let features = |reviews, count| -> Result<_> {
        let data = load(&model, reviews, count, max_length)?;
        let [states] = model.features([data.data()], Precision::fastest())?;
        DataLoader::new(states, data.labels().clone(), BATCH_SIZE)
    };
    let trainer = Trainer { learning_rate: 5e-4, ..Trainer::default() };
    let val = features(&splits.val, count / 10)?;
    let train = features(&splits.train, count)?;
    trainer.fit(&model, &train, &val)?;
    println!("seconds {}", started.elapsed().as_secs_f64());
    let started = Instant::now();
    let (train, val) = (features(&splits.train, count)?, features(&splits.val, count / 10)?);
    Trainer { learning_rate: 1e-3, ..trainer }.fit(&model, &train, &val)?;
    println!("again {}", started.elapsed().as_secs_f64());
    Ok(())
}

/// The answers to reviews, from texts on. Leaves the model and the texts, one in a line, in the
/// folder, for others.
fn predict(count: usize, max_length: usize, folder: &str) -> Result<()> {
    let model = model()?;
    model.save_pretrained(folder)?;
    let texts = &splits()?.test.texts()?[..count];
    let texts: Vec<String> = texts.iter().map(|text| text.replace(['\n', '\r'], " ")).collect();
    let file = Path::new(folder).join("texts.txt");
    std::fs::write(&file, texts.join("\n"))
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let started = Instant::now();
    Trainer::default().predict(&model, &model.tokenizer.encode(&texts, max_length)?)?;
    println!("seconds {}", started.elapsed().as_secs_f64());
    Ok(())
}

/// The test accuracy of a short recipe: 2,000 reviews of 128 tokens, two epochs.
fn accuracy(which: &str, precision: Precision, seed: u32) -> Result<()> {
    let splits = splits()?;
    tch::manual_seed(i64::from(seed));
    let model = model()?;
    if which == "last-layers" {
        model.freeze_all();
        model.unfreeze(&model.last_layers())?;
    }
    let train = load(&model, &splits.train, 2000, 128)?;
    let val = load(&model, &splits.val, 500, 128)?;
    let test = load(&model, &splits.test, 2000, 128)?;
    let learning_rate = if which == "last-layers" { 1e-3 } else { 5e-5 };
    let trainer = Trainer {
        num_epochs: 2,
        learning_rate,
        optimizer: Optimizer::Adam,
        precision,
        seed,
        ..Trainer::default()
    };
    trainer.fit(&model, &train, &val)?;
    println!("accuracy {}", trainer.evaluate(&model, &test)?.accuracy);
    Ok(())
}

/// The most memory that this process has had.
fn peak_megabytes() -> f64 {
    let status = std::fs::read_to_string(Path::new("/proc/self/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.map_or(f64::NAN, |kilobytes| kilobytes / 1e3)
}
