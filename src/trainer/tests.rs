mod blocks;
mod classes;
mod errors;
mod multi_label;
mod resume;

use super::*;
use crate::files::test_folder;
use crate::random::turn;
use crate::vectorizer::{CountMatrix, CountVectorizer};
use crate::{DataLoader, Features};
use std::sync::{Mutex, MutexGuard};
use tch::{Device, nn};

/// The random numbers of libtorch are those of the whole process: one training at a time.
static ONE: Mutex<()> = Mutex::new(());

pub fn alone() -> MutexGuard<'static, ()> {
    ONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

pub struct Model {
    pub store: VarStore,
    linear: nn::Linear,
}

impl Model {
    pub fn new(features: i64, classes: i64) -> Model {
        tch::manual_seed(1);
        let store = VarStore::new(Device::Cpu);
        let linear = nn::linear(store.root(), features, classes, Default::default());
        Model { store, linear }
    }

    pub fn weights(&self) -> Vec<f32> {
        Vec::try_from(self.linear.ws.flatten(0, -1)).unwrap()
    }
}

impl Classifier<Features> for Model {
    fn forward(&self, features: &Features) -> Tensor {
        features.linear(&self.linear)
    }

    fn var_store(&self) -> &VarStore {
        &self.store
    }
}

/// Three words; the class of a text is whether it says "good".
pub fn data(labels: impl Fn(usize) -> i64) -> DataLoader<CountMatrix> {
    let texts: Vec<String> = (0..50).map(|i| ["good film", "bad film"][i % 2].to_owned()).collect();
    let (_, counts) = CountVectorizer::default().fit_transform(&texts).unwrap();
    DataLoader::new(counts, (0..50).map(labels).collect::<Vec<_>>(), 8).unwrap()
}

pub fn by_word(text: usize) -> i64 {
    i64::from(text.is_multiple_of(2))
}

fn trainer() -> Trainer {
    Trainer { num_epochs: 20, learning_rate: 0.5, optimizer: Optimizer::Sgd, ..Default::default() }
}

#[test]
fn it_learns_what_can_be_learned() {
    let _alone = alone();
    let (model, data) = (Model::new(3, 2), data(by_word));
    let history = trainer().fit(&model, &data, &data).unwrap();
    assert_eq!(history.epochs.len(), 20);
    assert!(!history.stopped);
    let result = trainer().evaluate(&model, &data).unwrap();
    assert_eq!(result.accuracy, 1.0);
    assert_eq!(result.confusion, [[25, 0], [0, 25]]);
}

#[test]
fn the_same_seed_gives_the_same_numbers_with_each_optimizer() {
    let _alone = alone();
    for optimizer in [Optimizer::Sgd, Optimizer::Adam, Optimizer::AdamW] {
        let run = || {
            let (model, data) = (Model::new(3, 2), data(by_word));
            let trainer = Trainer { optimizer, num_epochs: 3, ..trainer() };
            (trainer.fit(&model, &data, &data).unwrap(), model.weights())
        };
        assert_eq!(run(), run(), "{optimizer:?}");
    }
}

/// Sees half of the words in training, chosen anew in each step.
struct Forgetful(Model);

impl Classifier<Features> for Forgetful {
    fn forward(&self, features: &Features) -> Tensor {
        self.0.forward(features)
    }

    fn forward_t(&self, features: &Features, mode: Mode) -> Tensor {
        features.dense().dropout(0.5, mode.train).apply(&self.0.linear)
    }

    fn var_store(&self) -> &VarStore {
        &self.0.store
    }
}

#[test]
fn what_another_thread_trains_changes_no_number() {
    let _alone = alone();
    let fit = |model: &Forgetful, seed| {
        let data = data(by_word);
        Trainer { seed, ..trainer() }.fit(model, &data, &data).unwrap();
        model.0.weights()
    };
    let new = || Forgetful(Model::new(3, 2));
    let expected = fit(&new(), 1);
    assert_ne!(fit(&new(), 2), expected);
    for _ in 0..5 {
        let (ours, other) = (new(), new());
        let beside = std::thread::spawn(move || fit(&other, 2));
        assert_eq!(fit(&ours, 1), expected);
        beside.join().unwrap();
    }
}

