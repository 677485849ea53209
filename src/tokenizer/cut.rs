//! A vocabulary for a small model.

use super::{Encodings, Tokenizer};
use crate::error::{Error, Result};
use serde_json::{Map, Value, json};
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

impl Tokenizer {
    /// The same tokenizer with a vocabulary of this size: its special tokens, the characters that the
    /// texts have, and of all other pieces those that come up most often in the texts, the one with
    /// the lower number first where two come up as often. A word whose pieces are gone is cut into
    /// smaller ones. The texts are some that this tokenizer has encoded.
    ///
    /// # Errors
    /// [`Error::Argument`] if there are not so many pieces, or more characters than that,
    /// [`Error::Data`] for a tokenizer that doesn't cut as BERT's does.
    pub fn cut_to(&self, vocab_size: usize, texts: &Encodings) -> Result<Tokenizer> {
        let wrong = |what: &str| Error::Data(format!("this vocabulary can't be cut: {what}"));
        let mut file: Value =
            serde_json::from_slice(&self.file).map_err(|error| wrong(&error.to_string()))?;
        let model = &file["model"];
        let (Some("WordPiece"), Some(vocabulary)) =
            (model["type"].as_str(), model["vocab"].as_object())
        else {
            return Err(wrong("it is none of word pieces, as BERT's is"));
        };
        let prefix = model["continuing_subword_prefix"].as_str().unwrap_or("##");
        let mut counts: HashMap<u64, u64> = HashMap::new();
        texts.all_ids().iter().for_each(|&id| *counts.entry(id.into()).or_default() += 1);
        let special: HashSet<u64> = added(&file).collect();
        let ranks = ranks(vocabulary, prefix, &counts, &special);
        let least = ranks.iter().filter(|(dispensable, ..)| !dispensable).count();
        if !(least..=ranks.len()).contains(&vocab_size) {
            let remedy = format!("take {least}, its characters alone, to {}, all", ranks.len());
            return Err(Error::argument("vocab_size", vocab_size, remedy));
        }
        let mut kept: Vec<u64> = ranks[..vocab_size].iter().map(|(.., id)| *id).collect();
        kept.sort_unstable();
        let numbers: HashMap<u64, i64> = kept.into_iter().zip(0..).collect();
        let padding_id = numbers.get(&u64::from(self.padding_id)).copied().unwrap_or_default();
        renumber(&mut file, &numbers);
        Tokenizer::of(file.to_string().into_bytes(), padding_id, vocab_size as i64, self.max_length)
            .map_err(|error| wrong(&error.to_string()))
    }
}

/// The numbers of the special tokens.
fn added(file: &Value) -> impl Iterator<Item = u64> {
    file["added_tokens"].as_array().into_iter().flatten().filter_map(|token| token["id"].as_u64())
}

/// The pieces in the order in which they are wanted: whether one can do without it, how often it comes
/// up, its number.
fn ranks(
    vocabulary: &Map<String, Value>,
    prefix: &str,
    counts: &HashMap<u64, u64>,
    special: &HashSet<u64>,
) -> Vec<(bool, Reverse<u64>, u64)> {
    let numbered = || vocabulary.iter().filter_map(|(piece, id)| Some((piece, id.as_u64()?)));
    let bare = |piece: &'_ str| piece.strip_prefix(prefix).unwrap_or(piece).to_owned();
    let seen = numbered().filter(|(_, id)| counts.contains_key(id));
    let letters: HashSet<char> =
        seen.flat_map(|(piece, _)| bare(piece).chars().collect::<Vec<_>>()).collect();
    let is_letter = |piece: &str| {
        let mut characters = piece.chars();
        let first = characters.next().filter(|letter| letters.contains(letter));
        first.is_some() && characters.next().is_none()
    };
    let mut ranks: Vec<_> = numbered()
        .map(|(piece, id)| {
            let dispensable = !special.contains(&id) && !is_letter(&bare(piece));
            (dispensable, Reverse(counts.get(&id).copied().unwrap_or_default()), id)
        })
        .collect();
    ranks.sort_unstable();
    ranks
}

/// Gives the pieces that have a new number this one, and drops all others.
fn renumber(file: &mut Value, numbers: &HashMap<u64, i64>) {
    let new = |id: &Value| numbers.get(&id.as_u64()?).map(|number| json!(number));
    if let Some(vocabulary) = file["model"]["vocab"].as_object_mut() {
        vocabulary.retain(|_, id| new(id).map(|number| *id = number).is_some());
    }
    if let Some(tokens) = file["added_tokens"].as_array_mut() {
        tokens.retain_mut(|token| new(&token["id"]).map(|number| token["id"] = number).is_some());
    }
    // Where the special tokens around a text stand depends on the age of the file.
    let ends = &mut file["post_processor"];
    for end in ["sep", "cls"] {
        if let Some(number) = new(&ends[end][1]) {
            ends[end][1] = number;
        }
    }
    let tokens = ends.get_mut("special_tokens").and_then(Value::as_object_mut);
    let tokens = tokens.into_iter().flatten();
    for id in tokens.filter_map(|(_, token)| token["ids"].as_array_mut()).flatten() {
        *id = new(id).unwrap_or_default();
    }
}
