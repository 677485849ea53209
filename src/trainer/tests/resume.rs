//! Trainings that go on from a checkpoint.

use super::*;
use crate::Labels;

/// A training that is stopped in the middle of its second epoch, and goes on.
#[test]
fn a_training_that_goes_on_comes_to_the_same_numbers() {
    let _alone = alone();
    for optimizer in [Optimizer::Sgd, Optimizer::Adam, Optimizer::AdamW] {
        let folder = test_folder("resume");
        let trainer = Trainer { num_epochs: 4, optimizer, accumulation_steps: 2, ..trainer() };
        let (whole, data) = (Model::new(3, 2), data(by_word));
        let expected = trainer.fit(&whole, &data, &data).unwrap();

        let saving = Trainer {
            save_dir: Some(folder.clone()),
            checkpoint_steps: Some(1),
            ..trainer.clone()
        };
        // The checkpoint of step 6, two steps into the second epoch, as a crash would leave it.
        let kept = folder.join("kept.safetensors");
        let checkpoint = folder.join("checkpoint.safetensors");
        let crashed = Crashing { model: Model::new(3, 2), left: std::cell::Cell::new(13) };
        assert!(saving.fit(&crashed, &data, &data).is_err());
        std::fs::copy(&checkpoint, &kept).unwrap();

        let model = Model::new(3, 2);
        let history = saving.resume(&model, &data, &data).unwrap();
        assert_eq!(history, expected, "{optimizer:?}");
        assert_eq!(model.weights(), whole.weights(), "{optimizer:?}");

        // What does not belong to it is refused.
        let other = Trainer { seed: 2, ..saving.clone() };
        let error = other.resume(&model, &data, &data).unwrap_err().to_string();
        assert!(error.contains("seed 1") && error.contains("not seed 2"), "{error}");
        let more = DataLoader::new(data.data().clone(), vec![0; 50], 8).unwrap();
        assert!(saving.resume(&model, &more, &data).is_err(), "other labels");
        std::fs::write(&checkpoint, "damaged").unwrap();
        let error = saving.resume(&model, &data, &data).unwrap_err().to_string();
        assert!(error.contains("start the training anew with fit"), "{error}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}

/// A model that panics at some batch.
struct Crashing {
    model: Model,
    left: std::cell::Cell<usize>,
}

impl Classifier<Features> for Crashing {
    fn forward(&self, features: &Features) -> Tensor {
        self.model.forward(features)
    }

    fn forward_t(&self, features: &Features, mode: Mode) -> Tensor {
        if mode.train {
            assert!(self.left.get() > 0, "crashed");
            self.left.set(self.left.get() - 1);
        }
        self.forward(features)
    }

    fn var_store(&self) -> &VarStore {
        &self.model.store
    }
}

#[test]
fn a_training_goes_on_with_its_own_data_only() {
    let _alone = alone();
    let folder = test_folder("resume-data");
    let trainer = Trainer { num_epochs: 1, save_dir: Some(folder.clone()), ..trainer() };
    let (model, train) = (Model::new(3, 2), data(by_word));
    trainer.fit(&model, &train, &train).unwrap();
    let more = Trainer { num_epochs: 2, ..trainer };
    let error = |train: &DataLoader<CountMatrix>, val: &DataLoader<CountMatrix>| {
        more.resume(&model, train, val).unwrap_err().to_string()
    };
    let texts: Vec<String> = (0..50).map(|i| ["good film", "good bad"][i % 2].to_owned()).collect();
    let (_, counts) = CountVectorizer::default().fit_transform(&texts).unwrap();
    let labels = Labels::from((0..50).map(by_word).collect::<Vec<_>>());
    let other_texts = DataLoader::new(counts, labels.clone(), 8).unwrap();
    let other_labels = data(|row| by_word(row + 1));
    let named = labels.called(["bad", "good"]);
    let named = DataLoader::new(train.data().clone(), named, 8).unwrap();
    for other in [&other_texts, &other_labels, &named] {
        assert!(error(other, &train).contains("other training data"), "{}", error(other, &train));
        assert!(error(&train, other).contains("other validation data"));
    }
    assert_eq!(more.resume(&model, &train, &train).unwrap().epochs.len(), 2);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_checkpoint_without_a_word_about_its_data_is_refused() {
    let _alone = alone();
    let folder = test_folder("resume-old");
    let trainer = Trainer { num_epochs: 1, save_dir: Some(folder.clone()), ..trainer() };
    let (model, data) = (Model::new(3, 2), data(by_word));
    trainer.fit(&model, &data, &data).unwrap();
    let path = folder.join("checkpoint.safetensors");
    let mut tensors = Tensor::read_safetensors(&path).unwrap();
    for (name, tensor) in &mut tensors {
        if name == "position" {
            let json: Vec<u8> = Vec::try_from(&*tensor).unwrap();
            let mut json: serde_json::Value = serde_json::from_slice(&json).unwrap();
            json.as_object_mut().unwrap().remove("origin");
            json["settings"] = "seed 1".into();
            *tensor = Tensor::from_slice(json.to_string().as_bytes());
        }
    }
    Tensor::write_safetensors(&tensors, &path).unwrap();
    let error = trainer.resume(&model, &data, &data).unwrap_err().to_string();
    assert!(error.contains("an older version wrote it"), "{error}");
    std::fs::remove_dir_all(folder).unwrap();
}
