//! Whole numbers in JSON.
//!
//! A number of JSON is a double in most readers, which hold whole numbers to 2^53 and round those above. So kolmo writes a number up
//! to there, and text above: `"9223372036854775808"`. Fields whose values can be that large are marked with
//! `#[serde(with = "kolmo_run::exact")]`.

use std::fmt;

use serde::{Deserializer, Serializer, de};

/// Up to here every whole number is a double, in a configuration as in JSON.
pub use kolmo_config::file::MOST_EXACT as MOST;

/// A number up to [`MOST`], and text above.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    match *number <= MOST {
        true => serializer.serialize_u64(*number),
        false => serializer.collect_str(number),
    }
}

/// A number, or the text of one.
///
/// # Errors
/// Anything else.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    deserializer.deserialize_any(Reader)
}

struct Reader;

impl de::Visitor<'_> for Reader {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number below 2^64, as a number or as text")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<u64, E> {
        Ok(number)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
        text.parse()
            .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::{Value, json};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Of {
        #[serde(with = "super")]
        seed: u64,
    }

    #[test]
    fn what_a_double_cannot_hold_is_text() {
        for (seed, json) in [
            (0, json!(0)),
            (super::MOST, json!(9_007_199_254_740_992_u64)),
            (super::MOST + 1, json!("9007199254740993")),
            (1 << 63, json!("9223372036854775808")),
            (u64::MAX, json!("18446744073709551615")),
        ] {
            let written = serde_json::to_value(Of { seed }).unwrap();
            assert_eq!(written["seed"], json);
            assert_eq!(serde_json::from_value::<Of>(written).unwrap(), Of { seed });
        }
    }

    #[test]
    fn numbers_of_earlier_builds_are_read_and_nothing_else() {
        let read = |seed: Value| serde_json::from_value::<Of>(json!({ "seed": seed }));
        assert_eq!(read(json!(u64::MAX)).unwrap().seed, u64::MAX);
        for wrong in [json!(-1), json!(0.5), json!("1e3"), json!(""), json!(null)] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.contains("a whole number below 2^64"), "{error}");
        }
    }
}
