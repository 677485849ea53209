//! BERT's tokenizers cut each word of a text by itself, whatever stands around it: so each different
//! word has to be cut only once.

use serde::Deserialize;
use std::collections::HashMap;
use tokenizers::{Result, Tokenizer};

/// The special tokens that such a tokenizer puts around the pieces of a text.
#[derive(Clone, Debug)]
pub struct Around {
    before: Vec<u32>,
    behind: Vec<u32>,
}

/// What a tokenizer.json says of how it cuts.
#[derive(Deserialize)]
struct File {
    normalizer: Option<Part>,
    pre_tokenizer: Option<Part>,
    model: Part,
    #[serde(default)]
    added_tokens: Vec<Added>,
}

#[derive(Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Added {
    content: String,
}

impl File {
    fn is_bert(&self) -> bool {
        let is =
            |part: Option<&Part>, kind| part.and_then(|part| part.kind.as_deref()) == Some(kind);
        is(self.normalizer.as_ref(), "BertNormalizer")
            && is(self.pre_tokenizer.as_ref(), "BertPreTokenizer")
            && is(Some(&self.model), "WordPiece")
            && !self.added_tokens.iter().any(|token| token.content.contains(char::is_whitespace))
    }
}

impl Around {
    /// `None` for a tokenizer that may look beyond a word.
    pub fn of(tokenizer: &Tokenizer, file: &[u8]) -> Option<Around> {
        let json: File = serde_json::from_slice(file).ok()?;
        if !json.is_bert() {
            return None;
        }
        let ids = |text: &str, special| {
            Some(tokenizer.encode_fast(text, special).ok()?.get_ids().to_vec())
        };
        let (empty, one) = (ids("", true)?, ids("a", false)?);
        // Nothing but special tokens at the one end, and at the other.
        (0..=empty.len()).find_map(|end| {
            let around = Around { before: empty[..end].to_vec(), behind: empty[end..].to_vec() };
            let expected = |inside: &[u32]| [&around.before, inside, &around.behind].concat();
            let fits = ids("a", true)? == expected(&one)
                && ids("a b", true)? == expected(&ids("a b", false)?);
            fits.then_some(around)
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

    /// The pieces of a text whose words were learned, no more than so many with the special tokens: the
    /// first of them, or the last.
    pub fn encode(
        &self,
        text: &str,
        around: &Around,
        (max_length, keeps_end): (usize, bool),
        ids: &mut Vec<u32>,
    ) {
        ids.clear();
        ids.extend_from_slice(&around.before);
        let end = max_length.saturating_sub(around.behind.len());
        for word in words(text) {
            if ids.len() >= end && !keeps_end {
                break;
            }
            let (start, end) = self.places.get(word).copied().unwrap_or_default();
            ids.extend_from_slice(&self.ids[start..end]);
        }
        if keeps_end && ids.len() > end {
            ids.drain(around.before.len()..around.before.len() + ids.len() - end);
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
