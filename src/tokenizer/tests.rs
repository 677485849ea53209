//! Parity with transformers (tests/fixtures/models/generate.py).

use super::*;
use crate::dataloader::DataLoader;
use serde_json::Value;
use tch::Device;

fn tokenizer(name: &str) -> Tokenizer {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models").join(name);
    let vocab_size = match name {
        "roberta-all-bytes" => 320,
        "modernbert" => 303,
        "mpnet" => 113,
        _ => 108,
    };
    Tokenizer::read(&folder, 0, vocab_size, 40).unwrap()
}

// >>> tokenizer(text, truncation=True, max_length=16)["input_ids"]
#[test]
fn ids_are_those_of_transformers() {
    let text = include_str!("../../tests/fixtures/models/tokens.json");
    let expected: Value = serde_json::from_str(text).unwrap();
    for (name, cases) in expected.as_object().unwrap() {
        let cases = cases.as_array().unwrap();
        assert!(cases.len() > 40);
        let texts: Vec<&str> = cases.iter().map(|case| case["text"].as_str().unwrap()).collect();
        let encodings = tokenizer(name).encode(&texts, 16).unwrap();
        for (row, case) in cases.iter().enumerate() {
            let ids: Vec<Value> =
                encodings.ids(row).unwrap().iter().map(|&id| Value::from(id)).collect();
            assert_eq!(Value::from(ids), case["ids"], "{name}: {:?}", texts[row]);
        }
    }
}

/// Spaces of all kinds, controls, marks that combine, special tokens, words without end.
#[test]
fn word_by_word_is_what_the_library_does_with_the_whole_text() {
    let tokenizer = tokenizer("distilbert");
    assert!(tokenizer.around.is_some());
    let odd = [
        "the",
        "The",
        "mo\u{301}vie",
        "\u{301}",
        "\u{323}\u{301}a",
        " ",
        "\t",
        "\r\n",
        "\u{a0}",
        "\u{2003}",
        "\u{2028}",
        "\u{b}",
        "\u{c}",
        "\u{85}",
        "\u{0}",
        "\u{fffd}",
        "\u{200d}",
        "\u{feff}",
        "[SEP]",
        "[MASK]",
        "[sep]",
        "[",
        "]",
        "##ing",
        "!?",
        "電影",
        "한국",
        "ΟΔΟΣ",
        "İ",
        "ß",
        "👩‍👩‍👧",
        "\u{202e}good",
        "a.b",
        "1,000",
        "movie",
        "film",
        "x".repeat(101).leak(),
        "good".repeat(30).leak(),
    ];
    let mut state = 1;
    let mut pick = || odd[crate::random::next(&mut state) as usize % odd.len()];
    let texts: Vec<String> = (0..3000).map(|row| (0..row % 60).map(|_| pick()).collect()).collect();
    for max_length in [3, 16, 40] {
        let ours = tokenizer.encode_now(&texts, max_length).unwrap();
        let whole = Tokenizer { around: None, ..tokenizer.clone() };
        assert_eq!(ours, whole.encode_now(&texts, max_length).unwrap());
    }
}

/// What stands around the pieces is found by more than one try.
#[test]
fn an_odd_template_is_not_cut_word_by_word() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models/distilbert");
    let file = std::fs::read_to_string(folder.join("tokenizer.json")).unwrap();
    let mut json: Value = serde_json::from_str(&file).unwrap();
    let text = serde_json::json!({"Sequence": {"id": "A", "type_id": 0}});
    let single = json["post_processor"]["single"].as_array().unwrap().clone();
    let tokens = |single: Vec<Value>, json: &mut Value| {
        json["post_processor"]["single"] = single.into();
        let file = json.to_string();
        Around::of(&tokenizers::Tokenizer::from_bytes(&file).unwrap(), file.as_bytes())
    };
    assert!(tokens(single.clone(), &mut json).is_some());
    assert!(tokens([single.clone(), vec![text]].concat(), &mut json).is_none(), "twice the text");
}

#[test]
fn batches_are_padded_to_their_longest_text() {
    let texts = ["good", "the movie was good", ""];
    let encodings = tokenizer("distilbert").encode(&texts, 16).unwrap();
    assert_eq!(encodings.lengths(), [3, 6, 2]);
    let batch = encodings.gather(&[0, 1], Device::Cpu).unwrap();
    assert_eq!(batch.size(), (2, 6));
    let mask: Vec<Vec<i64>> = Vec::try_from(&batch.attention_mask).unwrap();
    assert_eq!(mask, [[1, 1, 1, 0, 0, 0], [1; 6]]);
    assert!(batch.padded && !encodings.gather(&[1], Device::Cpu).unwrap().padded);
    assert!(encodings.gather(&[3], Device::Cpu).is_err());

    let fixed = encodings.clone().padded_to(20).unwrap();
    assert_eq!(fixed.gather(&[0], Device::Cpu).unwrap().size(), (1, 20));
    let error = encodings.clone().padded_to(5).unwrap_err().to_string();
    assert_eq!(error, "length = 5: the longest text has 6 tokens");
    let error = encodings.padded_to(usize::MAX).unwrap_err().to_string();
    assert!(error.ends_with("this model takes up to 40 tokens"), "{error}");
}

