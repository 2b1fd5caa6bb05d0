//! Arithmetic that compilers turn into SIMD: sums in lanes, and functions without a branch.
//!
//! A kernel is plain Rust, compiled several times for instruction sets of growing width (the attribute
//! `multiversion` on it) and chosen when it runs. What is here is inlined into it. A sum has as many partial
//! sums as a vector of 512 bits has floats, whatever the width of the machine's, so that
//! the order of additions is the same on all of them.

use std::array;

/// Partial sums.
pub(crate) const LANES: usize = 16;

/// As many floats.
pub(crate) type Lanes = [f32; LANES];

/// Σ lanes, in a fixed order.
#[inline(always)]
pub(crate) fn total(lanes: Lanes) -> f32 {
    let four: [f32; 4] =
        array::from_fn(|k| (lanes[k] + lanes[k + 8]) + (lanes[k + 4] + lanes[k + 12]));
    (four[0] + four[2]) + (four[1] + four[3])
}

/// Σ f(x).
#[inline(always)]
pub(crate) fn sum(x: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for chunk in chunks {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += f(*x);
        }
    }
    for (sum, x) in sums.iter_mut().zip(rest) {
        *sum += f(*x);
    }
    total(sums)
}

/// x becomes exp(x − `max`); gives the sum.
#[inline(always)]
pub(crate) fn exp_sum(x: &mut [f32], max: f32) -> f32 {
    let (chunks, rest) = x.as_chunks_mut::<LANES>();
    let mut sums = [0.0; LANES];
    for chunk in chunks {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *x = exp(*x - max);
            *sum += *x;
        }
    }
    for (sum, x) in sums.iter_mut().zip(rest) {
        *x = exp(*x - max);
        *sum += *x;
    }
    total(sums)
}

/// Σ f(x, y).
#[inline(always)]
pub(crate) fn sum2(x: &[f32], y: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let ((xs, x_rest), (ys, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (x, y) in xs.iter().zip(ys) {
        for (k, sum) in sums.iter_mut().enumerate() {
            *sum += f(x[k], y[k]);
        }
    }
    for (sum, (x, y)) in sums.iter_mut().zip(x_rest.iter().zip(y_rest)) {
        *sum += f(*x, *y);
    }
    total(sums)
}

/// The largest of x and `floor`; not a number if one of x is not.
#[inline(always)]
pub(crate) fn max(x: &[f32], floor: f32) -> f32 {
    // Of two numbers the larger, and NaN once there was one.
    let larger = |a: f32, b: f32| if a >= b || a.is_nan() { a } else { b };
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut lanes = [floor; LANES];
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*lane, *x);
        }
    }
    for (lane, x) in lanes.iter_mut().zip(rest) {
        *lane = larger(*lane, *x);
    }
    let eight: [f32; 8] = array::from_fn(|k| larger(lanes[k], lanes[k + 8]));
    let four: [f32; 4] = array::from_fn(|k| larger(eight[k], eight[k + 4]));
    larger(larger(four[0], four[2]), larger(four[1], four[3]))
}

/// Copies a few values, where calling for it would take longer.
#[inline(always)]
pub(crate) fn copy(from: &[f32], into: &mut [f32]) {
    let (chunks, rest) = from.as_chunks::<8>();
    let (into_chunks, into_rest) = into.as_chunks_mut::<8>();
    for (into, from) in into_chunks.iter_mut().zip(chunks) {
        *into = *from;
    }
    for (into, from) in into_rest.iter_mut().zip(rest) {
        *into = *from;
    }
}

/// eˣ to 2 units in the last place, and without a branch. Below -87.3 it is 1.2e-38, above 88.3 infinite.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // ln 2 in two parts, the first with few bits, so that its multiples are exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Added, it pushes a number's fraction out of the mantissa: its low bits are the nearest integer.
    const ROUND: f32 = 12_582_912.0;
    // The selects let NaN through, which `f32::max` would not.
    let x = if x < -87.3 { -87.3 } else { x };
    let x = if x > 89.0 { 89.0 } else { x };
    let rounded = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = rounded - ROUND;
    let r = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, x));
    // (eʳ - 1 - r) / r² on |r| < ln 2 / 2, to 3e-9 of eʳ.
    let p = 0.001_381_454_6_f32;
    let p = p.mul_add(r, 0.008_368_781);
    let p = p.mul_add(r, 0.041_668_393);
    let p = p.mul_add(r, 0.166_665_2);
    let p = p.mul_add(r, 0.499_999_94);
    let power = p.mul_add(r * r, r) + 1.0;
    let scale = f32::from_bits(rounded.to_bits().wrapping_add(127) << 23);
    power * scale
}

