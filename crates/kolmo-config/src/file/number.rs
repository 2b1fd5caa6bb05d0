//! One value, one spelling: a whole number may be written as a float, and zero has no sign.

use toml::Value;

use super::shape::{Shape, find};

/// Up to here every whole number is a double.
pub const MOST_EXACT: u64 = 1 << f64::MANTISSA_DIGITS;

/// Writes every number of `value`, which is of the kind `shape`, in the one way that it has: `4e5` where a whole number is
/// wanted is 400000, and -0.0 is 0.0. What is of another kind stays for the check.
pub(super) fn settle(shape: &Shape, value: &mut Value) {
    match (shape, value) {
        (Shape::Whole, value) => {
            if let Value::Float(number) = *value
                && number.fract() == 0.0
                && (0.0..=MOST_EXACT as f64).contains(&number)
            {
                *value = Value::Integer(number as i64);
            }
        }
        // The sum of the two zeros has no sign.
        (Shape::Number, Value::Float(number)) => *number += 0.0,
        (Shape::List(item), Value::Array(values)) => {
            values.iter_mut().for_each(|value| settle(item, value));
        }
        (Shape::Table(fields), Value::Table(table)) => {
            for (key, value) in table.iter_mut() {
                if let Some(field) = find(fields, key) {
                    settle(&field.shape, value);
                }
            }
        }
        (Shape::Tagged { variants, .. }, Value::Table(table)) => {
            for (key, value) in table.iter_mut() {
                // A key that several variants have is of one kind in all.
                let mut fields = variants.iter().filter_map(|(_, fields)| find(fields, key));
                if let Some(field) = fields.next() {
                    settle(&field.shape, value);
                }
            }
        }
        (Shape::Either(kinds), value) => kinds.iter().for_each(|kind| settle(kind, value)),
        (
            Shape::Any
            | Shape::Number
            | Shape::Truth
            | Shape::Text
            | Shape::Choice(_)
            | Shape::List(_)
            | Shape::Table(_)
            | Shape::Tagged { .. },
            _,
        ) => {}
    }
}

/// The number that is `text` as people and other programs write it, though TOML does not: `.001`, `5.`, `-.5e3`.
pub(super) fn loose(text: &str) -> Option<f64> {
    let text = text.trim();
    let is_number = |c: char| c.is_ascii_digit() || ".eE+-".contains(c);
    let is_plain = text.chars().all(is_number) && text.contains('.');
    text.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_others_write_them_are_numbers() {
        for (text, number) in [
            (".001", Some(1e-3)),
            (" -.5e3", Some(-500.0)),
            ("5.", Some(5.0)),
            ("1.e-3", Some(1e-3)),
            (".", None),
            ("inf.", None),
            ("1.2.3", None),
            ("llama", None),
            ("", None),
        ] {
            assert_eq!(loose(text), number, "{text}");
        }
    }
}
