//! Models that give any number of labels.

use super::*;
use crate::MultiLabels;
use serde_json::Value;

fn loaded(folder: &Path) -> AutoModelForSequenceClassification {
    AutoModelForSequenceClassification::from_pretrained(folder.to_str().unwrap(), 3).unwrap()
}

fn config_of(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("config.json")).unwrap()).unwrap()
}

fn data(model: &AutoModelForSequenceClassification) -> DataLoader<crate::Encodings> {
    let tokens = model.tokenizer.encode(&["good", "bad film", "the film"], 16).unwrap();
    let rows = vec![vec![true, false, true], vec![false; 3], vec![false, true, true]];
    DataLoader::new(tokens, MultiLabels::new(rows, ["ham", "spam", "egg"]).unwrap(), 2).unwrap()
}

#[test]
fn a_trained_model_comes_back_as_one_that_gives_several_labels() {
    let _alone = alone();
    let trainer = Trainer { num_epochs: 1, ..Trainer::default() };
    for name in WITH_GRADIENTS {
        let folder = copied(name, "multi-label");
        // New last layers learn either; those of another checkpoint are asked about first.
        let path = folder.to_str().unwrap();
        let new =
            AutoModelForSequenceClassification::from_pretrained_with_new_head(path, 4).unwrap();
        assert_eq!(new.is_multi_label(), None);
        let model = loaded(&folder);
        let data = data(&model);
        assert_eq!(model.is_multi_label(), Some(false));
        let error = trainer.fit(&model, &data, &data).unwrap_err().to_string();
        assert!(error.contains("model.set_multi_label(true)"), "{error}");
        assert!(trainer.evaluate_multi_label(&model, &data).is_err());
        model.set_multi_label(true);
        trainer.fit(&model, &data, &data).unwrap();
        model.save_pretrained(&folder).unwrap();
        let config = config_of(&folder);
        assert_eq!(config["problem_type"], "multi_label_classification");
        assert_eq!(config["id2label"]["2"], "egg");

        let again = loaded(&folder);
        assert_eq!((again.is_multi_label(), again.class_names().len()), (Some(true), 3));
        let ours = trainer.predict_multi_label(&again, data.data()).unwrap();
        assert_eq!(ours, trainer.predict_multi_label(&model, data.data()).unwrap());
        assert_eq!(ours.class_names, ["ham", "spam", "egg"]);
        let tokens = data.data().gather(&[0, 1, 2], crate::device()).unwrap();
        let logits = tch::no_grad(|| model.forward(&tokens)).to_device(Device::Cpu);
        let ours = Tensor::from_slice2(&ours.probabilities);
        assert_close(&ours, &logits.sigmoid(), 1e-6, name);
        assert!(trainer.evaluate_multi_label(&again, &data).is_ok());
        let error = trainer.predict(&again, data.data()).unwrap_err().to_string();
        assert!(error.contains("predict_multi_label"), "{error}");
        let single = DataLoader::new(data.data().clone(), vec![0, 1, 2], 2).unwrap();
        assert!(trainer.evaluate(&again, &single).is_err());
        let error = trainer.fit(&again, &single, &single).unwrap_err().to_string();
        assert!(error.contains("model.set_multi_label(false)"), "{error}");
        let kept =
            AutoModelForSequenceClassification::from_pretrained_with_new_head(path, 3).unwrap();
        assert_eq!((kept.is_multi_label(), kept.class_names().len()), (Some(true), 3));
        fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn new_last_layers_learn_several_labels_at_once() {
    let _alone = alone();
    let trainer = Trainer { num_epochs: 1, ..Trainer::default() };
    let name = fixture("bert-old-names");
    let model = loaded(&name);
    assert_eq!(model.is_multi_label(), None);
    let data = data(&model);
    trainer.evaluate_multi_label(&model, &data).unwrap();
    model.freeze_all();
    model.unfreeze(&model.last_layers()).unwrap();
    let [states] = model.features([data.data()], Precision::Fp32).unwrap();
    let states = DataLoader::new(states, data.labels().clone(), 2).unwrap();
    trainer.fit(&model, &states, &states).unwrap();
    assert_eq!((model.is_multi_label(), model.class_names().len()), (Some(true), 3));
    trainer.predict_multi_label(&model, data.data()).unwrap();
}

/// All that somebody does with a file of their own, in the order of a notebook's cells.
#[test]
fn from_a_file_to_a_saved_model() {
    let _alone = alone();
    let folder = test_folder("multi-label-whole");
    let file = folder.join("mine.csv");
    let kinds = [("good", "ham"), ("bad", "spam;egg"), ("the film", ""), ("not good", "egg")];
    let rows = (0..40).map(|row| kinds[row % 4]);
    let rows: String = rows.map(|(text, topics)| format!("{text},{topics}\n")).collect();
    fs::write(&file, format!("text,topics\n{rows}")).unwrap();

    let options = crate::CsvOptions { label_separator: Some(';'), ..Default::default() };
    let reviews = crate::Reviews::from_csv_multi_label(&file, "text", &["topics"], &options);
    let splits = reviews.unwrap().split(1).unwrap();
    tch::manual_seed(1);
    let model = loaded(&fixture("bert-old-names"));
    let load = |part: &crate::Reviews| {
        let tokens = model.tokenizer.encode(&part.texts().unwrap(), 16).unwrap();
        DataLoader::new(tokens, part.multi_labels().unwrap(), 4).unwrap()
    };
    let [train, val, test] = [&splits.train, &splits.val, &splits.test].map(load);
    let trainer = Trainer { num_epochs: 30, learning_rate: 1e-2, ..Trainer::default() };
    let before = trainer.evaluate_multi_label(&model, &test).unwrap();
    trainer.fit(&model, &train, &val).unwrap();
    let result = trainer.evaluate_multi_label(&model, &test).unwrap();
    assert!(result.loss < before.loss / 2.0, "{} {}", result.loss, before.loss);
    assert!(result.accuracy() > 0.9, "{}", result.accuracy());

    let mine = model.tokenizer.encode(&["bad"], 16).unwrap();
    let predictions = trainer.predict_multi_label(&model, &mine).unwrap();
    assert_eq!(predictions.names(), [["egg", "spam"]]);
    model.save_pretrained(&folder).unwrap();
    let again = loaded(&folder);
    assert_eq!(trainer.predict_multi_label(&again, &mine).unwrap(), predictions);
    fs::remove_dir_all(folder).unwrap();
}
