//! Numbers as a reader wants them.

/// What stands where nothing was measured.
pub(crate) const NOTHING: &str = "n/a";

/// From here on, and for ranks too, numbers are written with an exponent.
const LONG: f64 = 1e7;

/// Three significant digits: `0.0123`, `12.3`, `1230`, `1.23e8`.
pub(crate) fn significant(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        NOTHING.to_owned()
    } else if size == 0.0 {
        "0".to_owned()
    } else if !(1e-4..LONG).contains(&size) {
        format!("{value:.2e}")
    } else {
        let decimals = (2.0 - size.log10().floor()).max(0.0) as usize;
        format!("{value:.decimals$}")
    }
}

/// A loss without an interval, to two digits and a thousandth of a nat: `4.605`, `0.0016`,
/// `3.1e-5`. What no run could measure is `<1e-9`.
pub(crate) fn loss(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        NOTHING.to_owned()
    } else if size != 0.0 && !(1e-4..1e4).contains(&size) {
        if (0.0..1e-9).contains(&value) {
            "<1e-9".to_owned()
        } else {
            format!("{value:.1e}")
        }
    } else {
        let decimals = (1.0 - size.log10().floor()).clamp(3.0, 5.0) as usize;
        let decimals = if size == 0.0 { 3 } else { decimals };
        format!("{value:.decimals$}")
    }
}

/// An estimate and half the width of its 95 % interval: `0.031 ± 0.004`, with more decimals for a
/// narrower interval.
pub(crate) fn estimate(value: f64, [low, high]: [f64; 2]) -> String {
    let half = (high - low) / 2.0;
    if !half.is_finite() || !value.is_finite() {
        return format!("{} ± {NOTHING}", loss(value));
    }
    let size = value.abs().max(half);
    if size != 0.0 && !(1e-4..1e4).contains(&size) {
        return format!("{value:.1e} ± {half:.0e}");
    }
    let decimals = if half > 0.0 {
        (-half.log10()).ceil().clamp(3.0, 5.0) as usize
    } else {
        3
    };
    if half > 0.0 && half < 5e-6 {
        return format!("{value:.decimals$} ± {half:.0e}");
    }
    format!("{value:.decimals$} ± {half:.decimals$}")
}

/// The ranks `lo` to `hi`: `3-7`; past ten million `3.16e8-1.00e9`.
pub(crate) fn ranks(lo: u64, hi: u64) -> String {
    let rank = |rank: u64| {
        if rank as f64 >= LONG {
            format!("{:.2e}", rank as f64)
        } else {
            rank.to_string()
        }
    };
    if lo == hi {
        rank(lo)
    } else {
        format!("{}-{}", rank(lo), rank(hi))
    }
}

/// A whole number with its thousands apart: `1,234,567`.
pub(crate) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        for (value, text) in [
            (0.0, "0"),
            (100.0, "100"),
            (12.345, "12.3"),
            (0.012345, "0.0123"),
            (123_456.0, "123456"),
            (1.234e8, "1.23e8"),
            (1.2e-7, "1.20e-7"),
            (f64::NAN, "n/a"),
        ] {
            assert_eq!(significant(value), text);
        }
        assert_eq!(loss(4.6052), "4.605");
        assert_eq!(loss(2.1e-5), "2.1e-5");
        assert_eq!(loss(0.0016), "0.0016");
        assert_eq!(loss(5e-136), "<1e-9");
        assert_eq!(loss(0.0), "0.000");
        assert_eq!(ranks(1, 2), "1-2");
        assert_eq!(ranks(4, 4), "4");
        assert_eq!(ranks(316_227_767, 1_000_000_000), "3.16e8-1.00e9");
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(100), "100");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn an_estimate_has_the_half_width_of_its_interval() {
        assert_eq!(estimate(0.031, [0.027, 0.035]), "0.031 ± 0.004");
        assert_eq!(estimate(0.00042, [0.00037, 0.00047]), "0.00042 ± 0.00005");
        assert_eq!(estimate(3.1e-8, [2.9e-8, 3.3e-8]), "3.1e-8 ± 2e-9");
        assert_eq!(estimate(0.5, [0.499999, 0.500001]), "0.50000 ± 1e-6");
        assert_eq!(estimate(0.0, [0.0, 0.0]), "0.000 ± 0.000");
        assert_eq!(estimate(1.5, [f64::NAN, 2.0]), "1.500 ± n/a");
        assert_eq!(estimate(f64::NAN, [f64::NAN; 2]), "n/a ± n/a");
    }
}
