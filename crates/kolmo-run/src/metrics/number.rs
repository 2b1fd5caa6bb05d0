//! Reading numbers whose absence is written as `null`.
//!
//! Writing needs no help: serde_json writes `null` for a number that is not finite.

use serde::{Deserialize, Deserializer};

/// A number, or NaN for `null`.
pub(crate) fn or_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// A number that records of earlier builds do not have.
pub(super) fn nan() -> f64 {
    f64::NAN
}

/// Two such numbers.
pub(super) fn nan_pair() -> [f64; 2] {
    [f64::NAN; 2]
}

/// Two numbers, each NaN for `null`.
pub(super) fn pair_or_nan<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<[f64; 2], D::Error> {
    let pair: [Option<f64>; 2] = Deserialize::deserialize(deserializer)?;
    Ok(pair.map(|number| number.unwrap_or(f64::NAN)))
}
