//! BERT's tokenizers cut each word of a text by itself, whatever stands around it: so each different
//! word has to be cut only once.

use serde_json::Value;
use std::collections::HashMap;
use tokenizers::{Result, Tokenizer};

/// The special tokens that such a tokenizer puts around the pieces of a text.
#[derive(Clone, Debug)]
pub struct Around {
    before: Vec<u32>,
    behind: Vec<u32>,
}

impl Around {
    /// `None` for a tokenizer that may look beyond a word.
    pub fn of(tokenizer: &Tokenizer, file: &[u8]) -> Option<Around> {
        let json: Value = serde_json::from_slice(file).ok()?;
        let is = |part: &str, kind: &str| json[part]["type"].as_str() == Some(kind);
        let added = json["added_tokens"].as_array().map_or(&[][..], Vec::as_slice);
        let one_word = |token: &Value| {
            token["content"].as_str().is_some_and(|text| !text.contains(char::is_whitespace))
        };
        let by_words = is("normalizer", "BertNormalizer")
            && is("pre_tokenizer", "BertPreTokenizer")
            && is("model", "WordPiece")
            && added.iter().all(one_word);
        if !by_words {
            return None;
        }
        let [bare, whole] = [false, true].map(|special| tokenizer.encode_fast("a", special).ok());
        let (bare, whole) = (bare?, whole?);
        let (bare, whole) = (bare.get_ids(), whole.get_ids());
        let start = whole.windows(bare.len().max(1)).position(|ids| ids == bare)?;
        Some(Around {
            before: whole[..start].to_vec(),
            behind: whole[start + bare.len()..].to_vec(),
        })
    }
}

/// The words that were cut already.
#[derive(Default)]
pub struct Words<'t> {
    /// Where their pieces are in `ids`.
    places: HashMap<&'t str, (usize, usize)>,
    ids: Vec<u32>,
}

impl<'t> Words<'t> {
    /// Cuts the words that are new, on all cores.
    pub fn learn(&mut self, tokenizer: &Tokenizer, texts: &[&'t str]) -> Result<()> {
        let mut new = Vec::new();
        for word in texts.iter().flat_map(|text| words(text)) {
            self.places.entry(word).or_insert_with(|| {
                new.push(word);
                (0, 0)
            });
        }
        for (word, encoding) in new.iter().zip(tokenizer.encode_batch_fast(new.clone(), false)?) {
            let start = self.ids.len();
            self.ids.extend_from_slice(encoding.get_ids());
            self.places.insert(word, (start, self.ids.len()));
        }
        Ok(())
    }

    /// The pieces of a text whose words were learned, no more than so many with the special tokens.
    pub fn encode(&self, text: &str, around: &Around, max_length: usize, ids: &mut Vec<u32>) {
        ids.clear();
        ids.extend_from_slice(&around.before);
        let end = max_length - around.behind.len();
        for word in words(text) {
            if ids.len() >= end {
                break;
            }
            let (start, end) = self.places.get(word).copied().unwrap_or_default();
            ids.extend_from_slice(&self.ids[start..end]);
        }
        ids.truncate(end);
        ids.extend_from_slice(&around.behind);
    }
}

/// What stands between spaces and line breaks. Other characters that look like spaces are not all
/// the same to the tokenizer.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty())
}
