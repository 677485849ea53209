//! Classes with names, and classes that are rare.

use super::*;
use crate::{Labels, Metric};
use std::cell::RefCell;

/// Ten texts of class 1, eight of them with "good", and forty of class 0, ten of them with it: of
/// those with it, more are of class 0.
fn rare(names: &[&str], batch_size: usize) -> DataLoader<CountMatrix> {
    let is_good = |row: usize| if row.is_multiple_of(5) { row < 40 } else { row % 4 == 1 };
    let text = |row| if is_good(row) { "good film" } else { "bad film" };
    let (_, counts) =
        CountVectorizer::default().fit_transform(&(0..50).map(text).collect::<Vec<_>>()).unwrap();
    let labels: Vec<i64> = (0..50usize).map(|row| i64::from(row.is_multiple_of(5))).collect();
    DataLoader::new(counts, Labels::from(labels).called(names.to_vec()), batch_size).unwrap()
}

#[test]
fn an_evaluation_has_the_names_of_the_data() {
    let _alone = alone();
    let (model, data) = (Model::new(3, 2), rare(&["ham", "spam"], 8));
    let evaluation = trainer().evaluate(&model, &data).unwrap();
    assert_eq!(evaluation.predictions.class_names, ["ham", "spam"]);
    assert_eq!(evaluation.class_metrics()[1].class, "spam");
    let mistakes = evaluation.mistakes();
    let names = ["ham", "spam"];
    assert!(mistakes.iter().all(|mistake| {
        mistake.label_name == names[mistake.label as usize]
            && mistake.prediction_name == names[mistake.prediction as usize]
    }));
    assert_eq!(trainer().predict(&model, data.data()).unwrap().class_names, ["0", "1"]);
    let error = trainer().evaluate(&Model::new(3, 3), &data).unwrap_err().to_string();
    assert!(error.contains("3 outputs") && error.contains("(ham, spam)"), "{error}");
}

#[test]
fn a_training_is_validated_on_the_classes_that_it_learns() {
    let _alone = alone();
    let model = Model::new(3, 3);
    let (train, val) = (rare(&["ham", "spam"], 8), rare(&["spam", "ham"], 8));
    let error = trainer().fit(&model, &train, &val).unwrap_err().to_string();
    assert!(error.contains("(ham, spam)") && error.contains("(spam, ham)"), "{error}");
    assert!(trainer().fit(&Model::new(3, 2), &train, &rare(&[], 8)).is_ok());
    assert!(trainer().fit(&model, &train, &train).is_err(), "three outputs for two classes");
}

/// A model with a place for names.
struct Named(Model, RefCell<Vec<String>>);

impl Classifier<Features> for Named {
    fn forward(&self, features: &Features) -> Tensor {
        self.0.forward(features)
    }

    fn var_store(&self) -> &VarStore {
        &self.0.store
    }

    fn class_names(&self) -> Vec<String> {
        self.1.borrow().clone()
    }

    fn set_class_names(&self, names: &[String]) {
        *self.1.borrow_mut() = names.to_vec();
    }
}

#[test]
fn a_model_learns_the_names() {
    let _alone = alone();
    let model = Named(Model::new(3, 2), RefCell::default());
    learns_names(&model);
    assert_eq!(model.class_names(), ["ham", "spam"]);
    learns_names(&Model::new(3, 2));
    // The next one, perhaps in the same place, has learned nothing.
    let data = rare(&[], 8);
    assert_eq!(trainer().predict(&Model::new(3, 2), data.data()).unwrap().class_names, ["0", "1"]);
}

/// Whether it has a place for them or not.
fn learns_names(model: &impl Classifier<Features>) {
    let short = Trainer { num_epochs: 1, ..trainer() };
    short.fit(model, &rare(&[], 8), &rare(&[], 8)).unwrap();
    let data = rare(&["ham", "spam"], 8);
    assert_eq!(short.predict(model, data.data()).unwrap().class_names, ["0", "1"]);
    short.fit(model, &data, &data).unwrap();
    assert_eq!(short.predict(model, data.data()).unwrap().class_names, ["ham", "spam"]);
    let error = short.evaluate(model, &rare(&["spam", "ham"], 8)).unwrap_err().to_string();
    assert!(error.contains("with_class_names"), "{error}");
    // Numbers alone say nothing against the names.
    short.fit(model, &rare(&[], 8), &rare(&[], 8)).unwrap();
    assert_eq!(short.predict(model, data.data()).unwrap().class_names, ["ham", "spam"]);
}

