//! Adapters as files, beside peft's.

use super::lora::{adapted, adapter, logits, tensors};
use super::*;
use crate::Lora;
use serde_json::{Value, json};

#[test]
fn merged_weights_are_those_of_peft_and_say_the_same() {
    for name in WITH_GRADIENTS {
        let (model, theirs) = (adapted(name), tensors(adapter(name).join("expected.safetensors")));
        let (with_lora, plain) = (logits(&model, name), super::model(name));
        let names = |model: &AutoModelForSequenceClassification| -> Vec<String> {
            model.named_parameters().into_iter().map(|(name, _)| name).collect()
        };
        // In a file, in memory, and again.
        let folder = test_folder(&format!("merged-{name}"));
        model.save_pretrained(&folder).unwrap();
        assert!(model.lora().is_some());
        assert_close(&logits(&model, name), &with_lora, 1e-6, name);
        let path = folder.to_str().unwrap();
        let saved = AutoModelForSequenceClassification::from_pretrained(path, 3).unwrap();
        model.merge_lora().unwrap();
        assert_eq!((model.lora(), names(&model)), (None, names(&plain)));
        assert_eq!(
            model.store.trainable_variables().len(),
            plain.store.trainable_variables().len()
        );
        assert!(model.encoder_is_frozen());
        let parameters = model.named_parameters();
        for ((parameter, ours), (_, saved)) in parameters.iter().zip(saved.named_parameters()) {
            assert!(ours.equal(&saved), "{name} {parameter}");
            if let Some(theirs) = theirs.get(&format!("merged.{parameter}")) {
                assert_close(ours, theirs, 1e-6, &format!("{name} {parameter}"));
            }
        }
        assert_close(&logits(&model, name), &with_lora, 5e-6, name);
        let error = model.merge_lora().unwrap_err().to_string();
        assert!(error.contains("add_lora"), "{error}");
        model.add_lora(&Lora::default()).unwrap();
        fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn an_adapter_that_is_saved_has_the_files_of_peft() {
    let read = |folder: &Path| -> Value {
        serde_json::from_slice(&fs::read(folder.join("adapter_config.json")).unwrap()).unwrap()
    };
    for name in WITH_GRADIENTS {
        let (model, folder) = (adapted(name), test_folder(&format!("adapter-{name}")));
        model.set_class_names(&["ham", "spam", "egg"]).unwrap();
        model.set_multi_label(true);
        model.save_adapter(&folder).unwrap();
        let file = "adapter_model.safetensors";
        let (ours, theirs) = (tensors(folder.join(file)), tensors(adapter(name).join(file)));
        assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
        assert!(ours.iter().all(|(key, tensor)| tensor.equal(&theirs[key])));
        let (ours, theirs) = (read(&folder), read(&adapter(name)));
        for (field, value) in ours.as_object().unwrap() {
            match field.as_str() {
                "base_model_name_or_path" => assert_eq!(value, fixture(name).to_str().unwrap()),
                // Peft adds what it always saves of a classifier, some of it twice.
                "modules_to_save" => {
                    let theirs = theirs[field].as_array().unwrap();
                    assert!(value.as_array().unwrap().iter().all(|module| theirs.contains(module)));
                }
                // This one has them in one block only.
                "target_modules" if name == "roberta" => {
                    let layer = "roberta.encoder.layer.1.attention.self";
                    assert_eq!(*value, json!([format!("{layer}.query"), format!("{layer}.value")]));
                }
                _ => assert_eq!(value, &theirs[field], "{field}"),
            }
        }
        let again = super::model(name);
        again.load_adapter(&folder).unwrap();
        assert_close(&logits(&again, name), &logits(&model, name), 1e-6, name);
        assert_eq!((again.lora(), again.class_names()), (model.lora(), model.class_names()));
        assert_eq!(again.is_multi_label(), Some(true));
        fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn an_adapter_knows_the_encoder_that_it_was_trained_beside() {
    let folder = test_folder("adapter-of-another");
    let (first, lora) = (model("bert"), Lora::default());
    first.add_lora(&lora).unwrap();
    // B is no longer 0.
    first.unfreeze(&["lora_B"]).unwrap();
    tch::no_grad(|| {
        let named = first.named_parameters();
        named.iter().filter(|(name, _)| name.contains("lora_B")).for_each(|(_, b)| {
            let _ = b.shallow_clone().fill_(0.1);
        });
    });
    first.save_adapter(&folder).unwrap();
    let knows = |model: &AutoModelForSequenceClassification, folder: &Path| {
        model.is_base_of(&crate::models::adapter::files::Adapter::read(folder).unwrap()).unwrap()
    };
    assert!(knows(&model("bert"), &folder) && knows(&first, &folder));
    // What has been merged lies in the encoder, and not in the next adapter.
    first.merge_lora().unwrap();
    first.add_lora(&lora).unwrap();
    first.save_adapter(&folder).unwrap();
    assert!(!knows(&model("bert"), &folder) && knows(&first, &folder));
    assert!(knows(&model("bert"), &adapter("bert")), "peft says nothing");
    model("bert").load_adapter(&folder).unwrap();
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_adapter_that_does_not_fit_is_refused_and_changes_nothing() {
    let (model, folder) = (model("distilbert"), test_folder("adapters"));
    let before = logits(&model, "distilbert");
    let refused = |folder: &Path, complaint: &str| {
        let error = model.load_adapter(folder).unwrap_err().to_string();
        assert!(error.contains(complaint) && error.lines().count() == 1, "{complaint}: {error}");
    };
    refused(&folder, "adapter_config.json");
    refused(&adapter("bert"), "bert.encoder.layer.0.attention.output.dense.lora_A.weight");
    let file = "adapter_model.safetensors";
    let config = fs::read_to_string(adapter("distilbert").join("adapter_config.json")).unwrap();
    let with = |from: &str, to: &str| {
        assert!(config.contains(from), "{from}");
        fs::write(folder.join("adapter_config.json"), config.replacen(from, to, 1)).unwrap();
    };
    with("", "");
    refused(&folder, "adapter_model.safetensors");
    fs::copy(adapter("distilbert").join(file), folder.join(file)).unwrap();
    for (from, to, complaint) in [
        ("\"LORA\"", "\"LOHA\"", "peft_type is \"LOHA\""),
        ("\"use_dora\": false", "\"use_dora\": true", "use_dora is true"),
        ("\"use_rslora\": false", "\"use_rslora\": true", "use_rslora is true"),
        ("\"bias\": \"none\"", "\"bias\": \"all\"", "bias is \"all\""),
        ("\"rank_pattern\": {}", "\"rank_pattern\": {\"q_lin\": 2}", "rank_pattern"),
        ("\"init_lora_weights\": true", "\"init_lora_weights\": \"pissa\"", "\"pissa\""),
        ("\"use_dora\": false", "\"of_tomorrow\": 3", "of_tomorrow is 3"),
        ("\"r\": 4", "\"r\": 5", "shape [4, 16], and [5, 16] belongs here"),
        ("\"r\": 4", "\"r\": 0", "no rank"),
        ("\"lora_alpha\": 8", "\"lora_alpha\": \"x\"", "no lora_alpha"),
        ("{", "", "not the config of an adapter"),
    ] {
        with(from, to);
        refused(&folder, complaint);
    }
    with("", "");
    let whole = Tensor::read_safetensors(folder.join(file)).unwrap();
    let rewritten = |change: &dyn Fn(&str, Tensor) -> Option<Tensor>| {
        let copies = whole.iter().map(|(name, t)| (name.clone(), t.copy()));
        let kept: Vec<_> =
            copies.filter_map(|(name, t)| Some((name.clone(), change(&name, t)?))).collect();
        Tensor::write_safetensors(&kept, folder.join(file)).unwrap();
    };
    rewritten(&|name, tensor| (!name.contains("1.attention.v_lin.lora_B")).then_some(tensor));
    refused(&folder, "lacks distilbert.transformer.layer.1.attention.v_lin.lora_B.weight");
    rewritten(&|name, tensor| (!name.contains("lora_")).then_some(tensor));
    refused(&folder, "nothing for the encoder");
    rewritten(&|name, tensor| {
        Some(if name.contains("0.attention.q_lin.lora_B") { tensor / 0.0 } else { tensor })
    });
    refused(&folder, "NaN or infinite");
    fs::write(folder.join(file), b"x").unwrap();
    refused(&folder, "not a whole safetensors file");

    assert!(model.lora().is_none() && logits(&model, "distilbert").equal(&before));
    assert_eq!(model.count_parameters().trainable, model.count_parameters().total);
    let name = fixture("distilbert");
    let two = AutoModelForSequenceClassification::from_pretrained_with_new_head(
        name.to_str().unwrap(),
        2,
    );
    let error = two.unwrap().load_adapter(adapter("distilbert")).unwrap_err().to_string();
    assert!(error.contains("classifier.bias has shape [3], and [2]"), "{error}");
    let error = error_of(&folder, 3);
    assert!(error.contains("load_adapter"), "{error}");
    assert!(model.save_adapter(&folder).unwrap_err().to_string().contains("add_lora"));
    fs::remove_dir_all(folder).unwrap();
}
