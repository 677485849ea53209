//! Where to measure a function, and with which weights, to know its mean.

/// The places in 0 to 1 and the weights of the Gauss–Legendre rule with so many points: exact for a
/// polynomial of up to twice as high a degree, less 1. The places are zeros of a Legendre polynomial,
/// found by Newton's method (Press et al., Numerical Recipes, 4.6).
pub fn gauss_legendre(points: usize) -> Vec<(f64, f64)> {
    let count = points as f64;
    let zero = |number: usize| {
        let mut x = (std::f64::consts::PI * (number as f64 + 0.75) / (count + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..100 {
            let (mut value, mut before) = (1.0, 0.0);
            for degree in (0..points).map(|degree| degree as f64) {
                (value, before) =
                    (((2.0 * degree + 1.0) * x * value - degree * before) / (degree + 1.0), value);
            }
            slope = count * (x * value - before) / (x * x - 1.0);
            let step = value / slope;
            x -= step;
            if step.abs() < 1e-15 {
                break;
            }
        }
        ((1.0 - x) / 2.0, 1.0 / ((1.0 - x * x) * slope * slope))
    };
    (0..points).map(zero).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_are_integrated_exactly() {
        for points in [1, 2, 5, 16, 64, 256] {
            let rule = gauss_legendre(points);
            for degree in 0..(2 * points).min(40) as i32 {
                let mean: f64 = rule.iter().map(|(x, weight)| weight * x.powi(degree)).sum();
                let expected = 1.0 / f64::from(degree + 1);
                assert!((mean - expected).abs() < 1e-12, "{points} {degree}: {mean}");
            }
        }
    }
}
