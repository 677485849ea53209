//! The numbers beside a logarithmic axis: powers of ten, as many as fit, and where these are few, 2 and
//! 5 times each of them.

use super::axis::Extent;
use super::ticks::{Ticks, alone, number};

/// The closest numbers that fit, of a range that is given by the logarithms of its ends. Two at least,
/// whether they fit or not.
pub fn powers(low: f64, high: f64, fits: impl Fn(&[String]) -> bool) -> Ticks {
    let mut closest = within(low, high, &[1, 2, 5], 1);
    if closest.values.len() < 3 {
        // Less than a power of ten, where a logarithm is nearly a straight line.
        let ends = [low, high].map(|end| 10f64.powf(end).min(f64::MAX));
        let Extent { low, high, .. } = Extent::of(ends);
        return Ticks::new(low, high, false, fits);
    }
    for every in [1, 2, 3, 5, 10, 20, 50, 100, 200] {
        if fits(&closest.labels) {
            break;
        }
        let fewer = within(low, high, &[1], every);
        if fewer.values.len() < 2 {
            break;
        }
        closest = fewer;
    }
    closest
}

/// These digits times every so many-th power of ten.
fn within(low: f64, high: f64, digits: &[i64], every: i32) -> Ticks {
    let steps = low.floor() as i32..=high.ceil() as i32;
    let all = steps
        .filter(|power| power.rem_euclid(every) == 0)
        .flat_map(|power| digits.iter().map(move |&digit| (digit, power)));
    let room = 1e-9 * (high - low);
    let is_within = |&(digit, power): &(i64, i32)| {
        let place = f64::from(power) + (digit as f64).log10();
        (low - room..=high + room).contains(&place)
    };
    let shown: Vec<(i64, i32)> = all.filter(is_within).collect();
    let is_scientific = shown.iter().any(|(_, power)| !(-3..5).contains(power));
    let label = |&(digit, power): &(i64, i32)| match is_scientific {
        true => format!("{digit}e{power}"),
        false => alone(digit, power),
    };
    Ticks {
        values: shown.iter().map(|&(digit, power)| number(digit, power)).collect(),
        labels: shown.iter().map(label).collect(),
        offset: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64) -> String {
        powers(low.log10(), high.log10(), |labels| labels.len() <= 6).labels.join(" ")
    }

    #[test]
    fn powers_of_ten_stand_beside_the_axis() {
        for (low, high, expected) in [
            (1e-5, 1e-2, "1e-5 1e-4 1e-3 1e-2"),
            (1e-7, 10.0, "1e-6 1e-4 1e-2 1e0"),
            (1e-5, 5e-5, "1e-5 2e-5 5e-5"),
            (0.01, 100.0, "0.01 0.1 1 10 100"),
            (3.0, 250.0, "5 10 20 50 100 200"),
            (1e-300, 1e300, "1e-200 1e0 1e200"),
        ] {
            assert_eq!(labels(low, high), expected);
        }
    }

    #[test]
    fn a_narrow_range_has_ticks_of_a_straight_axis() {
        assert_eq!(labels(2.0, 3.0), "2.0 2.2 2.4 2.6 2.8 3.0");
        assert_eq!(labels(7e-5, 8.5e-5).split(' ').count(), 4);
        for ends in [(1.0, 1.0 + f64::EPSILON), (5e-324, 5e-324), (1e308, f64::MAX)] {
            assert!(!labels(ends.0, ends.1).is_empty());
        }
    }

    #[test]
    fn a_label_is_its_value() {
        for (low, high) in [(1e-7, 1e-1), (1e-4, 2e-2), (0.5, 300.0)] {
            let ticks = powers(f64::log10(low), f64::log10(high), |labels| labels.len() <= 7);
            for (value, label) in ticks.values.iter().zip(&ticks.labels) {
                assert_eq!(label.parse::<f64>().unwrap(), *value);
            }
        }
    }
}
