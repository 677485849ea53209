//! From a text to its terms, as scikit-learn's default analyzer finds them.
//!
//! A token is what Python's `(?u)\b\w\w+\b` matches: two or more word characters, as many as there
//! are. `\w` is Python's, `str.isalnum` or `_`, which is not that of Rust's `regex` (no combining
//! marks, but `²` and `½`), and lowercase is that of Python's `str.lower`.

use super::terms::{Key, Terms};
use super::unicode::{CASE_IGNORABLE, CASED, WORD};

/// How a text becomes terms.
#[derive(Clone)]
pub(super) struct Analyzer {
    pub(super) lowercase: bool,
    /// Tokens that are no terms.
    pub(super) stop_words: Terms,
    /// The least and the greatest number of tokens in a term.
    pub(super) ngram_range: (usize, usize),
    /// Count each term of a text once.
    pub(super) binary: bool,
}

/// What is needed while a text is read, kept from text to text for its memory.
#[derive(Default)]
pub(super) struct Scratch {
    lowercase: String,
    tokens: Vec<Token>,
    joined: String,
}

/// A part of the text.
struct Token {
    start: usize,
    end: usize,
    key: Key,
}

impl Analyzer {
    /// Calls `each` with the key of each term and the term of the text, as often as it occurs.
    pub(super) fn for_each_term(
        &self,
        text: &str,
        scratch: &mut Scratch,
        mut each: impl FnMut(Key, &str),
    ) {
        let Scratch { lowercase, tokens, joined } = scratch;
        let text = if self.lowercase {
            lower(text, lowercase);
            lowercase
        } else {
            text
        };
        self.read(text, tokens);
        let (shortest, longest) = self.ngram_range;
        if shortest == 1 {
            for token in &*tokens {
                each(token.key, &text[token.start..token.end]);
            }
        }
        if longest > 1 {
            join(text, tokens, joined);
        }
        for length in shortest.max(2)..=longest.min(tokens.len()) {
            for (first, last) in tokens.iter().zip(&tokens[length - 1..]) {
                let term = &joined[first.start..last.end];
                each(Key::of(term), term);
            }
        }
    }

    /// Replaces the tokens by those of a text.
    fn read(&self, text: &str, tokens: &mut Vec<Token>) {
        tokens.clear();
        let mut at = 0;
        while at < text.len() {
            let start = at;
            let mut characters = 0;
            while let Some(width) = word_character(text, at) {
                characters += 1;
                at += width;
            }
            if characters >= 2 {
                let token = &text[start..at];
                let key = Key::of(token);
                if self.stop_words.get(key, token).is_none() {
                    tokens.push(Token { start, end: at, key });
                }
            }
            at += 1;
        }
    }
}

/// The number of bytes of the word character at `text[at..]`; `None` where there is another, or
/// none.
#[inline]
fn word_character(text: &str, at: usize) -> Option<usize> {
    let byte = *text.as_bytes().get(at)?;
    match ASCII_WORD.get(usize::from(byte)) {
        Some(true) => Some(1),
        Some(false) => None,
        // In the middle of a character, behind one that is no word character, there is none.
        None => text.get(at..)?.chars().next().filter(|&c| is_in(WORD, c)).map(char::len_utf8),
    }
}

const ASCII_WORD: [bool; 128] = {
    let mut table = [false; 128];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
        byte += 1;
    }
    table
};

/// Moves the tokens into a text of their own, with single spaces between them, where each n-gram
/// is a part of it.
fn join(text: &str, tokens: &mut [Token], joined: &mut String) {
    joined.clear();
    for token in tokens {
        let start = joined.len();
        joined.push_str(&text[token.start..token.end]);
        (token.start, token.end) = (start, joined.len());
        joined.push(' ');
    }
}

/// Writes the lowercase of a text, but only of its word characters: no other has a word character
/// as its lowercase.
///
/// That makes it the lowercase of the Unicode version of [`WORD`], whatever Rust's is: a letter
/// keeps its lowercase for ever (Unicode's stability policy), and one that came later is not there.
fn lower(text: &str, lowercase: &mut String) {
    lowercase.clear();
    if text.is_ascii() {
        lowercase.push_str(text);
        lowercase.make_ascii_lowercase();
        return;
    }
    for (at, c) in text.char_indices() {
        if c.is_ascii() {
            lowercase.push(c.to_ascii_lowercase());
        } else if c == 'Σ' {
            lowercase.push(lowercase_sigma(text, at));
        } else if is_in(WORD, c) {
            lowercase.extend(c.to_lowercase());
        } else {
            lowercase.push(c);
        }
    }
}

/// The lowercase of the capital sigma at `text[at..]`: final where a cased letter comes before it
/// and none after it, both without regard to case-ignorable characters (The Unicode Standard,
/// 3.13, `Final_Sigma`, as Python's `str.lower` has it).
fn lowercase_sigma(text: &str, at: usize) -> char {
    let is_cased = |c: Option<char>| c.is_some_and(|c| is_in(CASED, c));
    let counts = |&c: &char| !is_in(CASE_IGNORABLE, c);
    let (before, after) = text.split_at_checked(at).unwrap_or_default();
    let before = before.chars().rev().find(counts);
    let after = after.chars().skip(1).find(counts);
    if is_cased(before) && !is_cased(after) { 'ς' } else { 'σ' }
}

/// Whether one of the sorted ranges has the character.
fn is_in(ranges: &[(u32, u32)], c: char) -> bool {
    let c = u32::from(c);
    let after = ranges.partition_point(|&(first, _)| first <= c);
    after > 0 && c <= ranges[after - 1].1
}
