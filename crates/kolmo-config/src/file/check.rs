//! Whether every key of a configuration is known and every value of its kind. It says what serde
//! would say, with the whole key, in TOML's words and with what may have been meant.

use toml::{Table, Value};

use super::{
    foreign::{Ours, ours},
    key::{KeyPath, Step},
    nearest::{nearest_key, nearest_name},
    shape::{Field, Shape, either, find},
};
use kolmo_world::shown;

use crate::error::ConfigError;

/// What is wrong, and the key to look for in the file and among what was set.
#[derive(Debug)]
pub(super) struct Mistake {
    pub at: KeyPath,
    pub error: ConfigError,
}

type Checked = Result<(), Mistake>;

/// Checks `table` against the shape of the whole configuration.
pub(super) fn check(shape: &Shape, table: &Table) -> Checked {
    Check { root: shape }.table(shape, table, &KeyPath::default())
}

/// The error of a key that there is not, wherever it stands.
pub(super) fn unknown(root: &Shape, at: &KeyPath) -> Mistake {
    let parent = KeyPath(at.0[..at.0.len().saturating_sub(1)].to_vec());
    if let Some(hint) = foreign(root, at) {
        return no_key(at, &hint);
    }
    let hint = match (nearest_key(at, &root.keys()), root.at(&parent.0)) {
        (_, Some(shape)) if !shape.is_table() => format!("; {parent} is {shape}"),
        (Some(nearest), _) => format!("; did you mean {nearest}?"),
        (None, Some(Shape::Table(fields))) => format!("; {}", listing(&parent, fields)),
        _ => format!("; {}", listing(&KeyPath::default(), top(root))),
    };
    no_key(at, &hint)
}

/// What is said of a key that other trainers have, where the file is one of a run.
fn foreign(root: &Shape, at: &KeyPath) -> Option<String> {
    let of_run = KeyPath::of_keys(["train", "documents"]);
    root.at(&of_run.0)?;
    // Its own name says most, then the name of the table which there is not.
    let (_, name) = at.split_last()?;
    let mut tables = (1..=at.0.len()).map(|count| KeyPath(at.0[..count].to_vec()));
    let table = tables.find(|path| root.at(&path.0).is_none());
    let of_table = || ours(table.as_ref()?.split_last()?.1);
    Some(match ours(name).or_else(of_table)? {
        Ours::Key(key) => format!("; did you mean {key}?"),
        Ours::Else(text) => format!("; {text}"),
    })
}

/// The error of a value of the wrong kind.
pub(super) fn mistyped(at: &KeyPath, value: &Value, valid: String) -> Mistake {
    Mistake {
        at: at.clone(),
        error: ConfigError::Invalid {
            key: at.to_string(),
            value: match value {
                Value::String(text) => format!("{:?}", shown(text)),
                other => shown(&other.to_string()),
            },
            valid,
        },
    }
}

fn no_key(at: &KeyPath, hint: &str) -> Mistake {
    Mistake {
        at: at.clone(),
        error: ConfigError::Unknown {
            key: at.to_string(),
            hint: hint.to_owned(),
        },
    }
}

fn top(root: &Shape) -> &[Field] {
    match root {
        Shape::Table(fields) => fields,
        _ => &[],
    }
}

fn listing(table: &KeyPath, fields: &[Field]) -> String {
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    let names = names.join(", ");
    if table.0.is_empty() {
        format!("there are {names}")
    } else {
        format!("{table} has {names}")
    }
}

struct Check<'a> {
    root: &'a Shape,
}

