//! NumPy's legacy shuffle, so that a split here is the split there.

/// The order that `numpy.random.RandomState(seed).permutation(count)` gives: a Fisher-Yates
/// shuffle from the end, its random numbers from a Mersenne Twister, cut to size by masking and
/// rejection (NumPy's `_legacy_seeding` and `random_interval`).
pub fn permutation(count: usize, seed: u32) -> Vec<usize> {
    let mut twister = Twister::new(seed);
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        order.swap(last, twister.up_to(last as u64) as usize);
    }
    order
}

const N: usize = 624;
const M: usize = 397;

/// MT19937 (Matsumoto and Nishimura 1998).
struct Twister {
    state: [u32; N],
    next: usize,
}

impl Twister {
    fn new(seed: u32) -> Twister {
        let mut state = [seed; N];
        for i in 1..N {
            let previous = state[i - 1];
            state[i] =
                1_812_433_253u32.wrapping_mul(previous ^ (previous >> 30)).wrapping_add(i as u32);
        }
        Twister { state, next: N }
    }

    /// A number from 0 to `max`, both included.
    fn up_to(&mut self, max: u64) -> u64 {
        let mask = u64::MAX >> max.leading_zeros().min(63);
        loop {
            let value = if max <= u64::from(u32::MAX) {
                u64::from(self.next_u32())
            } else {
                u64::from(self.next_u32()) << 32 | u64::from(self.next_u32())
            };
            if value & mask <= max {
                return value & mask;
            }
        }
    }

    fn next_u32(&mut self) -> u32 {
        if self.next == N {
            self.refill();
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    fn refill(&mut self) {
        for i in 0..N {
            let y = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % N] & 0x7fff_ffff);
            let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[i] = self.state[(i + M) % N] ^ (y >> 1) ^ odd;
        }
        self.next = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // >>> np.random.RandomState(1).permutation(50_000)[:5]
    #[test]
    fn the_course_order_begins_as_in_numpy() {
        assert_eq!(permutation(50_000, 1)[..5], [26247, 35067, 34590, 16668, 12196]);
    }

    // >>> np.random.RandomState(123).permutation(10)
    #[test]
    fn other_seeds_and_sizes_agree_too() {
        assert_eq!(permutation(10, 123), [4, 0, 7, 5, 8, 3, 1, 6, 9, 2]);
        assert_eq!(permutation(1, 1), [0]);
        assert!(permutation(0, 1).is_empty());
    }
}
