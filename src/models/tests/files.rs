//! What is read and written.

use super::*;

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

#[test]
fn what_does_not_fit_is_refused_with_the_reason() {
    let folder = copied("bert", "misfits");
    let error = error_of(&folder, 2);
    assert!(error.contains("classifier.") && error.contains("num_classes = 2"), "{error}");
    assert!(error.contains("[3") && error.contains("[2"), "both shapes: {error}");
    assert!(error.contains("from_pretrained_with_new_head"), "{error}");
    assert!(error_of(&folder, 0).starts_with("num_classes = 0"), "{}", error_of(&folder, 0));

    let config = fs::read_to_string(folder.join("config.json")).unwrap();
    for (from, to, complaint) in [
        ("\"bert\"", "\"gpt2\"", "gpt2 is not known here: take a distilbert, bert, roberta, xlm-"),
        ("\"bert\"", "\"modernbert-decoder\"", "modernbert-decoder is not known"),
        ("\"is_decoder\": false", "\"is_decoder\": true", "only encoders"),
        ("\"hidden_size\": 16", "\"hidden_size\": 15", "2 heads can't share a width of 15"),
        ("\"hidden_size\": 16", "\"hidden_size\": \"x\"", "hidden_size is \"x\""),
        ("\"hidden_size\": 16", "\"hidden_size\": 10000000", "out of memory"),
        ("\"gelu\"", "\"mish\"", "gelu, gelu_new, relu, silu and tanh"),
        (
            "\"model_type\": \"bert\"",
            "\"kind\": \"bert\"",
            "write one into it, \"model_type\": \"bert\"",
        ),
        ("\"pad_token_id\": 0", "\"pad_token_id\": 108", "pad_token_id is 108: it must be a piece"),
        ("\"vocab_size\": 108", "\"vocab_size\": 50", "its shape is [108, 16]"),
        ("{", "", "not a JSON file"),
    ] {
        fs::write(folder.join("config.json"), config.replacen(from, to, 1)).unwrap();
        let error = error_of(&folder, 3);
        assert!(error.contains(complaint) && error.lines().count() == 1, "{to}: {error}");
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_head_of_another_size_is_replaced_when_asked_for() {
    let with_new_head = AutoModelForSequenceClassification::from_pretrained_with_new_head;
    let (original, folder) = (model("bert"), copied("bert", "new-head"));
    let name = folder.to_str().unwrap();
    let other = with_new_head(name, 5).unwrap();
    for ((name, a), (_, b)) in original.named_parameters().iter().zip(other.named_parameters()) {
        if name.starts_with("classifier") {
            assert_eq!((a.size()[0], b.size()[0]), (3, 5), "{name}");
        } else {
            assert!(a.equal(&b), "{name}");
        }
    }
    let parameters = other.named_parameters();
    let (_, weight) = parameters.iter().find(|(name, _)| name == "classifier.weight").unwrap();
    assert!(weight.std(false).double_value(&[]) > 0.0, "not left at 0");
    // One that fits is kept; an encoder that doesn't fit is no matter of heads.
    let same = with_new_head(name, 3).unwrap();
    for ((name, a), (_, b)) in original.named_parameters().iter().zip(same.named_parameters()) {
        assert!(a.equal(&b), "{name}");
    }
    let config = fs::read_to_string(folder.join("config.json")).unwrap();
    let smaller = config.replacen("\"intermediate_size\": 32", "\"intermediate_size\": 16", 1);
    assert_ne!(config, smaller);
    fs::write(folder.join("config.json"), smaller).unwrap();
    let error = with_new_head(name, 5).unwrap_err().to_string();
    assert!(error.contains("layer.0.intermediate.dense.bias: its shape is [32]"), "{error}");
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
