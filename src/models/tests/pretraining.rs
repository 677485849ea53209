//! An encoder of random weights, and what it says about all tokens. (Parity: tests/python/test_pretraining.py.)

use super::*;
use crate::{DistilBertConfig, Encodings};

fn small() -> DistilBertConfig {
    let (dim, hidden_dim, max_position_embeddings) = (16, 32, 12);
    DistilBertConfig {
        dim,
        hidden_dim,
        n_layers: 2,
        n_heads: 2,
        max_position_embeddings,
        ..Default::default()
    }
}

fn untrained(config: &DistilBertConfig) -> crate::Result<AutoModelForSequenceClassification> {
    let tokenizer = Tokenizer::from_pretrained(fixture("bert").to_str().unwrap())?;
    AutoModelForSequenceClassification::from_config(config, &tokenizer, 2)
}

fn two_texts(model: &AutoModelForSequenceClassification) -> (Encodings, Tokens) {
    let texts = model.tokenizer.encode(&["the film was good", "good film the film was bad"], 12);
    let texts = texts.unwrap();
    let tokens = texts.gather(&[0, 1], Device::Cpu).unwrap();
    (texts, tokens)
}

#[test]
fn the_first_of_all_states_is_what_the_last_layers_see() {
    for name in ["distilbert", "bert", "roberta"] {
        let model = model(name);
        let (texts, tokens) = two_texts(&model);
        let all = tch::no_grad(|| model.last_hidden_state(&tokens, Mode::default())).unwrap();
        assert_eq!(all.size()[..2], tokens.input_ids.size());
        let first = tch::no_grad(|| model.encode(&tokens, Mode::default()));
        assert_close(&all.select(1, 0), &first, 1e-6, name);
        // The shorter text alone, without padding.
        let alone = texts.gather(&[0], Device::Cpu).unwrap();
        let alone = tch::no_grad(|| model.last_hidden_state(&alone, Mode::default())).unwrap();
        assert_close(&all.narrow(0, 0, 1).narrow(1, 0, alone.size()[1]), &alone, 1e-5, name);
    }
}

#[test]
fn it_is_a_model_like_others() {
    let _alone = alone();
    let model = untrained(&small()).unwrap();
    let before = model.input_embeddings().copy();
    let (texts, _) = two_texts(&model);
    let data = DataLoader::new(texts, vec![0, 1], 2).unwrap();
    Trainer::default().fit(&model, &data, &data).unwrap();
    assert!(!model.input_embeddings().equal(&before));
    let folder = test_folder("untrained");
    model.save_pretrained(&folder).unwrap();
    let name = folder.to_str().unwrap();
    let again = AutoModelForSequenceClassification::from_pretrained(name, 2).unwrap();
    assert_eq!(again.tokenizer.max_length(), 12);
    for ((name, a), (_, b)) in model.named_parameters().iter().zip(again.named_parameters()) {
        assert!(a.equal(&b), "{name}");
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_loss_on_all_tokens_reaches_the_words() {
    let model = untrained(&small()).unwrap();
    let (_, tokens) = two_texts(&model);
    let states = model.last_hidden_state(&tokens, Mode { train: true, ..Mode::default() }).unwrap();
    states
        .select(1, 2)
        .matmul(&model.input_embeddings().tr())
        .logsumexp(-1, false)
        .sum(None)
        .backward();
    assert!(model.input_embeddings().grad().abs().sum(None).double_value(&[]) > 0.0);
}

#[test]
fn sizes_that_cannot_be_are_named() {
    let said = |config| untrained(&config).unwrap_err().to_string();
    let three = DistilBertConfig { n_heads: 3, ..small() };
    assert_eq!(said(three), "DistilBertConfig: 3 heads can't share a width of 16");
    let none = DistilBertConfig { n_layers: 0, ..small() };
    assert_eq!(
        said(none),
        "DistilBertConfig: n_layers is 0: it must be a number from 1 to 10000000"
    );
    let much = DistilBertConfig { dropout: 1.5, ..small() };
    assert_eq!(
        said(much),
        "DistilBertConfig: dropout is 1.5: it must be a number from 0 to below 1"
    );
    let nan = DistilBertConfig { dropout: f64::NAN, ..small() };
    assert_eq!(
        said(nan),
        "DistilBertConfig: dropout is NaN: it must be a number from 0 to below 1"
    );
    for range in [-0.1, f64::INFINITY] {
        let said = said(DistilBertConfig { initializer_range: range, ..small() });
        assert!(said.contains(&format!("initializer_range is {range}: take a number")), "{said}");
    }
    let tokenizer = Tokenizer::from_pretrained(fixture("bert").to_str().unwrap()).unwrap();
    assert!(AutoModelForSequenceClassification::from_config(&small(), &tokenizer, 1).is_err());
}