#[test]
fn weighted_steps_and_losses_do_not_depend_on_the_batches() {
    let _alone = alone();
    let run = |batch_size, accumulation_steps| {
        let (model, data) = (Model::new(3, 2), rare(&[], batch_size));
        let trainer = Trainer {
            num_epochs: 1,
            accumulation_steps,
            class_weights: ClassWeights::Balanced,
            label_smoothing: 0.1,
            ..trainer()
        };
        let history = trainer.fit(&model, &data, &data).unwrap();
        (model.weights(), history.epochs[0].clone())
    };
    let ((weights, metrics), (parts, of_parts)) = (run(50, 1), run(7, 8));
    for (a, b) in weights.iter().zip(parts) {
        assert!((a - b).abs() < 1e-6, "{a} {b}");
    }
    assert!((metrics.train_loss - of_parts.train_loss).abs() < 1e-6);
    assert!((metrics.val_loss - of_parts.val_loss).abs() < 1e-6);
    // The loss of the first batch, before the step, is that of the model as it was made.
    let data = rare(&[], 50);
    let batch = data.batch(0, Device::Cpu).unwrap();
    let weight = Tensor::from_slice(&[50.0f32 / 80.0, 50.0 / 20.0]);
    let logits = Model::new(3, 2).forward(&batch.features);
    let expected =
        logits.cross_entropy_loss(&batch.labels, Some(weight), tch::Reduction::Mean, -100, 0.1);
    assert!((metrics.train_loss - expected.double_value(&[])).abs() < 1e-6);
}

#[test]
fn balanced_weights_find_the_rare_class() {
    let _alone = alone();
    let found = |class_weights, best_by| {
        let (model, data) = (Model::new(3, 2), rare(&["ham", "spam"], 8));
        let trainer = Trainer { class_weights, best_by, ..trainer() };
        trainer.fit(&model, &data, &data).unwrap();
        trainer.evaluate(&model, &data).unwrap().class_metrics()[1].recall
    };
    assert_eq!(found(ClassWeights::Equal, Metric::Accuracy), 0.0);
    assert_eq!(found(ClassWeights::Balanced, Metric::MacroF1), 0.8);
}

#[test]
fn the_best_epoch_is_that_of_the_metric() {
    let _alone = alone();
    for best_by in [Metric::Accuracy, Metric::MacroF1, Metric::Loss] {
        let (model, data) = (Model::new(3, 2), rare(&[], 8));
        let trainer = Trainer { best_by, learning_rate: 3.0, ..trainer() };
        let history = trainer.fit(&model, &data, &data).unwrap();
        let best = history.best().unwrap();
        let now = trainer.evaluate(&model, &data).unwrap();
        assert_eq!((now.loss, now.accuracy), (best.val_loss, best.val_accuracy), "{best_by:?}");
        let f1 = (best_by == Metric::MacroF1).then(|| now.macro_avg().f1);
        assert_eq!(best.val_macro_f1, f1);
        let losses = history.epochs.iter().map(|epoch| epoch.val_loss);
        if best_by == Metric::Loss {
            assert_eq!(losses.reduce(f64::min), Some(best.val_loss));
        }
    }
}

#[test]
fn patience_goes_by_the_metric() {
    let _alone = alone();
    // The accuracy is the same from the first epoch on, the loss gets smaller.
    let run = |best_by| {
        let (model, data) = (Model::new(3, 2), rare(&[], 50));
        let trainer =
            Trainer { best_by, patience: Some(2), num_epochs: 10, learning_rate: 0.1, ..trainer() };
        trainer.fit(&model, &data, &data).unwrap().epochs.len()
    };
    assert!(run(Metric::Accuracy) < 10);
    assert_eq!(run(Metric::Loss), 10);
}

#[test]
fn weights_and_smoothing_that_cannot_be_used_are_named() {
    let _alone = alone();
    let (model, data) = (Model::new(3, 2), rare(&["ham", "spam"], 8));
    let error = |class_weights, label_smoothing| {
        let wrong = Trainer { class_weights, label_smoothing, ..trainer() };
        wrong.fit(&model, &data, &data).unwrap_err().to_string()
    };
    for smoothing in [-0.1, 1.0, f64::NAN] {
        let error = error(ClassWeights::Equal, smoothing);
        assert!(error.starts_with("label_smoothing = "), "{error}");
    }
    for weights in [vec![1.0, 0.0], vec![1.0, f64::NAN], vec![1.0, -2.0], vec![1.0], vec![1.0; 3]] {
        let error = error(ClassWeights::Given(weights), 0.0);
        assert!(error.starts_with("class_weights = "), "{error}");
    }
    let all_ham =
        DataLoader::new(data.data().clone(), Labels::from(vec![0; 50]).called(["ham", "spam"]), 8)
            .unwrap();
    let balanced = Trainer { class_weights: ClassWeights::Balanced, ..trainer() };
    let error = balanced.fit(&model, &all_ham, &all_ham).unwrap_err().to_string();
    assert!(error.starts_with("class spam has no training example"), "{error}");
}
