//! Student's t: the distribution of a mean whose spread is only known from few values. Used for what lies between
//! processes, of which there are never many, and of which some may have been held up.

/// Two-sided: the chance that |t| with `freedom` degrees of freedom is above `t`.
pub fn tails(t: f64, freedom: f64) -> f64 {
    incomplete_beta(freedom / (freedom + t * t), freedom / 2.0, 0.5)
}

/// The `t` that |t| stays below with a chance of `confidence`.
pub fn quantile(confidence: f64, freedom: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while tails(high, freedom) > 1.0 - confidence {
        high *= 2.0;
    }
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if tails(middle, freedom) > 1.0 - confidence { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

/// Of fewer values all are needed to know their spread.
const FEW: usize = 8;

/// How many of so many values are left out at either end.
pub fn left_out(count: usize) -> usize {
    if count < FEW { 0 } else { count / 4 }
}

/// The mean of the middle half of a sample.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Middle {
    pub mean: f64,
    /// Of the mean.
    pub variance: f64,
    pub freedom: f64,
}

impl Middle {
    /// Of two values or more. A quarter, rounded down, is left out at either end, if [`FEW`] or more; for the variance those values count as if
    /// they lay where the middle ends.
    pub fn of(values: &[f64]) -> Middle {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let out = left_out(sorted.len());
        let middle = &sorted[out..sorted.len() - out];
        let (low, high) = (middle[0], middle[middle.len() - 1]);
        let (count, kept) = (sorted.len() as f64, middle.len() as f64);
        let mean = middle.iter().sum::<f64>() / kept;
        sorted.iter_mut().for_each(|value| *value = value.clamp(low, high));
        let winsorised = sorted.iter().sum::<f64>() / count;
        let squares: f64 = sorted.iter().map(|value| (value - winsorised).powi(2)).sum();
        // Which values are ends is learnt from the values as well: that costs another degree.
        let freedom = if out == 0 { kept - 1.0 } else { kept - 2.0 };
        Middle { mean, variance: squares / (kept * (kept - 1.0)), freedom }
    }
}

/// Two-sided p that two means are the same, by Welch's test; their spreads may differ.
pub fn welch(a: Middle, b: Middle) -> f64 {
    let variance = a.variance + b.variance;
    if variance <= 0.0 {
        return if a.mean == b.mean { 1.0 } else { 0.0 };
    }
    let spread = |side: Middle| side.variance * side.variance / side.freedom;
    tails((a.mean - b.mean) / variance.sqrt(), variance * variance / (spread(a) + spread(b)))
}

/// The regularised incomplete beta function, by its continued fraction on the side where that converges fast.
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    let front = (a * x.ln() + b * (1.0 - x).ln() + ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b)).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(x, a, b) / a
    } else {
        1.0 - front * beta_fraction(1.0 - x, b, a) / b
    }
}

/// Evaluated from the front (Lentz), keeping numerator and denominator away from zero.
fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    let away = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut ratio = 1.0;
    let mut denominator = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut value = denominator;
    for step in 1..200 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = value;
        for term in [even, odd] {
            denominator = 1.0 / away(1.0 + term * denominator);
            ratio = away(1.0 + term / ratio);
            value *= denominator * ratio;
        }
        if (value / before - 1.0).abs() < 1e-14 {
            break;
        }
    }
    value
}

/// Stirling's series, with the argument shifted up to where a few terms are exact.
fn ln_gamma(mut x: f64) -> f64 {
    let mut shift = 0.0;
    while x < 15.0 {
        shift += x.ln();
        x += 1.0;
    }
    let inverse = 1.0 / (x * x);
    let series = (1.0 / 12.0 - inverse * (1.0 / 360.0 - inverse * (1.0 / 1260.0 - inverse / 1680.0))) / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (freedom, t95, t99) in [
            (1.0, 12.7062, 63.6567),
            (2.0, 4.3027, 9.9248),
            (4.0, 2.7764, 4.6041),
            (7.0, 2.3646, 3.4995),
            (30.0, 2.0423, 2.7500),
        ] {
            assert!((quantile(0.95, freedom) - t95).abs() < 1e-4, "{freedom}: {}", quantile(0.95, freedom));
            assert!((quantile(0.99, freedom) - t99).abs() < 1e-4, "{freedom}: {}", quantile(0.99, freedom));
        }
    }

    #[test]
    fn tails_of_one_degree_are_arcs() {
        for t in [0.0, 0.1, 1.0, 5.0, 100.0_f64] {
            let exact = 1.0 - 2.0 * t.atan() / std::f64::consts::PI;
            assert!((tails(t, 1.0) - exact).abs() < 1e-12, "{t}");
        }
    }

    #[test]
    fn the_test_of_welch() {
        // t = -2.3865 with 6.4366 degrees of freedom; p by integrating the density.
        let side = |mean, variance, freedom| Middle { mean, variance, freedom };
        let p = welch(side(2.5, 5.0 / 12.0, 3.0), side(5.4, 1.06, 4.0));
        assert!((p - 0.051487).abs() < 1e-6, "{p}");
        assert_eq!(welch(side(1.0, 0.0, 1.0), side(1.0, 0.0, 1.0)), 1.0);
        assert_eq!(welch(side(1.0, 0.0, 1.0), side(2.0, 0.0, 1.0)), 0.0);
    }

    #[test]
    fn the_middle_half() {
        // Without ends: mean and variance as always.
        assert_eq!(Middle::of(&[1.0, 2.0, 3.0]), Middle { mean: 2.0, variance: 2.0 / 6.0, freedom: 2.0 });
        let middle = Middle::of(&[3.0, 900.0, 1.0, 2.0, 4.0, 5.0, 6.0, 0.0]);
        // Kept are 2 3 4 5; the others count as 2 2 and 5 5.
        assert_eq!(middle, Middle { mean: 3.5, variance: 14.0 / 12.0, freedom: 2.0 });
    }
}
