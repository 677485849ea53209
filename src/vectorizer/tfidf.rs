//! From counts to TF-IDF weights.

use super::matrix::CountMatrix;
use crate::error::{Error, Result};

/// Weighs counts by how rare a term is: term frequency times inverse document frequency.
///
/// The formulas and the defaults are those of scikit-learn's `TfidfTransformer`, which differ
/// slightly from the textbook's (Manning, Raghavan, Schütze, *Introduction to Information
/// Retrieval*, 6.2): for `n` documents, `df` of which contain the term,
/// `idf = ln((1 + n) / (1 + df)) + 1`.
#[derive(Clone, Debug, PartialEq)]
pub struct TfidfTransformer {
    /// Divide each document's weights by their Euclidean (L2) norm, so that long documents weigh
    /// as much as short ones.
    pub norm: bool,
    /// Multiply by the inverse document frequency; without it, all of them are 1.
    pub use_idf: bool,
    /// Count one more document that contains every term: no division by 0. Without it,
    /// `idf = ln(n / df) + 1`.
    pub smooth_idf: bool,
    /// Replace a count by `1 + ln(count)`.
    pub sublinear_tf: bool,
}

/// What a [`TfidfTransformer`] has learned from a matrix of counts.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedTfidf {
    settings: TfidfTransformer,
    idf: Vec<f64>,
}

impl Default for TfidfTransformer {
    fn default() -> TfidfTransformer {
        TfidfTransformer { norm: true, use_idf: true, smooth_idf: true, sublinear_tf: false }
    }
}

impl TfidfTransformer {
    /// Learns the inverse document frequency of each column.
    ///
    /// # Errors
    ///
    /// If the matrix has no rows.
    pub fn fit(&self, counts: &CountMatrix) -> Result<FittedTfidf> {
        let (documents, columns) = counts.shape();
        if documents == 0 {
            return Err(Error::Data("no documents to learn from: pass at least one row".into()));
        }
        let idf = if self.use_idf {
            let more = if self.smooth_idf { 1.0 } else { 0.0 };
            let frequencies = counts.document_frequencies().into_iter();
            let idf = |df| ((documents as f64 + more) / (f64::from(df) + more)).ln() + 1.0;
            frequencies.map(idf).collect()
        } else {
            vec![1.0; columns]
        };
        Ok(FittedTfidf { settings: self.clone(), idf })
    }
}

impl FittedTfidf {
    /// The inverse document frequency of each column.
    pub fn idf(&self) -> &[f64] {
        &self.idf
    }

    /// The TF-IDF weights for a matrix of counts, of the same shape.
    ///
    /// # Errors
    ///
    /// If the matrix has not the columns of the one that this was fitted on.
    pub fn transform(&self, counts: &CountMatrix) -> Result<CountMatrix> {
        let (columns, fitted) = (counts.shape().1, self.idf.len());
        if columns != fitted {
            return Err(Error::Data(format!(
                "the matrix has {columns} columns, the fitted one had {fitted}: \
                 transform both with the same vectorizer"
            )));
        }
        Ok(counts.with_rows_changed(|columns, values| self.weigh(columns, values)))
    }

    /// Replaces the counts of one row by its weights, calculated in double precision.
    fn weigh(&self, columns: &[u32], values: &mut [f32]) {
        let weight = |column: u32, count: f32| {
            let count = f64::from(count);
            let tf = if self.settings.sublinear_tf { count.ln() + 1.0 } else { count };
            tf * self.idf[column as usize]
        };
        let weights =
            || columns.iter().zip(&*values).map(|(&column, &count)| weight(column, count));
        let norm = weights().map(|weight| weight * weight).sum::<f64>().sqrt();
        let divisor = if self.settings.norm && norm != 0.0 { norm } else { 1.0 };
        for (&column, value) in columns.iter().zip(values) {
            *value = (weight(column, *value) / divisor) as f32;
        }
    }
}
