//! From a count matrix to batches of tensors.

use crate::dataset::{check_labels, permutation};
use crate::error::{Error, Result};
use crate::vectorizer::CountMatrix;
use tch::{Device, Kind, Tensor, nn};

/// A few examples, ready for a model.
#[derive(Debug)]
pub struct Batch {
    /// Word counts, shape (batch, vocabulary).
    pub features: Features,
    /// Class labels, i64, shape (batch).
    pub labels: Tensor,
}

/// The word counts of a batch. Nearly all of them are 0 and not stored, so that a linear layer
/// has little to do.
#[derive(Debug)]
pub struct Features {
    counts: CountMatrix,
    device: Device,
}

impl Features {
    pub(crate) fn new(counts: CountMatrix, device: Device) -> Features {
        Features { counts, device }
    }

    /// (batch, vocabulary).
    pub fn size(&self) -> (usize, usize) {
        self.counts.shape()
    }

    /// All counts, zeros included: f32, shape (batch, vocabulary).
    pub fn dense(&self) -> Tensor {
        let (rows, columns) = self.size();
        // Filled here, by one core: libtorch would share the zeros out among all, which takes longer.
        let mut dense = vec![0f32; rows * columns];
        for (number, row) in self.counts.rows().enumerate() {
            for (&column, &count) in row.indices.iter().zip(row.values) {
                dense[number * columns + column as usize] = count;
            }
        }
        let shape = [rows as i64, columns as i64];
        Tensor::from_slice(&dense).reshape(shape).to_device(self.device)
    }

    /// What the layer gives for these counts, shape (batch, outputs of the layer): the same as
    /// `layer.forward(&features.dense())`, from the counts that are not 0 alone.
    ///
    /// # Panics
    /// If the layer does not take as many features as there are, as tch's own functions do.
    pub fn linear(&self, layer: &nn::Linear) -> Tensor {
        let (rows, columns) = self.size();
        let (outputs, inputs) = layer.ws.size2().unwrap_or_default();
        assert!(
            inputs == columns as i64,
            "size mismatch: the layer takes {inputs} features, the batch has {columns}"
        );
        let (terms, row_of_cell) = self.cells();
        // (outputs, cells): the weight of each cell's term, times its count
        let weighted = layer.ws.index_select(1, &terms) * self.values();
        // (outputs, batch): summed up row by row
        let sums = Tensor::zeros([outputs, rows as i64], (Kind::Float, self.device));
        let sums = sums.index_add(1, &row_of_cell, &weighted);
        match &layer.bs {
            Some(bias) => sums.tr() + bias, // (batch, outputs)
            None => sums.tr(),
        }
    }

    /// The column and the row of each cell that is not 0, i64, shape (cells).
    fn cells(&self) -> (Tensor, Tensor) {
        let terms: Vec<i64> = self.counts.indices().iter().map(|&term| i64::from(term)).collect();
        let mut row_of_cell = vec![0i64; terms.len()];
        for (row, ends) in (0..).zip(self.counts.indptr().windows(2)) {
            row_of_cell[ends[0]..ends[1]].fill(row);
        }
        let here = |numbers: &[i64]| Tensor::from_slice(numbers).to_device(self.device);
        (here(&terms), here(&row_of_cell))
    }

    /// The counts of those cells, f32, shape (cells).
    fn values(&self) -> Tensor {
        Tensor::from_slice(self.counts.data()).to_device(self.device)
    }
}

/// Word counts with their labels, handed out in batches.
#[derive(Clone, Debug)]
pub struct DataLoader {
    features: CountMatrix,
    labels: Vec<i64>,
    num_classes: usize,
    batch_size: usize,
}

impl DataLoader {
    /// Puts features (one row for each example) and labels together.
    ///
    /// # Errors
    /// [`Error::Argument`] if `batch_size` is 0, [`Error::Data`] if there are no examples, if
    /// there are not as many labels as rows, or if a label is no class number.
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
        check_labels(&labels)?;
        let num_classes = labels.iter().max().map_or(0, |label| *label as usize + 1);
        Ok(DataLoader { features, labels, num_classes, batch_size })
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

    /// Batch `number` (from 0) of the examples in the order of the rows, on the CPU.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such batch.
    pub fn batch(&self, number: usize) -> Result<Batch> {
        match self.in_order(self.batch_size).get(number) {
            Some(rows) => self.gather(rows, Device::Cpu),
            None => Err(Error::argument(
                "number",
                number,
                format!("batches are numbered 0 to {}", self.num_batches() - 1),
            )),
        }
    }

    /// The rows of each batch of an epoch, shuffled by the seed.
    pub(crate) fn shuffled(&self, seed: u32) -> Vec<Vec<usize>> {
        permutation(self.len(), seed).chunks(self.batch_size).map(<[usize]>::to_vec).collect()
    }

    /// The rows in their order, so many at a time.
    pub(crate) fn in_order(&self, batch_size: usize) -> Vec<Vec<usize>> {
        let rows: Vec<usize> = (0..self.len()).collect();
        rows.chunks(batch_size).map(<[usize]>::to_vec).collect()
    }

    /// The batch of the given rows.
    pub(crate) fn gather(&self, rows: &[usize], device: Device) -> Result<Batch> {
        let labels: Vec<i64> = rows.iter().map(|&row| self.labels[row]).collect();
        Ok(Batch {
            features: Features::new(self.features.select_rows(rows)?, device),
            labels: Tensor::f_from_slice(&labels)?.f_to_device(device)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectorizer::CountVectorizer;

    fn loader(texts: &[&str], batch_size: usize) -> Result<DataLoader> {
        let (_, counts) = CountVectorizer::default().fit_transform(texts)?;
        DataLoader::new(counts, vec![0; texts.len()], batch_size)
    }

    #[test]
    fn the_sparse_product_and_its_gradients_are_those_of_the_dense_one() {
        tch::manual_seed(1);
        let texts = ["a good good film", "", "the bad film", "so good it is bad so bad so"];
        let batch = loader(&texts, 4).unwrap().batch(0).unwrap();
        let columns = batch.features.size().1 as i64;
        for bias in [true, false] {
            let store = nn::VarStore::new(Device::Cpu);
            let config = nn::LinearConfig { bias, ..Default::default() };
            let layer = nn::linear(store.root(), columns, 3, config);
            let gradients = |logits: Tensor| {
                // A function whose gradient is another one for each logit.
                let loss = (&logits * &logits * &logits).sum(Kind::Float);
                let gradients =
                    Tensor::run_backward(&[loss], &store.trainable_variables(), false, false);
                (logits.detach(), gradients)
            };
            let (sparse, sparse_gradients) = gradients(batch.features.linear(&layer));
            let (dense, dense_gradients) = gradients(batch.features.dense().apply(&layer));
            assert_eq!(sparse.size(), [4, 3]);
            assert!(sparse.allclose(&dense, 1e-6, 1e-6, false));
            for (sparse, dense) in sparse_gradients.iter().zip(&dense_gradients) {
                assert!(sparse.allclose(dense, 1e-6, 1e-6, false));
                assert!(sparse.abs().sum(Kind::Float).double_value(&[]) > 0.0);
            }
        }
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
        let last = data.batch(6).unwrap();
        assert_eq!((last.features.size(), last.labels.size()), ((2, 2), vec![2]));
        assert!(data.batch(7).is_err());
        assert_eq!(data.shuffled(1), data.shuffled(1));
        assert_ne!(data.shuffled(1), data.shuffled(2));
        let mut rows = data.shuffled(1).concat();
        rows.sort_unstable();
        assert_eq!(rows, (0..50).collect::<Vec<_>>());
    }
}
