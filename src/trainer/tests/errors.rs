//! What can go wrong in a training.

use super::*;
use tch::Kind;

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
    assert!(error.contains("size mismatch"), "{error}");
    assert!(!error.contains(".cpp") && error.lines().count() == 1, "{error}");
    let few = trainer().fit(&Model::new(3, 1), &data, &data).unwrap_err().to_string();
    assert_eq!(
        few,
        "label 1, but the model has 1 outputs: give it 2 or more (classes count from 0)"
    );
}

#[test]
fn a_loss_that_becomes_nan_ends_the_training_with_the_best_parameters() {
    let _alone = alone();
    let (model, data) = (Model::new(3, 2), data(by_word));
    let _ = tch::no_grad(|| model.linear.ws.shallow_clone().fill_(f64::NAN));
    let error = trainer().fit(&model, &data, &data).unwrap_err().to_string();
    assert!(error.starts_with("the loss is NaN before anything was learned"), "{error}");
    // A model that a rate which is far too large spoils in its first epoch.
    let model = Model::new(3, 2);
    let far = Trainer { learning_rate: 1e40, num_epochs: 5, ..trainer() };
    let error = far.fit(&model, &data, &data).unwrap_err().to_string();
    assert!(
        error.contains("in epoch 1, ") && error.contains(": make or load the model anew"),
        "{error}"
    );
    let error = trainer().fit(&model, &data, &data).unwrap_err().to_string();
    assert!(error.contains("before anything was learned"), "{error}");
}

#[test]
fn a_full_disk_is_an_error_that_leaves_the_old_checkpoint_and_the_model() {
    let _alone = alone();
    let folder = test_folder("full-checkpoint");
    let (model, data) = (Model::new(3, 2), data(by_word));
    std::fs::write(folder.join("best.safetensors"), "old").unwrap();
    // What is written to this device finds no space.
    let part = folder.join(format!("best.safetensors.{}.part", std::process::id()));
    std::os::unix::fs::symlink("/dev/full", part).unwrap();
    let before = model.weights();
    let saving = Trainer { save_dir: Some(folder.clone()), ..trainer() };
    let error = saving.fit(&model, &data, &data).unwrap_err().to_string();
    assert!(error.contains("best.safetensors: can't be written"), "{error}");
    assert_eq!(std::fs::read_to_string(folder.join("best.safetensors")).unwrap(), "old");
    assert_ne!(model.weights(), before, "what was learned until then is kept");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_model_that_is_frozen_or_too_large_for_the_memory_is_an_error() {
    let _alone = alone();
    struct Large(Model);
    impl Classifier<Features> for Large {
        fn forward(&self, _features: &Features) -> Tensor {
            Tensor::zeros([1 << 30, 1 << 18], (Kind::Float, Device::Cpu))
        }
        fn var_store(&self) -> &VarStore {
            &self.0.store
        }
    }
    let data = data(by_word);
    let error = trainer().fit(&Large(Model::new(3, 2)), &data, &data).unwrap_err();
    assert!(matches!(error, Error::Memory(_)), "{error}");
    for word in ["batch_size", "max_length", "Bf16"] {
        assert!(error.to_string().contains(word), "{error}");
    }
    let mut frozen = Model::new(3, 2);
    frozen.store.freeze();
    let error = trainer().fit(&frozen, &data, &data).unwrap_err().to_string();
    assert!(error.contains("unfreeze some"), "{error}");
}

#[test]
fn parameters_that_the_logits_do_not_depend_on_are_named() {
    let _alone = alone();
    struct Detached(Model);
    impl Classifier<Features> for Detached {
        fn forward(&self, features: &Features) -> Tensor {
            self.0.forward(features).detach()
        }
        fn var_store(&self) -> &VarStore {
            &self.0.store
        }
    }
    let data = data(by_word);
    let error = trainer().fit(&Detached(Model::new(3, 2)), &data, &data).unwrap_err().to_string();
    assert!(error.contains("don't depend on it"), "{error}");
    let model = Model::new(3, 2);
    let _unused = nn::linear(model.store.root() / "unused", 2, 2, Default::default());
    let error = trainer().fit(&model, &data, &data).unwrap_err().to_string();
    assert!(error.contains("unused.") && error.contains("freeze it"), "{error}");
}

#[test]
fn a_validation_that_becomes_nan_is_no_best_epoch() {
    let _alone = alone();
    /// Right while it learns, NaN when it is asked.
    struct Broken(Model);
    impl Classifier<Features> for Broken {
        fn forward(&self, features: &Features) -> Tensor {
            self.0.forward(features) * f64::NAN
        }
        fn forward_t(&self, features: &Features, mode: Mode) -> Tensor {
            if mode.train { self.0.forward(features) } else { self.forward(features) }
        }
        fn var_store(&self) -> &VarStore {
            &self.0.store
        }
    }
    let data = data(by_word);
    let error = trainer().fit(&Broken(Model::new(3, 2)), &data, &data).unwrap_err().to_string();
    assert!(error.contains("the loss became NaN in epoch 1"), "{error}");
}
