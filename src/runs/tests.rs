mod figures;

use super::*;
use crate::display::Show;
use crate::files::test_folder;
use crate::interrupt::PRETENDED;
use crate::metrics::{EpochMetrics, StepMetrics};
use crate::plots::tests::texts;
use crate::trainer::Optimizer;
use crate::trainer::tests::{Model, alone, by_word, data};
use std::fs;
use std::time::Instant;

fn epoch(epoch: usize, val_accuracy: f64) -> EpochMetrics {
    let (train_loss, train_accuracy, val_loss) = (0.1 + 0.2, 0.8, 1.0 / 3.0);
    EpochMetrics { epoch, train_loss, train_accuracy, val_loss, val_accuracy, val_macro_f1: None }
}

fn history(accuracies: &[f64]) -> History {
    let epochs = (1..).zip(accuracies).map(|(number, accuracy)| epoch(number, *accuracy));
    let step = |number: u32| StepMetrics {
        epoch: f64::from(number) / 20.0,
        train_loss: 1.0 / f64::from(number + 3),
        train_accuracy: 0.123456789,
    };
    let steps = (1..=20 * accuracies.len() as u32).map(step).collect();
    History { epochs: epochs.collect(), steps, ..History::default() }
}

fn run(name: &str, learning_rate: f64, accuracy: f64) -> Run {
    let trainer = Trainer { learning_rate, ..Trainer::default() };
    Run::trained(name, &trainer, &history(&[accuracy]))
}

/// Runs in a folder of their own.
fn runs(name: &str, kept: Vec<Run>) -> Runs {
    let mut runs = Runs::open(test_folder(&format!("runs-{name}")).join("logs")).unwrap();
    kept.into_iter().for_each(|run| drop(runs.keep(run).unwrap()));
    runs
}

fn names(runs: &Runs) -> Vec<&str> {
    runs.iter().map(|run| run.name.as_str()).collect()
}

#[test]
fn runs_come_back_to_the_last_bit_whatever_they_are_called() {
    let long = "x".repeat(300);
    let strange = [
        "a/b\\c",
        "../..",
        "\u{1f600} \u{202e}",
        ".",
        "CON",
        "\0\n\u{1b}[31m",
        &long,
        "same",
        "same",
    ];
    let kept = strange.map(|name| {
        let run = run(name, 1e-300, 0.1 + 0.7).with("max_length", 128).with("text", "a \"b\"\n");
        run.result("nothing", f64::NAN).result("much", f64::NEG_INFINITY).note("<b>")
    });
    let mut stopped = run("stopped", 0.1, 0.5).with("none", None::<f64>);
    (stopped.history.stopped, stopped.history.multi_label) = (true, true);
    stopped.history.epochs.clear();
    let runs = runs("names", [kept.to_vec(), vec![stopped]].concat());
    let again = Runs::open(&runs.folder).unwrap();
    assert_eq!(names(&again), names(&runs));
    assert_eq!(again.len(), 10);
    for (one, other) in runs.iter().zip(&again) {
        // NaN is not itself.
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
    }
    assert_eq!(again.named("stopped").runs[0].get::<Option<f64>>("none").unwrap(), None);
    let table = again.to_html();
    assert!(!table.html().contains("\u{1b}") && !table.text().contains("\u{1b}"));
    assert!(!table.html().contains('\u{202e}') && !table.html().contains("<b><"));
    for name in ["", " \n"] {
        let error = again.clone().keep(Run::new(name)).unwrap_err().to_string();
        assert!(error.ends_with("give the run a name"), "{error}");
    }
}

