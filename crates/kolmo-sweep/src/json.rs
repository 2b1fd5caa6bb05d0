//! Values of a configuration as JSON, which has fewer numbers than TOML.

use kolmo_run::exact;
use serde_json::{Number, Value};
use toml::Value as Toml;

/// `value` as JSON; a number that no number of JSON is in every reader, such as `inf` or a whole one above 2^53, is text, as TOML
/// spells it.
pub(crate) fn json(value: &Toml) -> Value {
    match value {
        Toml::String(text) => text.clone().into(),
        Toml::Integer(number) if number.unsigned_abs() <= exact::MOST => (*number).into(),
        Toml::Float(number) => {
            Number::from_f64(*number).map_or_else(|| value.to_string().into(), Value::Number)
        }
        Toml::Boolean(is) => (*is).into(),
        Toml::Array(values) => values.iter().map(json).collect(),
        Toml::Table(table) => {
            let fields = table.iter();
            let fields = fields.map(|(key, value)| (key.clone(), json(value)));
            Value::Object(fields.collect())
        }
        Toml::Integer(_) | Toml::Datetime(_) => value.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn no_value_is_lost_or_rounded() {
        let toml = "whole = 3\nmost = 9007199254740992\nmore = 9007199254740993\nless = -9007199254740993\n\
                    half = 0.5\ninf = inf\nminus = -inf\nnan = nan\ntext = 'inf'\nis = true\n\
                    list = [1, inf]\ntable = { a = inf, b = 2 }\nday = 2026-01-02\n";
        let table: toml::Table = toml.parse().unwrap();
        assert_eq!(
            super::json(&toml::Value::Table(table)),
            json!({
                "whole": 3, "most": 9_007_199_254_740_992_u64, "more": "9007199254740993", "less": "-9007199254740993",
                "half": 0.5, "inf": "inf", "minus": "-inf", "nan": "nan", "text": "inf", "is": true,
                "list": [1, "inf"], "table": { "a": "inf", "b": 2 }, "day": "2026-01-02",
            })
        );
    }
}
