//! Whole words in their order: the vocabulary of a bag of words, for a model that reads.

use super::Encodings;
use crate::error::{Error, Result};
use crate::vectorizer::FittedVectorizer;

const PADDING: u32 = 0;
const UNKNOWN: u32 = 1;
/// The number of the word in column 0.
const FIRST: u32 = 2;
/// A batch is as wide as its longest text.
const LONGEST: usize = 100_000;

impl FittedVectorizer {
    /// The words of each text in their order, as numbers: the word of column c is number c + 2, a
    /// word that is not in the vocabulary is number 1, and batches are padded with 0. So a model has
    /// `feature_names().len() + 2` vectors. What is longer than `max_length` words is cut off.
    ///
    /// Words are those that [`transform`](Self::transform) counts: stop words are left out. A text
    /// without any is a single unknown word, since there is nothing to read in an empty row.
    ///
    /// ```
    /// # use unit8::CountVectorizer;
    /// let vectorizer = CountVectorizer::default().fit(&["bad good not"])?;
    /// let encodings = vectorizer.encode(&["Not good, very bad!"], 3)?;
    /// assert_eq!(encodings.ids(0), Some([4, 3, 1].as_slice()));
    /// # unit8::Result::Ok(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Argument`] if `max_length` is 0 or above 100,000, or if the vocabulary has terms of
    /// several words; [`Error::Stopped`] by the stop button.
    pub fn encode<T: AsRef<str> + Sync>(
        &self,
        texts: &[T],
        max_length: usize,
    ) -> Result<Encodings> {
        if !(1..=LONGEST).contains(&max_length) {
            let remedy = format!("take 1 to {LONGEST} words");
            return Err(Error::argument("max_length", max_length, remedy));
        }
        let mut encodings = Encodings::new(PADDING, max_length);
        for columns in self.in_order(texts, max_length)? {
            let number = |column: Option<u32>| column.map_or(UNKNOWN, |column| column + FIRST);
            let mut ids: Vec<u32> = columns.into_iter().map(number).collect();
            if ids.is_empty() {
                ids.push(UNKNOWN);
            }
            encodings.push(&ids);
        }
        Ok(encodings)
    }
}

#[cfg(test)]
mod tests {
    use crate::dataloader::Dataset;
    use crate::vectorizer::{CountVectorizer, StopWords};
    use tch::Device;

    const TEXTS: [&str; 3] = ["Not good, but bad", "not bad, but good", "A!"];

    #[test]
    fn the_same_bag_in_another_order_has_other_numbers() {
        let (vectorizer, counts) = CountVectorizer::default().fit_transform(&TEXTS).unwrap();
        let row = |row| counts.select_rows(&[row]).unwrap().column_sums();
        assert_eq!(row(0), row(1));
        assert_eq!(vectorizer.feature_names(), ["bad", "but", "good", "not"]);
        let encodings = vectorizer.encode(&TEXTS, 10).unwrap();
        let ids = |row| encodings.ids(row).unwrap().to_vec();
        assert_eq!((ids(0), ids(1), ids(2)), (vec![5, 4, 3, 2], vec![5, 2, 3, 4], vec![1]));
        let batch = encodings.gather(&[0, 2], Device::Cpu).unwrap();
        let rows: Vec<Vec<i64>> = Vec::try_from(&batch.input_ids).unwrap();
        assert_eq!(rows, [[5, 4, 3, 2], [1, 0, 0, 0]]);
    }

    #[test]
    fn texts_are_cut_off_and_stop_words_left_out() {
        let stop_words = StopWords::Custom(vec!["but".to_owned()]);
        let vectorizer = CountVectorizer { stop_words, ..Default::default() };
        let vectorizer = vectorizer.fit(&TEXTS).unwrap();
        let encodings = vectorizer.encode(&TEXTS, 2).unwrap();
        assert_eq!(encodings.lengths(), [2, 2, 1]);
        assert_eq!(vectorizer.encode(&TEXTS, 100_000).unwrap().lengths(), [3, 3, 1]);
        assert!(vectorizer.encode::<&str>(&[], 2).unwrap().is_empty());
    }

    #[test]
    fn what_has_no_order_or_no_length_is_refused() {
        let vectorizer = CountVectorizer::default().fit(&TEXTS).unwrap();
        for max_length in [0, 100_001, usize::MAX] {
            let error = vectorizer.encode(&TEXTS, max_length).unwrap_err().to_string();
            assert_eq!(error, format!("max_length = {max_length}: take 1 to 100000 words"));
        }
        let pairs = CountVectorizer { ngram_range: (1, 2), ..Default::default() };
        let error = pairs.fit(&TEXTS).unwrap().encode(&TEXTS, 10).unwrap_err().to_string();
        assert_eq!(error, "ngram_range = (1, 2): only single words have an order: take (1, 1)");
    }
}
