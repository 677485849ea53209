//! What the classes of a model are called.

use super::*;
use crate::Labels;
use serde_json::{Value, json};

/// A copy of a fixture with other fields in its config.
fn with_config(name: &str, test: &str, fields: &[(&str, Value)]) -> PathBuf {
    let folder = copied(name, test);
    let mut config = config_of(&folder);
    for (field, value) in fields {
        config[*field] = value.clone();
    }
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
    folder
}

fn config_of(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("config.json")).unwrap()).unwrap()
}

fn loaded(folder: &Path) -> AutoModelForSequenceClassification {
    AutoModelForSequenceClassification::from_pretrained(folder.to_str().unwrap(), 3).unwrap()
}

fn with_new_head(folder: &Path, classes: usize) -> AutoModelForSequenceClassification {
    let name = folder.to_str().unwrap();
    AutoModelForSequenceClassification::from_pretrained_with_new_head(name, classes).unwrap()
}

fn mood() -> Value {
    json!({"0": "BAD", "1": "SO_SO", "2": "GOOD"})
}

fn data(
    model: &AutoModelForSequenceClassification,
    names: &[&str],
) -> DataLoader<crate::Encodings> {
    let tokens = model.tokenizer.encode(&["good", "bad film", "the film"], 16).unwrap();
    let labels = Labels::from(vec![0, 1, 2]).called(names.to_vec());
    DataLoader::new(tokens, labels, 2).unwrap()
}

#[test]
fn the_names_of_a_checkpoint_stand_in_all_that_is_said() {
    let _alone = alone();
    let folder = with_config("bert", "names", &[("id2label", mood())]);
    let (model, trainer) = (loaded(&folder), Trainer::default());
    assert_eq!(model.class_names(), ["BAD", "SO_SO", "GOOD"]);
    let unnamed = data(&model, &[]);
    let predictions = trainer.predict(&model, unnamed.data()).unwrap();
    assert_eq!(predictions.class_names, model.class_names());
    let names = |names: &[&str]| {
        let evaluation = trainer.evaluate(&model, &data(&model, names))?;
        Ok::<_, Error>(evaluation.predictions.class_names)
    };
    assert_eq!(names(&[]).unwrap(), ["BAD", "SO_SO", "GOOD"]);
    assert_eq!(names(&["bad", "so_so", "good"]).unwrap(), ["bad", "so_so", "good"]);
    assert_eq!(names(&["ham", "spam", "egg"]).unwrap(), ["ham", "spam", "egg"]);
    for wrong in [vec!["good", "bad", "so_so"], vec!["a", "b", "c", "d"]] {
        let error = names(&wrong).unwrap_err().to_string();
        assert!(
            error.contains("(BAD, SO_SO, GOOD)") && error.contains(&wrong.join(", ")),
            "{error}"
        );
    }
    model.save_pretrained(&folder).unwrap();
    assert_eq!(loaded(&folder).class_names(), ["BAD", "SO_SO", "GOOD"]);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_training_names_the_classes_and_they_come_back_with_the_model() {
    let _alone = alone();
    for id2label in [mood(), json!({"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"}), Value::Null] {
        let folder = with_config("distilbert", "named", &[("id2label", id2label)]);
        let model = loaded(&folder);
        let data = data(&model, &["ham", "spam", "egg"]);
        Trainer { num_epochs: 1, ..Trainer::default() }.fit(&model, &data, &data).unwrap();
        model.save_pretrained(&folder).unwrap();
        let config = config_of(&folder);
        assert_eq!(config["id2label"], json!({"0": "ham", "1": "spam", "2": "egg"}));
        assert_eq!(config["label2id"], json!({"ham": 0, "spam": 1, "egg": 2}));
        assert_eq!(loaded(&folder).class_names(), ["ham", "spam", "egg"]);
        fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn what_names_no_classes_of_this_model_is_no_name() {
    for id2label in [
        json!({"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"}),
        json!({"0": "0", "1": "1", "2": "2"}),
        json!({"0": "a", "1": "b"}),
        json!({"0": "a", "1": "b", "2": "a"}),
        json!({"0": "a", "1": "b", "2": 3}),
        json!(["a", "b", "c"]),
    ] {
        let folder = with_config("bert", "no-names", &[("id2label", id2label.clone())]);
        assert!(loaded(&folder).class_names().is_empty(), "{id2label}");
        fs::remove_dir_all(folder).unwrap();
    }
    // New last layers know nothing of the old classes.
    let folder = with_config("bert", "no-names", &[("id2label", mood())]);
    assert!(with_new_head(&folder, 5).class_names().is_empty());
    assert_eq!(with_new_head(&folder, 3).class_names(), ["BAD", "SO_SO", "GOOD"]);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_model_that_chooses_no_class_is_refused_unless_its_head_is_new() {
    let one = json!({"0": "LABEL_0"});
    for (fields, problem) in [
        (vec![("problem_type", json!("regression")), ("id2label", one.clone())], "regression"),
        (vec![("id2label", one.clone())], "regression"),
    ] {
        let folder = with_config("roberta", "problem", &fields);
        let error = error_of(&folder, 3);
        assert!(error.contains(&format!("problem_type is {problem}")), "{error}");
        assert!(error.contains("from_pretrained_with_new_head") && error.lines().count() == 1);
        let (model, original) = (with_new_head(&folder, 3), model("roberta"));
        for ((name, a), (_, b)) in original.named_parameters().iter().zip(model.named_parameters())
        {
            assert_eq!(a.equal(&b), !name.starts_with("classifier.out_proj"), "{name}");
        }
        model.save_pretrained(&folder).unwrap();
        assert_eq!(config_of(&folder)["problem_type"], "single_label_classification");
        assert!(loaded(&folder).class_names().is_empty());
        fs::remove_dir_all(folder).unwrap();
    }
    let single = [("problem_type", json!("single_label_classification")), ("id2label", mood())];
    let folder = with_config("roberta", "single", &single);
    assert_eq!(loaded(&folder).class_names().len(), 3);
    assert_eq!(error_of(&folder, 1), "num_classes = 1: take 2 to 1000");
    fs::remove_dir_all(folder).unwrap();
    // An encoder may have a config of one label, and no last layers at all.
    let encoder = [("id2label", one), ("architectures", json!(["BertModel"]))];
    let folder = with_config("bert", "encoder", &encoder);
    loaded(&folder);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_model_that_diverged_says_so_instead_of_an_accuracy() {
    let _alone = alone();
    let (model, trainer) = (model("distilbert"), Trainer::default());
    let data = data(&model, &[]);
    model.freeze_all();
    let spoil = |which: &str| {
        let parameters = model.named_parameters();
        let (_, parameter) = parameters.iter().find(|(name, _)| name.contains(which)).unwrap();
        let _ = tch::no_grad(|| parameter.shallow_clone().fill_(f64::NAN));
    };
    spoil("classifier");
    assert!(model.features([data.data()], Precision::Fp32).is_ok(), "the encoder is whole");
    let errors = [
        trainer.evaluate(&model, &data).unwrap_err(),
        trainer.predict(&model, data.data()).unwrap_err(),
    ];
    for error in errors.map(|error| error.to_string()) {
        assert!(error.contains("row 0 (from 0) are NaN") && error.contains("diverged"), "{error}");
    }
    spoil("distilbert.embeddings");
    let error = model.features([data.data()], Precision::Fp32).unwrap_err().to_string();
    assert!(error.contains("NaN or infinite"), "{error}");
}
