//! The dotted path of a key, as a user writes it: `train.learning_rate`, `world.relations[1].name`.

use std::fmt::{self, Display, Formatter};

use toml::{Table, Value};

use kolmo_world::shown;

/// Steps of a path that a message shows: more than any key has.
const MOST_SHOWN: usize = 10;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Into a table.
    Key(String),
    /// Into an array.
    Item(usize),
}

/// Where a value is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct KeyPath(pub Vec<Step>);

impl KeyPath {
    /// The path that the messages of the checks write, such as `world.relations[1].name`.
    pub fn parse(text: &str) -> Self {
        let mut steps = Vec::new();
        for part in text.split('.') {
            let mut pieces = part.split('[');
            steps.extend(pieces.next().map(|key| Step::Key(key.to_owned())));
            let numbers = pieces.filter_map(|piece| piece.strip_suffix(']')?.parse().ok());
            steps.extend(numbers.map(Step::Item));
        }
        Self(steps)
    }

    /// The path of nested tables.
    pub fn of_keys<'a>(keys: impl IntoIterator<Item = &'a str>) -> Self {
        let keys = keys.into_iter().map(|key| Step::Key(key.to_owned()));
        Self(keys.collect())
    }

    /// The path one step further.
    pub fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// The path to a key of the table here.
    pub fn key(&self, key: &str) -> Self {
        self.then(Step::Key(key.to_owned()))
    }

    /// Whether the other path leads here or further.
    pub fn leads_to(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// The path without its last key, and that key.
    pub fn split_last(&self) -> Option<(Self, &str)> {
        match self.0.split_last() {
            Some((Step::Key(last), rest)) => Some((Self(rest.to_vec()), last)),
            _ => None,
        }
    }

    /// The table there, if there is one.
    pub fn table_in<'a>(&self, table: &'a mut Table) -> Option<&'a mut Table> {
        self.0.iter().try_fold(table, |table, step| match step {
            Step::Key(key) => table.get_mut(key).and_then(Value::as_table_mut),
            Step::Item(_) => None,
        })
    }
}

impl Display for KeyPath {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let is_bare = |key: &str| {
            let inside = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            !key.is_empty() && key.chars().all(inside)
        };
        for (k, step) in self.0.iter().enumerate() {
            if k == MOST_SHOWN {
                return f.write_str("...");
            }
            match step {
                Step::Key(key) => {
                    let dot = if k == 0 { "" } else { "." };
                    let key = shown(key);
                    if is_bare(&key) {
                        write!(f, "{dot}{key}")?;
                    } else {
                        write!(f, "{dot}{key:?}")?;
                    }
                }
                Step::Item(item) => write!(f, "[{item}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_as_it_is_written() {
        for text in ["seed", "world.relations[12].name", "world.names.pools[0]"] {
            assert_eq!(KeyPath::parse(text).to_string(), text);
        }
        let odd = KeyPath::of_keys(["train", "a.b", "", "é\n"]);
        assert_eq!(odd.to_string(), r#"train."a.b".""."é\n""#);
    }
}
