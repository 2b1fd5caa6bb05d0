//! A TOML document as a tree to cut at.

use toml::{Table, Value};

/// One step into the tree.
#[derive(Debug, Clone, PartialEq)]
pub enum Way {
    Key(String),
    Item(usize),
}

/// Every node but the root, tables and arrays included.
pub fn leaves(tree: &Value) -> Vec<Vec<Way>> {
    let mut found = Vec::new();
    collect(tree, &mut Vec::new(), &mut found);
    found
}

fn collect(tree: &Value, way: &mut Vec<Way>, found: &mut Vec<Vec<Way>>) {
    let mut visit = |step: Way, inner: &Value| {
        way.push(step);
        found.push(way.clone());
        // A list of thousands is one node.
        if found.len() < 200 {
            collect(inner, way, found);
        }
        way.pop();
    };
    match tree {
        Value::Table(table) => table
            .iter()
            .for_each(|(k, v)| visit(Way::Key(k.clone()), v)),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(k, item)| visit(Way::Item(k), item));
        }
        _ => {}
    }
}

/// Whether the way ends at an item of an array.
pub fn is_list(way: &[Way]) -> bool {
    matches!(way.last(), Some(Way::Item(_)))
}

/// The key as messages write it.
pub fn show(way: &[Way]) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let mut text = String::new();
    for step in way {
        match step {
            Way::Item(item) => text.push_str(&format!("[{item}]")),
            Way::Key(key) => {
                if !text.is_empty() {
                    text.push('.');
                }
                if !key.is_empty() && key.chars().all(is_bare) {
                    text.push_str(key);
                } else {
                    text.push_str(&format!("{key:?}"));
                }
            }
        }
    }
    text
}

/// Puts `value` there, and tables on the way where there are none.
pub fn replace(tree: &mut Value, way: &[Way], value: Value) {
    let Some((step, rest)) = way.split_first() else {
        *tree = value;
        return;
    };
    match (step, tree) {
        (Way::Item(item), Value::Array(items)) => {
            if let Some(inner) = items.get_mut(*item) {
                replace(inner, rest, value);
            }
        }
        (Way::Key(key), tree) => {
            if !tree.is_table() {
                *tree = Value::Table(Table::new());
            }
            let empty = Value::Table(Table::new());
            if let Value::Table(table) = tree {
                replace(table.entry(key.clone()).or_insert(empty), rest, value);
            }
        }
        _ => {}
    }
}

/// Takes the node out.
pub fn delete(tree: &mut Value, way: &[Way]) {
    match (parent(tree, way), way.last()) {
        (Some(Value::Table(table)), Some(Way::Key(key))) => drop(table.remove(key)),
        (Some(Value::Array(items)), Some(Way::Item(item))) => drop(items.remove(*item)),
        _ => {}
    }
}

/// Gives the node another key.
pub fn rename(tree: &mut Value, way: &[Way], name: &str) {
    if let (Some(Value::Table(table)), Some(Way::Key(key))) = (parent(tree, way), way.last())
        && let Some(value) = table.remove(key)
    {
        table.insert(name.to_owned(), value);
    }
}

fn parent<'a>(tree: &'a mut Value, way: &[Way]) -> Option<&'a mut Value> {
    let (_, way) = way.split_last()?;
    way.iter().try_fold(tree, |tree, step| match step {
        Way::Key(key) => tree.get_mut(key.as_str()),
        Way::Item(item) => tree.get_mut(item),
    })
}
