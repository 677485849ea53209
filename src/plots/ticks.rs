//! The numbers beside an axis: where they stand, and how they are written. As matplotlib's
//! `MaxNLocator` and `ScalarFormatter` do it, with two differences: a power of ten stands with each
//! number instead of at the end of the axis, and a number is exact, since it is an integer times a
//! power of ten until it is written.

use std::ops::RangeInclusive;

/// More digits than this are too many beside an axis: what the numbers have in common is said once.
const MOST_DIGITS: u32 = 6;

/// What the numbers of an axis can be multiples of: 1, 2, 2.5 or 5 times a power of ten.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// 10, 20, 25 or 50.
    tenths: i64,
    power: i32,
}

impl Step {
    /// The steps for a range, from one that has some hundred multiples in it upwards.
    pub fn sizes(low: f64, high: f64) -> impl Iterator<Item = Step> {
        // Half of each: the width of the widest range is no number.
        let finest = (high / 2.0 - low / 2.0).log10().floor() as i32 - 2;
        (finest..).flat_map(|power| [10, 20, 25, 50].map(|tenths| Step { tenths, power }))
    }

    /// How long the step is.
    pub fn size(self) -> f64 {
        self.multiple(1)
    }

    fn multiple(self, times: i64) -> f64 {
        number(times * self.tenths, self.power)
    }

    fn is_whole(self) -> bool {
        self.power >= 0 || self.power == -1 && self.tenths % 10 == 0
    }

    /// Which multiples lie within the range. Those at its ends do, too, whatever the last digit of
    /// a division is.
    fn within(self, low: f64, high: f64) -> RangeInclusive<i64> {
        let size = self.size();
        (low / size - 1e-6).ceil() as i64..=(high / size + 1e-6).floor() as i64
    }
}

/// The numbers of an axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ticks {
    pub values: Vec<f64>,
    pub labels: Vec<String>,
    /// What is to be added to each label.
    pub offset: Option<String>,
}

impl Ticks {
    /// The closest numbers in a range whose labels fit; whole ones, if only these make sense. Two at
    /// least, whether they fit or not, if there are two.
    pub fn new(low: f64, high: f64, whole: bool, fits: impl Fn(&[String]) -> bool) -> Ticks {
        let mut closest = Ticks::default();
        for step in Step::sizes(low, high).filter(|step| !whole || step.is_whole()) {
            let multiples = step.within(low, high);
            if multiples.clone().take(2).count() < 2 && !closest.values.is_empty() {
                break;
            }
            closest = Ticks::of(step, multiples);
            if fits(&closest.labels) {
                break;
            }
        }
        closest
    }

    fn of(step: Step, multiples: RangeInclusive<i64>) -> Ticks {
        let values = multiples.clone().map(|times| step.multiple(times)).collect();
        let (mut numbers, mut power) =
            (multiples.map(|times| times * step.tenths).collect::<Vec<i64>>(), step.power);
        while numbers.iter().any(|n| *n != 0) && numbers.iter().all(|n| n % 10 == 0) {
            numbers.iter_mut().for_each(|n| *n /= 10);
            power += 1;
        }
        let offset = offset(&numbers);
        numbers.iter_mut().for_each(|n| *n -= offset);
        let labels = written(&numbers, power);
        let offset = (offset != 0).then(|| alone(offset, power));
        Ticks { values, labels, offset }
    }
}

/// What long numbers have in common; 0 of short ones.
fn offset(numbers: &[i64]) -> i64 {
    let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else { return 0 };
    if digits(numbers) <= MOST_DIGITS || first.signum() != last.signum() {
        return 0;
    }
    let mut unit = 1;
    while unit <= last - first {
        unit *= 10;
    }
    // Towards zero, so that what is left has the sign of the whole.
    let nearest = if *first > 0 { first } else { last };
    nearest / unit * unit
}

/// `numbers × 10^power`, all with as many decimals and, if they are small or large, with the same
/// power of ten.
fn written(numbers: &[i64], power: i32) -> Vec<String> {
    let magnitude = digits(numbers) as i32 + power - 1;
    let scientific = !(-4..6).contains(&magnitude) && numbers.iter().any(|n| *n != 0);
    let text = |n: &i64| match (scientific, *n) {
        (true, 0) => "0".to_owned(),
        (true, n) => format!("{}e{magnitude}", decimal(n, power - magnitude)),
        (false, n) => decimal(n, power),
    };
    numbers.iter().map(text).collect()
}

/// A number that stands alone, with no zeros at its end.
pub fn alone(mut n: i64, mut power: i32) -> String {
    while n != 0 && n % 10 == 0 {
        (n, power) = (n / 10, power + 1);
    }
    let power = if n == 0 { 0 } else { power };
    written(&[n], power).concat()
}

/// `n × 10^power` without an exponent, and with a true minus.
fn decimal(n: i64, power: i32) -> String {
    let sign = if n < 0 { "−" } else { "" };
    let n = n.unsigned_abs();
    if power >= 0 {
        let zeros = if n == 0 { 0 } else { power as usize };
        return format!("{sign}{n}{}", "0".repeat(zeros));
    }
    let decimals = power.unsigned_abs() as usize;
    let text = format!("{n:0>width$}", width = decimals + 1);
    let (whole, rest) = text.split_at(text.len() - decimals);
    format!("{sign}{whole}.{rest}")
}

