//! Batches of word counts.

use super::Dataset;
use crate::cache::Key;
use crate::error::Result;
use crate::vectorizer::{CountMatrix, Row};
use std::ops::Range;
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

/// So many rows are multiplied at once. Of more, the terms that any of them has are soon all terms, and
/// nearly all of their counts are 0.
const PIECE: usize = 64;

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
        filled([rows, columns], self.counts.rows(), |column| column as usize).to_device(self.device)
    }

    /// What the layer gives for these counts, shape (batch, outputs of the layer): the same as
    /// `layer.forward(&features.dense())`, from the terms alone that the texts have.
    ///
    /// # Panics
    /// If the layer does not take as many features as there are, as tch's own functions do.
    pub fn linear(&self, layer: &nn::Linear) -> Tensor {
        let (rows, columns) = self.size();
        let (_, inputs) = layer.ws.size2().unwrap_or_default();
        assert!(
            inputs == columns as i64,
            "size mismatch: the layer takes {inputs} features, the batch has {columns}"
        );
        let begins = (0..rows.max(1)).step_by(PIECE);
        let pieces: Vec<Tensor> = begins
            .map(|begin| {
                let (terms, counts) = self.of_own_terms(begin..rows.min(begin + PIECE));
                let weights = layer.ws.index_select(1, &terms.to_device(self.device));
                // This way round a product with few outputs takes a third of the time.
                weights.matmul(&counts.to_device(self.device).tr()).tr()
            })
            .collect();
        let products = match &pieces[..] {
            [one] => one.shallow_clone(),
            several => Tensor::cat(several, 0),
        };
        match &layer.bs {
            Some(bias) => products + bias,
            None => products,
        }
    }

    /// The terms that these rows have, i64, and their counts, f32, shape (rows, own terms).
    fn of_own_terms(&self, range: Range<usize>) -> (Tensor, Tensor) {
        const NONE: u32 = u32::MAX;
        let rows = || self.counts.rows().skip(range.start).take(range.len());
        let mut place_of = vec![NONE; self.size().1];
        let mut terms: Vec<i64> = Vec::new();
        for &term in rows().flat_map(|row| row.indices) {
            let place = &mut place_of[term as usize];
            if *place == NONE {
                *place = terms.len() as u32;
                terms.push(i64::from(term));
            }
        }
        let place = |term: u32| place_of[term as usize] as usize;
        (Tensor::from_slice(&terms), filled([range.len(), terms.len()], rows(), place))
    }
}

/// The cells of some rows at their places, zeros elsewhere: f32, of this shape, on the CPU.
fn filled<'a>(
    shape: [usize; 2],
    rows: impl Iterator<Item = Row<'a>>,
    place: impl Fn(u32) -> usize,
) -> Tensor {
    let tensor = Tensor::empty(shape.map(|size| size as i64), (Kind::Float, Device::Cpu));
    if tensor.numel() == 0 {
        return tensor; // It has no address.
    }
    // SAFETY: the tensor is new, contiguous, on the CPU and of f32, and nobody else has it.
    let numbers =
        unsafe { std::slice::from_raw_parts_mut(tensor.data_ptr().cast::<f32>(), tensor.numel()) };
    // Filled here, by one core, and in place: libtorch would share the zeros out among all cores, and
    // copy the numbers, which takes as long as the product.
    numbers.fill(0.0);
    for (row, own) in rows.zip(numbers.chunks_exact_mut(shape[1])) {
        for (&column, &count) in row.indices.iter().zip(row.values) {
            own[place(column)] = count;
        }
    }
    tensor
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataloader::DataLoader;
    use crate::trainer::tests::alone;
    use crate::vectorizer::CountVectorizer;

    #[test]
    fn the_sparse_product_and_its_gradients_are_those_of_the_dense_one() {
        let _alone = alone();
        tch::manual_seed(1);
        let texts = ["a good good film", "", "the bad film", "so good it is bad so bad so"];
        let (vectorizer, counts) = CountVectorizer::default().fit_transform(&texts).unwrap();
        let nothing = vectorizer.transform(&["", "unheard of"]).unwrap();
        let nothing = nothing.gather(&[0, 1], Device::Cpu).unwrap();
        let batch =
            DataLoader::new(counts.clone(), vec![0; 4], 4).unwrap().batch(0, Device::Cpu).unwrap();
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
            assert!(nothing.linear(&layer).equal(&nothing.dense().apply(&layer)));
            let many = counts.select_rows(&[0, 1, 2, 3].repeat(PIECE)[..2 * PIECE + 1]).unwrap();
            let many = Features { counts: many, device: Device::Cpu };
            let (pieces, whole) = (many.linear(&layer), many.dense().apply(&layer));
            assert!(pieces.allclose(&whole, 1e-6, 1e-6, false));
            assert!(sparse.allclose(&dense, 1e-6, 1e-6, false));
            for (sparse, dense) in sparse_gradients.iter().zip(&dense_gradients) {
                assert!(sparse.allclose(dense, 1e-6, 1e-6, false));
                assert!(sparse.abs().sum(Kind::Float).double_value(&[]) > 0.0);
            }
        }
    }
}
