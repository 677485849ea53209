//! What is frozen, trained and kept.

use super::*;

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
fn each_parameter_lies_in_a_block() {
    for name in WITH_GRADIENTS {
        let model = model(name);
        let last = model.last_layers();
        for (parameter, _) in model.named_parameters() {
            let expected = match &parameter {
                key if last.iter().any(|module| key.contains(module.as_str())) => 0,
                key if key.contains(".layer.1.") => 1,
                key if key.contains(".layer.0.") => 2,
                _ => 3,
            };
            assert_eq!(model.depth_of(&parameter), expected, "{name}: {parameter}");
        }
    }
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
    let error = model.features([&tokens], Precision::Fp32).unwrap_err().to_string();
    assert!(error.contains("model.freeze_all()"), "{error}");
    model.freeze_all();
    model.unfreeze(&model.last_layers()).unwrap();
    let trainer = Trainer::default();
    let plain = trainer.predict(&model, &tokens).unwrap();
    for _once_new_once_kept in 0..2 {
        let [features] = model.features([&tokens], Precision::Fp32).unwrap();
        let cached = trainer.predict(&model, &features).unwrap();
        for (plain, cached) in plain.probabilities.iter().zip(&cached.probabilities) {
            let close = plain.iter().zip(cached).all(|(a, b)| (a - b).abs() < 1e-6);
            assert!(close, "{plain:?} {cached:?}");
        }
    }
}

#[test]
fn sixteen_bits_say_and_learn_the_same() {
    let _alone = alone();
    let texts: Vec<String> = (0..60).map(|i| format!("the film was {}", WORDS[i % 3])).collect();
    let labels: Vec<i64> = (0..60).map(|i| i % 3).collect();
    for name in WITH_GRADIENTS {
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
    let data = DataLoader::new(data, (0..30).map(|i| i % 3).collect::<Vec<_>>(), 6).unwrap();
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
    let [states] = bert.features([&tokens], Precision::Fp32).unwrap();
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
    assert_eq!(
        tops.map(|line| line[2].replace(',', "").parse::<usize>().unwrap()).sum::<usize>(),
        total
    );
    // A block that is trained differs from one that is not.
    model.freeze_all();
    model.unfreeze_last_blocks(1).unwrap();
    assert_eq!(model.tree().iter().filter(|line| line[0].contains("q_lin")).count(), 2);
}

#[test]
fn the_features_of_several_sets_are_those_of_each() {
    let model = model("distilbert");
    model.freeze_all();
    let encode = |texts: &[&str]| model.tokenizer.encode(texts, 16).unwrap();
    let (some, others) = (encode(&["the film was", "the film"]), encode(&["was the film the"]));
    let _alone = alone();
    let [first] = model.features([&some], Precision::Fp32).unwrap();
    // One of them is kept by now.
    let [both, other] = model.features([&some, &others], Precision::Fp32).unwrap();
    let [alone] = model.features([&others], Precision::Fp32).unwrap();
    assert_eq!((both.len(), other.len()), (2, 1));
    assert!(both.tensor().equal(first.tensor()) && other.tensor().equal(alone.tensor()));
    let empty = encode(&[]);
    let error = model.features([&some, &empty], Precision::Fp32).unwrap_err().to_string();
    assert!(error.contains("at least one text"), "{error}");
}
