//! What each word adds to an answer.

use super::*;
use crate::Error;
use crate::display::Show;
use crate::interrupt::PRETENDED;

const TEXTS: [&str; 5] =
    ["the film was good", "a bad, bad film!", "good", "", "the plot was not good but the film was"];

#[test]
fn contributions_add_up_to_the_difference_of_the_logits() {
    for name in ["distilbert", "bert", "roberta", "xlm-roberta", "mpnet"] {
        let model = model(name);
        for text in TEXTS {
            let explanation = model.explain(text, 16).unwrap();
            let whole = explanation.logit - explanation.baseline;
            let error = explanation.error().abs() / whole.abs().max(0.1);
            assert!(error < 1e-3, "{name} {text}: {error}");
            let encoded = model.tokenizer.encode(&[text], 16).unwrap();
            let predicted = Trainer::default().predict(&model, &encoded).unwrap();
            assert_eq!(explanation.class, predicted.classes()[0]);
            let probability = f64::from(predicted.confidences()[0]);
            assert!((explanation.probability - probability).abs() < 1e-5);
            let words: Vec<&str> = explanation.words.iter().map(|word| word.0.as_str()).collect();
            let expected: Vec<&str> = text.split_whitespace().collect();
            assert!(expected.starts_with(&words), "{name}: {words:?}");
        }
    }
}

#[test]
fn of_several_labels_the_most_probable_is_explained_by_its_logit() {
    let model = model("bert");
    model.set_multi_label(true);
    let explanation = model.explain(TEXTS[1], 16).unwrap();
    let encoded = model.tokenizer.encode(&[TEXTS[1]], 16).unwrap();
    let predicted = Trainer::default().predict_multi_label(&model, &encoded).unwrap();
    let most = predicted.probabilities[0].iter().copied().fold(0.0, f32::max);
    assert!((explanation.probability - f64::from(most)).abs() < 1e-6);
    assert!((explanation.logit - (most / (1.0 - most)).ln() as f64).abs() < 1e-4);
    assert!(!explanation.to_html().text().contains("others"));
}

#[test]
fn a_long_text_is_cut_off_and_it_says_so() {
    let model = model("bert");
    let long = "good film ".repeat(100_000);
    let explanation = model.explain(&long, 16).unwrap();
    assert_eq!(explanation.words.len(), 14);
    let said = "the model read the first 14 of 200,000 word pieces (max_length = 16)";
    assert_eq!(explanation.notes, [said]);
    assert!(explanation.to_html().text().contains(said));
    assert!(model.explain("good", 1000).is_err());
}

#[test]
fn a_stop_ends_it_and_no_gradient_is_left() {
    let model = model("distilbert");
    PRETENDED.set(Some(true));
    let stopped = model.explain("good", 16);
    PRETENDED.set(None);
    assert!(matches!(stopped, Err(Error::Stopped(_))), "{stopped:?}");
    model.freeze_all();
    model.explain("good", 16).unwrap();
    assert!(model.named_parameters().iter().all(|(_, tensor)| !tensor.grad().defined()));
    assert_eq!(model.count_parameters().trainable, 0);
}

#[test]
fn adversarial_texts_are_explained() {
    let model = model("roberta");
    for text in [
        "<script>alert(1)</script>",
        "\u{1b}[31m\u{202e}",
        "<s> </s> <mask> <pad>",
        "电影很好",
        "\0\u{7}",
    ] {
        let explanation = model.explain(text, 16).unwrap();
        let shown = explanation.to_html();
        assert!(!shown.html().contains("<script") && !shown.html().contains('\u{1b}'));
        assert!(explanation.error().abs() < 1e-3 * (1.0 + explanation.logit.abs()), "{text}");
    }
}
