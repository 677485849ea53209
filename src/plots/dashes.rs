//! Dashed lines, in pieces: plotters' own ones have dashes of one length only, and as many of them as
//! a line is long.

/// In pixels from the upper left corner.
pub type Place = (f64, f64);

/// A pattern is repeated so often at most; a longer line has longer dashes.
const MOST_REPEATS: f64 = 120.0;

/// The dashes of a line that has some parts. The pattern says how long they and the gaps after them
/// are, in turn.
pub fn dashed(parts: &[Vec<Place>], pattern: &[f64]) -> Vec<Vec<Place>> {
    let length: f64 = parts.iter().flat_map(|part| part.windows(2)).map(distance).sum();
    let stretch = (length / pattern.iter().sum::<f64>() / MOST_REPEATS).max(1.0);
    let pattern: Vec<f64> = pattern.iter().map(|length| stretch * length).collect();
    parts.iter().flat_map(|part| dashes_of(part, &pattern)).collect()
}

fn dashes_of(part: &[Place], pattern: &[f64]) -> Vec<Vec<Place>> {
    let mut lengths = pattern.iter().copied().cycle();
    let mut next = || lengths.next().unwrap_or(f64::INFINITY);
    let (mut left, mut is_dash) = (next(), true);
    let mut dashes = vec![part.iter().copied().take(1).collect::<Vec<Place>>()];
    for pair in part.windows(2) {
        let (mut start, end, mut rest) = (pair[0], pair[1], distance(pair));
        while left < rest {
            let share = left / rest;
            start.0 += share * (end.0 - start.0);
            start.1 += share * (end.1 - start.1);
            match dashes.last_mut() {
                Some(dash) if is_dash => dash.push(start),
                _ => dashes.push(vec![start]),
            }
            rest -= left;
            (left, is_dash) = (next(), !is_dash);
        }
        left -= rest;
        if let Some(dash) = dashes.last_mut().filter(|_| is_dash) {
            dash.push(end);
        }
    }
    dashes
}

/// From the first one of two points to the second one.
fn distance(pair: &[Place]) -> f64 {
    (pair[1].0 - pair[0].0).hypot(pair[1].1 - pair[0].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_and_gaps_take_turns_around_a_corner() {
        let dashes = dashed(&[vec![(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)]], &[6.0, 2.0]);
        let expected = [
            vec![(0.0, 0.0), (6.0, 0.0)],
            vec![(8.0, 0.0), (10.0, 0.0), (10.0, 4.0)],
            vec![(10.0, 6.0), (10.0, 10.0)],
        ];
        assert_eq!(dashes, expected);
        assert_eq!(dashed(&[vec![(1.0, 1.0)], vec![]], &[6.0, 2.0]).concat(), [(1.0, 1.0)]);
    }

    #[test]
    fn a_line_that_winds_has_no_more_dashes() {
        let winds = |_| (0..400).map(|n| (f64::from(n), 200.0 * f64::from(n % 2))).collect();
        let parts: Vec<Vec<Place>> = (0..50).map(winds).collect();
        assert!(dashed(&parts, &[3.0, 4.0]).len() <= MOST_REPEATS as usize + parts.len());
    }
}
