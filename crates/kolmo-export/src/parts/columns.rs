//! A row group: documents in, columns out.

use std::io::Write;

use kolmo_world::Role;
use parquet::{
    data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type},
    errors::{ParquetError, Result},
    file::writer::{SerializedFileWriter, SerializedRowGroupWriter},
};

use crate::record::Record;

/// The documents of a row group, column by column.
pub(super) struct Columns {
    document: Vec<i64>,
    text: Vec<ByteArray>,
    tokens: List<i32>,
    roles: List<ByteArray>,
    subjects: List<i64>,
    relations: List<ByteArray>,
    values: List<ByteArray>,
    role_names: [ByteArray; Role::ALL.len()],
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            document: Vec::new(),
            text: Vec::new(),
            tokens: List::default(),
            roles: List::default(),
            subjects: List::default(),
            relations: List::default(),
            values: List::default(),
            role_names: Role::ALL.map(|role| ByteArray::from(role.name())),
        }
    }
}

impl Columns {
    /// Documents in memory.
    pub fn documents(&self) -> usize {
        self.document.len()
    }

    /// Adds a document.
    pub fn push(&mut self, record: &Record<'_>) {
        // Parquet has no unsigned physical type: the bits are kept, the logical type says how to
        // read them.
        self.document.push(record.index.cast_signed());
        self.text.push(text(&record.text()));
        let tokens = record.document.tokens.iter();
        self.tokens.push(tokens.map(|token| token.cast_signed()));
        let roles = record.document.roles.iter();
        self.roles
            .push(roles.map(|role| self.role_names[*role as usize].clone()));
        self.subjects
            .push(record.facts().map(|fact| fact.subject.cast_signed()));
        self.relations
            .push(record.facts().map(|fact| ByteArray::from(fact.relation)));
        self.values
            .push(record.facts().map(|fact| text(&fact.value)));
    }

    /// Writes the documents as a row group, and forgets them. The calls follow the order of the
    /// schema.
    pub fn write<W: Write + Send>(&mut self, file: &mut SerializedFileWriter<W>) -> Result<()> {
        let mut group = file.next_row_group()?;
        write_column::<Int64Type, _>(&mut group, &self.document, None)?;
        write_column::<ByteArrayType, _>(&mut group, &self.text, None)?;
        self.tokens.write::<Int32Type, _>(&mut group)?;
        self.roles.write::<ByteArrayType, _>(&mut group)?;
        self.subjects.write::<Int64Type, _>(&mut group)?;
        self.relations.write::<ByteArrayType, _>(&mut group)?;
        self.values.write::<ByteArrayType, _>(&mut group)?;
        group.close()?;
        self.document.clear();
        self.text.clear();
        Ok(())
    }
}

fn text(words: &impl ToString) -> ByteArray {
    ByteArray::from(words.to_string().into_bytes())
}

/// A column of lists, none of them empty: a document has tokens and states facts.
struct List<T> {
    elements: Vec<T>,
    /// 0 where a list begins, 1 within it.
    repetition: Vec<i16>,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self {
            elements: Vec::new(),
            repetition: Vec::new(),
        }
    }
}

impl<T> List<T> {
    /// Adds a list.
    fn push(&mut self, list: impl Iterator<Item = T>) {
        let begins = self.elements.len();
        self.elements.extend(list);
        self.repetition.resize(self.elements.len(), 1);
        if let Some(first) = self.repetition.get_mut(begins) {
            *first = 0;
        }
    }

    /// Writes the lists, and forgets them.
    fn write<D: DataType<T = T>, W: Write + Send>(
        &mut self,
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<()> {
        write_column::<D, W>(group, &self.elements, Some(&self.repetition))?;
        self.elements.clear();
        self.repetition.clear();
        Ok(())
    }
}

fn write_column<D: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[D::T],
    repetition: Option<&[i16]>,
) -> Result<()> {
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General(
            "more columns than the schema has".to_owned(),
        ));
    };
    // A value that is there lies one level down in a list.
    let definition = repetition.map(|levels| vec![1; levels.len()]);
    column
        .typed::<D>()
        .write_batch(values, definition.as_deref(), repetition)?;
    column.close()
}
