//! Where a mistake comes from: a line of the file, or a `--set`.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    key::{KeyPath, Step},
    read::{Setting, parse_all},
};
use kolmo_world::shown;

use crate::error::{ConfigError, Place};

/// `error`, of a configuration made of `text` and `overrides`, with the place that its key was given at.
pub(crate) fn find(text: &str, overrides: &[String], error: ConfigError) -> ConfigError {
    // Reading said it already of what it refused.
    if matches!(error, ConfigError::At { .. }) {
        return error;
    }
    let settings = parse_all(overrides).unwrap_or_default();
    let sources = Sources::new(text, &settings);
    // A check of a sum names all of its keys: any that was given will do.
    let keys = error.key().unwrap_or_default().split(" + ");
    let mut paths = keys.map(KeyPath::parse);
    match paths.find(|path| sources.place(path).is_some()) {
        Some(path) => sources.placed(&path, error),
        None => error,
    }
}

/// What a configuration was read from.
pub(super) struct Sources<'a> {
    text: &'a str,
    settings: &'a [Setting],
}

impl<'a> Sources<'a> {
    pub fn new(text: &'a str, settings: &'a [Setting]) -> Self {
        Self { text, settings }
    }

    /// `error` with the place that `at` was given at, if it was given.
    pub fn placed(&self, at: &KeyPath, error: ConfigError) -> ConfigError {
        match self.place(at) {
            Some(place) => ConfigError::At {
                place,
                error: Box::new(error),
            },
            None => error,
        }
    }

    /// Where `at` was given, under this name or an old one.
    fn place(&self, at: &KeyPath) -> Option<Place> {
        let last = |such: &dyn Fn(&Setting) -> bool| {
            let found = self.settings.iter().rev().find(|setting| such(setting));
            found.map(|setting| Place::Override(shown(&setting.given)))
        };
        let in_text = || {
            let entries = entries(self.text);
            let is_it = |entry: &&Entry| entry.path == *at || entry.path.clone().current() == *at;
            let entry = entries.iter().find(is_it)?;
            Some(Place::Line(line(self.text, entry.key.start)))
        };
        last(&|setting| setting.path.leads_to(at))
            .or_else(in_text)
            .or_else(|| last(&|setting| at.leads_to(&setting.path)))
    }
}

/// The line of the key `at` of `text`, under that name.
pub(super) fn line_of(text: &str, at: &KeyPath) -> Option<Place> {
    let entries = entries(text);
    let entry = entries.iter().find(|entry| entry.path == *at)?;
    Some(Place::Line(line(text, entry.key.start)))
}

/// A key or an item of an array in the text.
struct Entry {
    path: KeyPath,
    /// Where its name is; of an item where it begins.
    key: Range<usize>,
    value: Range<usize>,
}

/// All keys of the text, as far as it can be read.
fn entries(text: &str) -> Vec<Entry> {
    let (table, _) = DeTable::parse_recoverable(text);
    let mut entries = Vec::new();
    collect_table(table.get_ref(), &KeyPath::default(), &mut entries);
    entries
}

fn collect_table(table: &DeTable<'_>, at: &KeyPath, entries: &mut Vec<Entry>) {
    for (key, value) in table {
        collect(value, at.key(key.get_ref()), key.span(), entries);
    }
}

fn collect(value: &Spanned<DeValue<'_>>, path: KeyPath, key: Range<usize>, into: &mut Vec<Entry>) {
    into.push(Entry {
        path: path.clone(),
        key,
        value: value.span(),
    });
    match value.get_ref() {
        DeValue::Table(table) => collect_table(table, &path, into),
        DeValue::Array(values) => {
            for (k, value) in values.iter().enumerate() {
                collect(value, path.then(Step::Item(k)), value.span(), into);
            }
        }
        _ => {}
    }
}

/// The line, from 1, of the byte at `offset`.
fn line(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    1 + before.filter(|byte| **byte == b'\n').count()
}

/// An error of the TOML parser, with its line and the key it is about.
pub(super) fn explain(text: &str, error: &toml::de::Error) -> ConfigError {
    let message = match error.message().trim_end() {
        deep if deep.contains("recurs") => "tables or arrays are nested too deeply",
        // .5 and 5. are numbers to most other programs.
        short if short.contains("invalid mantissa") || short.contains("invalid fraction") => {
            "a number begins and ends with a digit, as 0.5 and 5.0 do"
        }
        message => message,
    };
    let Some(span) = error.span() else {
        return ConfigError::Toml(message.to_owned());
    };
    let entries = entries(text);
    let number = line(text, span.start);
    let place = Place::Line(number);
    // A text that is TOML, but has a number that a table cannot hold.
    let holds = |entry: &&Entry| entry.value == span;
    let error = match entries.iter().find(holds) {
        Some(entry) if DeTable::parse(text).is_ok() => ConfigError::Invalid {
            key: entry.path.to_string(),
            value: shown(text.get(span).unwrap_or_default()),
            valid: "a number that fits in 64 bits".to_owned(),
        },
        _ => {
            let key = key_at(text, &entries, &span, message);
            let key = key.map(|key| format!("{key}: ")).unwrap_or_default();
            let source = text.lines().nth(number - 1).unwrap_or_default();
            ConfigError::Toml(format!("{key}{message}, in: {}", shown(source.trim())))
        }
    };
    ConfigError::At {
        place,
        error: Box::new(error),
    }
}

/// The key that an error at `span` is about.
fn key_at<'a>(
    text: &str,
    entries: &'a [Entry],
    span: &Range<usize>,
    message: &str,
) -> Option<&'a KeyPath> {
    let name = text.get(span.clone()).unwrap_or_default();
    let is_named =
        |entry: &&Entry| matches!(entry.path.0.last(), Some(Step::Key(key)) if key == name);
    let before = entries.iter().filter(|entry| entry.key.start <= span.start);
    if message.starts_with("duplicate key") {
        // The first one of the two is the last one of that name so far.
        return before
            .filter(is_named)
            .max_by_key(|e| e.key.start)
            .map(|e| &e.path);
    }
    let around = |entry: &&Entry| entry.key.end.max(entry.value.end) >= span.start;
    let inner = before.filter(around).max_by_key(|entry| entry.key.start);
    inner.map(|entry| &entry.path)
}
