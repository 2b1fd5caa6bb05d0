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

/// A number of things, which need not be whole in expectation: `1,234,567`, `12.3`, `1.23e8`.
pub(crate) fn count(value: f64) -> String {
    let whole = value.round();
    if (0.0..LONG).contains(&whole) && (whole >= 100.0 || whole == value) {
        grouped(whole as u64)
    } else if whole >= LONG {
        significant(whole)
    } else {
        significant(value)
    }
}

/// A loss to a thousandth of a nat: `4.605`, `0.000`; what is smaller but not zero is `<0.001`.
pub(crate) fn loss(value: f64) -> String {
    if !value.is_finite() {
        NOTHING.to_owned()
    } else if value > 0.0 && value < 5e-4 {
        "<0.001".to_owned()
    } else if value.abs() >= 1e4 {
        format!("{value:.2e}")
    } else {
        format!("{value:.3}")
    }
}

/// An estimate and half the width of its 95 % interval, never less than the last digit shown:
/// `0.031 ± 0.004`. A value that is no estimate, for all facts were asked, stands alone.
pub(crate) fn estimate(value: f64, [low, high]: [f64; 2]) -> String {
    let half = (high - low) / 2.0;
    if !half.is_finite() || !value.is_finite() {
        format!("{} ± {NOTHING}", loss(value))
    } else if half == 0.0 {
        loss(value)
    } else {
        format!("{} ± {}", loss(value), loss(half.max(1e-3)))
    }
}

/// A number that may not have been measured.
pub(crate) fn measured(value: Option<f64>) -> String {
    value.map_or(NOTHING.to_owned(), significant)
}

/// An interval that may not be known.
pub(crate) fn measured_interval(ends: Option<[f64; 2]>) -> String {
    ends.map_or(NOTHING.to_owned(), interval)
}

/// An interval: `[0.12, 0.34]`.
pub(crate) fn interval([low, high]: [f64; 2]) -> String {
    format!("[{}, {}]", significant(low), significant(high))
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
    between(&rank(lo), "-", &rank(hi))
}

/// The range of two numbers as they are shown: `3 to 7`. Of one element it is that alone: `3`.
pub(crate) fn range(lo: &str, hi: &str) -> String {
    between(lo, " to ", hi)
}

fn between(lo: &str, joint: &str, hi: &str) -> String {
    match lo == hi {
        true => lo.to_owned(),
        false => format!("{lo}{joint}{hi}"),
    }
}

/// The subjects of these ranks: `ranks 3-7`, `rank 4`.
pub(crate) fn class_of_ranks(lo: u64, hi: u64) -> String {
    let label = if lo == hi { "rank" } else { "ranks" };
    format!("{label} {}", ranks(lo, hi))
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
        for (value, text) in [
            (1.0, "1"),
            (12.345, "12.3"),
            (12_345.6, "12,346"),
            (9_999_999.7, "1.00e7"),
            (0.02, "0.0200"),
            (f64::INFINITY, "n/a"),
        ] {
            assert_eq!(count(value), text);
        }
        assert_eq!(loss(4.6052), "4.605");
        assert_eq!(loss(2.1e-5), "<0.001");
        assert_eq!(loss(0.0016), "0.002");
        assert_eq!(loss(0.0), "0.000");
        assert_eq!(loss(1e9), "1.00e9");
        assert_eq!(loss(f64::NAN), "n/a");
        assert_eq!(ranks(1, 2), "1-2");
        assert_eq!(ranks(4, 4), "4");
        assert_eq!(ranks(316_227_767, 1_000_000_000), "3.16e8-1.00e9");
        assert_eq!(ranks(316_227_767, 316_227_768), "3.16e8");
        assert_eq!(range("0.5", "0.6"), "0.5 to 0.6");
        assert_eq!(range("0.5", "0.5"), "0.5");
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(100), "100");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn an_estimate_has_the_half_width_of_its_interval() {
        assert_eq!(estimate(0.031, [0.027, 0.035]), "0.031 ± 0.004");
        assert_eq!(estimate(0.031, [0.031, 0.031]), "0.031");
        assert_eq!(estimate(0.5, [0.4999, 0.5001]), "0.500 ± 0.001");
        assert_eq!(estimate(1.5, [f64::NAN, 2.0]), "1.500 ± n/a");
        assert_eq!(estimate(f64::NAN, [f64::NAN; 2]), "n/a ± n/a");
    }
}
