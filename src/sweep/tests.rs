use super::*;
use crate::Features;
use crate::files::test_folder;
use crate::interrupt::PRETENDED;
use crate::trainer::Optimizer;
use crate::trainer::tests::{Model, alone, by_word, data};
use crate::vectorizer::CountMatrix;
use std::cell::Cell;
use tch::Tensor;
use tch::nn::VarStore;

type Data = DataLoader<CountMatrix>;

fn rates() -> Sweep {
    Sweep::grid().over("learning_rate", [0.1, 0.5])
}

fn trial(learning_rate: f64, data: &Data) -> Trial<Model, &Data, &Data> {
    let optimizer = Optimizer::Sgd;
    let trainer = Trainer { num_epochs: 2, learning_rate, optimizer, ..Trainer::default() };
    Trial { trainer, model: Model::new(3, 2), train: data, val: data }
}

fn names(sweep: &Sweep) -> Vec<String> {
    sweep.points().unwrap().iter().map(Point::name).collect()
}

#[test]
fn a_grid_has_each_choice_with_each_seed() {
    let sweep =
        Sweep::grid().over("a", [1, 2]).over("optimizer", [Optimizer::Sgd, Optimizer::Adam]);
    let names = names(&sweep.seeds(2));
    assert_eq!(names.len(), 8);
    assert_eq!(names[..2], ["a 1, optimizer Sgd, seed 1", "a 1, optimizer Adam, seed 1"]);
    assert_eq!(
        (names[3].as_str(), names[4].as_str()),
        ("a 2, optimizer Adam, seed 1", "a 1, optimizer Sgd, seed 2")
    );
}

#[test]
fn a_search_at_random_is_that_of_its_seed_and_within_its_ranges() {
    let search = |trials, seed| {
        let sweep = Sweep::random(trials, seed).log_between("rate", 1e-6, 1e-1);
        sweep.between("decay", -1.0, 0.5).over("batch_size", [16, 32, 64])
    };
    assert_eq!(names(&search(500, 1))[..20], names(&search(20, 1)));
    assert_ne!(names(&search(20, 1)), names(&search(20, 2)));
    let points = search(500, 1).points().unwrap();
    let values =
        |name: &str| points.iter().map(|point| point.get(name).unwrap()).collect::<Vec<f64>>();
    let (rates, decays, sizes) = (values("rate"), values("decay"), values("batch_size"));
    let share = |values: &[f64], most: f64| {
        values.iter().filter(|value| **value < most).count() as f64 / values.len() as f64
    };
    assert!(rates.iter().all(|rate| (1e-6..=1e-1).contains(rate)));
    assert!(decays.iter().all(|decay| (-1.0..=0.5).contains(decay)));
    // Half of the magnitudes, half of the range, a third of the sizes.
    let shares = [share(&rates, 3.16e-4), share(&decays, -0.25), share(&sizes, 20.0) * 1.5];
    assert!(shares.iter().all(|share| (share - 0.5).abs() < 0.07), "{shares:?}");
    // The same choice is taken once.
    assert_eq!(names(&Sweep::random(50, 1).over("a", [1, 2])).len(), 2);
}

