//! Tokenizers of models that are older than `tokenizer.json`: a vocabulary, the merges of a
//! byte-level one, and small files that say what goes with them. They are put together as
//! transformers 5 does in `BertTokenizer`, `MPNetTokenizer` and `RobertaTokenizer`.

use super::settings::Settings;
use crate::error::{Error, Result};
use crate::hub::folder::{BYTES, MERGES, WORD_PIECES};
use serde_json::{Value, json};
use std::path::Path;
use tokenizers::models::bpe::BPE;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::processors::bert::BertProcessing;
use tokenizers::processors::roberta::RobertaProcessing;
use tokenizers::{Tokenizer, decoders};

/// The tokenizer of a folder without a `tokenizer.json`.
pub fn read(folder: &Path, settings: &Settings) -> Result<Tokenizer> {
    if let Some(class) = settings.is_of_another_kind() {
        return Err(Error::file(
            folder,
            format!(
                "its tokenizer is a {class}, and how that reads a vocabulary is not known here: in Python, \
                 AutoTokenizer.from_pretrained(...).save_pretrained(folder) writes a tokenizer.json"
            ),
        ));
    }
    let words = folder.join(WORD_PIECES);
    let (mut tokenizer, path) = if words.is_file() {
        (word_pieces(&words, settings)?, words)
    } else {
        let bytes = folder.join(BYTES);
        (byte_pairs(&bytes, &folder.join(MERGES), settings)?, bytes)
    };
    let wrong = |error: tokenizers::Error| Error::file(&path, error);
    tokenizer.add_tokens(settings.tokens()).map_err(wrong)?;
    let [sep, cls] = ["sep_token", "cls_token"].map(|role| {
        let token = settings.token(role);
        let id = tokenizer.token_to_id(&token);
        id.map(|id| (token.clone(), id)).ok_or_else(|| {
            Error::file(&path, format!("{role} {token} is not in it: take all files of one model"))
        })
    });
    if settings.of_bytes {
        let space = settings.flag("add_prefix_space", false);
        let ends = RobertaProcessing::new(sep?, cls?).add_prefix_space(space);
        tokenizer.with_post_processor(Some(ends));
    } else {
        tokenizer.with_post_processor(Some(BertProcessing::new(sep?, cls?)));
    }
    Ok(tokenizer)
}

/// BERT's, DistilBERT's and MPNet's.
fn word_pieces(vocabulary: &Path, settings: &Settings) -> Result<Tokenizer> {
    let model = WordPiece::from_file(&vocabulary.to_string_lossy())
        .unk_token(settings.token("unk_token"))
        .build()
        .map_err(|error| Error::file(vocabulary, error))?;
    let normalizer = BertNormalizer::new(
        true,
        settings.flag("tokenize_chinese_chars", true),
        settings.said("strip_accents"),
        settings.flag("do_lower_case", true),
    );
    let mut tokenizer = Tokenizer::new(model);
    tokenizer
        .with_normalizer(Some(normalizer))
        .map_err(|error| Error::file(vocabulary, error))?
        .with_pre_tokenizer(Some(BertPreTokenizer))
        .with_decoder(Some(decoders::wordpiece::WordPiece::default()));
    Ok(tokenizer)
}

/// RoBERTa's, which knows every byte.
fn byte_pairs(vocabulary: &Path, merges: &Path, settings: &Settings) -> Result<Tokenizer> {
    let model = BPE::from_file(&vocabulary.to_string_lossy(), &merges.to_string_lossy())
        .build()
        .map_err(|error| Error::file(vocabulary, error))?;
    let mut tokenizer = Tokenizer::new(model);
    let space = settings.flag("add_prefix_space", false);
    tokenizer
        .with_pre_tokenizer(Some(ByteLevel::new(space, true, true)))
        .with_decoder(Some(ByteLevel::default()));
    Ok(tokenizer)
}

/// Puts what `tokenizer_config.json` says of the letters of a text in the place of what `tokenizer.json`
/// says, as transformers does, and tells what that was.
pub fn override_letters(file: &mut Value, settings: &Settings) -> Option<String> {
    if !settings.decide() {
        return None;
    }
    let mut changed = Vec::new();
    let mut change = |part: &str, kind: &str, names: &[(&str, &str)]| {
        let Some(part) = file.get_mut(part) else { return };
        for (name, here) in names {
            if let Some(said) = settings.said(name).filter(|_| part["type"] == kind)
                && part[*here] != json!(said)
            {
                part[*here] = said.into();
                changed.push(format!("{name} {said}"));
            }
        }
    };
    let of_words = [
        ("do_lower_case", "lowercase"),
        ("strip_accents", "strip_accents"),
        ("tokenize_chinese_chars", "handle_chinese_chars"),
    ];
    let of_bytes = [("add_prefix_space", "add_prefix_space")];
    change("normalizer", "BertNormalizer", &of_words);
    change("pre_tokenizer", "ByteLevel", &of_bytes);
    (!changed.is_empty()).then(|| changed.join(", "))
}
