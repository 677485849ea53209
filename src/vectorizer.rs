//! Bags of words: how often each term of a vocabulary occurs in each text.
//!
//! [`CountVectorizer`] is scikit-learn's, equal to it column for column and count for count on any
//! text (scikit-learn 1.9 with Python 3.11, whose Unicode is 14.0), and runs on all cores.
//!
//! ```
//! # use unit8::vectorizer::CountVectorizer;
//! let (fitted, counts) = CountVectorizer::default().fit_transform(&["a good film", "Good, good!"])?;
//! assert_eq!(fitted.feature_names(), ["film", "good"]);
//! assert_eq!(counts.shape(), (2, 2));
//! assert_eq!(counts.column_sums(), [1.0, 3.0]);
//! # Ok::<(), unit8::Error>(())
//! ```

mod counting;
mod fitted;
mod matrix;
#[cfg(test)]
mod parity;
mod stop_words;
mod terms;
#[cfg(test)]
mod tests;
mod tfidf;
mod tokens;
mod unicode;
mod watch;

pub use fitted::FittedVectorizer;
pub use matrix::{CountMatrix, Row};
pub use tfidf::{FittedTfidf, TfidfTransformer};

use crate::error::{Error, Result};
use counting::{Corpus, NO_COLUMN};
use tokens::Analyzer;
use watch::watched;

/// Learns a vocabulary from texts and counts its terms, as scikit-learn's `CountVectorizer`.
///
/// A token is two or more letters, digits or underscores in a row (the pattern `\b\w\w+\b` of
/// Python's `re`), a term one token or several joined by spaces. The vocabulary is sorted by code
/// point, so that the same texts always give the same columns.
///
/// # Examples
///
/// The bag of words of a first classifier:
///
/// ```
/// # use unit8::vectorizer::{CountVectorizer, StopWords};
/// let vectorizer = CountVectorizer {
///     max_features: Some(10_000),
///     stop_words: StopWords::English,
///     ..Default::default()
/// };
/// let fitted = vectorizer.fit(&["The film was good.", "A good plot"])?;
/// assert_eq!(fitted.feature_names(), ["film", "good", "plot"]);
/// # Ok::<(), unit8::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CountVectorizer {
    /// Lowercase the texts first, as Python's `str.lower`.
    pub lowercase: bool,
    /// Keep only so many terms: those that occur most often in all texts together. Of equally
    /// frequent ones, those that come first in the sorted vocabulary.
    ///
    /// scikit-learn leaves that choice to an unstable sort, whose outcome depends on the vector
    /// instructions of the processor.
    pub max_features: Option<usize>,
    /// The tokens to leave out, before longer terms are built.
    pub stop_words: StopWords,
    /// Leave out the terms that occur in fewer texts.
    pub min_df: DocumentFrequency,
    /// Leave out the terms that occur in more texts.
    pub max_df: DocumentFrequency,
    /// The least and the greatest number of tokens in a term: (1, 2) for words and pairs of words.
    pub ngram_range: (usize, usize),
    /// Count each term of a text once.
    pub binary: bool,
}

/// The tokens that a [`CountVectorizer`] leaves out.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum StopWords {
    /// None are left out.
    #[default]
    None,
    /// scikit-learn's list of 318 English words.
    English,
    /// These, compared with the tokens as they are: lowercase, if the texts are lowercased.
    Custom(Vec<String>),
}

/// A number of texts that contain a term.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DocumentFrequency {
    /// So many texts, at least 1.
    Count(usize),
    /// This part of all texts, from 0 to 1.
    Fraction(f64),
}

impl Default for CountVectorizer {
    fn default() -> CountVectorizer {
        CountVectorizer {
            lowercase: true,
            max_features: None,
            stop_words: StopWords::None,
            min_df: DocumentFrequency::Count(1),
            max_df: DocumentFrequency::Fraction(1.0),
            ngram_range: (1, 1),
            binary: false,
        }
    }
}

impl CountVectorizer {
    /// Learns the vocabulary.
    ///
    /// # Errors
    ///
    /// If a setting is out of its range, if `max_df` is below `min_df`, if the texts contain no
    /// terms, or if none of them is left after pruning by `min_df` and `max_df`;
    /// [`Error::Stopped`] by the stop button.
    pub fn fit<T: AsRef<str> + Sync>(&self, texts: &[T]) -> Result<FittedVectorizer> {
        let analyzer = self.analyzer()?;
        let corpus = watched(texts.len(), |watch| Corpus::new(texts, &analyzer, watch))?;
        let kept = self.select(&corpus, texts.len())?;
        Ok(FittedVectorizer::new(analyzer, &corpus.terms, &kept))
    }

