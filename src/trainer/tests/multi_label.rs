//! Examples with several labels.

use super::*;
use crate::{CsvOptions, FittedVectorizer, Metric, MultiLabels, Reviews};
use tch::Kind;

/// Texts about sport, about politics, about both and about neither, as somebody's file has them.
fn reviews() -> Reviews {
    let folder = test_folder("multi-label-file");
    let path = folder.join("mine.csv");
    let kinds = [("goal", 1, 0), ("vote", 0, 1), ("goal vote", 1, 1), ("rain", 0, 0)];
    let rows = (0..120).map(|row| kinds[row % 4]);
    let rows = rows.map(|(text, sport, politics)| format!("a {text},{sport},{politics}\n"));
    std::fs::write(&path, "message,sport,politics\n".to_owned() + &rows.collect::<String>())
        .unwrap();
    let labels = ["sport", "politics"];
    let reviews = Reviews::from_csv_multi_label(&path, "message", &labels, &CsvOptions::default());
    std::fs::remove_dir_all(folder).unwrap();
    reviews.unwrap()
}

fn loader(
    vectorizer: &FittedVectorizer,
    reviews: &Reviews,
    batch_size: usize,
) -> DataLoader<CountMatrix> {
    let counts = vectorizer.transform(&reviews.texts().unwrap()).unwrap();
    DataLoader::new(counts, reviews.multi_labels().unwrap(), batch_size).unwrap()
}

/// The four kinds of texts, thirty of each.
fn whole(batch_size: usize) -> (DataLoader<CountMatrix>, i64) {
    let reviews = reviews();
    let (vectorizer, counts) =
        CountVectorizer::default().fit_transform(&reviews.texts().unwrap()).unwrap();
    (loader(&vectorizer, &reviews, batch_size), counts.shape().1 as i64)
}

#[test]
fn from_a_file_to_a_model_that_gives_several_labels() {
    let _alone = alone();
    let splits = reviews().split(1).unwrap();
    let (vectorizer, counts) =
        CountVectorizer::default().fit_transform(&splits.train.texts().unwrap()).unwrap();
    let columns = counts.shape().1 as i64;
    let train = DataLoader::new(counts, splits.train.multi_labels().unwrap(), 8).unwrap();
    let [val, test] = [&splits.val, &splits.test].map(|part| loader(&vectorizer, part, 8));
    let batch = train.batch(0, Device::Cpu).unwrap();
    assert_eq!((batch.labels.size(), batch.labels.kind()), (vec![8, 2], Kind::Float));

    let (model, trainer) =
        (Model::new(columns, 2), Trainer { best_by: Metric::MacroF1, ..trainer() });
    let before = trainer.evaluate_multi_label(&model, &test).unwrap();
    let history = trainer.fit(&model, &train, &val).unwrap();
    assert!(history.multi_label && history.best().unwrap().val_macro_f1 == Some(1.0));
    let result = trainer.evaluate_multi_label(&model, &test).unwrap();
    assert!(result.loss < before.loss && result.accuracy() == 1.0);
    assert_eq!(
        (result.hamming_loss(), result.samples_avg().class),
        (0.0, "samples average".to_owned())
    );
    assert_eq!(result.class_metrics()[1].class, "politics");
    assert!(result.mistakes().is_empty() && !before.mistakes().is_empty());
    let mine = vectorizer.transform(&["a vote about a goal", "rain"]).unwrap();
    let predictions = trainer.predict_multi_label(&model, &mine).unwrap();
    assert_eq!(predictions.names(), [vec!["sport", "politics"], vec![]]);
    assert_eq!(predictions.with_threshold(0.0).unwrap().names()[1].len(), 2);
    assert!(
        predictions.with_threshold(f32::NAN).is_err() && predictions.with_threshold(1.5).is_err()
    );
}

#[test]
fn one_class_and_several_labels_are_not_mixed_up() {
    let _alone = alone();
    let ((several, columns), one) = (whole(8), data(by_word));
    let (model, trainer) = (Model::new(columns, 2), Trainer { num_epochs: 1, ..trainer() });
    let message = |error: Error| error.to_string();
    let error = message(trainer.fit(&model, &several, &one).unwrap_err());
    assert!(error.contains("any number of labels") && error.contains("one split"), "{error}");
    let error = message(trainer.evaluate(&model, &several).unwrap_err());
    assert!(error.contains("evaluate_multi_label"), "{error}");
    let error = message(trainer.evaluate_multi_label(&model, &one).unwrap_err());
    assert!(error.contains("evaluate says"), "{error}");
    // An untrained model does what it is asked for.
    assert!(trainer.predict(&model, several.data()).is_ok());
    assert!(trainer.predict_multi_label(&model, several.data()).is_ok());
    trainer.fit(&model, &several, &several).unwrap();
    let error = message(trainer.predict(&model, several.data()).unwrap_err());
    assert!(
        error.contains("any number of labels") && error.contains("predict_multi_label"),
        "{error}"
    );
    let single = DataLoader::new(several.data().clone(), vec![0; 120], 8).unwrap();
    for error in [
        trainer.fit(&model, &single, &single).map(drop).unwrap_err(),
        trainer.evaluate(&model, &single).map(drop).unwrap_err(),
    ] {
        assert!(message(error).contains("a model of your own once more"));
    }
    let other = Model::new(columns, 2);
    trainer.fit(&other, &single, &single).unwrap();
    assert!(
        message(trainer.predict_multi_label(&other, several.data()).unwrap_err())
            .contains("predict asks")
    );
    assert!(trainer.evaluate_multi_label(&other, &several).is_err());
    assert!(trainer.predict(&other, several.data()).is_ok());
}

