//! Student's t: the distribution of a mean whose spread is only known from few values. Used for what lies between
//! processes, of which there are never many.

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

/// Two-sided p that two samples have the same mean, by Welch's test; their spreads may differ. Both have two values or more.
pub fn welch(a: &[f64], b: &[f64]) -> f64 {
    let ((mean_a, share_a), (mean_b, share_b)) = (mean_and_variance(a), mean_and_variance(b));
    let variance = share_a + share_b;
    if variance <= 0.0 {
        return if mean_a == mean_b { 1.0 } else { 0.0 };
    }
    let t = (mean_a - mean_b) / variance.sqrt();
    let spread = |share: f64, values: &[f64]| share * share / (values.len() - 1) as f64;
    tails(t, variance * variance / (spread(share_a, a) + spread(share_b, b)))
}

/// The mean, and the variance of the mean.
fn mean_and_variance(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, squares / (count - 1.0) / count)
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
        for (freedom, t95, t99) in
            [(1.0, 12.7062, 63.6567), (2.0, 4.3027, 9.9248), (4.0, 2.7764, 4.6041), (7.0, 2.3646, 3.4995), (30.0, 2.0423, 2.7500)]
        {
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
        let p = welch(&[1.0, 2.0, 3.0, 4.0], &[4.0, 6.0, 5.0, 3.0, 9.0]);
        assert!((p - 0.051487).abs() < 1e-6, "{p}");
        assert_eq!(welch(&[1.0, 1.0], &[1.0, 1.0]), 1.0);
        assert_eq!(welch(&[1.0, 1.0], &[2.0, 2.0]), 0.0);
    }
}
