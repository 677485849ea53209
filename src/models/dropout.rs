//! Dropout (Srivastava et al. 2014, <https://jmlr.org/papers/v15/srivastava14a.html>).

use crate::random::next;
use rayon::prelude::*;
use tch::{Device, Kind, Tensor};

/// Numbers that are drawn by one set of generators ...
const CHUNK: usize = 1 << 14;
/// ... of so many.
const LANES: usize = 16;

/// Sets a share `p` of the numbers to 0, at random, and scales the others up so that the sums stay
/// the same on average. Not in training, it changes nothing.
pub fn dropout(x: &Tensor, p: f64, train: bool) -> Tensor {
    if !train || p <= 0.0 {
        return x.shallow_clone();
    }
    if x.device() != Device::Cpu {
        return x.dropout(p, true);
    }
    x * kept(&x.size(), x.kind(), p)
}

/// `to` plus what dropout leaves of `x`, which is used up.
pub fn add_dropped(to: &Tensor, mut x: Tensor, p: f64, train: bool) -> Tensor {
    if !train || p <= 0.0 {
        x.g_add_(to)
    } else if x.device() == Device::Cpu {
        to.addcmul(&x, &kept(&x.size(), x.kind(), p))
    } else {
        x.dropout(p, true) + to
    }
}

/// A tensor with 0 for what is dropped and 1 / (1 - p) for what is kept. libtorch takes a multiple
/// of the time for it on a CPU, half the time of an attention layer.
fn kept(shape: &[i64], kind: Kind, p: f64) -> Tensor {
    // From libtorch's own generator, so that `tch::manual_seed` decides about this, too.
    let seed = Tensor::randint(i64::MAX, [1], (Kind::Int64, Device::Cpu)).int64_value(&[0]) as u64;
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
    if tensor.numel() == 0 {
        return; // It has no address.
    }
    let drop_below = (p * 65536.0).round() as u32;
    // SAFETY: the tensor is new, contiguous, on the CPU and of T's size, and nobody else has it.
    let numbers =
        unsafe { std::slice::from_raw_parts_mut(tensor.data_ptr().cast::<T>(), tensor.numel()) };
    numbers.par_chunks_mut(CHUNK).enumerate().for_each(|(number, chunk)| {
        let mut state = seed.wrapping_add((number as u64).wrapping_mul(0xA076_1D64_78BD_642F));
        // None of them is 0, which would stay 0.
        let generators = [(); LANES].map(|()| next(&mut state) as u32 | 1);
        fill_chunk(chunk, generators, drop_below, scale);
    });
}

/// Each generator is a xorshift of 32 bits (Marsaglia 2003,
/// <https://doi.org/10.18637/jss.v008.i14>), of which two numbers are made. Side by side, in simple
/// loops, they become vector instructions.
fn fill_chunk<T: Copy + Default>(
    chunk: &mut [T],
    mut generators: [u32; LANES],
    drop_below: u32,
    scale: T,
) {
    for some in chunk.chunks_mut(2 * LANES) {
        for state in &mut generators {
            *state ^= *state << 13;
            *state ^= *state >> 17;
            *state ^= *state << 5;
        }
        let mut halves = [0; 2 * LANES];
        for (lane, state) in generators.iter().enumerate() {
            halves[lane] = state & 0xFFFF;
            halves[lane + LANES] = state >> 16;
        }
        for (value, half) in some.iter_mut().zip(halves) {
            *value = if half < drop_below { T::default() } else { scale };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trainer::tests::alone;

    #[test]
    fn it_drops_its_share_and_keeps_the_mean() {
        let _alone = alone();
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
        let _alone = alone();
        for kind in [Kind::Float, Kind::BFloat16] {
            let drawn = |seed| {
                tch::manual_seed(seed);
                kept(&[50_000], kind, 0.5)
            };
            assert!(drawn(1).equal(&drawn(1)) && !drawn(1).equal(&drawn(2)));
        }
    }
}
