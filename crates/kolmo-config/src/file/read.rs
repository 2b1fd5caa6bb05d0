//! From text and `--set` to a configuration.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use toml::{Table, Value, map::Entry};

use super::{
    check::{Mistake, check, mistyped, unknown},
    key::{KeyPath, Step},
    moved,
    number::{self, loose},
    place::{Sources, explain},
    shape::{Shape, find},
};
use kolmo_world::shown;

use crate::error::ConfigError;

/// One `--set key.path=value`.
pub(super) struct Setting {
    pub given: String,
    /// The key that is set, by the name that it has now.
    pub path: KeyPath,
    pub value: Value,
}

/// What the strings of a key can be, where that is not in its type but known to who reads the file.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    /// The key, dotted; of an array an item of it: `report.claims[0]`.
    pub key: &'a str,
    /// The strings.
    pub names: &'a [&'a str],
}

/// Reads the TOML `text` with each of `overrides`, `key.path=value`, on top. Of each of `choices` a value is one of its names.
/// `complete` may fill in keys before they are checked.
///
/// # Errors
/// Text that is no TOML; a key that `T` does not have, with the nearest that it has; a value of another type. Each
/// with its line.
pub fn read<T: DeserializeOwned + JsonSchema>(
    text: &str,
    overrides: &[String],
    choices: &[Choice<'_>],
    complete: impl Fn(&mut Table),
) -> Result<T, ConfigError> {
    let mut shape = Shape::of::<T>();
    for choice in choices {
        shape.restrict(&KeyPath::parse(choice.key).0, choice.names);
    }
    let mut table: Table = toml::from_str(text).map_err(|error| explain(text, &error))?;
    let settings = parse_all(overrides)?;
    let mistake = |mistake: Mistake| {
        let sources = Sources::new(text, &settings);
        sources.placed(&mistake.at, mistake.error)
    };
    moved::rename(&mut table).map_err(mistake)?;
    complete(&mut table);
    forget_old_variants(&mut table, &settings, &shape);
    for setting in &settings {
        set(&mut table, setting, &shape).map_err(mistake)?;
    }
    complete(&mut table);
    let mut value = Value::Table(table);
    number::settle(&shape, &mut value);
    let Value::Table(table) = value else {
        return Err(ConfigError::Toml("it is no table".to_owned()));
    };
    check(&shape, &table).map_err(mistake)?;
    let config = table.try_into();
    config.map_err(|error: toml::de::Error| ConfigError::Toml(error.message().to_owned()))
}

/// What was given with `--set`, read.
pub(super) fn parse_all(overrides: &[String]) -> Result<Vec<Setting>, ConfigError> {
    overrides.iter().map(|given| parse(given)).collect()
}

/// Reads `key.path=value`. A value that is no TOML is taken as a string, so that `model.arch=llama`
/// needs no quotes.
fn parse(given: &str) -> Result<Setting, ConfigError> {
    let problem = |reason: &str| ConfigError::Override {
        given: shown(given),
        reason: reason.to_owned(),
    };
    let (path, text) = given
        .split_once('=')
        .ok_or_else(|| problem("there is no ="))?;
    if path.trim().is_empty() {
        return Err(problem("there is no key"));
    }
    let parsed = toml::from_str::<Table>(&format!("value = {text}")).ok();
    // More than the value would be a second assignment behind a line break.
    let parsed = parsed.filter(|table| table.len() == 1);
    let value = parsed.and_then(|mut table| table.remove("value"));
    Ok(Setting {
        given: given.to_owned(),
        path: KeyPath::of_keys(path.split('.').map(str::trim)).current(),
        value: value.unwrap_or_else(|| Value::String(text.to_owned())),
    })
}

/// Sets a key, which the configuration must know; tables on the way are made.
fn set(table: &mut Table, setting: &Setting, shape: &Shape) -> Result<(), Mistake> {
    let path = &setting.path;
    if let Some(array) = array_on_the_way(path, shape) {
        return Err(Mistake {
            at: path.clone(),
            error: ConfigError::IntoArray { array },
        });
    }
    let Some((tables, last)) = path.split_last().filter(|_| shape.at(&path.0).is_some()) else {
        return Err(unknown(shape, path));
    };
    let mut table = table;
    let mut here = KeyPath::default();
    for step in tables.0 {
        here = here.then(step);
        let Some((_, key)) = here.split_last() else {
            break;
        };
        let inner = match table.entry(key) {
            Entry::Vacant(entry) => entry.insert(Value::Table(Table::new())),
            Entry::Occupied(entry) => entry.into_mut(),
        };
        match inner {
            Value::Table(inner) => table = inner,
            other => return Err(mistyped(&here, other, "a table".to_owned())),
        }
    }
    let value = match (&setting.value, shape.at(&path.0)) {
        (Value::String(text), Some(Shape::Number | Shape::Whole)) => loose(text).map(Value::Float),
        _ => None,
    };
    table.insert(
        last.to_owned(),
        value.unwrap_or_else(|| setting.value.clone()),
    );
    Ok(())
}

/// The array that `path` tries to point into.
fn array_on_the_way(path: &KeyPath, shape: &Shape) -> Option<String> {
    let mut way = KeyPath::default();
    for (k, step) in path.0.iter().enumerate() {
        let Step::Key(key) = step else {
            return None;
        };
        let (name, rest) = key
            .split_once('[')
            .map_or((key.as_str(), None), |(name, rest)| (name, Some(rest)));
        way = way.key(name);
        let is_array = matches!(shape.at(&way.0)?, Shape::List(_));
        if is_array && (rest.is_some() || k + 1 < path.0.len()) {
            return Some(way.to_string());
        }
    }
    None
}

/// Where `--set` changes what the keys of a table depend on (`world.frequency.law`), drops those keys
/// of the file that belonged to the old choice and do not belong to the new one.
fn forget_old_variants(table: &mut Table, settings: &[Setting], shape: &Shape) {
    for setting in settings {
        let Some((parent, last)) = setting.path.split_last() else {
            continue;
        };
        let (Some(Shape::Tagged { tag, variants }), Some(table)) =
            (shape.at(&parent.0), parent.table_in(table))
        else {
            continue;
        };
        // Of several settings of it the last one counts.
        let mut same = settings.iter().rev().filter(|s| s.path == setting.path);
        let new = same.next().and_then(|setting| setting.value.as_str());
        let fields_of = |name: Option<&str>| {
            let variant = variants
                .iter()
                .find(|(known, _)| Some(known.as_str()) == name);
            variant.map(|(_, fields)| fields)
        };
        let old = table.get(&tag.name).and_then(Value::as_str);
        if let (Some(old), Some(new)) = (fields_of(old), fields_of(new))
            && last == tag.name
        {
            table.retain(|key, _| find(old, key).is_none() || find(new, key).is_some());
        }
    }
}
