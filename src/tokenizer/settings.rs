//! What the small files beside a vocabulary say: `tokenizer_config.json`, `special_tokens_map.json` and
//! `added_tokens.json`.

use crate::error::{Error, Result};
use crate::hub::folder::{ADDED_TOKENS, CONFIG, SPECIAL_TOKENS, TOKENIZER_CONFIG, WORD_PIECES};
use serde_json::{Map, Value};
use std::path::Path;
use tokenizers::AddedToken;

/// The tokens that mean something, in BERT and in RoBERTa. MPNet has BERT's words, and RoBERTa's
/// tokens but for the first.
const ROLES: [(&str, &str, &str); 5] = [
    ("unk_token", "[UNK]", "<unk>"),
    ("sep_token", "[SEP]", "</s>"),
    ("pad_token", "[PAD]", "<pad>"),
    ("cls_token", "[CLS]", "<s>"),
    ("mask_token", "[MASK]", "<mask>"),
];

/// The tokenizers that read as BERT's does, and as RoBERTa's, as transformers calls them.
const LIKE_BERT: [&str; 7] =
    ["Bert", "DistilBert", "Electra", "MPNet", "MobileBert", "ConvBert", "LayoutLM"];
const LIKE_ROBERTA: [&str; 3] = ["Roberta", "Bart", "Longformer"];
/// Those that take a tokenizer.json as it is.
const OF_ANY_KIND: [&str; 2] = ["PreTrained", "TokenizersBackend"];

/// What the files of a folder say.
pub struct Settings {
    json: Map<String, Value>,
    added: Map<String, Value>,
    /// The name of its class in transformers, without "Tokenizer".
    class: Option<String>,
    pub of_bytes: bool,
    of_mpnet: bool,
}

impl Settings {
    pub fn read(folder: &Path) -> Result<Settings> {
        let mut json = object(&folder.join(TOKENIZER_CONFIG))?;
        if !json.contains_key("added_tokens_decoder") {
            // Of the files that older versions wrote, this one decides.
            json.extend(object(&folder.join(SPECIAL_TOKENS))?);
        }
        let config = object(&folder.join(CONFIG))?;
        let class =
            [&json, &config].into_iter().find_map(|said| said.get("tokenizer_class")?.as_str());
        let class = class
            .map(|name| name.trim_end_matches("Fast").trim_end_matches("Tokenizer").to_owned());
        Ok(Settings {
            class,
            json,
            added: object(&folder.join(ADDED_TOKENS))?,
            of_bytes: !folder.join(WORD_PIECES).is_file(),
            of_mpnet: config.get("model_type") == Some(&"mpnet".into()),
        })
    }

    /// The name of a tokenizer that reads a vocabulary in a way of its own.
    pub fn is_of_another_kind(&self) -> Option<String> {
        let known = if self.of_bytes { &LIKE_ROBERTA[..] } else { &LIKE_BERT[..] };
        let class = self.class.as_deref().filter(|class| !OF_ANY_KIND.contains(class))?;
        (!known.contains(&class)).then(|| format!("{class}Tokenizer"))
    }

    /// Whether the tokenizer's class has settings of its own, which then decide, not a tokenizer.json.
    pub fn decide(&self) -> bool {
        let known = |class: &str| LIKE_BERT.contains(&class) || LIKE_ROBERTA.contains(&class);
        self.class.as_deref().is_none_or(known)
    }

    pub fn flag(&self, name: &str, usual: bool) -> bool {
        self.said(name).unwrap_or(usual)
    }

    /// Yes or no, if the files say it.
    pub fn said(&self, name: &str) -> Option<bool> {
        self.json.get(name)?.as_bool()
    }

    /// Whether a text that is too long loses its beginning; `None`: they don't say.
    pub fn keeps_end(&self) -> Option<bool> {
        Some(self.json.get("truncation_side")?.as_str()? == "left")
    }

    /// A token, which is a text or an object with a text.
    pub fn token(&self, role: &str) -> String {
        let usual = ROLES.into_iter().find(|(name, ..)| *name == role);
        let like_roberta = self.of_bytes || self.of_mpnet && role != "unk_token";
        let usual = usual.map_or("", |(_, words, bytes)| if like_roberta { bytes } else { words });
        self.json.get(role).and_then(content).unwrap_or(usual).to_owned()
    }

    /// All tokens that stand for themselves in a text, in the order of their numbers as far as the files
    /// have these.
    pub fn tokens(&self) -> Vec<AddedToken> {
        let special = self.special();
        let mut numbered: Vec<(u64, AddedToken)> = Vec::new();
        match self.json.get("added_tokens_decoder").and_then(Value::as_object) {
            Some(decoder) => numbered.extend(decoder.iter().filter_map(|(id, token)| {
                Some((id.parse().ok()?, added(token, token["special"].as_bool() == Some(true))?))
            })),
            None => numbered.extend(self.added.iter().filter_map(|(token, id)| {
                let known = special.iter().find(|special| special.content == *token).cloned();
                Some((
                    id.as_u64()?,
                    known.unwrap_or_else(|| AddedToken::from(token.clone(), false)),
                ))
            })),
        }
        numbered.sort_by_key(|(id, _)| *id);
        let mut tokens: Vec<AddedToken> = numbered.into_iter().map(|(_, token)| token).collect();
        for token in special {
            if !tokens.iter().any(|known| known.content == token.content) {
                tokens.push(token);
            }
        }
        tokens
    }

    /// Those with a role, and more that a model was trained with.
    fn special(&self) -> Vec<AddedToken> {
        let role = |(role, ..): (&str, &str, &str)| {
            let token = self.json.get(role).and_then(|said| added(said, true));
            token.unwrap_or_else(|| AddedToken::from(self.token(role), true))
        };
        let mut tokens = ROLES.map(role).to_vec();
        for name in ["additional_special_tokens", "extra_special_tokens"] {
            let more: Vec<&Value> = match self.json.get(name) {
                Some(Value::Array(more)) => more.iter().collect(),
                Some(Value::Object(more)) => more.values().collect(),
                _ => Vec::new(),
            };
            tokens.extend(more.into_iter().filter_map(|token| added(token, true)));
        }
        tokens
    }
}

/// The text of a token.
fn content(token: &Value) -> Option<&str> {
    token.as_str().or(token["content"].as_str())
}

/// A token with all that is said of it.
fn added(token: &Value, special: bool) -> Option<AddedToken> {
    let said = |name: &str, usual| token[name].as_bool().unwrap_or(usual);
    let added = AddedToken::from(content(token)?.to_owned(), special)
        .lstrip(said("lstrip", false))
        .rstrip(said("rstrip", false))
        .single_word(said("single_word", false));
    Some(added.normalized(said("normalized", !special)))
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