// >>> BCEWithLogitsLoss(pos_weight=torch.tensor([1.0, 3.0]))(logits, labels)
#[test]
fn steps_and_losses_do_not_depend_on_the_batches() {
    let _alone = alone();
    let run = |batch_size, accumulation_steps| {
        let (data, columns) = whole(batch_size);
        let model = Model::new(columns, 2);
        let class_weights = ClassWeights::Given(vec![1.0, 3.0]);
        let trainer = Trainer { num_epochs: 1, accumulation_steps, class_weights, ..trainer() };
        let history = trainer.fit(&model, &data, &data).unwrap();
        (model.weights(), history.epochs[0].clone())
    };
    let ((weights, metrics), (parts, of_parts)) = (run(120, 1), run(7, 18));
    for (a, b) in weights.iter().zip(parts) {
        assert!((a - b).abs() < 1e-6, "{a} {b}");
    }
    assert!((metrics.train_loss - of_parts.train_loss).abs() < 1e-6);
    assert_eq!(metrics.train_accuracy, of_parts.train_accuracy);
    let (data, columns) = whole(120);
    let batch = data.batch(0, Device::Cpu).unwrap();
    let logits = Model::new(columns, 2).forward(&batch.features);
    let weight = Tensor::from_slice(&[1.0f32, 3.0]);
    let has = &batch.labels * &weight * logits.log_sigmoid();
    let has_not = (batch.labels.ones_like() - &batch.labels) * logits.neg().log_sigmoid();
    let expected = -(has + has_not).mean(Kind::Double).double_value(&[]);
    assert!((metrics.train_loss - expected).abs() < 1e-6, "{} {expected}", metrics.train_loss);
    let given = logits.sigmoid().ge(0.5).eq_tensor(&batch.labels).all_dim(-1, false);
    let right = given.sum(Kind::Int64).int64_value(&[]);
    assert_eq!(metrics.train_accuracy, right as f64 / 120.0);
}

#[test]
fn settings_that_do_not_suit_several_labels_are_named() {
    let _alone = alone();
    let (data, columns) = whole(8);
    let error = |trainer: Trainer, outputs| {
        trainer.fit(&Model::new(columns, outputs), &data, &data).unwrap_err().to_string()
    };
    let smoothed = error(Trainer { label_smoothing: 0.1, ..trainer() }, 2);
    assert!(smoothed.starts_with("label_smoothing = 0.1: several labels"), "{smoothed}");
    for weights in [vec![1.0], vec![1.0; 3], vec![1.0, 0.0]] {
        let class_weights = ClassWeights::Given(weights);
        assert!(error(Trainer { class_weights, ..trainer() }, 2).starts_with("class_weights = "));
    }
    for outputs in [1, 3] {
        let error = error(trainer(), outputs);
        assert!(error.contains(&format!("{outputs} outputs, and there are 2 classes")), "{error}");
    }
    let rows = (0..120).map(|row| vec![row % 3 == 0, true, false]).collect();
    let labels = MultiLabels::new(rows, ["0", "1", "2"]).unwrap();
    let extreme = DataLoader::new(data.data().clone(), labels, 8).unwrap();
    let balanced = Trainer { class_weights: ClassWeights::Balanced, ..trainer() };
    let fault = balanced.fit(&Model::new(columns, 3), &extreme, &extreme).unwrap_err().to_string();
    assert!(fault.starts_with("all training examples have the label 1"), "{fault}");
    let more = trainer().fit(&Model::new(columns, 4), &extreme, &extreme).unwrap_err().to_string();
    assert!(more.contains("4 outputs, and there are 3 classes (0, 1, 2)"), "{more}");
}

#[test]
fn a_training_on_several_labels_goes_on_with_its_own_only() {
    let _alone = alone();
    let folder = test_folder("multi-label-resume");
    let (data, columns) = whole(8);
    let model = Model::new(columns, 2);
    let one = Trainer { num_epochs: 1, save_dir: Some(folder.clone()), ..trainer() };
    one.fit(&model, &data, &data).unwrap();
    let two = Trainer { num_epochs: 2, ..one };
    let mut rows = reviews().multi_labels().unwrap().rows().to_vec();
    rows[5][0] = !rows[5][0];
    let labels = MultiLabels::new(rows, ["sport", "politics"]).unwrap();
    let other = DataLoader::new(data.data().clone(), labels, 8).unwrap();
    let error = two.resume(&model, &other, &data).unwrap_err().to_string();
    assert!(error.contains("other training data"), "{error}");
    let history = two.resume(&model, &data, &data).unwrap();
    assert!(history.epochs.len() == 2 && history.multi_label);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_speed_is_that_of_their_loss() {
    let _alone = alone();
    let (data, columns) = whole(8);
    assert!(trainer().speed(&Model::new(columns, 2), &data).unwrap().training > 0.0);
}