/// `n × 10^power`, to the last bit.
pub fn number(n: i64, power: i32) -> f64 {
    format!("{n}e{power}").parse().unwrap_or_default()
}

/// How many digits the longest of the numbers has.
fn digits(numbers: &[i64]) -> u32 {
    numbers
        .iter()
        .map(|n| n.unsigned_abs().checked_ilog10().map_or(1, |log| log + 1))
        .max()
        .unwrap_or(1)
}

/// A finite number in a sentence: six digits of it, as C's `%g`.
pub fn short(value: f64) -> String {
    let text = format!("{value:.5e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let n = digits.replace('.', "").parse().unwrap_or_default();
    alone(n, power.parse().unwrap_or(0) - 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64) -> (Vec<String>, Option<String>) {
        let ticks = Ticks::new(low, high, false, |labels| labels.len() <= 6);
        (ticks.labels, ticks.offset)
    }

    #[test]
    fn numbers_are_written_as_matplotlib_would() {
        let cases: [(f64, f64, &[&str]); 10] = [
            (0.0, 1.0, &["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
            (-8.0, 0.0, &["−8", "−6", "−4", "−2", "0"]),
            (-8.0, 8.0, &["−5", "0", "5"]),
            (0.0, 25_000.0, &["0", "5000", "10000", "15000", "20000", "25000"]),
            (2019.0, 2024.0, &["2019", "2020", "2021", "2022", "2023", "2024"]),
            (1e-5, 5e-5, &["1e-5", "2e-5", "3e-5", "4e-5", "5e-5"]),
            (0.0, 1e-4, &["0.00000", "0.00002", "0.00004", "0.00006", "0.00008", "0.00010"]),
            (0.0, 2.5e6, &["0", "0.5e6", "1.0e6", "1.5e6", "2.0e6", "2.5e6"]),
            (-1e308, 1e308, &["−1.0e308", "−0.5e308", "0", "0.5e308", "1.0e308"]),
            (0.0, 3e-300, &["0", "1e-300", "2e-300", "3e-300"]),
        ];
        for (low, high, expected) in cases {
            let (labels, offset) = labels(low, high);
            assert_eq!(
                (labels, offset),
                (expected.iter().map(|label| label.to_string()).collect(), None)
            );
        }
    }

    #[test]
    fn a_label_is_its_value_wherever_the_range_lies() {
        let parsed = |label: &str| label.replace('−', "-").parse::<f64>().unwrap();
        for (low, high) in random_ranges() {
            let ticks = Ticks::new(low, high, false, |labels| labels.len() <= 7);
            let about = format!("{low:e} to {high:e}: {ticks:?}");
            assert!((2..=7).contains(&ticks.values.len()), "{about}");
            let room = 1e-5 * (high / 2.0 - low / 2.0);
            let mut last = f64::NEG_INFINITY;
            for (value, label) in ticks.values.iter().zip(&ticks.labels) {
                assert!(low - room <= *value && *value <= high + room, "{about}");
                match &ticks.offset {
                    Some(offset) => {
                        let sum = parsed(offset) + parsed(label);
                        assert!((sum - value).abs() <= 1e-3 * (high - low), "{about}");
                    }
                    None => assert_eq!(parsed(label), *value, "{about}"),
                }
                assert!(parsed(label) > last, "{about}");
                last = parsed(label);
            }
        }
    }

    /// From 1e-300 to 1e300, of both signs, narrow and wide.
    fn random_ranges() -> impl Iterator<Item = (f64, f64)> {
        let mut state = 8_u64;
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as f64 / (1_u64 << 31) as f64
        };
        (0..3000).map(move |_| {
            let middle = (random() - 0.5) * 10_f64.powf(600.0 * random() - 300.0);
            let half = middle.abs() * 10_f64.powf(14.0 * random() - 11.0);
            (middle - half, middle + half)
        })
    }

    #[test]
    fn what_long_numbers_have_in_common_is_said_once() {
        let some = |text: &str| Some(text.to_owned());
        let (numbers, offset) = labels(1e9, 1e9 + 5.0);
        assert_eq!((numbers.join(" "), offset), ("0 1 2 3 4 5".to_owned(), some("1e9")));
        let (numbers, offset) = labels(-1_700_000_004.0, -1_700_000_000.0);
        assert_eq!((numbers.join(" "), offset), ("−4 −3 −2 −1 0".to_owned(), some("−1.7e9")));
        let (numbers, offset) = labels(1.0, 1.0 + 4e-10);
        assert_eq!(numbers.join(" "), "0 1e-10 2e-10 3e-10 4e-10");
        assert_eq!(offset, some("1"));
    }

    #[test]
    fn whole_numbers_have_whole_steps() {
        let labels = |high, most| {
            Ticks::new(0.0, high, true, |labels| labels.len() <= most).labels.join(" ")
        };
        assert_eq!([labels(1.06, 6), labels(3.0, 6)], ["0 1", "0 1 2 3"]);
        assert_eq!([labels(10.0, 5), labels(10.0, 3)], ["0 5 10", "0 5 10"]);
        // Two, even if there is room for none
        assert_eq!(labels(10.0, 0), "0 10");
    }

    #[test]
    fn a_number_in_a_sentence_is_short() {
        let numbers = [0.0, 2470.0, -0.25, 1e300, 1.0 / 3.0, -1.5e-7];
        assert_eq!(numbers.map(short), ["0", "2470", "−0.25", "1e300", "0.333333", "−1.5e-7"]);
    }
}