#[test]
fn many_writers_at_once_lose_nothing() {
    let folder = test_folder("runs-writers");
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let folder = &folder;
            scope.spawn(move || {
                let mut runs = Runs::open(folder).unwrap();
                (0..10)
                    .for_each(|n| drop(runs.keep(run("same", writer as f64, n as f64)).unwrap()));
            });
        }
    });
    let runs = Runs::open(&folder).unwrap();
    assert_eq!(runs.len(), 80);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 80);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_is_no_record_is_left_out_and_a_newer_record_is_read() {
    let runs = runs("torn", vec![run("first", 0.1, 0.5), run("second", 0.2, 0.6)]);
    let folder = &runs.folder;
    let whole = fs::read_to_string(runs.runs[0].file.as_ref().unwrap()).unwrap();
    fs::write(folder.join("torn.json"), &whole[..whole.len() / 2]).unwrap();
    fs::write(folder.join("edited.json"), whole.replace("\"epochs\": [", "\"epochs\": {")).unwrap();
    for (name, contents) in [("config.json", "{}"), ("empty.json", ""), ("metrics.csv", "a,b")] {
        fs::write(folder.join(name), contents).unwrap();
    }
    fs::write(folder.join("latin.json"), b"{\"name\": \"\xe4\"}").unwrap();
    fs::create_dir(folder.join("folder.json")).unwrap();
    fs::create_dir(folder.join("model")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.join("endless.json")).unwrap();
    let newer = whole.replacen("\"format\": 1", "\"format\": 9, \"of_tomorrow\": [{}]", 1);
    fs::write(folder.join("newer.json"), newer.replace("\"second\"", "\"newer\"")).unwrap();
    let mut again = names(&Runs::open(folder).unwrap()).join(" ");
    again.push(' ');
    for name in ["first ", "second ", "newer "] {
        assert_eq!(again.matches(name).count(), 1, "{again}");
    }
    assert_eq!(again.split_whitespace().count(), 3);
}

#[test]
fn a_folder_that_cannot_be_used_is_named_before_anything_is_trained() {
    assert!(Runs::open("/proc/no/such/folder").unwrap().is_empty());
    let file = test_folder("runs-file").join("file");
    fs::write(&file, "x").unwrap();
    let error = Runs::open(&file).unwrap_err().to_string();
    assert!(error.contains("name a folder"), "{error}");
    let mut runs = Runs::open("/proc/runs").unwrap();
    let (model, data) = (Model::new(3, 2), data(by_word));
    let error = runs.fit("a", &Trainer::default(), &model, &data, &data).unwrap_err().to_string();
    assert!(error.contains("/proc/runs: can't be written"), "{error}");
    assert!(runs.keep(run("a", 0.1, 0.5)).is_err() && runs.is_empty());
}