impl Check<'_> {
    fn value(&self, shape: &Shape, value: &Value, at: &KeyPath) -> Checked {
        match (shape, value) {
            (Shape::Any, _)
            | (Shape::Number, Value::Integer(_) | Value::Float(_))
            | (Shape::Truth, Value::Boolean(_))
            | (Shape::Text, Value::String(_)) => Ok(()),
            (Shape::Whole, Value::Integer(number)) if *number >= 0 => Ok(()),
            (Shape::Choice(names), Value::String(name)) if names.contains(name) => Ok(()),
            (Shape::List(item), Value::Array(values)) => {
                let mut values = values.iter().enumerate();
                values.try_for_each(|(k, value)| self.value(item, value, &at.then(Step::Item(k))))
            }
            (Shape::Table(_) | Shape::Tagged { .. }, Value::Table(table)) => {
                self.table(shape, table, at)
            }
            (Shape::Either(kinds), _) if kinds.iter().any(|k| self.value(k, value, at).is_ok()) => {
                Ok(())
            }
            _ => Err(mistyped(at, value, wanted(shape, value))),
        }
    }

    fn table(&self, shape: &Shape, table: &Table, at: &KeyPath) -> Checked {
        match shape {
            Shape::Table(fields) => {
                self.keys(fields, table, at, |_| None)?;
                let missing = fields
                    .iter()
                    .find(|f| f.is_required && !table.contains_key(&f.name));
                missing.map_or(Ok(()), |field| Err(missing_key(field, at, at.clone(), "")))
            }
            Shape::Tagged { tag, variants } => self.tagged(tag, variants, table, at),
            _ => Ok(()),
        }
    }

    fn tagged(
        &self,
        tag: &Field,
        variants: &[(String, Vec<Field>)],
        table: &Table,
        at: &KeyPath,
    ) -> Checked {
        let Some(value) = table.get(&tag.name) else {
            return Err(missing_key(tag, at, at.clone(), ""));
        };
        self.value(&tag.shape, value, &at.key(&tag.name))?;
        let chosen = variants
            .iter()
            .find(|(name, _)| value.as_str() == Some(name));
        let Some((chosen, fields)) = chosen else {
            return Ok(());
        };
        let with = format!(" with {} = {chosen:?}", at.key(&tag.name));
        let mut fields = fields.clone();
        fields.push(tag.clone());
        self.keys(&fields, table, at, |key| {
            let others = variants
                .iter()
                .filter(|(_, fields)| find(fields, key).is_some());
            let others: Vec<String> = others.map(|(name, _)| format!("{name:?}")).collect();
            let of = format!("; it is a key of {} = {}", tag.name, either(&others));
            (!others.is_empty()).then(|| with.clone() + &of)
        })?;
        let missing = fields
            .iter()
            .find(|f| f.is_required && !table.contains_key(&f.name));
        // What made the key necessary is the tag: that is what to show.
        missing.map_or(Ok(()), |field| {
            Err(missing_key(field, at, at.key(&tag.name), &with))
        })
    }

    /// Checks the keys that are there. `elsewhere` says of a key that is not one of `fields` where it
    /// would be one.
    fn keys(
        &self,
        fields: &[Field],
        table: &Table,
        at: &KeyPath,
        elsewhere: impl Fn(&str) -> Option<String>,
    ) -> Checked {
        for (key, value) in table {
            let path = at.key(key);
            match (find(fields, key), elsewhere(key)) {
                (Some(field), _) => self.value(&field.shape, value, &path)?,
                (None, Some(place)) => return Err(no_key(&path, &place)),
                (None, None) => return Err(self.unknown(path, value, fields, at)),
            }
        }
        Ok(())
    }

    fn unknown(&self, path: KeyPath, value: &Value, fields: &[Field], table: &KeyPath) -> Mistake {
        let keys = self.root.keys();
        // The only key of a table that there is not tells more than the table's name.
        let mut whole = path.clone();
        let mut inner = value;
        while let Some((key, next)) = inner.as_table().filter(|t| t.len() == 1).and_then(first) {
            (whole, inner) = (whole.key(key), next);
        }
        for path in [&whole, &path] {
            if let Some(hint) = foreign(self.root, path) {
                return no_key(path, &hint);
            }
            if let Some(nearest) = nearest_key(path, &keys) {
                return no_key(path, &format!("; did you mean {nearest}?"));
            }
        }
        no_key(&path, &format!("; {}", listing(table, fields)))
    }
}

fn first(table: &Table) -> Option<(&String, &Value)> {
    table.iter().next()
}

fn missing_key(field: &Field, table: &KeyPath, at: KeyPath, with: &str) -> Mistake {
    Mistake {
        at,
        error: ConfigError::Missing {
            key: table.key(&field.name).to_string(),
            valid: format!("{}{with}", field.shape),
        },
    }
}

/// What would be accepted instead of `value`.
fn wanted(shape: &Shape, value: &Value) -> String {
    let is_number = |text: &str| text.replace('_', "").parse::<f64>().is_ok();
    match (shape, value) {
        (Shape::Whole, Value::Integer(_)) => format!("{shape}, not a negative one"),
        (Shape::Whole, Value::Float(number)) if number.fract() == 0.0 && *number > 0.0 => {
            format!("{shape}, from 2^53 on written without a point or an exponent")
        }
        (Shape::Whole, Value::String(text)) if is_number(text) => {
            format!("{shape}, without quotes and at most 2^63 - 1")
        }
        (Shape::Number, Value::String(text)) if is_number(text) => {
            format!("{shape}, without quotes and in the range of 64-bit floats")
        }
        (Shape::Choice(names), Value::String(text)) => match nearest_name(text, names) {
            Some(nearest) => format!("{shape}; did you mean {nearest:?}?"),
            None => shape.to_string(),
        },
        _ => shape.to_string(),
    }
}
