//! From a data set to batches of tensors.

mod counts;
mod order;
mod pass;

use crate::dataset::check_labels;
use crate::error::{Error, Result};
pub use counts::Features;
pub(crate) use order::rows_at_once;
pub(crate) use pass::Pass;
use tch::{Device, Tensor};

/// What batches can be made of: one row for each example. Word counts, token ids and the hidden
/// states of an encoder are such data sets.
pub trait Dataset {
    /// Some rows, as a model takes them.
    type Batch;

    /// How many rows there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows with these numbers, in this order.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such row, [`Error::Torch`] if the device is full.
    fn gather(&self, rows: &[usize], device: Device) -> Result<Self::Batch>;

    /// How long row `row` is, if rows have different lengths: rows of like length then make a
    /// batch, so that little of it is padding.
    fn length_of(&self, _row: usize) -> Option<usize> {
        None
    }
}

/// A few examples, ready for a model.
#[derive(Debug)]
pub struct Batch<F> {
    /// What the model takes: [`Features`] of shape (batch, vocabulary), or
    /// [`Tokens`](crate::Tokens) of shape (batch, tokens).
    pub features: F,
    /// Class labels, i64, shape (batch).
    pub labels: Tensor,
}

/// A data set with its labels, handed out in batches.
#[derive(Clone, Debug)]
pub struct DataLoader<D> {
    data: D,
    labels: Vec<i64>,
    num_classes: usize,
    batch_size: usize,
}

impl<D: Dataset> DataLoader<D> {
    /// Puts data (one row for each example) and labels together.
    ///
    /// # Errors
    /// [`Error::Argument`] if `batch_size` is 0, [`Error::Data`] if there are no examples, if
    /// there are not as many labels as rows, or if a label is no class number.
    pub fn new(data: D, labels: Vec<i64>, batch_size: usize) -> Result<DataLoader<D>> {
        if batch_size == 0 {
            return Err(Error::argument("batch_size", 0, "take 1 or more; 32 is usual"));
        }
        let rows = data.len();
        if rows != labels.len() {
            return Err(Error::Data(format!("{rows} rows of data but {} labels", labels.len())));
        }
        if rows == 0 {
            return Err(Error::Data("there are no examples to make batches of".to_owned()));
        }
        check_labels(&labels)?;
        let num_classes = labels.iter().max().map_or(0, |label| *label as usize + 1);
        Ok(DataLoader { data, labels, num_classes, batch_size })
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
        self.num_classes
    }

    /// The examples without their labels.
    pub fn data(&self) -> &D {
        &self.data
    }

    /// The label of each example.
    pub fn labels(&self) -> &[i64] {
        &self.labels
    }

    /// How many examples a batch has.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// Batch `number` (from 0) of the examples in the order of the rows, on the device of the
    /// model that it is for. A training takes other batches, see [`shuffled`](Self::shuffled).
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such batch.
    pub fn batch(&self, number: usize, device: Device) -> Result<Batch<D::Batch>> {
        if number >= self.num_batches() {
            let remedy = format!("batches are numbered 0 to {}", self.num_batches() - 1);
            return Err(Error::argument("number", number, remedy));
        }
        let start = number * self.batch_size;
        let rows: Vec<usize> = (start..self.len().min(start + self.batch_size)).collect();
        self.gather(&rows, device)
    }

    /// The rows of each batch of an epoch, shuffled by the seed; rows of like length are together.
    pub fn shuffled(&self, seed: u32) -> Vec<Vec<usize>> {
        order::shuffled(&self.data, self.batch_size, seed)
    }

    /// The batch of the given rows.
    pub(crate) fn gather(&self, rows: &[usize], device: Device) -> Result<Batch<D::Batch>> {
        let labels: Vec<i64> = rows.iter().map(|&row| self.labels[row]).collect();
        Ok(Batch {
            features: self.data.gather(rows, device)?,
            labels: Tensor::f_from_slice(&labels)?.f_to_device(device)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectorizer::{CountMatrix, CountVectorizer};

    fn loader(texts: &[&str], batch_size: usize) -> Result<DataLoader<CountMatrix>> {
        let (_, counts) = CountVectorizer::default().fit_transform(texts)?;
        DataLoader::new(counts, vec![0; texts.len()], batch_size)
    }

    #[test]
    fn settings_and_data_that_cannot_be_used_are_named() {
        let error = loader(&["good film"], 0).unwrap_err().to_string();
        assert_eq!(error, "batch_size = 0: take 1 or more; 32 is usual");
        let (_, counts) = CountVectorizer::default().fit_transform(&["good film"]).unwrap();
        for labels in [vec![], vec![0, 1], vec![-1], vec![i64::MAX]] {
            assert!(DataLoader::new(counts.clone(), labels, 2).is_err());
        }
    }

    #[test]
    fn batches_keep_the_last_examples_and_are_shuffled_by_the_seed() {
        let data = loader(&["good film"; 50], 8).unwrap();
        assert_eq!(data.num_batches(), 7);
        let last = data.batch(6, Device::Cpu).unwrap();
        assert_eq!((last.features.size(), last.labels.size()), ((2, 2), vec![2]));
        assert!(data.batch(7, Device::Cpu).is_err());
        assert_eq!(data.shuffled(1), data.shuffled(1));
        assert_ne!(data.shuffled(1), data.shuffled(2));
        let mut rows = data.shuffled(1).concat();
        rows.sort_unstable();
        assert_eq!(rows, (0..50).collect::<Vec<_>>());
    }
}
