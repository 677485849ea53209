//! The vocabulary that was learned.

use super::counting;
use super::matrix::CountMatrix;
use super::terms::{Key, Terms};
use super::tokens::{Analyzer, Scratch};
use super::watch::watched;
use crate::display::{Html, Show, table, thousands};
use crate::error::{Error, Result};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// The vocabulary of a [`CountVectorizer`](super::CountVectorizer), and how to count its terms.
#[derive(Clone)]
pub struct FittedVectorizer {
    analyzer: Analyzer,
    /// Their numbers are their columns.
    vocabulary: Terms,
    feature_names: Vec<String>,
}

impl FittedVectorizer {
    /// Keeps the terms with these numbers, in this order.
    pub(super) fn new(analyzer: Analyzer, terms: &Terms, kept: &[u32]) -> FittedVectorizer {
        let (vocabulary, feature_names) = rayon::join(
            || kept.iter().map(|&id| terms.term(id)).collect(),
            || kept.iter().map(|&id| terms.term(id).to_owned()).collect(),
        );
        FittedVectorizer { analyzer, vocabulary, feature_names }
    }

    /// Counts the terms of the vocabulary in other texts; terms that are not in it are left out.
    /// Shape (`texts.len()`, `feature_names().len()`).
    ///
    /// # Errors
    /// [`Error::Stopped`](crate::Error::Stopped) by the stop button.
    pub fn transform<T: AsRef<str> + Sync>(&self, texts: &[T]) -> Result<CountMatrix> {
        watched(texts.len(), |watch| {
            counting::count(texts, &self.analyzer, &self.vocabulary, watch)
        })
    }

    /// The columns of the words of each text, in their order and as often as they occur; `None` for
    /// a word that has no column. Of each text the first `most`.
    pub(crate) fn in_order<T: AsRef<str> + Sync>(
        &self,
        texts: &[T],
        most: usize,
    ) -> Result<Vec<Vec<Option<u32>>>> {
        if self.analyzer.ngram_range != (1, 1) {
            let remedy = "only single words have an order: take (1, 1)";
            let range = format!("{:?}", self.analyzer.ngram_range);
            return Err(Error::argument("ngram_range", range, remedy));
        }
        watched(texts.len(), |watch| {
            let read = |scratch: &mut Scratch, text: &T| {
                let mut columns = Vec::new();
                if watch.stopped() {
                    return columns;
                }
                self.analyzer.for_each_term(text.as_ref(), scratch, |key, word| {
                    if columns.len() < most {
                        columns.push(self.vocabulary.get(key, word));
                    }
                });
                watch.step();
                columns
            };
            texts.par_iter().map_init(Scratch::default, read).collect()
        })
    }

    /// What stands between the spaces of a text, and the columns of the terms in it, as often as they
    /// occur. Each word of a longer term has its share of it, 1 of a single word.
    pub(crate) fn words<'t>(&self, text: &'t str) -> Vec<(&'t str, Vec<(u32, f64)>)> {
        // No space is a letter, or decides about one: a word by itself has the tokens that it has in
        // the text.
        let single = Analyzer { ngram_range: (1, 1), ..self.analyzer.clone() };
        let (mut words, mut tokens) = (Vec::new(), Vec::new());
        let mut scratch = Scratch::default();
        for (place, word) in text.split_whitespace().enumerate() {
            single.for_each_term(word, &mut scratch, |_, token| {
                tokens.push((place, token.to_owned()));
            });
            words.push((word, Vec::new()));
        }
        let (shortest, longest) = self.analyzer.ngram_range;
        for length in shortest..=longest.min(tokens.len()) {
            for some in tokens.windows(length) {
                let term: Vec<&str> = some.iter().map(|(_, token)| token.as_str()).collect();
                let term = term.join(" ");
                if let Some(column) = self.vocabulary.get(Key::of(&term), &term) {
                    let share = 1.0 / length as f64;
                    some.iter().for_each(|(place, _)| words[*place].1.push((column, share)));
                }
            }
        }
        words
    }

    /// The term of each column, sorted by code point.
    pub fn feature_names(&self) -> &[String] {
        &self.feature_names
    }

    /// The column of each term.
    pub fn vocabulary(&self) -> BTreeMap<String, usize> {
        self.feature_names.iter().cloned().zip(0..).collect()
    }

    /// Shows twenty terms, spread over the vocabulary, and their columns in the notebook.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }
}

impl Show for FittedVectorizer {
    fn to_html(&self) -> Html {
        let step = self.feature_names.len().div_ceil(20).max(1);
        let rows: Vec<Vec<String>> = self
            .feature_names
            .iter()
            .enumerate()
            .step_by(step)
            .map(|(column, term)| vec![column.to_string(), term.clone()])
            .collect();
        let caption = format!("every {step}th of {} terms", thousands(self.feature_names.len()));
        table(&caption, &["column", "term"], &rows)
    }
}

/// Its size and its first terms: a vocabulary has thousands.
impl std::fmt::Debug for FittedVectorizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = &self.feature_names;
        f.debug_struct("FittedVectorizer")
            .field("terms", &names.len())
            .field("first", &names.get(..5).unwrap_or(names))
            .finish()
    }
}
