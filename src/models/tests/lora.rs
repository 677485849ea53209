//! LoRA, beside peft's (tests/fixtures/lora, see generate.py there).

use super::*;
use crate::Lora;
use crate::trainer::tests::alone;

/// An adapter that peft has made for the fixture of this name.
pub fn adapter(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lora").join(name)
}

pub fn adapted(name: &str) -> AutoModelForSequenceClassification {
    let model = model(name);
    model.load_adapter(adapter(name)).unwrap();
    model
}

pub fn tensors(file: impl AsRef<Path>) -> BTreeMap<String, Tensor> {
    Tensor::read_safetensors(file).unwrap().into_iter().collect()
}

pub fn logits(model: &AutoModelForSequenceClassification, name: &str) -> Tensor {
    tch::no_grad(|| model.forward(&tokens(&expected(name))))
}

/// Fifty short texts of three classes.
fn data(model: &AutoModelForSequenceClassification) -> DataLoader<crate::Encodings> {
    let texts: Vec<String> =
        (0..48).map(|i| format!("the film was {}", ["good", "bad", "not"][i % 3])).collect();
    let texts = model.tokenizer.encode(&texts, 16).unwrap();
    DataLoader::new(texts, (0..48).map(|i| i % 3).collect::<Vec<i64>>(), 6).unwrap()
}

// >>> model = PeftModel.from_pretrained(model, folder, is_trainable=True)
#[test]
fn logits_and_gradients_are_those_of_peft() {
    for name in WITH_GRADIENTS {
        let (model, theirs) = (adapted(name), tensors(adapter(name).join("expected.safetensors")));
        assert_close(&logits(&model, name), &theirs["logits"], 1e-5, name);
        let inputs = expected(name);
        let mode = Mode { train: true, ..Mode::default() };
        let loss =
            model.forward_t(&tokens(&inputs), mode).cross_entropy_for_logits(&inputs["labels"]);
        loss.backward();
        let mut trained = 0;
        for (parameter, tensor) in model.named_parameters() {
            let gradient = theirs.get(&format!("grad.{parameter}"));
            assert_eq!(tensor.requires_grad(), gradient.is_some(), "{name} {parameter}");
            if let Some(gradient) = gradient {
                let size = gradient.abs().max().double_value(&[]).max(1.0);
                assert_close(&tensor.grad(), gradient, 1e-5 * size, &format!("{name} {parameter}"));
                trained += 1;
            }
        }
        assert_eq!(trained, theirs.keys().filter(|key| key.starts_with("grad.")).count());
    }
}

#[test]
fn three_steps_lead_where_those_of_peft_lead() {
    for name in WITH_GRADIENTS {
        let (model, inputs) = (adapted(name), expected(name));
        let theirs = tensors(adapter(name).join("expected.safetensors"));
        let mut steps = Steps::new(Optimizer::AdamW, 0.01, &model.store).unwrap();
        let losses: Vec<f32> = Vec::try_from(&theirs["adamw.losses"]).unwrap();
        for (step, of_peft) in losses.into_iter().enumerate() {
            let mode = Mode { train: true, ..Mode::default() };
            let logits = model.forward_t(&tokens(&inputs), mode);
            let loss = logits.cross_entropy_for_logits(&inputs["labels"]);
            assert!((loss.double_value(&[]) - f64::from(of_peft)).abs() < 1e-5, "{name} {step}");
            let gradients = steps.gradients(&loss).unwrap();
            steps.step(1e-2, &gradients).unwrap();
        }
        for (parameter, ours) in model.named_parameters() {
            if let Some(theirs) = theirs.get(&format!("adamw.{parameter}")) {
                assert_close(&ours, theirs, 1e-5, &format!("{name} {parameter}"));
            }
        }
    }
}