#[test]
fn a_sweep_that_cannot_be_is_refused() {
    for (sweep, expected) in [
        (Sweep::grid(), "name one by over"),
        (rates().seeds(0), "seeds = 0"),
        (Sweep::random(0, 1).between("a", 0.0, 1.0), "trials = 0"),
        (Sweep::grid().over("a", [0.0; 0]), "it has no values"),
        (Sweep::grid().over("a", [1.0, 1.0]), "it has 1 twice"),
        (rates().over("learning_rate", [1]), "named twice"),
        (rates().over("seed", [1]), "seeds(3) takes"),
        (rates().over(" ", [1]), "needs a name"),
        (rates().between("a", 0.0, 1.0), "or take Sweep::random"),
        (Sweep::random(9, 1).between("a", 1.0, 0.0), "the smaller one first"),
        (Sweep::random(9, 1).between("a", 0.0, f64::NAN), "the smaller one first"),
        (Sweep::random(9, 1).log_between("a", 0.0, 1.0), "above 0"),
        (rates().over("a", 0_usize..), "more than 10,000 values"),
        (rates().over("a", 0..9000), "18,000: take at most 10,000"),
        (rates().over("big", [u128::MAX]), "can't hold its values"),
        (rates().over("limit", [f64::NAN, f64::NAN]), "it has NaN twice"),
        (rates().seeds(usize::MAX), "take at most 10,000"),
    ] {
        let error = sweep.points().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_sweep_goes_on_where_it_was_stopped() {
    let _alone = alone();
    let (folder, data) = (test_folder("sweep-stop"), data(by_word));
    let prepared = Cell::new(0);
    let run = |sweep: &Sweep, stop_at: usize| {
        prepared.set(0);
        let runs = sweep.run(&folder, |point| {
            prepared.set(prepared.get() + 1);
            PRETENDED.set(Some(prepared.get() == stop_at));
            Ok(trial(point.get("learning_rate")?, &data))
        });
        PRETENDED.set(None);
        runs.unwrap()
    };
    let sweep = rates().seeds(2);
    // Before the third one is trained.
    let first = run(&sweep, 3);
    assert_eq!((first.len(), Runs::open(&folder).unwrap().len()), (2, 2));
    let all = run(&sweep, 0);
    assert_eq!((all.len(), prepared.get()), (4, 4));
    let started = |runs: &Runs| runs.iter().map(|run| run.started.clone()).collect::<Vec<_>>();
    assert_eq!(started(&all)[2..], started(&first), "what was there is not trained again");
    assert_eq!(started(&run(&sweep, 0)), started(&all));
    assert_eq!(all.over_seeds("val accuracy").unwrap().summaries.len(), 2);
    // More seeds, and another value: the old ones are taken from the folder.
    let more = run(&Sweep::grid().over("learning_rate", [0.1, 0.2, 0.5]).seeds(3), 0);
    assert_eq!((more.len(), Runs::open(&folder).unwrap().len()), (9, 9));
    std::fs::remove_dir_all(folder).unwrap();
}

/// Somebody presses the stop button while it is trained.
struct Pressed(Model);

impl Classifier<Features> for Pressed {
    fn forward(&self, features: &Features) -> Tensor {
        PRETENDED.set(Some(true));
        self.0.forward(features)
    }

    fn var_store(&self) -> &VarStore {
        self.0.var_store()
    }
}

#[test]
fn a_training_that_is_stopped_is_not_kept_as_done() {
    let _alone = alone();
    let (folder, data) = (test_folder("sweep-within"), data(by_word));
    let runs = rates().run(&folder, |point| {
        let Trial { trainer, model, train, val } = trial(point.get("learning_rate")?, &data);
        Ok(Trial { trainer, model: Pressed(model), train, val })
    });
    PRETENDED.set(None);
    assert!(runs.unwrap().is_empty() && Runs::open(&folder).unwrap().is_empty());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn other_data_or_another_trainer_is_another_run() {
    let _alone = alone();
    let folder = test_folder("sweep-other");
    let run = |data: &Data, num_epochs: usize| {
        let runs = rates().run(&folder, |point| {
            let Trial { trainer, model, .. } = trial(point.get("learning_rate")?, data);
            let trainer = Trainer { num_epochs, ..trainer };
            Ok(Trial { trainer, model, train: data.clone(), val: data })
        });
        (runs.unwrap().len(), Runs::open(&folder).unwrap().len())
    };
    assert_eq!(run(&data(by_word), 2), (2, 2));
    assert_eq!(run(&data(|_| 0), 2), (2, 4));
    assert_eq!(run(&data(by_word), 3), (2, 6));
    assert_eq!(run(&data(by_word), 2), (2, 6));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_fails_is_kept_and_tried_again() {
    let _alone = alone();
    let (folder, data) = (test_folder("sweep-fails"), data(by_word));
    let sweep = Sweep::grid().over("learning_rate", [1e300, 0.5]).over("max_length", [8, 0]);
    let run = |repaired: bool| {
        sweep.run(&folder, |point| {
            let rate: f64 = point.get("learning_rate")?;
            if point.get::<usize>("max_length")? == 0 && !repaired {
                return Err(Error::Data("no length".to_owned()));
            }
            Ok(trial(rate, &data))
        })
    };
    let runs = run(false).unwrap();
    let errors: Vec<String> = runs.iter().filter_map(|run| run.error.clone()).collect();
    assert_eq!((runs.len(), errors.len()), (4, 3), "{errors:?}");
    assert!(errors.iter().any(|error| error.starts_with("the loss became")), "{errors:?}");
    assert!(errors.contains(&"no length".to_owned()));
    let repaired = run(true).unwrap();
    assert_eq!(repaired.iter().filter(|run| run.error.is_some()).count(), 2);
    assert_eq!(Runs::open(&folder).unwrap().len(), 4, "in the place of those that failed");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_name_that_is_misspelt_or_not_used_is_an_error_before_the_first_run() {
    let _alone = alone();
    let (folder, data) = (test_folder("sweep-typo"), data(by_word));
    let error = |sweep: Sweep, prepare: &dyn Fn(&Point) -> Result<f64>| {
        let runs = sweep.run(&folder, |point| Ok(trial(prepare(point)?, &data)));
        runs.unwrap_err().to_string()
    };
    let typo = error(rates(), &|point| point.get("learnig_rate"));
    assert_eq!(typo, "hyperparameter = \"learnig_rate\": there are learning_rate");
    let swallowed = error(rates(), &|point| Ok(point.get("learnig_rate").unwrap_or(0.1)));
    assert_eq!(swallowed, typo);
    let unused = error(rates().over("batch_size", [4]), &|point| point.get("learning_rate"));
    assert!(
        unused.contains("\"batch_size\": it is swept, but the closure doesn't use it"),
        "{unused}"
    );
    let other = error(rates(), &|point| Ok(2.0 * point.get::<f64>("learning_rate")?));
    assert!(other.contains("learning_rate = 0.1: the trainer has 0.2"), "{other}");
    let of_text =
        error(Sweep::grid().over("learning_rate", ["high"]), &|point| point.get("learning_rate"));
    assert!(of_text.contains("it is of another type"), "{of_text}");
    assert!(Runs::open(&folder).unwrap().is_empty());
    std::fs::remove_dir_all(folder).unwrap();
}
