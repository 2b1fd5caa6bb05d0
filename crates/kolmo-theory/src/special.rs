//! Ratios of Gamma functions, where the functions themselves are too large to keep the digits.

use statrs::function::gamma::ln_gamma;

/// ln Γ(x + shift) − ln Γ(x), for x > 0 and x + shift > 0: relative error about 1e-14, also where the
/// two nearly cancel.
pub(crate) fn ln_gamma_step(x: f64, shift: f64) -> f64 {
    // Γ(x + 1) = x Γ(x) carries small arguments to where Stirling's series is exact to rounding.
    const LARGE: f64 = 16.0;
    if x < LARGE || x + shift < LARGE {
        if shift.abs() > LARGE {
            return ln_gamma(x + shift) - ln_gamma(x);
        }
        let lift = (LARGE - x.min(x + shift)).ceil();
        let lifted: f64 = (0..lift as u32)
            .map(|k| (shift / (x + f64::from(k))).ln_1p())
            .sum();
        return ln_gamma_step(x + lift, shift) - lifted;
    }
    // (y − ½) ln y − (x − ½) ln x − shift with y = x + shift, without the difference of large terms.
    let growth = (shift / x).ln_1p();
    (x + shift - 0.5) * growth + shift * x.ln() - shift + stirling_step(x, growth)
}

/// How Stirling's series beyond its leading terms, Σ B_2k / (2k (2k − 1) x^(2k − 1)), changes from x to
/// x e^growth.
fn stirling_step(x: f64, growth: f64) -> f64 {
    const TERMS: [f64; 5] = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
    ];
    let powers = (0..).map(|k| 2 * k + 1);
    let steps = TERMS.iter().zip(powers);
    let steps = steps.map(|(b, m)| b * x.powi(-m) * (-f64::from(m) * growth).exp_m1());
    steps.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_one_are_logarithms() {
        for x in [1e-3, 0.5, 1.0, 3.7, 15.9, 16.0, 400.0, 1e9, 1e15] {
            let relative = ln_gamma_step(x, 1.0) / f64::ln(x) - 1.0;
            assert!(x == 1.0 || relative.abs() < 1e-13, "{x} {relative}");
        }
        assert!(ln_gamma_step(1.0, 1.0).abs() < 1e-14);
    }

    #[test]
    fn steps_add_up_to_values_computed_in_high_precision() {
        // mpmath: loggamma(x + shift) - loggamma(x), 30 digits.
        for (x, shift, expected) in GOLDEN {
            let relative = ln_gamma_step(x, shift) / expected - 1.0;
            assert!(relative.abs() < 2e-14, "{x} {shift} {relative}");
        }
    }

    const GOLDEN: [(f64, f64, f64); 6] = [
        (1.5, 0.5, 0.120_782_237_635_245_22),
        (0.2, 0.7, -1.457_687_582_696_041_6),
        (1000.0, 0.5, 3.453_752_639_496_277),
        (1e6, 1e-9, 1.381_551_005_796_419_2e-08),
        (1e12, 0.7, 19.341_714_781_149_88),
        (3.0, 1e5, 1_051_321.554_632_871),
    ];
}
