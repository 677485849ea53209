//! Batches of word counts.

use super::Dataset;
use crate::cache::Key;
use crate::error::Result;
use crate::vectorizer::CountMatrix;
use tch::{Device, Kind, Tensor, nn};

impl Dataset for CountMatrix {
    type Batch = Features;

    fn len(&self) -> usize {
        self.shape().0
    }

    fn fingerprint(&self) -> Result<String> {
        let mut key = Key::default();
        key.add(&self.shape().1.to_le_bytes());
        key.add_all(self.indptr().iter().map(|start| start.to_le_bytes()));
        key.add_all(self.indices().iter().map(|column| column.to_le_bytes()));
        key.add_all(self.data().iter().map(|count| count.to_le_bytes()));
        Ok(key.finish())
    }

    fn gather(&self, rows: &[usize], device: Device) -> Result<Features> {
        Ok(Features { counts: self.select_rows(rows)?, device })
    }
}

/// The word counts of a batch. Nearly all of them are 0 and not stored, so that a linear layer
/// has little to do.
#[derive(Debug)]
pub struct Features {
    counts: CountMatrix,
    device: Device,
}

impl Features {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataloader::DataLoader;
    use crate::vectorizer::CountVectorizer;

    #[test]
    fn the_sparse_product_and_its_gradients_are_those_of_the_dense_one() {
        tch::manual_seed(1);
        let texts = ["a good good film", "", "the bad film", "so good it is bad so bad so"];
        let (_, counts) = CountVectorizer::default().fit_transform(&texts).unwrap();
        let batch = DataLoader::new(counts, vec![0; 4], 4).unwrap().batch(0, Device::Cpu).unwrap();
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
}
