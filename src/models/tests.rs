//! Parity with transformers, on the models of tests/fixtures/models (see generate.py there).

mod adapter;
mod classes;
mod explain;
mod files;
mod lora;
mod multi_label;
mod pretraining;
mod training;

use super::*;
use crate::Precision;
use crate::dataloader::{DataLoader, Dataset};
use crate::files::test_folder;
use crate::trainer::optimizer::{Steps, clip};
use crate::trainer::tests::alone;
use crate::trainer::{Classifier, Optimizer, Schedule, Trainer};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tch::Device;

const WITH_GRADIENTS: [&str; 6] =
    ["distilbert", "bert", "roberta", "electra", "mpnet", "modernbert"];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models").join(name)
}

fn model(name: &str) -> AutoModelForSequenceClassification {
    let folder = fixture(name);
    AutoModelForSequenceClassification::from_pretrained(folder.to_str().unwrap(), 3).unwrap()
}

fn expected(name: &str) -> BTreeMap<String, Tensor> {
    let file = fixture(name).join("expected.safetensors");
    Tensor::read_safetensors(file).unwrap().into_iter().collect()
}

fn tokens(expected: &BTreeMap<String, Tensor>) -> Tokens {
    Tokens {
        input_ids: expected["input_ids"].shallow_clone(),
        attention_mask: expected["attention_mask"].shallow_clone(),
        padded: true,
        largest_id: 0,
    }
}

fn assert_close(ours: &Tensor, theirs: &Tensor, tolerance: f64, what: &str) {
    assert_eq!(ours.size(), theirs.size(), "{what}");
    let difference = (ours - theirs).abs().max().double_value(&[]);
    assert!(difference <= tolerance, "{what} differs by {difference}");
}

/// A copy of a fixture, to be damaged.
fn copied(name: &str, test: &str) -> PathBuf {
    let folder = test_folder(test);
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        fs::copy(fixture(name).join(file), folder.join(file)).unwrap();
    }
    folder
}

fn error_of(folder: &Path, num_classes: usize) -> String {
    let name = folder.to_str().unwrap();
    AutoModelForSequenceClassification::from_pretrained(name, num_classes).unwrap_err().to_string()
}

// >>> model(input_ids=input_ids, attention_mask=attention_mask, labels=labels)
#[test]
fn logits_features_and_loss_are_those_of_transformers() {
    for name in WITH_GRADIENTS.into_iter().chain(["xlm-roberta"]) {
        let (model, expected) = (model(name), expected(name));
        let tokens = tokens(&expected);
        let logits = tch::no_grad(|| model.forward(&tokens));
        assert_close(&logits, &expected["logits"], 2e-6, name);
        let features = tch::no_grad(|| model.encode(&tokens, Mode::default()));
        assert_close(&features, &expected["features"], 5e-6, name);
        let loss = logits.cross_entropy_for_logits(&expected["labels"]);
        assert_close(&loss.view(1), &expected["loss"], 1e-6, name);
    }
}

#[test]
fn attention_weights_are_those_of_transformers() {
    for name in WITH_GRADIENTS {
        let (model, expected) = (model(name), expected(name));
        let attentions = model.attentions(&tokens(&expected)).unwrap();
        assert_eq!(attentions.len(), 2);
        let mask = expected["attention_mask"].unsqueeze(1).unsqueeze(-1);
        for (layer, ours) in attentions.iter().enumerate() {
            // What a padding token attends to is of no account.
            if let Some(theirs) = expected.get(&format!("attentions.{layer}")) {
                assert_close(&(ours * &mask), &(theirs * &mask), 1e-6, &format!("{name} {layer}"));
            }
        }
    }
}

#[test]
fn gradients_of_every_parameter_are_those_of_transformers() {
    for name in WITH_GRADIENTS {
        let (model, expected) = (model(name), expected(name));
        let mode = Mode { train: true, ..Mode::default() };
        let logits = model.forward_t(&tokens(&expected), mode);
        logits.cross_entropy_for_logits(&expected["labels"]).backward();
        for (parameter, tensor) in model.named_parameters() {
            let theirs = &expected[&format!("grad.{parameter}")];
            assert_close(&tensor.grad(), theirs, 2e-6, &format!("{name} {parameter}"));
        }
    }
}

// >>> torch.optim.Adam(model.parameters(), lr=1e-2)
// >>> torch.optim.AdamW(groups, lr=1e-2, weight_decay=0.01), clip_grad_norm_(model.parameters(), 1.0),
//     get_linear_schedule_with_warmup(optimizer, num_warmup_steps=1, num_training_steps=4)
#[test]
fn three_steps_lead_where_those_of_pytorch_lead() {
    for name in WITH_GRADIENTS {
        let expected = expected(name);
        for (recipe, rule) in [("adam", Optimizer::Adam), ("adamw", Optimizer::AdamW)] {
            let model = model(name);
            let mut steps = Steps::new(rule, 0.01, &model.store).unwrap();
            let losses: Vec<f32> = Vec::try_from(&expected[&format!("{recipe}.losses")]).unwrap();
            for (step, theirs) in losses.into_iter().enumerate() {
                let mode = Mode { train: true, ..Mode::default() };
                let logits = model.forward_t(&tokens(&expected), mode);
                let loss = logits.cross_entropy_for_logits(&expected["labels"]);
                assert!((loss.double_value(&[]) - f64::from(theirs)).abs() < 1e-4, "{name} {step}");
                let mut gradients = steps.gradients(&loss).unwrap();
                let factor = match rule {
                    Optimizer::AdamW => {
                        clip(&mut gradients, 1.0).unwrap();
                        Schedule::Linear.factor(step, 1, 4)
                    }
                    _ => 1.0,
                };
                steps.step(1e-2 * factor, &gradients).unwrap();
            }
            for (parameter, ours) in model.named_parameters() {
                // Their true gradient is 0: Adam makes steps of what rounding leaves.
                if ["key.bias", "k_lin.bias", ".k.bias"].iter().any(|key| parameter.ends_with(key))
                {
                    continue;
                }
                let theirs = &expected[&format!("{recipe}.{parameter}")];
                assert_close(&ours, theirs, 1e-4, &format!("{name} {recipe} {parameter}"));
            }
        }
    }
}