// >>> model = PeftModel.from_pretrained(model, folder).merge_and_unload()
#[test]
fn new_matrices_change_nothing_and_learn_alone_with_the_last_layers() {
    let _alone = alone();
    for (name, width) in [("distilbert", 16), ("bert", 16), ("roberta", 16)] {
        let (model, before) = (model(name), logits(&model(name), name));
        let all = model.count_parameters().total;
        let last: usize = {
            model.freeze_all();
            model.unfreeze(&model.last_layers()).unwrap();
            model.count_parameters().trainable
        };
        tch::manual_seed(1);
        model.add_lora(&Lora { rank: 4, ..Lora::default() }).unwrap();
        assert_close(&logits(&model, name), &before, 1e-6, name);
        let added = 2 * 2 * 2 * 4 * width; // blocks, layers of each, matrices
        let count = model.count_parameters();
        assert_eq!((count.total, count.trainable), (all + added, last + added));
        let drawn = |model: &AutoModelForSequenceClassification| -> Vec<Tensor> {
            let named = model.named_parameters().into_iter();
            named.filter(|(name, _)| name.contains("lora_A")).map(|(_, a)| a.copy()).collect()
        };
        let bound = 1.0 / (width as f64).sqrt();
        for a in drawn(&model) {
            let largest = a.abs().max().double_value(&[]);
            assert!((0.8 * bound..=bound).contains(&largest), "{largest}");
        }
        for (parameter, _) in
            model.named_parameters().iter().filter(|(name, _)| name.contains("lora_"))
        {
            let block = if parameter.contains("layer.1") { 1 } else { 2 };
            assert_eq!(model.depth_of(parameter), block, "{parameter}");
        }
        let seeded = || {
            let model = super::model(name);
            tch::manual_seed(1);
            model.add_lora(&Lora { rank: 4, ..Lora::default() }).unwrap();
            drawn(&model)
        };
        let same = |a: &Vec<Tensor>| a.iter().zip(seeded()).all(|(a, b)| a.equal(&b));
        // Other tests draw from the same generator meanwhile: one of some attempts is left alone.
        assert!((0..20).any(|_| same(&seeded())), "{name}");
    }
}

#[test]
fn what_cannot_be_adapted_is_refused_with_the_remedy() {
    let model = model("bert");
    let error = |lora: Lora| model.add_lora(&lora).unwrap_err().to_string();
    let unknown = Lora { target_modules: vec!["query".into(), "q_lin".into()], ..Lora::default() };
    assert_eq!(
        error(unknown),
        "target_modules = \"q_lin\": the encoder's blocks have query, key, value, dense"
    );
    for (lora, complaint) in [
        (Lora { rank: 0, ..Lora::default() }, "rank = 0: take 1 to 16"),
        (Lora { rank: 17, ..Lora::default() }, "rank = 17: take 1 to 16"),
        (Lora { rank: usize::MAX, ..Lora::default() }, "rank = 18446744073709551615: take 1 to 16"),
        (Lora { alpha: 0.0, ..Lora::default() }, "alpha = 0"),
        (Lora { alpha: f64::NAN, ..Lora::default() }, "alpha = NaN"),
        (Lora { dropout: 1.0, ..Lora::default() }, "dropout = 1: take 0"),
    ] {
        let error = error(lora);
        assert!(error.starts_with(complaint), "{error}");
    }
    assert_eq!(model.count_parameters().trainable, model.count_parameters().total);

    let one =
        Lora { target_modules: vec!["layer.1.attention.self.query".into()], ..Lora::default() };
    model.add_lora(&one).unwrap();
    let twice = error(Lora::default());
    assert!(twice.contains("rank 8") && twice.contains("merge_lora"), "{twice}");
    assert!(model.load_adapter(adapter("bert")).is_err());

    // What is the encoder's own stays frozen, as a part of what is unfrozen, too.
    let trained = |model: &AutoModelForSequenceClassification| model.count_parameters().trainable;
    model.freeze_all();
    model.unfreeze_last_blocks(1).unwrap();
    assert_eq!(trained(&model), 2 * 8 * 16);
    assert!(!model.encoder_is_frozen());
    for modules in ["layer.0", "embeddings"] {
        let error = model.unfreeze(&[modules]).unwrap_err().to_string();
        assert!(error.contains("stay as they are") && error.contains("merge_lora"), "{error}");
    }
    model.unfreeze(&["classifier", "lora_B"]).unwrap();
    assert_eq!(trained(&model), 2 * 8 * 16 + 3 * 16 + 3);
    let query = model.tree().into_iter().find(|line| line[0].trim() == "query" && line[3] != "0");
    assert_eq!(query.unwrap()[1], "weight [16, 16], bias [16]");
    let b = model.tree().into_iter().find(|line| line[0].trim() == "lora_B").unwrap();
    assert_eq!(b[1..], ["weight [16, 8]", "128", "128"]);
}

