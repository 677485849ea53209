//! Blocks that learn at rates of their own, and one after the other.

use super::*;
use tch::nn::Module;

/// Two layers, each of which is a block, if the model says so.
struct Deep {
    store: VarStore,
    first: nn::Linear,
    last: nn::Linear,
    tells: bool,
    /// Whether the first layer asked for gradients, in each forward pass of a training.
    asked: std::cell::RefCell<Vec<bool>>,
}

impl Deep {
    fn new(tells: bool) -> Deep {
        tch::manual_seed(1);
        let store = VarStore::new(Device::Cpu);
        let first = nn::linear(store.root() / "first", 3, 4, Default::default());
        let last = nn::linear(store.root() / "last", 4, 2, Default::default());
        Deep { store, first, last, tells, asked: Default::default() }
    }

    fn values(&self) -> [Vec<f32>; 2] {
        [&self.first, &self.last].map(|layer| Vec::try_from(layer.ws.flatten(0, -1)).unwrap())
    }
}

impl Classifier<Features> for Deep {
    fn forward(&self, features: &Features) -> Tensor {
        self.last.forward(&features.linear(&self.first).tanh())
    }

    fn forward_t(&self, features: &Features, mode: Mode) -> Tensor {
        if mode.train {
            self.asked.borrow_mut().push(self.first.ws.requires_grad());
        }
        self.forward(features)
    }

    fn var_store(&self) -> &VarStore {
        &self.store
    }

    fn depth_of(&self, parameter: &str) -> usize {
        if self.tells && parameter.starts_with("first") { 1 } else { 0 }
    }
}

fn trained(trainer: &Trainer) -> (Deep, History) {
    let (model, data) = (Deep::new(true), data(by_word));
    let history = trainer.fit(&model, &data, &data).unwrap();
    (model, history)
}

#[test]
fn a_block_below_learns_slower() {
    let _alone = alone();
    // One step of SGD, which goes as far as the rate.
    let moved = |layer_decay| {
        let data = DataLoader::new(data(by_word).data().clone(), vec![0; 50], 50).unwrap();
        let model = Deep::new(true);
        let before = model.values();
        let trainer = Trainer { num_epochs: 1, layer_decay, best_by: Metric::Loss, ..trainer() };
        trainer.fit(&model, &data, &data).unwrap();
        let far = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>();
        let after = model.values();
        [far(&before[0], &after[0]), far(&before[1], &after[1])]
    };
    let (same, slower) = (moved(1.0), moved(0.25));
    assert!((slower[0] / same[0] - 0.25).abs() < 1e-3, "{same:?} {slower:?}");
    assert!((slower[1] / same[1] - 1.0).abs() < 1e-3, "{same:?} {slower:?}");
}

#[test]
fn a_block_stays_as_it_is_until_its_epoch() {
    let _alone = alone();
    let first = Deep::new(true).values()[0].clone();
    for optimizer in [Optimizer::Sgd, Optimizer::AdamW] {
        let gradual = |num_epochs| {
            let best_by = Metric::Loss;
            let gradual_unfreezing = Some(2);
            let learning_rate = 0.05;
            Trainer {
                learning_rate,
                optimizer,
                num_epochs,
                gradual_unfreezing,
                best_by,
                ..trainer()
            }
        };
        let (model, _) = trained(&gradual(2));
        assert_eq!(model.values()[0], first, "{optimizer:?}");
        assert!(model.asked.borrow().iter().all(|asked| !asked));
        let (model, _) = trained(&gradual(3));
        assert_ne!(model.values()[0], first, "{optimizer:?}");
        // Seven batches an epoch.
        let asked = model.asked.borrow();
        assert!(asked[..14].iter().all(|asked| !asked) && asked[14..].iter().all(|asked| *asked));
        assert!(model.store.trainable_variables().iter().all(Tensor::requires_grad));
    }
}

#[test]
fn it_goes_on_from_a_checkpoint_to_the_same_numbers() {
    let _alone = alone();
    for optimizer in [Optimizer::Adam, Optimizer::AdamW] {
        let folder = test_folder("resume-blocks");
        let whole = Trainer {
            num_epochs: 4,
            optimizer,
            learning_rate: 0.05,
            layer_decay: 0.5,
            gradual_unfreezing: Some(1),
            best_by: Metric::Loss,
            ..trainer()
        };
        let (expected, history) = trained(&whole);
        for epochs in [1, 2] {
            let saving = Trainer { save_dir: Some(folder.clone()), ..whole.clone() };
            trained(&Trainer { num_epochs: epochs, ..saving.clone() });
            let (model, data) = (Deep::new(true), data(by_word));
            assert_eq!(saving.resume(&model, &data, &data).unwrap(), history);
            assert_eq!(model.values(), expected.values(), "{optimizer:?}");
            let others = [
                Trainer { layer_decay: 0.9, ..saving.clone() },
                Trainer { gradual_unfreezing: None, ..saving.clone() },
            ];
            for other in others {
                let error = other.resume(&model, &data, &data).unwrap_err().to_string();
                assert!(error.contains("layer decay 0.5, unfreezing one more"), "{error}");
            }
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn settings_that_would_change_nothing_are_refused() {
    let _alone = alone();
    let data = data(by_word);
    let error =
        |trainer: Trainer, model: &Deep| trainer.fit(model, &data, &data).unwrap_err().to_string();
    let decay = Trainer { layer_decay: 0.9, ..trainer() };
    let gradual = Trainer { gradual_unfreezing: Some(1), ..trainer() };
    let one_block = Deep::new(false);
    assert!(error(decay.clone(), &one_block).starts_with("layer_decay = 0.9: all that is trained"));
    assert!(error(gradual, &one_block).starts_with("gradual_unfreezing = Some(1): all"));
    let frozen = Deep::new(true);
    let _ = frozen.first.ws.set_requires_grad(false);
    let _ = frozen.first.bs.as_ref().map(|bias| bias.set_requires_grad(false));
    assert!(error(decay, &frozen).contains("Classifier::depth_of"));
    for layer_decay in [0.0, -0.5, 1.1, f64::NAN] {
        let wrong = Trainer { layer_decay, ..trainer() };
        assert!(error(wrong, &Deep::new(true)).contains("a share below it"));
    }
    let wrong = Trainer { gradual_unfreezing: Some(0), ..trainer() };
    assert!(error(wrong, &Deep::new(true)).contains("take 1 or more"));
}

#[test]
fn an_error_in_the_middle_leaves_no_block_frozen() {
    let _alone = alone();
    let (model, data) = (Deep::new(true), data(by_word));
    let wild = Trainer { learning_rate: f64::MAX, gradual_unfreezing: Some(1), ..trainer() };
    assert!(wild.fit(&model, &data, &data).is_err());
    assert!(model.store.trainable_variables().iter().all(Tensor::requires_grad));
}
