//! Parity with transformers, on the models of tests/fixtures/models (see generate.py there).

use super::*;
use crate::Precision;
use crate::dataloader::{DataLoader, Dataset};
use crate::files::test_folder;
use crate::trainer::optimizer::{Steps, clip};
use crate::trainer::tests::alone;
use crate::trainer::{Optimizer, Schedule, Trainer};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use tch::Device;

const WITH_GRADIENTS: [&str; 3] = ["distilbert", "bert", "roberta"];

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

// >>> model(input_ids=input_ids, attention_mask=attention_mask, labels=labels)
#[test]
fn logits_features_and_loss_are_those_of_transformers() {
    for name in ["distilbert", "bert", "roberta", "xlm-roberta"] {
        let (model, expected) = (model(name), expected(name));
        let tokens = tokens(&expected);
        let logits = tch::no_grad(|| model.forward(&tokens));
        assert_close(&logits, &expected["logits"], 2e-6, name);
        let features = tch::no_grad(|| model.first_state(&tokens, Mode::default()));
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
        // What a padding token attends to is of no account.
        let (ours, theirs) = (&attentions[0] * &mask, &expected["attentions.0"] * &mask);
        assert_close(&ours, &theirs, 1e-6, name);
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
                if parameter.ends_with("key.bias") || parameter.ends_with("k_lin.bias") {
                    continue;
                }
                let theirs = &expected[&format!("{recipe}.{parameter}")];
                assert_close(&ours, theirs, 1e-4, &format!("{name} {recipe} {parameter}"));
            }
        }
    }
}

