//! Times the word counts of 8.2. `cargo xtask bench` runs it beside scikit-learn.

use std::time::Instant;
use unit8::{CountVectorizer, Reviews, StopWords};

fn main() -> unit8::Result<()> {
    let texts = Reviews::imdb()?.texts()?;
    let vectorizer = CountVectorizer {
        max_features: Some(10_000),
        stop_words: StopWords::English,
        ..Default::default()
    };
    let mut seconds = Vec::new();
    for _ in 0..5 {
        let started = Instant::now();
        let (fitted, _) = vectorizer.fit_transform(&texts)?;
        fitted.transform(&texts);
        seconds.push(started.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    println!("{}", seconds[2]);
    Ok(())
}
