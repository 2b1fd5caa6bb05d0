//! Rows of numbers as CSV.
//!
//! Text is quoted where it needs to be (RFC 4180). The rows of the JSON form are taken, so the
//! heads are its keys, and what is `null` there, as a number that is not finite, is empty here. An
//! interval `x_ci95` takes two columns, `x_lo` and `x_hi`.

use serde::Serialize;
use serde_json::Value;

use crate::error::{Error, Result};

/// `rows` below the names of their fields; no rows, no names.
///
/// # Errors
/// [`Error::Serialize`] if a row has no JSON form.
pub(crate) fn csv<T: Serialize>(rows: &[T]) -> Result<String> {
    let mut text = String::new();
    for row in rows {
        let row = serde_json::to_value(row).map_err(|source| Error::Serialize { source })?;
        let Value::Object(fields) = row else { continue };
        if text.is_empty() {
            text = line(fields.iter().flat_map(|(name, value)| heads(name, value)));
        }
        text += &line(fields.values().flat_map(cells));
    }
    Ok(text)
}

/// `rows` below `head`; without rows, the head alone.
pub(crate) fn table(head: &[&str], rows: impl Iterator<Item = Vec<Value>>) -> String {
    let head = line(head.iter().map(|name| (*name).to_owned()));
    rows.fold(head, |text, row| text + &line(row.iter().map(cell)))
}

fn heads(name: &str, value: &Value) -> Vec<String> {
    match value {
        Value::Array(_) => {
            let name = name.trim_end_matches("_ci95");
            vec![format!("{name}_lo"), format!("{name}_hi")]
        }
        _ => vec![name.to_owned()],
    }
}

fn cells(value: &Value) -> Vec<String> {
    match value {
        Value::Array(ends) => ends.iter().map(cell).collect(),
        other => vec![cell(other)],
    }
}

fn line(cells: impl Iterator<Item = String>) -> String {
    cells.collect::<Vec<_>>().join(",") + "\n"
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.contains([',', '"', '\n', '\r']) => {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Row {
        name: &'static str,
        n: u64,
        value: f64,
        value_ci95: [f64; 2],
        known: Option<f64>,
    }

    #[test]
    fn rows_have_the_names_of_their_fields_above_them() {
        let row = |value, known| Row {
            name: "loss",
            n: 10,
            value,
            value_ci95: [f64::NAN, 2.5],
            known,
        };
        let rows = [row(0.1, Some(1e-300)), row(f64::INFINITY, None)];
        let expected = "name,n,value,value_lo,value_hi,known\n\
                        loss,10,0.1,,2.5,1e-300\n\
                        loss,10,,,2.5,\n";
        assert_eq!(csv(&rows).unwrap(), expected);
        assert_eq!(csv::<Row>(&[]).unwrap(), "");
    }

    #[test]
    fn text_is_quoted_where_it_needs_to_be() {
        let rows = [
            vec!["plain text".into(), 0.1.into()],
            vec!["a, \"b\"\nc".into(), Value::Null],
        ];
        let text = table(&["name", "value"], rows.into_iter());
        assert_eq!(text, "name,value\nplain text,0.1\n\"a, \"\"b\"\"\nc\",\n");
        assert_eq!(table(&["name"], [].into_iter()), "name\n");
    }
}