/// The distribution function of the standard normal at x, and its density there, to 6 and 3 units in the last
/// place.
#[inline(always)]
pub(crate) fn normal(x: f32) -> (f32, f32) {
    const DENSITY_AT_0: f32 = 0.398_942_3;
    // exp(-x²/2), with what rounding took from the square.
    let z = x.abs();
    let z = if z > 20.0 { 20.0 } else { z };
    let square = z * z;
    let lost = z.mul_add(z, -square);
    let e = exp(-0.5 * square);
    let e = (-0.5 * lost).mul_add(e, e);
    // The upper tail is exp(-x²/2) t S(t) with t = 1 / (1 + 0.24 |x|) and S fitted to 3e-9.
    let t = 1.0 / z.mul_add(0.24, 1.0);
    let s = 0.025_473_258_f32;
    let s = s.mul_add(t, -0.124_334_06);
    let s = s.mul_add(t, 0.204_722_43);
    let s = s.mul_add(t, -0.143_191_46);
    let s = s.mul_add(t, 0.140_486_34);
    let s = s.mul_add(t, 0.028_715_113);
    let s = s.mul_add(t, 0.087_551_475);
    let s = s.mul_add(t, 0.088_983_685);
    let s = s.mul_add(t, 0.095_850_766);
    let s = s.mul_add(t, 0.095_742_44);
    let tail = e * (t * s);
    let below = if x < 0.0 { tail } else { 1.0 - tail };
    (below, DENSITY_AT_0 * e)
}

/// 1 / (1 + e⁻ˣ).
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{Continuous, ContinuousCDF, Normal};

    use super::*;

    /// Distance of `found` from `true_` in units in the last place of the latter.
    fn ulps(found: f32, true_: f64) -> f64 {
        let nearest = true_ as f32;
        let ulp = f64::from(f32::from_bits(nearest.to_bits() + 1)) - f64::from(nearest);
        ((f64::from(found) - true_) / ulp).abs()
    }

    fn grid(low: f32, high: f32) -> impl Iterator<Item = f32> {
        (0..=400_000).map(move |k| low + (high - low) * (k as f32 / 400_000.0))
    }

    #[test]
    fn exp_is_good_to_two_units_in_the_last_place() {
        let worst = grid(-87.3, 88.3).map(|x| ulps(exp(x), f64::from(x).exp()));
        let worst = worst.fold(0.0, f64::max);
        assert!(worst < 2.0, "{worst}");
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(f32::NEG_INFINITY) < 1.3e-38);
        assert_eq!(exp(f32::INFINITY), f32::INFINITY);
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn the_normal_distribution_is_good_to_six_units_in_the_last_place() {
        let normal_f64 = Normal::standard();
        let (mut worst, mut worst_density) = (0.0f64, 0.0f64);
        for x in grid(-9.0, 9.0) {
            let (below, density) = normal(x);
            // statrs is good to 1e-12 or so where erfc is not tiny.
            worst = worst.max(ulps(below, normal_f64.cdf(f64::from(x))));
            worst_density = worst_density.max(ulps(density, normal_f64.pdf(f64::from(x))));
        }
        assert!(
            worst < 6.5 && worst_density < 3.0,
            "{worst} {worst_density}"
        );
        let (below, density) = normal(f32::NAN);
        assert!(below.is_nan() && density.is_nan());
        assert_eq!(normal(f32::INFINITY).0, 1.0);
        assert!(normal(f32::NEG_INFINITY).0 < 1e-37);
    }

    #[test]
    fn sums_have_no_size_they_miss() {
        for n in 0..70 {
            let x: Vec<f32> = (1..=n).map(|k| k as f32).collect();
            assert_eq!(sum(&x, |x| x), (n * (n + 1) / 2) as f32);
            assert_eq!(sum2(&x, &x, |x, y| x - y + 1.0), n as f32);
            assert_eq!(
                max(&x, f32::NEG_INFINITY),
                if n == 0 { f32::NEG_INFINITY } else { n as f32 }
            );
        }
        for at in [0, 17, 39] {
            let mut x = [1.0; 40];
            x[at] = f32::NAN;
            assert!(max(&x, f32::NEG_INFINITY).is_nan() && sum(&x, |x| x).is_nan());
        }
    }
}