#[test]
fn a_training_is_kept_with_all_that_it_was_made_of() {
    let _alone = alone();
    let mut runs = runs("fit", vec![]);
    let (model, data) = (Model::new(3, 2), data(by_word));
    let optimizer = Optimizer::Sgd;
    let trainer =
        Trainer { num_epochs: 2, learning_rate: 0.5, optimizer, quiet: true, ..Trainer::default() };
    let run =
        runs.fit(Run::new("words").with("layers", "all"), &trainer, &model, &data, &data).unwrap();
    assert_eq!(run.history, trainer.fit(&Model::new(3, 2), &data, &data).unwrap());
    assert_eq!((run.get("learning_rate").unwrap(), run.get("batch_size").unwrap()), (0.5, 8));
    assert_eq!(run.get::<Optimizer>("optimizer").unwrap(), Optimizer::Sgd);
    assert!(!run.hyperparameters.contains_key("quiet") && run.seconds.unwrap() > 0.0);
    assert_eq!((run.device.as_str(), run.fingerprints.train.len()), ("Cpu", 64));
    // Before its first step, the model is another one than afterwards.
    let after = runs.fit("again", &trainer, &model, &data, &data).unwrap();
    assert_ne!(after.fingerprints.model, run.fingerprints.model);
    assert_eq!(after.fingerprints.train, run.fingerprints.train);
    let run = runs.keep(run.result("test accuracy", 1.0)).unwrap();
    assert_eq!((runs.len(), runs.runs[1].results.len()), (2, 1));
    assert!(run.is_like(&Runs::open(&runs.folder).unwrap().runs[1]));

    // What came of a run is not that of the next one.
    let next = runs.fit(run.clone().note("next"), &trainer, &model, &data, &data).unwrap();
    assert!(next.file != run.file && next.results.is_empty() && runs.len() == 3);
    assert_eq!(runs.runs[2], run);

    let wrong = Run::new("wrong").with("batch_size", 16);
    let error = runs.fit(wrong, &trainer, &model, &data, &data).unwrap_err().to_string();
    assert!(error.contains("batch_size = 16: the training data has 8"), "{error}");
    let infinite = Trainer { learning_rate: 1e300, ..trainer.clone() };
    assert!(runs.fit("diverges", &infinite, &Model::new(3, 2), &data, &data).is_err());
    let failed =
        Run { hyperparameters: Default::default(), ..runs.named("diverges").runs[0].clone() };
    let repaired = runs.fit(failed, &trainer, &model, &data, &data).unwrap();
    assert!(repaired.is_done() && runs.delete("diverges").unwrap() == 2);
    assert!(runs.fit("diverges", &infinite, &Model::new(3, 2), &data, &data).is_err());
    PRETENDED.set(Some(true));
    let stopped = runs.fit("stopped", &trainer, &model, &data, &data).unwrap();
    PRETENDED.set(None);
    assert!(stopped.history.stopped);
    let shown = runs.to_html();
    assert!(shown.text().contains("failed: the loss became") && shown.text().contains("stopped"));
    assert_eq!(runs.best().unwrap().note, "next");
    let text = stopped.to_html().text().to_owned();
    assert!(text.contains("stopped") && text.contains("learning_rate"), "{text}");
}

#[test]
fn the_table_has_what_differs_with_the_best_in_bold() {
    let kept = vec![run("a", 1e-3, 0.8), run("b", 1e-3, 0.9), run("c", 5e-5, 0.7)];
    let runs = runs("table", kept);
    let text = runs.to_html().text().to_owned();
    let lines: Vec<&str> = text.lines().collect();
    let words = |line: usize| lines[line].split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words(1).starts_with("name started (UTC) learning_rate val accuracy val loss"),
        "{text}"
    );
    assert!(!text.contains("num_epochs") && runs.to_html().html().contains("num_epochs"));
    assert!(words(2).starts_with("c ") && words(2).contains("5e-5~ 70.00 %"), "{text}");
    assert!(words(3).contains("0.001 90.00 %*"), "{text}");
    assert!(runs.to_html().html().contains("<b>90.00 %</b>"));
    assert_eq!(names(&runs.sorted_by("val accuracy").unwrap()), ["b", "a", "c"]);
    assert_eq!(runs.best().unwrap().name, "b");
    let error = runs.sorted_by("acuracy").unwrap_err().to_string();
    assert!(error.contains("the runs have val accuracy, val loss"), "{error}");
    assert!(runs.none().to_html().text().contains("no runs in"));
    let one = runs.named("a").to_html();
    assert!(one.text().starts_with("1 run in ") && !one.text().contains('*'), "{}", one.text());
}

#[test]
fn runs_are_found_and_deleted_by_name() {
    let kept = ["lr 1e-3", "lr 1e-3", "lr 1e-3 long", "other*"].map(|name| run(name, 0.1, 0.5));
    let mut runs = runs("names-of", kept.into());
    assert_eq!(runs.named("1e-3").len(), 3);
    assert_eq!(
        (runs.named("lr*").len(), runs.named("*r").len(), runs.named("o?h*").len()),
        (3, 0, 1)
    );
    let error = runs.delete("lr").unwrap_err().to_string();
    assert!(error.contains("there are ") && error.contains("lr 1e-3 long"), "{error}");
    assert_eq!(runs.delete("lr 1e-3").unwrap(), 2);
    assert_eq!(runs.delete("other*").unwrap(), 1);
    assert_eq!(names(&Runs::open(&runs.folder).unwrap()), ["lr 1e-3 long"]);
}

