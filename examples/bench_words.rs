//! Times parts of the library, medians of five. `cargo xtask bench` runs it beside Python:
//! `bench_words counts`, `bench_words training` or `bench_words archive <aclImdb_v1.tar.gz>`.

use std::time::Instant;
use unit8::tch::{Device, Tensor, nn};
use unit8::{
    Classifier, CountVectorizer, DataLoader, Features, Optimizer, Result, Reviews, StopWords,
    Trainer,
};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["counts"] => counts(),
        ["training"] => training(),
        ["archive", path] => archive(path),
        _ => panic!("bench_words counts | training | archive <file>"),
    }
}

fn vectorizer() -> CountVectorizer {
    CountVectorizer {
        max_features: Some(10_000),
        stop_words: StopWords::English,
        ..Default::default()
    }
}

/// Prints the median time of five rounds, in seconds.
fn measure(what: &str, mut round: impl FnMut() -> Result<()>) -> Result<()> {
    let mut seconds = Vec::new();
    for _ in 0..5 {
        let started = Instant::now();
        round()?;
        seconds.push(started.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    println!("{what} {}", seconds[2]);
    Ok(())
}

/// The word counts of 8.2: fit, then transform, all 25,000 reviews.
fn counts() -> Result<()> {
    let texts = Reviews::installed()?.texts()?;
    let (_, counts) = vectorizer().fit_transform(&texts)?;
    println!("megabytes {}", counts.memory_bytes() as f64 / 1e6);
    measure("seconds", || {
        let (fitted, _) = vectorizer().fit_transform(&texts)?;
        fitted.transform(&texts)?;
        Ok(())
    })
}

struct LogisticRegression {
    store: nn::VarStore,
    linear: nn::Linear,
    dense: bool,
}

impl Classifier<Features> for LogisticRegression {
    fn forward(&self, features: &Features) -> Tensor {
        if self.dense {
            features.dense().apply(&self.linear)
        } else {
            features.linear(&self.linear)
        }
    }

    fn var_store(&self) -> &nn::VarStore {
        &self.store
    }
}

/// The training of 8.2, with all counts and with those alone that are not 0.
fn training() -> Result<()> {
    let splits = Reviews::installed()?.split(1)?;
    let (fitted, counts) = vectorizer().fit_transform(&splits.train.texts()?)?;
    let load = |counts, reviews: &Reviews| DataLoader::new(counts, reviews.labels()?, 32);
    let train = load(counts, &splits.train)?;
    let val = load(fitted.transform(&splits.val.texts()?)?, &splits.val)?;
    let test = load(fitted.transform(&splits.test.texts()?)?, &splits.test)?;
    let trainer = Trainer {
        num_epochs: 30,
        learning_rate: 0.05,
        optimizer: Optimizer::Sgd,
        ..Default::default()
    };
    for (name, dense) in [("dense", true), ("sparse", false)] {
        let mut accuracy = 0.0;
        measure(name, || {
            unit8::tch::manual_seed(1);
            let store = nn::VarStore::new(Device::Cpu);
            let linear = nn::linear(store.root(), 10_000, 2, Default::default());
            let model = LogisticRegression { store, linear, dense };
            trainer.fit(&model, &train, &val)?;
            accuracy = trainer.evaluate(&model, &test)?.accuracy;
            Ok(())
        })?;
        println!("{name}-accuracy {accuracy}");
    }
    Ok(())
}

/// The archive of all reviews into a DataFrame, and what is then kept of it.
fn archive(path: &str) -> Result<()> {
    let kept = std::path::Path::new(path).with_file_name("kept.csv");
    Reviews::from_imdb_archive(path)?.write_csv(&kept)?;
    measure("cold", || Reviews::from_imdb_archive(path).map(drop))?;
    measure("cached", || Reviews::from_csv(&kept, "text", "label").map(drop))
}