    /// Learns the vocabulary and counts its terms in the same texts: as [`fit`](Self::fit) and
    /// then [`transform`](FittedVectorizer::transform), but reads the texts once.
    ///
    /// # Errors
    ///
    /// As [`fit`](Self::fit).
    pub fn fit_transform<T: AsRef<str> + Sync>(
        &self,
        texts: &[T],
    ) -> Result<(FittedVectorizer, CountMatrix)> {
        let analyzer = self.analyzer()?;
        let corpus = watched(texts.len(), |watch| Corpus::new(texts, &analyzer, watch))?;
        let kept = self.select(&corpus, texts.len())?;
        let mut columns = vec![NO_COLUMN; corpus.terms.len()];
        for (column, &id) in kept.iter().enumerate() {
            columns[id as usize] = column as u32;
        }
        let counts = corpus.matrix(&columns, kept.len());
        Ok((FittedVectorizer::new(analyzer, &corpus.terms, &kept), counts))
    }

    /// The checked settings that reading a text needs.
    fn analyzer(&self) -> Result<Analyzer> {
        self.check()?;
        let custom: Vec<&str>;
        let stop_words = match &self.stop_words {
            StopWords::None => &[],
            StopWords::English => stop_words::ENGLISH.as_slice(),
            StopWords::Custom(words) => {
                custom = words.iter().map(String::as_str).collect();
                &custom
            }
        };
        // No token has a zero byte, nor may a table's key.
        let stop_words = stop_words.iter().filter(|word| !word.contains('\0'));
        Ok(Analyzer {
            lowercase: self.lowercase,
            stop_words: stop_words.copied().collect(),
            ngram_range: self.ngram_range,
            binary: self.binary,
        })
    }

    fn check(&self) -> Result<()> {
        let (shortest, longest) = self.ngram_range;
        if shortest == 0 || shortest > longest {
            let value = format!("({shortest}, {longest})");
            let remedy = "the least number of tokens must be 1 or more, the greatest not less";
            return Err(Error::argument("ngram_range", value, remedy));
        }
        if self.max_features == Some(0) {
            let remedy = "keep at least 1 term, or set None to keep all";
            return Err(Error::argument("max_features", 0, remedy));
        }
        self.min_df.check("min_df")?;
        self.max_df.check("max_df")
    }

    /// The numbers of the terms to keep, sorted by term.
    fn select(&self, corpus: &Corpus, texts: usize) -> Result<Vec<u32>> {
        if corpus.terms.len() == 0 {
            return Err(Error::Data(format!(
                "empty vocabulary: {texts} texts contain no token of two or more letters or \
                 digits besides stop words; look at the texts, or set stop_words to None"
            )));
        }
        let (least, most) = (self.min_df.of(texts), self.max_df.of(texts));
        if most < least {
            return Err(Error::Data(format!(
                "max_df is {most} of {texts} texts, below min_df, {least}: raise max_df or \
                 lower min_df"
            )));
        }
        let kept = |documents: u32| (least..=most).contains(&f64::from(documents));
        let mut ids: Vec<u32> = (0u32..)
            .zip(&corpus.frequencies)
            .filter_map(|(id, frequency)| kept(frequency.documents).then_some(id))
            .collect();
        if ids.is_empty() {
            return Err(Error::Data(format!(
                "no terms remain of {} that occur in at least {least} and at most {most} texts: \
                 lower min_df or raise max_df",
                corpus.terms.len()
            )));
        }
        if let Some(limit) = self.max_features {
            corpus.keep_most_frequent(&mut ids, limit);
        }
        corpus.terms.sort(&mut ids);
        Ok(ids)
    }
}

impl DocumentFrequency {
    fn check(self, name: &'static str) -> Result<()> {
        match self {
            DocumentFrequency::Count(0) => {
                Err(Error::argument(name, 0, "a count must be 1 or more"))
            }
            DocumentFrequency::Fraction(part) if !(0.0..=1.0).contains(&part) => {
                Err(Error::argument(name, part, "a fraction must be from 0 to 1"))
            }
            _ => Ok(()),
        }
    }

    /// The number of texts, not rounded.
    fn of(self, texts: usize) -> f64 {
        match self {
            DocumentFrequency::Count(count) => count as f64,
            DocumentFrequency::Fraction(part) => part * texts as f64,
        }
    }
}