#[test]
fn the_best_epoch_is_restored() {
    let _alone = alone();
    // The validation labels are the other way round: every step makes it worse, so that the
    // first epoch is the best.
    let (model, train, val) = (Model::new(3, 2), data(by_word), data(|i| 1 - by_word(i)));
    let history = trainer().fit(&model, &train, &val).unwrap();
    let best = history.best().unwrap();
    let now = trainer().evaluate(&model, &val).unwrap();
    assert_eq!((now.accuracy, now.loss), (best.val_accuracy, best.val_loss));
    assert!(history.epochs.last().unwrap().val_loss > best.val_loss);
}

#[test]
fn metrics_and_the_best_parameters_are_saved_and_can_be_loaded() {
    let _alone = alone();
    let folder = test_folder("save");
    let (model, data) = (Model::new(3, 2), data(by_word));
    let trainer = Trainer { save_dir: Some(folder.join("logs")), ..trainer() };
    let history = trainer.fit(&model, &data, &data).unwrap();
    let metrics = std::fs::read_to_string(folder.join("logs/metrics.csv")).unwrap();
    assert_eq!(metrics.lines().count(), 1 + history.epochs.len());
    let mut other = Model::new(3, 2);
    assert_ne!(other.weights(), model.weights());
    other.store.load(folder.join("logs/best.safetensors")).unwrap();
    assert_eq!(other.weights(), model.weights());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn predictions_are_those_of_the_evaluation() {
    let _alone = alone();
    let (model, data) = (Model::new(3, 2), data(by_word));
    trainer().fit(&model, &data, &data).unwrap();
    let texts: Vec<String> = (0..50).map(|i| ["good film", "bad film"][i % 2].to_owned()).collect();
    let (_, counts) = CountVectorizer::default().fit_transform(&texts).unwrap();
    let predictions = trainer().predict(&model, &counts).unwrap();
    let evaluation = trainer().evaluate(&model, &data).unwrap();
    assert_eq!(predictions.classes(), evaluation.predictions.classes());
    let sums: Vec<f32> = predictions.probabilities.iter().map(|row| row.iter().sum()).collect();
    assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-6));
    assert!(trainer().predict(&Model::new(4, 2), &counts).is_err());
}

#[test]
fn one_class_is_learned_like_any_number() {
    let _alone = alone();
    let (model, data) = (Model::new(3, 1), data(|_| 0));
    let history = trainer().fit(&model, &data, &data).unwrap();
    assert_eq!(history.epochs.last().map(|epoch| epoch.val_accuracy), Some(1.0));
}

// >>> get_linear_schedule_with_warmup(optimizer, 3, 10), get_cosine_schedule_with_warmup(...)
#[test]
fn schedules_are_those_of_transformers() {
    let text = include_str!("../../tests/fixtures/models/schedules.json");
    let expected: serde_json::Value = serde_json::from_str(text).unwrap();
    for (name, schedule) in [
        ("constant", Schedule::Constant),
        ("linear", Schedule::Linear),
        ("cosine", Schedule::Cosine),
    ] {
        let warmup = if schedule == Schedule::Constant { 0 } else { 3 };
        for (step, factor) in expected[name].as_array().unwrap().iter().enumerate() {
            let ours = schedule.factor(step, warmup, 10);
            assert!((ours - factor.as_f64().unwrap()).abs() < 1e-12, "{name} {step}: {ours}");
        }
    }
}

#[test]
fn accumulated_batches_make_the_step_of_a_large_one() {
    let _alone = alone();
    let train = |batch_size, accumulation_steps| {
        let model = Model::new(3, 2);
        let data = DataLoader::new(
            data(by_word).data().clone(),
            data(by_word).labels().clone(),
            batch_size,
        )
        .unwrap();
        // One epoch of one step.
        Trainer { num_epochs: 1, accumulation_steps, ..trainer() }
            .fit(&model, &data, &data)
            .unwrap();
        model.weights()
    };
    for (a, b) in train(50, 1).iter().zip(train(10, 5)) {
        assert!((a - b).abs() < 1e-6, "{a} {b}");
    }
}

#[test]
fn patience_ends_a_training_that_gets_no_better() {
    let _alone = alone();
    let (model, train, val) = (Model::new(3, 2), data(by_word), data(|i| 1 - by_word(i)));
    let history = Trainer { patience: Some(2), ..trainer() }.fit(&model, &train, &val).unwrap();
    assert_eq!((history.epochs.len(), history.stopped), (3, false));
}

#[test]
fn a_thread_does_not_wait_for_itself() {
    let _alone = alone();
    let first = turn(1);
    drop(turn(2));
    let other = std::thread::spawn(|| drop(turn(3)));
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert!(!other.is_finished(), "it is the first one's turn still");
    drop(first);
    other.join().unwrap();
    drop(turn(4));
}
