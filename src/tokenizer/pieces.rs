//! Where the word pieces of a text stand in it.

use super::Tokenizer;
use crate::error::{Error, Result};
use std::ops::Range;

/// The tokens of one text, and where they stand in it.
pub struct Pieces {
    /// The bytes of each token; `None` of the special ones around the text.
    pub spans: Vec<Option<Range<usize>>>,
    /// How many word pieces did not fit.
    pub left_out: usize,
}

impl Tokenizer {
    /// Those of a text that is cut off as [`encode`](Self::encode) does.
    pub(crate) fn pieces(&self, text: &str, max_length: usize) -> Result<Pieces> {
        let failed = |error: tokenizers::Error| Error::Data(format!("can't encode: {error}"));
        let encoding = self.tokenizer.encode(text, true).map_err(failed)?;
        let spans = encoding.get_offsets().iter().zip(encoding.get_special_tokens_mask());
        let mut spans: Vec<Option<Range<usize>>> =
            spans.map(|(&(start, end), &special)| (special == 0).then_some(start..end)).collect();
        let left_out = spans.len().saturating_sub(max_length);
        // What is cut off stands between the special tokens.
        let before = spans.iter().take_while(|span| span.is_none()).count();
        let behind = spans.iter().rev().take_while(|span| span.is_none()).count();
        let end = spans.len() - behind;
        if self.keeps_end {
            spans.drain(before..(before + left_out).min(end).max(before));
        } else {
            spans.drain(end.saturating_sub(left_out)..end);
        }
        Ok(Pieces { spans, left_out })
    }
}

impl Pieces {
    /// How many word pieces there are.
    pub fn read(&self) -> usize {
        self.spans.iter().flatten().count()
    }

    /// The words of the text as far as it was read, with the sums of what their pieces have, and
    /// whether spaces stand between them.
    pub fn words(&self, text: &str, numbers: &[f64]) -> (Vec<(String, f64)>, bool) {
        let read = self.spans.iter().flatten().map(|span| span.end).max().unwrap_or(0);
        let begin = self.spans.iter().flatten().map(|span| span.start).min().unwrap_or(0);
        let spaced = !text.get(..read).unwrap_or(text).contains(is_unspaced);
        let bounds = if spaced { spaced_words(text) } else { self.bounds(text) };
        let mut words: Vec<(Range<usize>, f64)> = bounds
            .into_iter()
            .filter(|word| word.start < read && word.end > begin)
            .map(|word| (word, 0.0))
            .collect();
        for (span, number) in self.spans.iter().zip(numbers) {
            let Some(span) = span else { continue };
            // A piece may begin with the space before its word: its end is within.
            let at = words.partition_point(|(word, _)| word.end < span.end);
            let last = words.len().saturating_sub(1);
            if let Some((_, sum)) = words.get_mut(at.min(last)) {
                *sum += number;
            }
        }
        let named = words
            .into_iter()
            .map(|(word, sum)| (text.get(word).unwrap_or_default().to_owned(), sum));
        (named.collect(), spaced)
    }

    /// A text that is cut at the end of each piece.
    fn bounds(&self, text: &str) -> Vec<Range<usize>> {
        let mut ends: Vec<usize> = self.spans.iter().flatten().map(|span| span.end).collect();
        ends.retain(|&end| text.is_char_boundary(end));
        ends.sort_unstable();
        ends.dedup();
        let starts = [0].into_iter().chain(ends.clone());
        starts.zip(ends).filter(|(start, end)| start < end).map(|(start, end)| start..end).collect()
    }
}

/// What stands between spaces.
fn spaced_words(text: &str) -> Vec<Range<usize>> {
    let start = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    text.split_whitespace().map(|word| start(word)..start(word) + word.len()).collect()
}

/// A letter of a script that puts no spaces between words: Thai, Lao, Khmer, Chinese, Japanese.
fn is_unspaced(letter: char) -> bool {
    matches!(letter,
        '\u{e00}'..='\u{eff}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summed(text: &str, spans: &[(usize, usize)], numbers: &[f64]) -> (Vec<(String, f64)>, bool) {
        let spans = spans.iter().map(|&(start, end)| Some(start..end)).collect();
        Pieces { spans, left_out: 0 }.words(text, numbers)
    }

    #[test]
    fn pieces_are_summed_up_to_words() {
        let (words, spaced) = summed(
            "un watch able!",
            &[(0, 2), (3, 6), (6, 8), (8, 13), (13, 14)],
            &[1.0, 2.0, 3.0, 4.0, 5.0],
        );
        let expected = [("un", 1.0), ("watch", 5.0), ("able!", 9.0)];
        assert!(spaced);
        assert_eq!(words, expected.map(|(word, sum)| (word.to_owned(), sum)));
        // With the space before each, as RoBERTa has them; what was not read is left out.
        let (words, _) = summed("a good film", &[(0, 1), (1, 6)], &[1.0, 2.0]);
        assert_eq!(words, [("a".to_owned(), 1.0), ("good".to_owned(), 2.0)]);
        assert_eq!(summed("", &[], &[]).0, []);
        assert_eq!(summed("  ", &[(0, 1)], &[1.0]).0, []);
    }

    #[test]
    fn a_script_without_spaces_is_cut_at_its_pieces() {
        let (words, spaced) = summed("电影好", &[(0, 6), (6, 9)], &[1.0, 2.0]);
        assert!(!spaced);
        assert_eq!(words, [("电影".to_owned(), 1.0), ("好".to_owned(), 2.0)]);
    }
}