#[test]
fn the_last_blocks_are_unfrozen_where_lora_is_and_where_it_is_not() {
    for name in WITH_GRADIENTS {
        let model = model(name);
        model.add_lora(&Lora::default()).unwrap();
        let all = model.count_parameters().trainable;
        model.freeze_all();
        model.unfreeze_last_blocks(model.num_blocks()).unwrap();
        model.unfreeze(&model.last_layers()).unwrap();
        assert_eq!(model.count_parameters().trainable, all, "{name}");
    }
    let model = model("bert");
    let one =
        Lora { target_modules: vec!["layer.0.attention.self.query".into()], ..Lora::default() };
    model.add_lora(&one).unwrap();
    model.freeze_all();
    model.unfreeze_last_blocks(1).unwrap();
    assert_eq!(model.count_parameters().trainable, 0, "the last one has no matrices");
    model.unfreeze_last_blocks(2).unwrap();
    assert_eq!(model.count_parameters().trainable, 2 * 8 * 16);
}

#[test]
fn a_training_leaves_the_encoder_as_it_is_and_goes_on_from_its_checkpoint() {
    let _alone = alone();
    let lora = Lora { rank: 2, dropout: 0.1, ..Lora::default() };
    let begun = |lora: &Lora| {
        let model = model("distilbert");
        tch::manual_seed(3);
        model.add_lora(lora).unwrap();
        model
    };
    let folder = test_folder("lora-resume");
    let trainer = |num_epochs| Trainer {
        num_epochs,
        learning_rate: 1e-2,
        optimizer: Optimizer::AdamW,
        layer_decay: 0.9,
        gradual_unfreezing: Some(1),
        quiet: true,
        save_dir: Some(folder.clone()),
        ..Trainer::default()
    };
    let values = |model: &AutoModelForSequenceClassification| -> BTreeMap<String, Tensor> {
        model.named_parameters().into_iter().map(|(name, t)| (name, t.copy())).collect()
    };
    let whole = begun(&lora);
    let before = values(&whole);
    let data = data(&whole);
    let speed = trainer(6).speed(&whole, &data).unwrap();
    assert!(speed.training > 0.0);
    let history = trainer(6).fit(&whole, &data, &data).unwrap();
    assert_eq!(history.best().unwrap().val_accuracy, 1.0);
    for (name, after) in values(&whole) {
        let learns = name.contains("lora_") || name.contains("classifier");
        assert_eq!(!after.equal(&before[&name]), learns, "{name}");
    }
    let best = tensors(folder.join("best.safetensors"));
    let mut names: Vec<_> =
        before.keys().filter(|n| n.contains("lora_") || n.contains("classifier")).collect();
    names.sort();
    assert_eq!(best.keys().collect::<Vec<_>>(), names);

    fs::remove_dir_all(&folder).unwrap();
    trainer(2).fit(&begun(&lora), &data, &data).unwrap();
    let again = begun(&lora);
    assert_eq!(trainer(6).resume(&again, &data, &data).unwrap().epochs, history.epochs);
    assert!(values(&again).iter().all(|(name, value)| value.equal(&values(&whole)[name])));
    let other = begun(&Lora { alpha: 8.0, ..lora.clone() });
    let error = trainer(7).resume(&other, &data, &data).unwrap_err().to_string();
    assert!(error.contains("lora_alpha 16.0") && error.contains("lora_alpha 8.0"), "{error}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_record_of_a_run_has_the_settings() {
    let _alone = alone();
    let (model, folder) = (model("bert"), test_folder("lora-runs"));
    model.add_lora(&Lora { rank: 2, ..Lora::default() }).unwrap();
    let (trainer, data) =
        (Trainer { num_epochs: 1, quiet: true, ..Trainer::default() }, data(&model));
    let mut runs = crate::Runs::open(&folder).unwrap();
    let run = runs.fit("lora", &trainer, &model, &data, &data).unwrap();
    assert_eq!(run.get::<usize>("lora_rank").unwrap(), 2);
    assert_eq!(run.get::<f64>("lora_alpha").unwrap(), 16.0);
    assert_eq!(run.get::<String>("lora_target_modules").unwrap(), "query, value");
    let other = crate::Run::new("lora").with("lora_rank", 4);
    let error = runs.fit(other, &trainer, &model, &data, &data).unwrap_err().to_string();
    assert!(error.contains("lora_rank = 4") && error.contains("the model has 2"), "{error}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn kept_features_are_those_of_the_adapted_encoder() {
    let _alone = alone();
    let model = model("roberta");
    let texts = model.tokenizer.encode(&["the film was good", "a bad film"], 16).unwrap();
    let states = |model: &AutoModelForSequenceClassification| {
        let [states] = model.features([&texts], Precision::Fp32).unwrap();
        states.tensor().copy()
    };
    model.freeze_all();
    let plain = states(&model);
    // Half as much of the same matrices.
    let changed = [16.0, 8.0].map(|alpha| {
        let model = super::model("roberta");
        tch::manual_seed(1);
        model.add_lora(&Lora { alpha, ..Lora::default() }).unwrap();
        let error = model.features([&texts], Precision::Fp32).unwrap_err().to_string();
        assert!(error.contains("not frozen"), "{error}");
        for (name, parameter) in model.named_parameters() {
            if name.contains("lora_B") {
                let _ = tch::no_grad(|| parameter.shallow_clone().fill_(0.1));
            }
        }
        model.freeze_all();
        let plain = Trainer::default().predict(&model, &texts).unwrap();
        let [kept] = model.features([&texts], Precision::Fp32).unwrap();
        let kept = Trainer::default().predict(&model, &kept).unwrap();
        for (a, b) in plain.probabilities.iter().flatten().zip(kept.probabilities.iter().flatten())
        {
            assert!((a - b).abs() < 1e-6);
        }
        states(&model)
    });
    let [one, other] = &changed;
    for (a, b) in [(&plain, one), (&plain, other), (one, other)] {
        assert!((a - b).abs().max().double_value(&[]) > 1e-3);
    }
}

#[test]
fn dropout_is_at_work_in_a_training_only_and_sixteen_bits_say_the_same() {
    let model = model("distilbert");
    model.add_lora(&Lora { dropout: 0.5, ..Lora::default() }).unwrap();
    for (name, parameter) in model.named_parameters() {
        if name.contains("lora_B") {
            let _ = tch::no_grad(|| parameter.shallow_clone().fill_(0.1));
        }
    }
    let inputs = tokens(&expected("distilbert"));
    let said = |mode| tch::no_grad(|| model.forward_t(&inputs, mode));
    let (plain, train) = (Mode::default(), Mode { train: true, ..Mode::default() });
    assert!(said(plain).equal(&said(plain)) && !said(train).equal(&said(train)));
    let short = said(Mode { precision: Precision::Bf16, ..Mode::default() });
    assert_close(&short, &said(plain), 0.25, "16 bits");
}