#[test]
fn old_names_and_shards_are_understood() {
    let whole = model("bert");
    let old = model("bert-old-names");
    for ((name, a), (_, b)) in whole.named_parameters().iter().zip(old.named_parameters()) {
        let new = name.starts_with("classifier");
        assert_eq!(a.equal(&b), !new, "{name}");
    }
    let expected = expected("distilbert");
    let logits = tch::no_grad(|| model("sharded").forward(&tokens(&expected)));
    assert_close(&logits, &expected["logits"], 2e-6, "sharded");
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

#[test]
fn what_does_not_fit_is_refused_with_the_reason() {
    let folder = copied("bert", "misfits");
    let error = error_of(&folder, 2);
    assert!(error.contains("classifier.") && error.contains("num_classes = 2"), "{error}");
    assert!(error.contains("[3") && error.contains("[2"), "both shapes: {error}");
    assert!(error_of(&folder, 0).starts_with("num_classes = 0"), "{}", error_of(&folder, 0));

    let config = fs::read_to_string(folder.join("config.json")).unwrap();
    for (from, to, complaint) in [
        ("\"bert\"", "\"gpt2\"", "distilbert, bert, roberta or xlm-roberta"),
        ("\"hidden_size\": 16", "\"hidden_size\": 15", "2 heads can't share a width of 15"),
        ("\"hidden_size\": 16", "\"hidden_size\": \"x\"", "hidden_size is \"x\""),
        ("\"hidden_size\": 16", "\"hidden_size\": 10000000", "out of memory"),
        ("\"gelu\"", "\"swish\"", "gelu, gelu_new and relu"),
        ("\"vocab_size\": 108", "\"vocab_size\": 50", "the tokenizer has 108 pieces"),
        ("{", "", "not a JSON file"),
    ] {
        fs::write(folder.join("config.json"), config.replacen(from, to, 1)).unwrap();
        let error = error_of(&folder, 3);
        assert!(error.contains(complaint) && error.lines().count() == 1, "{to}: {error}");
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn damaged_weights_are_refused() {
    let folder = copied("distilbert", "damaged");
    let path = folder.join("model.safetensors");
    let whole = fs::read(&path).unwrap();
    let mut huge_header = whole.clone();
    huge_header[..8].copy_from_slice(&(1u64 << 40).to_le_bytes());
    let mut nan = whole.clone();
    let end = nan.len();
    nan[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    for (damage, complaint) in [
        (&whole[..whole.len() - 8], "not a whole safetensors file"),
        (&whole[..5], "not a whole safetensors file"),
        (&huge_header, "not a whole safetensors file"),
        (&nan, "NaN or infinite numbers"),
    ] {
        fs::write(&path, damage).unwrap();
        let error = error_of(&folder, 3);
        assert!(error.contains(complaint) && error.lines().count() == 1, "{error}");
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn names_of_modules_decide_what_is_trained() {
    let model = model("distilbert");
    let all = model.count_parameters();
    assert_eq!(all.trainable, all.total);
    model.freeze_all();
    assert_eq!(model.count_parameters().trainable, 0);
    model.unfreeze(&["pre_classifier", "classifier"]).unwrap();
    assert_eq!(model.count_parameters().trainable, 16 * 16 + 16 + 3 * 16 + 3);
    assert!(model.encoder_is_frozen());
    model.unfreeze_last_blocks(1).unwrap();
    assert!(!model.encoder_is_frozen());
    let error = model.unfreeze(&["classifier", "poler"]).unwrap_err().to_string();
    assert!(error.contains("\"poler\"") && error.contains("pre_classifier"), "{error}");
    assert!(model.unfreeze_last_blocks(3).is_err());
}

#[test]
fn frozen_parameters_stay_bit_identical() {
    let model = model("roberta");
    model.freeze_all();
    model.unfreeze(&model.last_layers()).unwrap();
    let before: Vec<Tensor> = model.named_parameters().iter().map(|(_, t)| t.copy()).collect();
    let texts = ["the film", "a bad film", "good", "so so"];
    let data = model.tokenizer.encode(&texts, 16).unwrap();
    let data = DataLoader::new(data, vec![0, 1, 2, 0], 2).unwrap();
    let trainer =
        Trainer { optimizer: Optimizer::AdamW, learning_rate: 1e-2, ..Trainer::default() };
    let _alone = alone();
    trainer.fit(&model, &data, &data).unwrap();
    for ((name, after), before) in model.named_parameters().iter().zip(before) {
        let frozen = !name.starts_with("classifier");
        assert_eq!(after.equal(&before), frozen, "{name}");
    }
}

#[test]
fn cached_features_give_the_same_logits() {
    let model = model("bert");
    let texts: Vec<String> = (0..30).map(|i| "the film was ".repeat(1 + i % 5)).collect();
    let tokens = model.tokenizer.encode(&texts, 16).unwrap();
    let _alone = alone();
    let error = model.features(&tokens, Precision::Fp32).unwrap_err().to_string();
    assert!(error.contains("model.freeze_all()"), "{error}");
    model.freeze_all();
    model.unfreeze(&model.last_layers()).unwrap();
    let trainer = Trainer::default();
    let plain = trainer.predict(&model, &tokens).unwrap();
    for _once_new_once_kept in 0..2 {
        let features = model.features(&tokens, Precision::Fp32).unwrap();
        let cached = trainer.predict(&model, &features).unwrap();
        for (plain, cached) in plain.probabilities.iter().zip(&cached.probabilities) {
            let close = plain.iter().zip(cached).all(|(a, b)| (a - b).abs() < 1e-6);
            assert!(close, "{plain:?} {cached:?}");
        }
    }
}

#[test]
fn a_saved_model_is_the_same_when_it_is_loaded() {
    let folder = test_folder("save-pretrained");
    let original = model("distilbert");
    original.save_pretrained(&folder).unwrap();
    let path = folder.to_str().unwrap();
    let again = AutoModelForSequenceClassification::from_pretrained(path, 3).unwrap();
    for ((name, a), (_, b)) in original.named_parameters().iter().zip(again.named_parameters()) {
        assert!(a.equal(&b), "{name}");
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 4);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn sixteen_bits_say_and_learn_the_same() {
    let _alone = alone();
    let texts: Vec<String> = (0..60).map(|i| format!("the film was {}", WORDS[i % 3])).collect();
    let labels: Vec<i64> = (0..60).map(|i| i % 3).collect();
    for name in ["distilbert", "bert", "roberta"] {
        let expected = expected(name);
        let mode = Mode { precision: Precision::Bf16, ..Mode::default() };
        let logits = tch::no_grad(|| model(name).forward_t(&tokens(&expected), mode));
        assert_eq!(logits.kind(), tch::Kind::Float);
        // Eight significant bits, through two layers whose logits are of size 1 to 10.
        assert_close(&logits, &expected["logits"], 0.25, name);
        for seed in 1..=3 {
            let accuracies = [Precision::Fp32, Precision::Bf16].map(|precision| {
                let model = model(name);
                let data = model.tokenizer.encode(&texts, 16).unwrap();
                let data = DataLoader::new(data, labels.clone(), 6).unwrap();
                let trainer = Trainer {
                    num_epochs: 10,
                    learning_rate: 3e-3,
                    seed,
                    precision,
                    ..Trainer::default()
                };
                trainer.fit(&model, &data, &data).unwrap();
                trainer.evaluate(&model, &data).unwrap().accuracy
            });
            assert_eq!(accuracies, [1.0, 1.0], "{name}, seed {seed}");
        }
    }
}

const WORDS: [&str; 3] = ["good", "bad", "not"];

#[test]
fn a_loss_that_becomes_nan_leaves_the_best_parameters() {
    let _alone = alone();
    let model = model("distilbert");
    let texts: Vec<String> = (0..30).map(|i| format!("the film was {}", WORDS[i % 3])).collect();
    let data = model.tokenizer.encode(&texts, 16).unwrap();
    let data = DataLoader::new(data, (0..30).map(|i| i % 3).collect(), 6).unwrap();
    let wild = Trainer { num_epochs: 50, learning_rate: 1e30, ..Trainer::default() };
    let error = wild.fit(&model, &data, &data).unwrap_err().to_string();
    assert!(error.contains("step") && error.contains("learning_rate"), "{error}");
}

#[test]
fn what_is_not_of_this_model_is_refused() {
    let _alone = alone();
    let (bert, roberta) = (model("bert"), model("roberta"));
    let tokens = bert.tokenizer.encode(&["good", "zz [MASK] ~"], 16).unwrap();
    assert!(Trainer::default().predict(&bert, &tokens).is_ok());
    let mut all = Tokens { largest_id: 107, ..tokens.gather(&[0], Device::Cpu).unwrap() };
    assert!(bert.attentions(&all).is_ok());
    let error = roberta.attentions(&all).unwrap_err().to_string();
    assert!(error.contains("of another model"), "{error}");
    all.largest_id = 108;
    assert!(bert.attentions(&all).is_err());

    // Kept features can train the last layers, and nothing below them.
    bert.freeze_all();
    let states = bert.features(&tokens, Precision::Fp32).unwrap();
    let data = DataLoader::new(states, vec![0, 1], 2).unwrap();
    bert.unfreeze_last_blocks(1).unwrap();
    let error = Trainer::default().fit(&bert, &data, &data).unwrap_err().to_string();
    assert!(error.contains("layer.1") && error.contains("train on the texts"), "{error}");
}

#[test]
fn the_tree_shows_equal_blocks_once() {
    let model = model("distilbert");
    let lines = model.tree();
    let line = |name: &str| lines.iter().find(|line| line[0].trim() == name).unwrap().clone();
    assert_eq!(lines.iter().filter(|line| line[0].contains("q_lin")).count(), 1);
    assert!(lines.iter().any(|line| line[0].trim() == "0 to 1: 2 blocks of"), "{lines:?}");
    assert_eq!(line("distilbert")[1], "");
    let total: usize = model.count_parameters().total;
    let tops = lines.iter().filter(|line| !line[0].starts_with(' '));
    assert_eq!(tops.map(|line| line[2].parse::<usize>().unwrap()).sum::<usize>(), total);
    // A block that is trained differs from one that is not.
    model.freeze_all();
    model.unfreeze_last_blocks(1).unwrap();
    assert_eq!(model.tree().iter().filter(|line| line[0].contains("q_lin")).count(), 2);
}
