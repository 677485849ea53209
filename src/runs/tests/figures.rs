//! What several seeds have in common, and its pictures.

use super::*;

#[test]
fn several_seeds_are_a_mean_and_hyperparameters_are_pictures() {
    let mut kept = Vec::new();
    for (rate, batch_size, accuracies) in [
        (1e-4, 16, [0.7, 0.8]),
        (1e-2, 16, [0.9, 0.9]),
        (1e-4, 32, [0.6, 0.7]),
        (1e-2, 32, [0.5, 0.7]),
    ] {
        for (seed, accuracy) in (1..).zip(accuracies) {
            let trainer = Trainer { learning_rate: rate, seed, ..Trainer::default() };
            let run = Run::trained("a", &trainer, &history(&[accuracy]));
            kept.push(run.with("batch_size", batch_size));
        }
    }
    let mut failed = kept[0].clone().with("seed", 3);
    (failed.history, failed.error) = (History::default(), Some("diverged".to_owned()));
    kept.push(failed);
    let runs = runs("seeds", kept);
    let over = runs.over_seeds("val accuracy").unwrap();
    assert_eq!(over.summaries.len(), 4);
    assert_eq!((over.summaries[0].mean, over.summaries[0].std), (0.9, Some(0.0)));
    assert_eq!(over.summaries[0].get::<f64>("learning_rate").unwrap(), 1e-2);
    assert_eq!(over.summaries[1].missing, 1);
    assert!(over.to_html().text().contains("75.00 % ± 7.07 %"), "{}", over.to_html().text());
    let one = texts(&runs.figure_over(&["learning_rate"], "val accuracy").unwrap()).join(" ");
    for words in ["batch_size 16", "batch_size 32", "1e-4", "val accuracy (%)", "1 run failed"] {
        assert!(one.contains(words), "{words}: {one}");
    }
    let two = runs.figure_over(&["batch_size", "learning_rate"], "val accuracy").unwrap();
    let two = texts(&two).join(" ");
    assert!(two.contains("16") && two.contains("75.00 %") && two.contains("90.00 %"), "{two}");
    let wrong = runs.figure_over(&["rate"], "val accuracy").unwrap_err().to_string();
    assert!(wrong.contains("those that differ are batch_size, learning_rate"), "{wrong}");
    assert!(runs.figure_over(&[], "val accuracy").is_err());
}

#[test]
fn a_seed_counts_once_and_other_data_is_told_apart() {
    let of = |seed: u32, accuracy: f64, data: &str, model: &str| {
        let trainer = Trainer { seed, ..Trainer::default() };
        let mut run = Run::trained("a", &trainer, &history(&[accuracy])).with("width", 1);
        (run.fingerprints.train, run.fingerprints.model) = (data.to_owned(), model.to_owned());
        run
    };
    let mut again = of(1, 0.5, "x", "m");
    (again.history, again.error) = (History::default(), Some("diverged".to_owned()));
    let same = vec![of(1, 0.7, "x", "m"), of(1, 0.7, "x", "m"), again];
    let over = runs("again", same.clone()).over_seeds("val accuracy").unwrap();
    let one = &over.summaries[0];
    assert_eq!((one.values.as_slice(), one.std, one.missing), (&[0.7][..], None, 0));
    assert!(over.to_html().text().contains("2 runs done again, not counted twice"));
    let models = runs("models", vec![of(1, 0.7, "x", "m"), of(1, 0.8, "x", "n")]);
    let text = models.over_seeds("val accuracy").unwrap().to_html().text().to_owned();
    assert!(text.contains("one seed has several models"), "{text}");
    let data = runs("data", vec![of(1, 0.7, "x", "m"), of(1, 0.8, "y", "m")]);
    let text = data.over_seeds("val accuracy").unwrap().to_html().text().to_owned();
    assert!(text.contains("x/") && text.contains("y/") && !text.contains("models"), "{text}");
    let drawn = texts(&data.figure_over(&["width"], "val accuracy").unwrap()).join(" ");
    assert!(drawn.contains("data x/") && drawn.contains("data y/"), "{drawn}");
}

#[test]
fn what_is_too_much_to_be_shown_is_said() {
    let trained = |number: usize| {
        let run = run("a", 0.1, 0.5).with("width", number);
        run.with("kind", if number < 60 { "a" } else { "b" })
    };
    let runs = runs("many", (0..120).map(trained).collect());
    let over = runs.over_seeds("val accuracy").unwrap().to_html();
    assert!(over.text().contains("(the first 100 of 120)"), "{}", over.text());
    assert!(over.text().lines().count() < 105);
    let drawn = texts(&runs.figure_over(&["width", "kind"], "val accuracy").unwrap()).join(" ");
    assert!(drawn.contains("the first 12 of 120 values of width"), "{drawn}");
}

#[test]
fn ways_that_have_recipes_of_their_own_are_one_series_the_best_first() {
    let way = |way: &str, rate: f64, accuracy: f64| run(way, rate, accuracy).with("way", way);
    let ways = [("counting words", 0.1, 0.7), ("last layers", 0.2, 0.6), ("whole model", 0.3, 0.8)];
    let runs = runs("ways", ways.map(|(name, rate, accuracy)| way(name, rate, accuracy)).into());
    let drawn = texts(&runs.figure_over(&["way"], "val accuracy").unwrap()).join(" ");
    assert!(drawn.contains("the points differ in learning_rate, too"), "{drawn}");
    assert!(!drawn.contains("learning_rate 0.1"), "no legend: {drawn}");
    // At the left, drawn from below.
    assert!(drawn.contains("last layers counting words whole model"), "{drawn}");
}