#[test]
fn texts_that_are_encoded_in_parts_are_those_of_all() {
    let (texts, tokenizer) = (["good", "the movie was good", "", "bad"], tokenizer("distilbert"));
    let mut parts = tokenizer.encode::<&str>(&[], 16).unwrap();
    for part in [&texts[..1], &texts[1..1], &texts[1..]] {
        parts.append(&tokenizer.encode(part, 16).unwrap()).unwrap();
    }
    let all = tokenizer.encode(&texts, 16).unwrap();
    assert_eq!(parts, all);
    assert!(parts.append(&all.padded_to(20).unwrap()).is_err());
}

#[test]
fn a_piece_without_a_vector_is_an_error_where_it_comes_up() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models/distilbert");
    let id = tokenizer("distilbert").id("movie").unwrap();
    let smaller = Tokenizer::read(&folder, 0, i64::from(id), 40).unwrap();
    assert_eq!(smaller.encode(&[""], 16).unwrap().lengths(), [2]);
    let error = smaller.encode(&["", "movie"], 16).unwrap_err().to_string();
    let expected = format!("row 1 (from 0) has the piece \"movie\", number {id}, and the model");
    assert!(error.starts_with(&expected), "{error}");
}

#[test]
fn lengths_that_the_model_cannot_take_are_refused() {
    let tokenizer = tokenizer("distilbert");
    for max_length in [0, 2, 41] {
        let error = tokenizer.encode(&["good"], max_length).unwrap_err().to_string();
        assert_eq!(error, format!("max_length = {max_length}: this model takes 3 to 40 tokens"));
    }
    let long = "good ".repeat(100_000);
    assert_eq!(tokenizer.encode(&[long], 40).unwrap().lengths(), [40]);
}

#[test]
fn kept_tokens_are_the_same_tokens() {
    let encodings = tokenizer("roberta").encode(&["good", "", "the movie"], 16).unwrap();
    let tensors = encodings.to_tensors().unwrap();
    assert_eq!(Encodings::from_tensors(&tensors, 0, 40).unwrap(), encodings);
    assert!(Encodings::from_tensors(&tensors[..1], 0, 40).is_none());
}

#[test]
fn a_row_of_a_batch_shows_its_pieces() {
    let tokenizer = tokenizer("distilbert");
    let encodings = tokenizer.encode(&["good", "the movie was good"], 16).unwrap();
    let batch = DataLoader::new(encodings, vec![0, 1], 2).unwrap().batch(0, Device::Cpu).unwrap();
    let table = tokenizer.table(&batch.features, 0).unwrap();
    let html = table.html();
    assert!(html.contains("[CLS]") && html.contains("good") && html.contains("[PAD]"), "{html}");
    assert!(tokenizer.table(&batch.features, 2).is_err());
    assert_eq!(tokenizer.piece(tokenizer.id("good").unwrap()).as_deref(), Some("good"));
}

#[test]
fn a_token_behind_the_vocabulary_goes_when_it_is_cut() {
    let bert = tokenizer("bert");
    let mut file: Value = serde_json::from_slice(&bert.file).unwrap();
    let mut added = file["added_tokens"][0].clone();
    (added["id"], added["content"]) = (200.into(), "<user>".into());
    file["added_tokens"].as_array_mut().unwrap().push(added);
    let longer = Tokenizer::of(file.to_string().into_bytes(), bert.padding_id.into(), 201, 40);
    let (texts, longer) = (["<user> the film was good"], longer.unwrap());
    let encodings = longer.encode(&texts, 40).unwrap();
    let cut = longer.cut_to(100, &encodings).unwrap();
    assert_eq!((cut.vocab_size(), cut.id("<user>")), (100, None));
    assert!(cut.encode(&texts, 40).unwrap().all_ids().iter().all(|&id| id < 100));
}

#[test]
fn what_is_no_tokenizer_is_an_error() {
    let folder = crate::files::test_folder("no-tokenizer");
    for contents in ["[]", "\"a\"", "7", "null", "{}", "{\"normalizer\": []}", "no JSON", ""] {
        std::fs::write(folder.join("tokenizer.json"), contents).unwrap();
        let error = Tokenizer::read(&folder, 0, 108, 40).unwrap_err().to_string();
        assert!(error.contains("not a tokenizer.json"), "{contents}: {error}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}
