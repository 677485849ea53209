//! From a data set to batches of tensors.

mod counts;
mod order;
mod pass;
mod targets;

use crate::cache::Key;
use crate::display::remark;
use crate::error::{Error, Result};
pub use counts::Features;
pub use order::PREDICTED_TOGETHER;
pub(crate) use order::rows_at_once;
pub(crate) use pass::Pass;
pub use targets::Targets;
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

    /// A hash of all rows, by which a training that goes on knows whether its data are the same. A
    /// data set of your own without this function is known by the number of its rows alone.
    ///
    /// # Errors
    /// [`Error::Memory`] if there is too little.
    fn fingerprint(&self) -> Result<String> {
        Ok(String::new())
    }
}

/// A few examples, ready for a model.
#[derive(Debug)]
pub struct Batch<F> {
    /// What the model takes: [`Features`] of shape (batch, vocabulary), or
    /// [`Tokens`](crate::Tokens) of shape (batch, tokens).
    pub features: F,
    /// Class labels, i64, shape (batch); where an example may have several labels, 0 and 1, f32,
    /// shape (batch, classes).
    pub labels: Tensor,
}

/// A data set with its labels, handed out in batches.
#[derive(Clone, Debug)]
pub struct DataLoader<D> {
    data: D,
    labels: Targets,
    class_names: Vec<String>,
    batch_size: usize,
}

impl<D: Dataset> DataLoader<D> {
    /// Puts data (one row for each example) and labels together: those of
    /// [`Reviews::labels`](crate::Reviews::labels), whose names then stand in all that a model is
    /// told and says, a `Vec<i64>` of class numbers, or the labels of
    /// [`Reviews::multi_labels`](crate::Reviews::multi_labels), any number for each row. Class numbers
    /// that are left out among those of a `Vec<i64>` are printed.
    ///
    /// # Errors
    /// [`Error::Argument`] if `batch_size` is 0, [`Error::Data`] if there are no examples, if
    /// there are not as many labels as rows, if a label is no class number or has no name, or if
    /// two classes have one name.
    pub fn new(data: D, labels: impl Into<Targets>, batch_size: usize) -> Result<DataLoader<D>> {
        let labels = labels.into();
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
        if let Targets::Single(labels) = &labels {
            labels.check()?;
            labels.gap().iter().for_each(|gap| remark(gap));
        }
        let class_names = labels.class_names();
        Ok(DataLoader { data, labels, class_names, batch_size })
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

    /// How many classes there are: as many as have names, else the largest label and one.
    pub fn num_classes(&self) -> usize {
        self.class_names.len()
    }

    /// What class 0, 1, 2, ... is called; its number, if it has no name.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// The examples without their labels.
    pub fn data(&self) -> &D {
        &self.data
    }

    /// The class of each example, or its labels.
    pub fn labels(&self) -> &Targets {
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

    /// A hash of data, labels and names of the classes.
    pub(crate) fn fingerprint(&self) -> Result<String> {
        let mut key = Key::default();
        key.add(self.data.fingerprint()?.as_bytes());
        self.labels.add_to(&mut key);
        self.class_names.iter().for_each(|name| key.add(name.as_bytes()));
        Ok(key.finish())
    }

    /// The batch of the given rows.
    pub(crate) fn gather(&self, rows: &[usize], device: Device) -> Result<Batch<D::Batch>> {
        let features = self.data.gather(rows, device)?;
        Ok(Batch { features, labels: self.labels.tensor(rows, device)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Labels;
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
        let nameless = Labels::from(vec![2]).called(["ham", "spam"]);
        assert!(DataLoader::new(counts, nameless, 2).is_err());
    }

    #[test]
    fn classes_are_those_that_have_names_or_examples() {
        let (_, counts) = CountVectorizer::default().fit_transform(&["good film"]).unwrap();
        let data = DataLoader::new(counts.clone(), vec![1], 1).unwrap();
        assert_eq!(
            (data.num_classes(), data.class_names()),
            (2, ["0", "1"].map(String::from).as_slice())
        );
        let named = Labels::from(vec![1]).called(["ham", "spam", "egg"]);
        let data = DataLoader::new(counts, named, 1).unwrap();
        assert_eq!(data.class_names(), ["ham", "spam", "egg"]);
        assert_eq!(data.num_classes(), 3);
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
