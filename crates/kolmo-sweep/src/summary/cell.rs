//! What a table holds.

use serde_json::{Number, Value};

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    /// Nothing.
    Empty,
    /// A whole number.
    Whole(i64),
    /// A number, infinite ones included.
    Number(f64),
    /// Anything else.
    Text(String),
}

impl Cell {
    /// As CSV and readers have it.
    pub fn text(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Whole(number) => number.to_string(),
            Self::Number(number) => {
                Number::from_f64(*number).map_or_else(|| number.to_string(), |n| n.to_string())
            }
            Self::Text(text) => text.clone(),
        }
    }
}

impl From<&Value> for Cell {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Empty,
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Self::Whole(whole),
                (None, Some(number)) => Self::Number(number),
                (None, None) => Self::Text(number.to_string()),
            },
            Value::String(text) => Self::Text(text.clone()),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => Self::Text(value.to_string()),
        }
    }
}

impl From<&toml::Value> for Cell {
    fn from(value: &toml::Value) -> Self {
        match value {
            toml::Value::Integer(number) => Self::Whole(*number),
            toml::Value::Float(number) => Self::Number(*number),
            other => Self::from(&crate::json::json(other)),
        }
    }
}
