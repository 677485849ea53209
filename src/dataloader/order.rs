//! Which rows go into which batch.

use super::Dataset;
use crate::dataset::permutation;

/// Rows are sorted by length within windows of so many batches: few enough that the order stays
/// random, enough that the rows of a batch are nearly of one length.
const WINDOW: usize = 50;
/// The rows that are predicted at once, where no gradients have to be kept ...
const ROWS_AT_ONCE: usize = 256;
/// ... and, of rows that have a length, as many as have so many tokens with their padding.
const TOKENS_AT_ONCE: usize = 8192;
/// The first batch is an eighth of that, then come a quarter and a half: a large model on a slow
/// machine reads half a minute on a full one, and until then nobody knows how long all of them take.
const AT_FIRST: usize = 8;
/// Rows that have a length are put in order within windows of so many. The last digits of a result
/// depend on the batch that its row is in: whoever predicts a file that is larger than the memory
/// window by window has the same batches, and so the same digits, as one who predicts it at once. Of
/// 25,000 reviews, the padding that this brings about is below two percent of all tokens.
pub const PREDICTED_TOGETHER: usize = 2048;

/// The rows of each batch of an epoch, in an order that depends on the seed alone.
pub fn shuffled(data: &impl Dataset, batch_size: usize, seed: u32) -> Vec<Vec<usize>> {
    let mut rows = permutation(data.len(), seed);
    if data.length_of(0).is_none() {
        return rows.chunks(batch_size).map(<[usize]>::to_vec).collect();
    }
    let mut batches: Vec<Vec<usize>> = rows
        .chunks_mut(batch_size.saturating_mul(WINDOW))
        .flat_map(|window| {
            window.sort_by_key(|&row| data.length_of(row));
            window.chunks(batch_size).map(<[usize]>::to_vec).collect::<Vec<_>>()
        })
        .collect();
    // Sorted, the batches of a window would go from short texts to long ones.
    let order = permutation(batches.len(), seed.wrapping_add(1));
    order.into_iter().map(|batch| std::mem::take(&mut batches[batch])).collect()
}

/// How many rows are predicted at once, the longest of which is row `longest`.
pub fn rows_at_once(data: &impl Dataset, longest: usize) -> usize {
    data.length_of(longest)
        .map_or(ROWS_AT_ONCE, |tokens| (TOKENS_AT_ONCE / tokens.max(1)).clamp(1, ROWS_AT_ONCE))
}

/// Every row once, rows of like length together, the longest of a window first: if they are too many
/// for the memory, that shows soon. The first batches are smaller.
pub fn once(data: &impl Dataset) -> Vec<Vec<usize>> {
    let mut rows: Vec<usize> = (0..data.len()).collect();
    if data.length_of(0).is_none() {
        return window(data, &mut rows);
    }
    rows.chunks_mut(PREDICTED_TOGETHER).flat_map(|rows| window(data, rows)).collect()
}

fn window(data: &impl Dataset, rows: &mut [usize]) -> Vec<Vec<usize>> {
    rows.sort_by_key(|&row| std::cmp::Reverse(data.length_of(row)));
    let (mut batches, mut share) = (Vec::new(), AT_FIRST);
    let mut rest = &*rows;
    while let Some(&first) = rest.first() {
        let fitting = rows_at_once(data, first).div_ceil(share);
        share = (share / 2).max(1);
        let (batch, others) = rest.split_at(fitting.min(rest.len()));
        batches.push(batch.to_vec());
        rest = others;
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Result;
    use tch::Device;

    /// Rows of the given lengths.
    struct Lengths(Vec<usize>);

    impl Dataset for Lengths {
        type Batch = ();

        fn len(&self) -> usize {
            self.0.len()
        }

        fn gather(&self, _rows: &[usize], _device: Device) -> Result<()> {
            Ok(())
        }

        fn length_of(&self, row: usize) -> Option<usize> {
            self.0.get(row).copied()
        }
    }

    fn reviews() -> Lengths {
        Lengths((0..1000).map(|row| 10 + row * 7919 % 500).collect())
    }

    /// The share of the cells of all batches that is padding.
    fn padding(data: &Lengths, batches: &[Vec<usize>]) -> f64 {
        let (mut tokens, mut cells) = (0, 0);
        for batch in batches {
            let lengths: Vec<usize> = batch.iter().map(|&row| data.0[row]).collect();
            tokens += lengths.iter().sum::<usize>();
            cells += lengths.len() * lengths.iter().max().copied().unwrap_or(0);
        }
        1.0 - tokens as f64 / cells as f64
    }

    #[test]
    fn batches_by_length_have_every_row_once_and_little_padding() {
        let data = reviews();
        for batches in [shuffled(&data, 12, 1), once(&data)] {
            let mut rows = batches.concat();
            rows.sort_unstable();
            assert_eq!(rows, (0..1000).collect::<Vec<_>>());
            assert!(padding(&data, &batches) < 0.05, "{}", padding(&data, &batches));
        }
        let random: Vec<Vec<usize>> =
            permutation(1000, 1).chunks(12).map(<[usize]>::to_vec).collect();
        assert!(padding(&data, &random) > 0.3);
    }

    #[test]
    fn the_order_is_random_by_the_seed_and_not_by_length() {
        let data = reviews();
        assert_eq!(shuffled(&data, 12, 1), shuffled(&data, 12, 1));
        assert_ne!(shuffled(&data, 12, 1), shuffled(&data, 12, 2));
        let longest = |batch: &Vec<usize>| batch.iter().map(|&row| data.0[row]).max();
        let longest: Vec<_> = shuffled(&data, 12, 1).iter().map(longest).collect();
        let rising = longest.windows(2).filter(|pair| pair[0] < pair[1]).count();
        assert!((30..55).contains(&rising), "{rising} of {} steps go up", longest.len() - 1);
    }

    #[test]
    fn long_rows_are_predicted_in_small_batches_and_the_first_ones_in_smaller_ones() {
        let sizes =
            |lengths| -> Vec<usize> { once(&Lengths(lengths)).iter().map(Vec::len).collect() };
        assert_eq!(sizes([vec![8000; 3], vec![4; 600]].concat()), [1, 1, 1, 256, 256, 88]);
        let many = sizes(vec![512; 14 + 16 * 99]);
        assert_eq!((many.len(), &many[..4]), (102, [2, 4, 8, 16].as_slice()));
    }

    #[test]
    fn window_by_window_the_batches_are_those_of_all_rows_at_once() {
        let all = Lengths((0..5000).map(|row| 10 + row * 7919 % 500).collect());
        let mut batches = Vec::new();
        for (number, lengths) in all.0.chunks(PREDICTED_TOGETHER).enumerate() {
            let first = number * PREDICTED_TOGETHER;
            let some = once(&Lengths(lengths.to_vec())).into_iter();
            batches.extend(some.map(|rows| -> Vec<_> { rows.iter().map(|r| first + r).collect() }));
        }
        assert_eq!(once(&all), batches);
    }
}
