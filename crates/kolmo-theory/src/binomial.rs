//! Tails of the binomial distribution, right for any number of draws.

use std::f64::consts::PI;

use statrs::function::gamma::ln_gamma;

/// P(X ≥ count) of a binomial X of `n` draws with probability `p`; `count` is a whole number.
pub(crate) fn at_least(count: f64, n: f64, p: f64) -> f64 {
    // Beyond so many standard deviations and draws from the mean a tail is below 10^-20.
    const DEVIATIONS: f64 = 10.0;
    const DRAWS: f64 = 30.0;
    let mean = n * p;
    let far = DEVIATIONS * (mean * (1.0 - p)).max(0.0).sqrt() + DRAWS;
    if count <= 0.0 || (p >= 1.0 && count <= n) {
        1.0
    } else if count > n || p <= 0.0 || count > mean + far {
        0.0
    } else if count < mean - far {
        1.0
    } else if count > mean {
        upwards(count, n, p)
    } else {
        1.0 - downwards(count - 1.0, n, p)
    }
}

/// P(X ≥ from), of falling terms.
fn upwards(from: f64, n: f64, p: f64) -> f64 {
    let odds = p / (1.0 - p);
    let mut term = mass(from, n, p);
    let (mut sum, mut k) = (0.0, from);
    while term > sum * f64::EPSILON / 4.0 {
        sum += term;
        term *= (n - k) / (k + 1.0) * odds;
        k += 1.0;
    }
    sum.min(1.0)
}

/// P(X ≤ from), of falling terms.
fn downwards(from: f64, n: f64, p: f64) -> f64 {
    let odds = (1.0 - p) / p;
    let mut term = mass(from, n, p);
    let (mut sum, mut k) = (0.0, from);
    while term > sum * f64::EPSILON / 4.0 {
        sum += term;
        term *= k / (n - k + 1.0) * odds;
        k -= 1.0;
    }
    sum.min(1.0)
}

/// P(X = k), by the saddle point (Loader 2000): the terms are small numbers, not differences of large
/// ones.
fn mass(k: f64, n: f64, p: f64) -> f64 {
    if k == 0.0 {
        (n * (-p).ln_1p()).exp()
    } else if k == n {
        (n * p.ln()).exp()
    } else {
        let rest = stirling_error(n) - stirling_error(k) - stirling_error(n - k);
        let apart = deviance(k, n * p) + deviance(n - k, n * (1.0 - p));
        (rest - apart).exp() * (n / (2.0 * PI * k * (n - k))).sqrt()
    }
}

/// ln n! less Stirling's formula.
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        ln_gamma(n + 1.0) - (n + 0.5) * n.ln() + n - (2.0 * PI).ln() / 2.0
    } else {
        let r = 1.0 / (n * n);
        (1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r / 1680.0))) / n
    }
}

/// x ln(x/m) + m − x.
fn deviance(x: f64, m: f64) -> f64 {
    let v = (x - m) / (x + m);
    if v.abs() >= 0.1 {
        return x * (x / m).ln() + m - x;
    }
    // With x/m = (1 + v)/(1 − v): ln of it is 2 (v + v³/3 + v⁵/5 + ...).
    let mut sum = (x - m) * v;
    let (mut power, mut odd) = (2.0 * x * v, 1.0);
    loop {
        power *= v * v;
        odd += 2.0;
        let next = sum + power / odd;
        if next == sum {
            return sum;
        }
        sum = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_computed_in_high_precision() {
        for (count, n, p, expected) in GOLDEN {
            let found = at_least(count, n, p);
            assert!(
                (found / expected - 1.0).abs() < 1e-9,
                "{count} {n} {p}: {found}"
            );
        }
    }

    // mpmath, 25 digits.
    const GOLDEN: [(f64, f64, f64, f64); 7] = [
        (1.0, 1000.0, 1e-6, 0.000_999_500_666_125_591),
        (30.0, 1000.0, 0.02, 0.020_696_518_673_239_51),
        (156_000.0, 400_000.0, 0.39, 0.500_599_206_032_103_8),
        (1e6, 1e7, 0.1, 0.500_154_191_430_506_4),
        (1e8, 1e9, 0.1, 0.500_015_419_143_422_1),
        (1000.0, 1e15, 1e-12, 0.504_205_244_180_221_6),
        (100.0, 1e6, 1.2e-4, 0.972_143_404_456_198_6),
    ];

    #[test]
    fn small_ones_add_up() {
        let (n, p) = (7.0, 0.3f64);
        let choose = [1.0, 7.0, 21.0, 35.0, 35.0, 21.0, 7.0, 1.0];
        let mut tail = 0.0;
        for k in (0..=7).rev() {
            tail += choose[k] * p.powi(k as i32) * (1.0 - p).powi(7 - k as i32);
            assert!((at_least(k as f64, n, p) - tail).abs() < 1e-12);
        }
        assert_eq!(at_least(8.0, n, p), 0.0);
        assert_eq!(at_least(2.0, 1.0, 1.0), 0.0);
        assert_eq!(at_least(1.0, 1.0, 1.0), 1.0);
    }
}
