//! The columns of a Parquet file: names, order, types and meaning. A public interface.

use std::sync::Arc;

use parquet::{
    basic::{Compression, ZstdLevel},
    errors::Result,
    file::{metadata::KeyValue, properties::WriterProperties},
    schema::{
        parser::parse_message_type,
        types::{ColumnPath, TypePtr},
    },
};

/// Every column is required, and so is every element of a list.
const SCHEMA: &str = "message documents {
    required int64 document (INTEGER(64, false));
    required binary text (STRING);
    required group tokens (LIST) { repeated group list { required int32 element (INTEGER(32, false)); } }
    required group roles (LIST) { repeated group list { required binary element (STRING); } }
    required group subjects (LIST) { repeated group list { required int64 element (INTEGER(64, false)); } }
    required group relations (LIST) { repeated group list { required binary element (STRING); } }
    required group values (LIST) { repeated group list { required binary element (STRING); } }
}";

/// What a column holds; goes into the file's metadata under the column's name.
const MEANINGS: [(&str, &str); 7] = [
    ("document", "index of the document in its split"),
    ("text", "its words, without the end of the document"),
    (
        "tokens",
        "token ids, the last one that of the end of the document",
    ),
    ("roles", "role of each token: syntax, subject, value, eos"),
    (
        "subjects",
        "of each fact stated, rank of its subject, 1 = most frequent",
    ),
    ("relations", "of each fact stated, name of its relation"),
    ("values", "of each fact stated, its value"),
];

/// Lists whose elements repeat. Elsewhere a dictionary costs more than it saves.
const REPETITIVE: [&str; 5] = ["tokens", "roles", "subjects", "relations", "values"];

/// The Parquet schema.
pub(super) fn schema() -> Result<TypePtr> {
    parse_message_type(SCHEMA).map(Arc::new)
}

/// How the columns are written.
pub(super) fn properties() -> WriterProperties {
    let meanings =
        MEANINGS.map(|(name, meaning)| KeyValue::new(name.to_owned(), meaning.to_owned()));
    let properties = WriterProperties::builder()
        .set_created_by(concat!("kolmo ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_key_value_metadata(Some(meanings.to_vec()))
        .set_dictionary_enabled(false);
    let element =
        |name: &str| ColumnPath::new([name, "list", "element"].map(str::to_owned).to_vec());
    REPETITIVE
        .iter()
        .fold(properties, |properties, name| {
            properties.set_column_dictionary_enabled(element(name), true)
        })
        .build()
}
