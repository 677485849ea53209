//! Times steps of whole-model training on the device there is, for xtask/python/bench_gpu.py.

use std::time::Instant;
use unit8::{AutoModelForSequenceClassification as Model, DataLoader, Precision, Result, Trainer};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, precision, lengths, numbers @ ..] = &arguments[..] else {
        panic!("see bench_gpu.py")
    };
    let numbers: Vec<usize> = numbers.iter().filter_map(|word| word.parse().ok()).collect();
    let [batch_size, length, steps] = numbers[..] else { panic!("see bench_gpu.py") };
    let precision = if precision == "bf16" { Precision::Bf16 } else { Precision::Fp32 };

    let model = Model::from_pretrained(folder, 2)?;
    println!("device {:?}", model.var_store().device());
    let data = |steps: usize| -> Result<_> {
        let rows = batch_size * steps;
        let texts: Vec<String> = match lengths.as_str() {
            "mixed" => (0..rows).map(|row| text(row, 1 + row * 7919 % length)).collect(),
            _ => (0..rows).map(|row| text(row, length)).collect(),
        };
        let labels: Vec<i64> = (0..rows).map(|row| (row % 2) as i64).collect();
        DataLoader::new(model.tokenizer.encode(&texts, length)?, labels, batch_size)
    };
    let trainer = Trainer { num_epochs: 1, precision, ..Trainer::default() };
    let val = data(1)?;
    let seconds = |steps: usize| -> Result<f64> {
        let train = data(steps)?;
        let started = Instant::now();
        trainer.fit(&model, &train, &val)?;
        Ok(started.elapsed().as_secs_f64())
    };
    // What a training does besides its steps is in both times.
    seconds(3)?;
    let (one, more) = (seconds(1)?, seconds(1 + steps)?);
    println!("examples/s {}", (batch_size * steps) as f64 / (more - one));
    Ok(())
}

/// As many words of the vocabulary as there are tokens; nothing is padded.
fn text(row: usize, length: usize) -> String {
    let words = (0..length).map(|place| 4 + (row * 7919 + place * 104_729) % 30_518);
    words.map(|word| format!("w{word} ")).collect()
}
