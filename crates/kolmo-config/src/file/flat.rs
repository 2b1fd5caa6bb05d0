//! The keys of a table and of the tables in it.

use toml::{Table, Value};

/// Every key of `table`, dotted, with its value, in the order of the table.
pub fn flat(table: &Table) -> Vec<(String, Value)> {
    fn walk(prefix: &str, table: &Table, into: &mut Vec<(String, Value)>) {
        for (key, value) in table {
            let key = match prefix {
                "" => key.clone(),
                prefix => format!("{prefix}.{key}"),
            };
            match value {
                Value::Table(table) => walk(&key, table, into),
                value => into.push((key, value.clone())),
            }
        }
    }
    let mut keys = Vec::new();
    walk("", table, &mut keys);
    keys
}
