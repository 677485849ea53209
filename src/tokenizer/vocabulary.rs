//! Tokenizers of models that are older than `tokenizer.json`: a vocabulary, the merges of a
//! byte-level one, and small files that say what goes with them. They are put together as
//! transformers 5 does in `BertTokenizer`, `MPNetTokenizer` and `RobertaTokenizer`.

use crate::error::{Error, Result};
use crate::hub::folder::{
    ADDED_TOKENS, BYTES, CONFIG, MERGES, SPECIAL_TOKENS, TOKENIZER_CONFIG, WORD_PIECES,
};
use serde_json::{Map, Value};
use std::path::Path;
use tokenizers::models::bpe::BPE;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::processors::bert::BertProcessing;
use tokenizers::processors::roberta::RobertaProcessing;
use tokenizers::{AddedToken, Tokenizer, decoders};

/// The tokens that mean something, in BERT and in RoBERTa. MPNet has BERT's words, and RoBERTa's
/// tokens but for the first.
const ROLES: [(&str, &str, &str); 5] = [
    ("unk_token", "[UNK]", "<unk>"),
    ("sep_token", "[SEP]", "</s>"),
    ("pad_token", "[PAD]", "<pad>"),
    ("cls_token", "[CLS]", "<s>"),
    ("mask_token", "[MASK]", "<mask>"),
];

/// The tokenizer of a folder without a `tokenizer.json`.
pub fn read(folder: &Path) -> Result<Tokenizer> {
    let settings = Settings::read(folder)?;
    let words = folder.join(WORD_PIECES);
    let (mut tokenizer, path) = if words.is_file() {
        (word_pieces(&words, &settings)?, words)
    } else {
        let bytes = folder.join(BYTES);
        (byte_pairs(&bytes, &folder.join(MERGES), &settings)?, bytes)
    };
    let wrong = |error: tokenizers::Error| Error::file(&path, error);
    tokenizer.add_special_tokens(settings.special()).map_err(wrong)?;
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
    tokenizer.add_tokens(added(folder)?).map_err(wrong)?;
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
        settings.json.get("strip_accents").and_then(Value::as_bool),
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

/// What `tokenizer_config.json` and, before it, `special_tokens_map.json` say.
struct Settings {
    json: Map<String, Value>,
    of_bytes: bool,
    of_mpnet: bool,
}

impl Settings {
    fn read(folder: &Path) -> Result<Settings> {
        let mut json = object(&folder.join(SPECIAL_TOKENS))?;
        json.extend(object(&folder.join(TOKENIZER_CONFIG))?);
        let of_mpnet = object(&folder.join(CONFIG))?.get("model_type") == Some(&"mpnet".into());
        Ok(Settings { json, of_bytes: !folder.join(WORD_PIECES).is_file(), of_mpnet })
    }

    fn flag(&self, name: &str, usual: bool) -> bool {
        self.json.get(name).and_then(Value::as_bool).unwrap_or(usual)
    }

    /// A token, which is a text or an object with a text.
    fn token(&self, role: &str) -> String {
        let said = self.json.get(role);
        let said = said.and_then(|said| said.as_str().or(said["content"].as_str()));
        let usual = ROLES.into_iter().find(|(name, ..)| *name == role);
        let like_roberta = self.of_bytes || self.of_mpnet && role != "unk_token";
        let usual = usual.map_or("", |(_, words, bytes)| if like_roberta { bytes } else { words });
        said.unwrap_or(usual).to_owned()
    }

    /// They stand for themselves in a text, too.
    fn special(&self) -> Vec<AddedToken> {
        let special = |(role, ..): (&str, &str, &str)| {
            let said = |name| self.json.get(role).and_then(|said| said[name].as_bool());
            AddedToken::from(self.token(role), true)
                .lstrip(said("lstrip").unwrap_or(false))
                .rstrip(said("rstrip").unwrap_or(false))
        };
        ROLES.map(special).into()
    }
}

/// Tokens that were added to the vocabulary, in the order of their numbers.
fn added(folder: &Path) -> Result<Vec<AddedToken>> {
    let mut tokens: Vec<(u64, String)> = object(&folder.join(ADDED_TOKENS))?
        .into_iter()
        .filter_map(|(token, id)| Some((id.as_u64()?, token)))
        .collect();
    tokens.sort_unstable();
    Ok(tokens.into_iter().map(|(_, token)| AddedToken::from(token, false)).collect())
}

/// A JSON object, or nothing where there is no such file.
fn object(path: &Path) -> Result<Map<String, Value>> {
    let text = match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Map::new()),
        other => other.map_err(|error| Error::file(path, error))?,
    };
    serde_json::from_slice(&text)
        .map_err(|error| Error::file(path, format!("not a JSON object ({error}): delete it")))
}
