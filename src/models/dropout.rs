//! Dropout (Srivastava et al. 2014, <https://jmlr.org/papers/v15/srivastava14a.html>).

use crate::random::next;
use rayon::prelude::*;
use tch::{Device, Kind, Tensor};

/// Numbers that are drawn by one generator.
const CHUNK: usize = 1 << 14;

/// Sets a share `p` of the numbers to 0, at random, and scales the others up so that the sums stay
/// the same on average. Not in training, it changes nothing.
pub fn dropout(x: &Tensor, p: f64, train: bool) -> Tensor {
    if !train || p <= 0.0 {
        return x.shallow_clone();
    }
    if x.device() != Device::Cpu {
        return x.dropout(p, true);
    }
    // From libtorch's own generator, so that `tch::manual_seed` decides about this, too.
    let seed = Tensor::randint(i64::MAX, [1], (Kind::Int64, Device::Cpu)).int64_value(&[0]) as u64;
    x * kept(&x.size(), x.kind(), p, seed)
}

/// A tensor with 0 for what is dropped and 1 / (1 - p) for what is kept. libtorch takes four times
/// as long for it on a CPU, half the time of an attention layer.
fn kept(shape: &[i64], kind: Kind, p: f64, seed: u64) -> Tensor {
    let mut kept = Tensor::empty(shape, (kind, Device::Cpu));
    let scale = (1.0 / (1.0 - p)) as f32;
    match kind {
        // The upper half of an f32, rounded.
        Kind::BFloat16 => fill(&mut kept, seed, p, ((scale.to_bits() + 0x8000) >> 16) as u16),
        Kind::Float => fill(&mut kept, seed, p, scale),
        _ => return Tensor::ones(shape, (kind, Device::Cpu)).dropout(p, true),
    }
    kept
}

fn fill<T: Copy + Default + Send + Sync>(tensor: &mut Tensor, seed: u64, p: f64, scale: T) {
    let drop_below = (p * 65536.0).round() as u64;
    // SAFETY: the tensor is new, contiguous, on the CPU and of T's size, and nobody else has it.
    let numbers =
        unsafe { std::slice::from_raw_parts_mut(tensor.data_ptr().cast::<T>(), tensor.numel()) };
    numbers.par_chunks_mut(CHUNK).enumerate().for_each(|(number, chunk)| {
        let mut state = seed.wrapping_add((number as u64).wrapping_mul(0xA076_1D64_78BD_642F));
        for four in chunk.chunks_mut(4) {
            let mut bits = next(&mut state);
            for value in four {
                *value = if bits & 0xFFFF < drop_below { T::default() } else { scale };
                bits >>= 16;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_drops_its_share_and_keeps_the_mean() {
        for kind in [Kind::Float, Kind::BFloat16, Kind::Double] {
            let ones = Tensor::ones([1000, 1000], (kind, Device::Cpu));
            let dropped = dropout(&ones, 0.1, true).to_kind(Kind::Double);
            let zeros = dropped.eq(0.0).to_kind(Kind::Double).mean(Kind::Double).double_value(&[]);
            assert!((zeros - 0.1).abs() < 0.002, "{kind:?}: {zeros}");
            let mean = dropped.mean(Kind::Double).double_value(&[]);
            assert!((mean - 1.0).abs() < 0.005, "{kind:?}: {mean}");
            // Neither rows nor columns have it in common.
            for dim in [0, 1] {
                let means = dropped.mean_dim([dim].as_slice(), false, Kind::Double);
                let spread = means.std(true).double_value(&[]);
                assert!((0.008..0.013).contains(&spread), "{kind:?}: {spread}");
            }
            assert!(dropout(&ones, 0.1, false).equal(&ones));
        }
    }

    #[test]
    fn the_seed_decides() {
        for kind in [Kind::Float, Kind::BFloat16] {
            let drawn = |seed| kept(&[50_000], kind, 0.5, seed);
            assert!(drawn(1).equal(&drawn(1)) && !drawn(1).equal(&drawn(2)));
        }
    }
}
