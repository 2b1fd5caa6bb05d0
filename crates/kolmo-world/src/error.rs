//! What can be wrong with a world.

/// Range of relative weights: wide enough for any use, narrow enough that no share of a sum rounds to
/// nothing.
pub(crate) const WEIGHTS: std::ops::RangeInclusive<f64> = 1e-6..=1e6;

/// A configuration that describes no possible world.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WorldError {
    /// A value outside its range.
    #[error("{key} = {value} is not possible: valid is {valid}")]
    Invalid {
        /// The key, dotted as in the file: `world.frequency.exponent`.
        key: String,
        /// The value found.
        value: String,
        /// What would be accepted.
        valid: String,
    },
}

/// What a message shows of a value that a user gave: a name can be a book, and a float has up to 300
/// digits.
pub fn shown(value: &str) -> String {
    const MOST: usize = 60;
    match (value.char_indices().nth(MOST), value.parse::<f64>()) {
        (None, _) => value.to_owned(),
        (Some(_), Ok(number)) => format!("{number:e}"),
        (Some((end, _)), _) => format!("{}...", &value[..end]),
    }
}

impl WorldError {
    /// The error of `value` at `key`, dotted as in the file, where `valid` would be.
    pub fn invalid(key: impl Into<String>, value: impl ToString, valid: impl Into<String>) -> Self {
        Self::Invalid {
            key: key.into(),
            value: shown(&value.to_string()),
            valid: valid.into(),
        }
    }

    /// The same of a key below `to` that was taken for one below `from`.
    pub(crate) fn moved(self, from: &str, to: &str) -> Self {
        let Self::Invalid { key, value, valid } = self;
        let key = key
            .strip_prefix(from)
            .map(|rest| format!("{to}{rest}"))
            .unwrap_or(key);
        Self::Invalid { key, value, valid }
    }

    /// An error unless `ok`; the usual one-line check of a range.
    ///
    /// # Errors
    /// [`Invalid`](Self::Invalid) unless `ok`.
    pub fn require(ok: bool, key: &str, value: impl ToString, valid: &str) -> Result<(), Self> {
        if ok {
            Ok(())
        } else {
            Err(Self::invalid(key, value, valid))
        }
    }
}
