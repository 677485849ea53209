//! Random numbers that a seed decides.

use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Who draws from libtorch's generator, of which a process has one for all its threads ...
static DRAWS: Mutex<()> = Mutex::new(());
/// ... and who is the next to.
static NEXT: Mutex<()> = Mutex::new(());

thread_local! {
    /// Whether this thread has the turn.
    static IS_OURS: Cell<bool> = const { Cell::new(false) };
}

/// A thread's turn to draw; none of its own, if the thread has it already.
pub struct Turn(Option<MutexGuard<'static, ()>>);

impl Drop for Turn {
    fn drop(&mut self) {
        if self.0.is_some() {
            IS_OURS.set(false);
        }
    }
}

/// Seeds libtorch's generator, and keeps it from the other threads that ask for it in this way, as
/// long as what comes back lives. Who has waited comes before who has just been.
///
/// A thread of rayon's that waits for a part of its work may be lent another training meanwhile: it
/// does not wait for itself, and what both draw depends on each other.
pub fn turn(seed: u32) -> Turn {
    if IS_OURS.get() {
        tch::manual_seed(seed.into());
        return Turn(None);
    }
    let next = NEXT.lock().unwrap_or_else(PoisonError::into_inner);
    let draws = DRAWS.lock().unwrap_or_else(PoisonError::into_inner);
    drop(next);
    tch::manual_seed(seed.into());
    IS_OURS.set(true);
    Turn(Some(draws))
}

/// The next number of SplitMix64 (Steele, Lea and Flood 2014,
/// <https://doi.org/10.1145/2714064.2660195>).
pub fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The seed of part `number` (an epoch, a step) of what `seed` decides: neighbours have nothing in
/// common, neither those of one seed nor those of two.
pub fn seed_of(seed: u32, number: u32) -> u32 {
    (next(&mut (u64::from(seed) << 32 | u64::from(number))) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn parts_have_seeds_of_their_own() {
        let seeds: BTreeSet<u32> =
            (0..20).flat_map(|seed| (0..20).map(move |number| seed_of(seed, number))).collect();
        assert_eq!(seeds.len(), 400);
        assert_eq!(seed_of(1, 2), seed_of(1, 2));
    }
}