#[test]
fn a_thousand_runs_are_a_table() {
    let folder = test_folder("runs-thousand");
    for number in 0..1000 {
        let accuracy = f64::from((number * 7) % 1000) / 1000.0;
        let run = run(&format!("run {number}"), f64::from(1 + number % 10), accuracy);
        let run = Run { history: history(&[accuracy; 10]), ..run };
        let json = serde_json::to_vec_pretty(&run).unwrap();
        fs::write(folder.join(format!("{number}.json")), json).unwrap();
    }
    let begun = Instant::now();
    let runs = Runs::open(&folder).unwrap();
    let (shown, drawn) = (runs.to_html(), runs.figures());
    let took = begun.elapsed();
    assert_eq!(runs.len(), 1000);
    assert!(shown.text().starts_with("1,000 runs in "), "{}", &shown.text()[..90]);
    assert!(shown.text().contains("(101 shown)") && shown.text().contains("99.90 %*"));
    assert!(shown.html().len() + drawn.html().len() < 300_000);
    assert!(texts(&drawn).join(" ").contains("the best 8 of 1,000 runs, by val accuracy"));
    // Far below it, unless each run looks at all the others.
    assert!(took.as_secs_f64() < 10.0, "{took:?}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn numbers_go_to_csv_and_come_back() {
    let run = run("a, \"b\"", 5e-324, 1.0 / 3.0).with("optimizer", "Sgd").result("test", f64::NAN);
    let runs = runs("csv", vec![run]);
    let path = runs.folder.join("runs.csv");
    runs.write_csv(&path).unwrap();
    let text = fs::read_to_string(path).unwrap();
    let (header, line) = text.split_once('\n').unwrap();
    assert!(line.starts_with("\"a, \"\"b\"\"\",20"), "{line}");
    let line = line.replacen("\"a, \"\"b\"\"\"", "a", 1);
    let value = |name: &str| {
        let place = header.split(',').position(|other| other == name).unwrap();
        line.split(',').nth(place).unwrap().to_owned()
    };
    assert_eq!(value("learning_rate").parse(), Ok(5e-324));
    assert_eq!(value("val accuracy").parse(), Ok(1.0 / 3.0));
    assert_eq!((value("test").as_str(), value("patience").as_str()), ("NaN", ""));
}

#[test]
fn what_cannot_be_kept_is_refused() {
    let mut runs = runs("refused", vec![]);
    let mut wrong = run("a", 0.1, 0.5);
    wrong.history.epochs[0].val_loss = f64::INFINITY;
    assert!(runs.keep(wrong).unwrap_err().to_string().contains("… inf …"));
    let named = run("a", 0.1, 0.5).result("val loss", 1.0);
    assert!(runs.keep(named).unwrap_err().to_string().contains("give the result another one"));
    let error = runs.keep(Run::new("a").with("big", u128::MAX)).unwrap_err().to_string();
    assert!(error.contains("big: a record can't hold it"), "{error}");
    assert!(runs.is_empty() && !runs.folder.exists());
    assert!(run("a", 0.1, 0.5).with("x", f64::NAN).get::<f64>("x").unwrap().is_nan());
    assert!(runs.best().unwrap_err().to_string().contains("none of 0 runs has ended an epoch"));
    let error = run("a", 0.1, 0.5).get::<usize>("learning_rate").unwrap_err().to_string();
    assert!(error.contains("learning_rate = 0.1: it is of another type"), "{error}");
    let error = Run::new("a").with("x", 1).get::<usize>("y").unwrap_err().to_string();
    assert_eq!(error, "hyperparameter = \"y\": there are x");
}
