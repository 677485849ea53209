//! The two axes of a chart: what they span, and what stands beside them.

use super::powers::powers;
use super::text;
use super::ticks::Ticks;

/// A range is at least so wide, compared to its larger end: a narrower one has nothing in it but
/// what is lost in rounding.
const LEAST: f64 = 1e-12;

/// What numbers span. Both ends are finite, and `low < high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    pub low: f64,
    pub high: f64,
    /// Whether all of the numbers are whole ones, counts or epochs, say.
    pub whole: bool,
}

impl Extent {
    /// From the least to the largest of the finite numbers.
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Extent {
        let nothing = Extent { low: f64::INFINITY, high: f64::NEG_INFINITY, whole: true };
        let extent = numbers.into_iter().filter(|number| number.is_finite()).fold(
            nothing,
            |Extent { low, high, whole }, number| Extent {
                low: low.min(number),
                high: high.max(number),
                whole: whole && number.fract() == 0.0,
            },
        );
        if extent.low > extent.high {
            return Extent { low: 0.0, high: 1.0, whole: false };
        }
        extent.widened()
    }

    /// The same and 0, for bars; with some room where they end.
    pub fn from_zero(numbers: impl IntoIterator<Item = f64>) -> Extent {
        let all = Extent::of(numbers.into_iter().chain([0.0]));
        let roomy = all.with_room(0.06);
        Extent {
            low: if all.low < 0.0 { roomy.low } else { 0.0 },
            high: if all.high > 0.0 { roomy.high } else { 0.0 },
            ..all
        }
    }

    /// With room on both sides, as a share of what is spanned.
    pub fn with_room(self, share: f64) -> Extent {
        let room = share * self.half();
        self.by(2.0 * room)
    }

    /// Half of what is spanned: the whole may be more than the largest number there is.
    pub fn half(self) -> f64 {
        self.high / 2.0 - self.low / 2.0
    }

    fn by(self, room: f64) -> Extent {
        let Extent { low, high, whole } = self;
        Extent { low: (low - room).max(f64::MIN), high: (high + room).min(f64::MAX), whole }
    }

    /// Numbers that are all the same stand in the middle, but 0 at its end.
    fn widened(self) -> Extent {
        let most = self.low.abs().max(self.high.abs());
        // The smallest of all numbers have too few digits to be parted.
        if self.half() > (most * LEAST / 2.0).max(1e-305) {
            return self;
        }
        match most {
            0.0 => Extent { high: 1.0, ..self },
            _ if self.whole && most < 1e6 => self.by(1.0),
            _ => self.by((0.1 * most).max(1e-300)),
        }
    }

    /// Where in the extent a number lies: 0 to 1.
    fn share(self, number: f64) -> f64 {
        ((number / 2.0 - self.low / 2.0) / self.half()).clamp(0.0, 1.0)
    }
}

/// What an axis is to show.
pub enum Scale<'a> {
    /// Its label, and the numbers it spans.
    Numbers(&'a str, Extent),
    /// The same by their logarithms to base 10, which the extent is of: learning rates, say.
    Powers(&'a str, Extent),
    /// Its label, and names. The first one spans 0 to 1, the next one 1 to 2.
    Names(&'a str, Vec<String>),
}

/// An axis as it is drawn.
pub struct Axis {
    pub label: String,
    /// Numbers and what stands beside them.
    pub ticks: Vec<(f64, String)>,
    pub has_grid: bool,
    extent: Extent,
    is_logarithmic: bool,
}

impl Axis {
    /// With the closest numbers that fit.
    pub fn new(scale: Scale, fits: impl Fn(&[String]) -> bool) -> Axis {
        match scale {
            Scale::Numbers(label, extent) => {
                let ticks = Ticks::new(extent.low, extent.high, extent.whole, fits);
                Axis::of_numbers(label, ticks, extent)
            }
            Scale::Powers(label, extent) => {
                let ticks = powers(extent.low, extent.high, fits);
                Axis { is_logarithmic: true, ..Axis::of_numbers(label, ticks, extent) }
            }
            Scale::Names(label, names) => {
                let extent = Extent { low: 0.0, high: names.len().max(1) as f64, whole: true };
                let ticks = (0..).map(|place: u32| f64::from(place) + 0.5).zip(names).collect();
                let label = label.to_owned();
                Axis { label, ticks, has_grid: false, extent, is_logarithmic: false }
            }
        }
    }

    fn of_numbers(label: &str, ticks: Ticks, extent: Extent) -> Axis {
        let label = match ticks.offset {
            Some(offset) => format!("{label} ({offset} + …)"),
            None => label.to_owned(),
        };
        let ticks = ticks.values.into_iter().zip(ticks.labels).collect();
        Axis { label, ticks, has_grid: true, extent, is_logarithmic: false }
    }

    /// Where on the axis a number lies: 0 to 1.
    pub fn share(&self, number: f64) -> f64 {
        self.extent.share(if self.is_logarithmic { number.log10() } else { number })
    }

    /// How wide the widest label is.
    pub fn widest(&self, size: f64) -> f64 {
        self.ticks.iter().map(|(_, label)| text::width(label, size)).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(extent: Extent) -> (f64, f64) {
        (extent.low, extent.high)
    }

    #[test]
    fn numbers_that_are_all_the_same_have_room_around_them() {
        assert_eq!(ends(Extent::of([3.0, 3.0])), (2.0, 4.0));
        assert_eq!(ends(Extent::of([0.0])), (0.0, 1.0));
        assert_eq!(ends(Extent::of([-0.5])), (-0.55, -0.45));
        assert_eq!(ends(Extent::of([f64::MAX])), (0.9 * f64::MAX, f64::MAX));
        for numbers in [[1.0, 1.0 + f64::EPSILON], [5e-324, 5e-324], [f64::MIN, f64::MIN]] {
            let extent = Extent::of(numbers);
            assert!(extent.low < numbers[0] && numbers[1] < extent.high || numbers[0] == f64::MIN);
            assert!((0.0..=1.0).contains(&extent.share(numbers[0])), "{extent:?}");
        }
    }

    #[test]
    fn what_is_not_finite_has_no_place() {
        assert_eq!(ends(Extent::of([f64::NAN, 1.5, f64::INFINITY, 2.5])), (1.5, 2.5));
        assert_eq!(ends(Extent::of([f64::NEG_INFINITY])), (0.0, 1.0));
    }

    #[test]
    fn the_widest_range_has_a_middle() {
        let all = Extent::of([f64::MIN, f64::MAX]).with_room(0.1);
        assert_eq!([all.share(f64::MIN), all.share(0.0), all.share(f64::MAX)], [0.0, 0.5, 1.0]);
    }

    #[test]
    fn bars_begin_at_zero() {
        let ends = |numbers: &[f64]| ends(Extent::from_zero(numbers.iter().copied()));
        assert_eq!([ends(&[]), ends(&[0.0])], [(0.0, 1.06); 2]);
        assert!(ends(&[0.02, 0.03]).1 < 0.04 && ends(&[0.02, 0.03]).0 == 0.0);
        assert!(ends(&[-3.0]).0 < -3.0 && ends(&[-3.0]).1 == 0.0);
    }
}
