//! Keys that had another name in earlier versions. They are read as before; who gave them learns the new name.

use toml::{Table, Value};

use super::{
    check::Mistake,
    key::{KeyPath, Step},
    place::line_of,
};
use kolmo_world::shown;

use crate::error::{ConfigError, Place};

/// Old names and new ones; no array is on the way to either.
const MOVED: [(&str, &str); 4] = [
    ("train.weight_decay", "train.optimizer.weight_decay"),
    ("train.beta_1", "train.optimizer.beta_1"),
    ("train.beta_2", "train.optimizer.beta_2"),
    ("train.epsilon", "train.optimizer.epsilon"),
];

fn moved(key: &str) -> Option<(&'static str, &'static str)> {
    MOVED.into_iter().find(|(old, _)| *old == key)
}

/// The name that the key `key`, dotted, has now.
pub fn current_name(key: &str) -> &str {
    moved(key).map_or(key, |(_, new)| new)
}

/// A line about each old key of a configuration made of `text` and `overrides`: where it was given, and its name now.
pub fn old_keys(text: &str, overrides: &[String]) -> Vec<String> {
    let given = MOVED.iter().flat_map(|(old, new)| {
        let sets = |given: &&String| {
            given
                .split_once('=')
                .is_some_and(|(key, _)| key.trim() == *old)
        };
        let set = overrides.iter().filter(sets);
        let set = set.map(|given| Place::Override(shown(given)));
        let places = line_of(text, &KeyPath::parse(old)).into_iter().chain(set);
        places.map(move |place| format!("{place}: {}", is_now(old, new)))
    });
    given.collect()
}

/// What is said of the key `key`, dotted, if that is an old name.
pub fn renamed(key: &str) -> Option<String> {
    moved(key).map(|(old, new)| is_now(old, new))
}

fn is_now(old: &str, new: &str) -> String {
    format!("{old} is {new} now; the old name is still read")
}

impl KeyPath {
    /// The path to what is there under this name now.
    pub fn current(self) -> Self {
        let moved = MOVED.iter().find(|(old, _)| Self::parse(old) == self);
        moved.map_or(self, |(_, new)| Self::parse(new))
    }
}

/// Gives the old keys of `table` their names of now.
pub(super) fn rename(table: &mut Table) -> Result<(), Mistake> {
    for (old_name, new_name) in MOVED {
        let (old, new) = (KeyPath::parse(old_name), KeyPath::parse(new_name));
        let (Some((from, old)), Some((to, new))) = (old.split_last(), new.split_last()) else {
            continue;
        };
        let given = from.table_in(table);
        let Some(value) = given.and_then(|from| from.get(old)).cloned() else {
            continue;
        };
        if let Some(from) = from.table_in(table) {
            from.remove(old);
        }
        // What is no table is refused with all other values.
        let Some(to) = make(&to, table) else {
            continue;
        };
        if to.contains_key(new) {
            return Err(Mistake {
                at: KeyPath::parse(old_name),
                error: ConfigError::Unknown {
                    key: old_name.to_owned(),
                    hint: format!("; it is {new_name} now, which is given as well"),
                },
            });
        }
        to.insert(new.to_owned(), value);
    }
    Ok(())
}

/// The table at `path` of `table`, made if it is not there.
fn make<'a>(path: &KeyPath, table: &'a mut Table) -> Option<&'a mut Table> {
    path.0.iter().try_fold(table, |table, step| match step {
        Step::Key(key) => {
            let empty = || Value::Table(Table::new());
            table.entry(key).or_insert_with(empty).as_table_mut()
        }
        Step::Item(_) => None,
    })
}
