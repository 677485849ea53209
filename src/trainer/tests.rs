use super::*;
use crate::vectorizer::CountVectorizer;
use std::sync::{Mutex, MutexGuard};
use tch::Device;
use tch::nn::Module;

/// A training listens to a signal that is sent to the whole process: one at a time.
static ONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

struct Model {
    store: VarStore,
    linear: nn::Linear,
}

impl Model {
    fn new(features: i64, classes: i64) -> Model {
        tch::manual_seed(1);
        let store = VarStore::new(Device::Cpu);
        let linear = nn::linear(store.root(), features, classes, Default::default());
        Model { store, linear }
    }

    fn weights(&self) -> Vec<f32> {
        Vec::try_from(self.linear.ws.flatten(0, -1)).unwrap()
    }
}

impl Classifier for Model {
    fn forward(&self, features: &Tensor) -> Tensor {
        self.linear.forward(features)
    }

    fn var_store(&self) -> &VarStore {
        &self.store
    }
}

/// Three words; the class of a text is whether it says "good".
fn data(labels: impl Fn(usize) -> i64) -> DataLoader {
    let texts: Vec<String> = (0..50).map(|i| ["good film", "bad film"][i % 2].to_owned()).collect();
    let (_, counts) = CountVectorizer::default().fit_transform(&texts).unwrap();
    DataLoader::new(counts, (0..50).map(labels).collect(), 8).unwrap()
}

fn by_word(text: usize) -> i64 {
    i64::from(text.is_multiple_of(2))
}

fn trainer() -> Trainer {
    Trainer { num_epochs: 20, learning_rate: 0.5, optimizer: Optimizer::Sgd, seed: 1 }
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
fn settings_that_cannot_be_used_are_named() {
    let (model, data) = (Model::new(3, 2), data(by_word));
    for learning_rate in [f64::NAN, 0.0, -1.0, f64::INFINITY] {
        let wrong = Trainer { learning_rate, ..trainer() };
        let error = wrong.fit(&model, &data, &data).unwrap_err().to_string();
        assert!(error.starts_with("learning_rate = "), "{error}");
    }
    let error = Trainer { num_epochs: 0, ..trainer() }.fit(&model, &data, &data).unwrap_err();
    assert_eq!(error.to_string(), "num_epochs = 0: take 1 or more");
}

#[test]
fn a_model_that_does_not_fit_is_an_error_without_a_stack() {
    let _alone = alone();
    let data = data(by_word);
    let error = trainer().fit(&Model::new(5, 2), &data, &data).unwrap_err().to_string();
    assert!(error.contains("shapes cannot be multiplied"), "{error}");
    assert!(!error.contains(".cpp") && error.lines().count() == 1, "{error}");
    let few = trainer().fit(&Model::new(3, 1), &data, &data).unwrap_err().to_string();
    assert_eq!(few, "label 1, but the model has 1 outputs: give it 2 or more");
}

#[test]
fn a_loss_that_becomes_nan_ends_the_training_with_the_best_parameters() {
    let _alone = alone();
    let (model, data) = (Model::new(3, 2), data(by_word));
    let _ = tch::no_grad(|| model.linear.ws.shallow_clone().fill_(f64::NAN));
    let error = trainer().fit(&model, &data, &data).unwrap_err().to_string();
    assert!(error.contains("in epoch 1 at learning_rate = 0.5"), "{error}");
}

#[test]
fn the_stop_signal_ends_fit_and_leaves_the_model() {
    let _alone = alone();
    let (model, data) = (Model::new(3, 2), data(by_word));
    let stop = std::thread::spawn(|| {
        std::thread::sleep(std::time::Duration::from_millis(400));
        // SAFETY: sends this process the signal that `fit` has a handler for by now.
        unsafe { libc::kill(libc::getpid(), libc::SIGINT) };
    });
    let endless = Trainer { num_epochs: usize::MAX / 1000, ..trainer() };
    let history = endless.fit(&model, &data, &data).unwrap();
    stop.join().unwrap();
    assert!(history.stopped && !history.epochs.is_empty());
    assert_eq!(trainer().evaluate(&model, &data).unwrap().accuracy, 1.0);
}

#[test]
fn batches_keep_the_last_examples_and_are_shuffled_by_the_seed() {
    let data = data(by_word);
    assert_eq!(data.num_batches(), 7);
    let last = data.batch(6).unwrap();
    assert_eq!(last.features.size(), [2, 3]);
    assert!(data.batch(7).is_err());
    assert_eq!(data.epoch(Some(1)), data.epoch(Some(1)));
    assert_ne!(data.epoch(Some(1)), data.epoch(Some(2)));
    let mut rows = data.epoch(Some(1)).concat();
    rows.sort_unstable();
    assert_eq!(rows, (0..50).collect::<Vec<_>>());
}
