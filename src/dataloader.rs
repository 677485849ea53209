//! From a count matrix to batches of tensors.

use crate::error::{Error, Result};
use crate::vectorizer::CountMatrix;
use tch::{Kind, Tensor};

/// A few examples, ready for a model.
#[derive(Debug)]
pub struct Batch {
    /// Word counts, f32, shape (batch, vocabulary).
    pub features: Tensor,
    /// Class labels, i64, shape (batch).
    pub labels: Tensor,
}

/// Word counts with their labels, handed out in batches. Only a batch at a time is made dense.
#[derive(Clone, Debug)]
pub struct DataLoader {
    features: CountMatrix,
    labels: Vec<i64>,
    batch_size: usize,
}

impl DataLoader {
    /// Puts features (one row for each example) and labels together.
    ///
    /// # Errors
    /// [`Error::Argument`] if `batch_size` is 0, [`Error::Data`] if there are no examples, if
    /// there are not as many labels as rows, or if a label is negative.
    pub fn new(features: CountMatrix, labels: Vec<i64>, batch_size: usize) -> Result<DataLoader> {
        if batch_size == 0 {
            return Err(Error::argument("batch_size", 0, "take 1 or more; 32 is usual"));
        }
        let rows = features.shape().0;
        if rows != labels.len() {
            return Err(Error::Data(format!("{rows} rows of counts but {} labels", labels.len())));
        }
        if rows == 0 {
            return Err(Error::Data("there are no examples to make batches of".to_owned()));
        }
        if let Some(label) = labels.iter().find(|label| **label < 0) {
            return Err(Error::Data(format!("label {label}: classes are 0, 1, 2, ...")));
        }
        Ok(DataLoader { features, labels, batch_size })
    }

    /// How many examples there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none, which [`DataLoader::new`] does not allow.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// How many batches make an epoch. The last one may be smaller; none is dropped.
    pub fn num_batches(&self) -> usize {
        self.len().div_ceil(self.batch_size)
    }

    /// How many classes the labels name: the largest label and one.
    pub fn num_classes(&self) -> usize {
        self.labels.iter().max().map_or(0, |label| *label as usize + 1)
    }

    /// Batch `number` (from 0) of the examples in the order of the rows.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such batch.
    pub fn batch(&self, number: usize) -> Result<Batch> {
        let rows: Vec<usize> = (0..self.len()).collect();
        match rows.chunks(self.batch_size).nth(number) {
            Some(rows) => self.gather(rows),
            None => Err(Error::argument(
                "number",
                number,
                format!("batches are numbered 0 to {}", self.num_batches() - 1),
            )),
        }
    }

    /// The rows of each batch of an epoch: shuffled by the seed, or in order without one.
    pub(crate) fn epoch(&self, seed: Option<u32>) -> Vec<Vec<usize>> {
        let order = match seed {
            Some(seed) => crate::dataset::permutation(self.len(), seed),
            None => (0..self.len()).collect(),
        };
        order.chunks(self.batch_size).map(<[usize]>::to_vec).collect()
    }

    /// The batch of the given rows.
    pub(crate) fn gather(&self, rows: &[usize]) -> Result<Batch> {
        let width = self.features.shape().1;
        let mut dense = vec![0f32; rows.len() * width];
        for (start, &row) in (0..).step_by(width.max(1)).zip(rows) {
            if let Some(row) = self.features.row(row) {
                for (&column, &count) in row.indices.iter().zip(row.values) {
                    dense[start + column as usize] = count;
                }
            }
        }
        let shape = [rows.len() as i64, width as i64];
        let labels: Vec<i64> = rows.iter().map(|&row| self.labels[row]).collect();
        Ok(Batch {
            features: Tensor::f_from_slice(&dense)?.f_reshape(shape)?,
            labels: Tensor::f_from_slice(&labels)?.f_to_kind(Kind::Int64)?,
        })
    }
}
