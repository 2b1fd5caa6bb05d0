//! The columns of `facts.parquet`: names, order, types, units, and where a row has their values. A public interface.
//!
//! This is the one list of them: who writes, reads or hashes a table goes through it.

use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::errors::Result;
use parquet::schema::types::{Type, TypePtr};

use super::FactRow;

/// The key of the file's metadata that has the world's relations, as a JSON list of names.
pub(super) const RELATIONS_KEY: &str = "relations";

/// A column.
pub(super) struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub field: Field,
    /// Whether a value often stands in many rows: a dictionary of it saves more than it costs.
    pub repeats: bool,
    /// Meaning and unit: the file's metadata has it under the name.
    pub meaning: &'static str,
}

/// The value of a row that a column holds, by its type.
#[derive(Clone, Copy)]
pub(super) enum Field {
    /// 64 bits, unsigned.
    Count(fn(&mut FactRow) -> &mut u64),
    /// UTF-8: the name of the relation, whose index the row has.
    Name(fn(&mut FactRow) -> &mut u32),
    /// 64-bit float.
    Number(fn(&mut FactRow) -> &mut f64),
    /// True or false.
    Flag(fn(&mut FactRow) -> &mut bool),
}

/// The value that `of` leads to.
pub(super) fn value<T: Copy>(mut row: FactRow, of: fn(&mut FactRow) -> &mut T) -> T {
    *of(&mut row)
}

impl Field {
    pub(super) fn physical(self) -> Physical {
        match self {
            Self::Count(_) => Physical::INT64,
            Self::Name(_) => Physical::BYTE_ARRAY,
            Self::Number(_) => Physical::DOUBLE,
            Self::Flag(_) => Physical::BOOLEAN,
        }
    }

    fn logical(self) -> Option<LogicalType> {
        match self {
            Self::Count(_) => Some(LogicalType::integer(64, false)),
            Self::Name(_) => Some(LogicalType::String),
            Self::Number(_) | Self::Flag(_) => None,
        }
    }

    /// The bits of its value in `row`.
    pub(super) fn bits(self, row: FactRow) -> u64 {
        match self {
            Self::Count(of) => value(row, of),
            Self::Name(of) => u64::from(value(row, of)),
            Self::Number(of) => value(row, of).to_bits(),
            Self::Flag(of) => u64::from(value(row, of)),
        }
    }
}

/// All of them, in their order.
pub(super) const COLUMNS: [Column; 13] = [
    Column {
        name: "step",
        field: Field::Count(|row| &mut row.step),
        repeats: true,
        meaning: "optimizer steps taken before the evaluation",
    },
    Column {
        name: "documents",
        field: Field::Count(|row| &mut row.documents),
        repeats: true,
        meaning: "documents seen before the evaluation",
    },
    Column {
        name: "subject",
        field: Field::Count(|row| &mut row.subject),
        repeats: false,
        meaning: "rank of the subject, 1 = most frequent",
    },
    Column {
        name: "relation",
        field: Field::Name(|row| &mut row.relation),
        repeats: true,
        meaning: "name of the relation",
    },
    Column {
        name: "probability",
        field: Field::Number(|row| &mut row.probability),
        repeats: false,
        meaning: "probability that a draw states this fact",
    },
    Column {
        name: "exposures",
        field: Field::Count(|row| &mut row.exposures),
        repeats: false,
        meaning: "times the fact was seen in training so far",
    },
    Column {
        name: "loss_nats",
        field: Field::Number(|row| &mut row.loss_nats),
        repeats: false,
        meaning: "nats, summed over the value's tokens",
    },
    Column {
        name: "correct",
        field: Field::Flag(|row| &mut row.correct),
        repeats: false,
        meaning: "the most likely answer is the right one",
    },
    Column {
        name: "answer_valid",
        field: Field::Flag(|row| &mut row.answer_valid),
        repeats: false,
        meaning: "the most likely answer is a value of the right relation",
    },
    Column {
        name: "confidence",
        field: Field::Number(|row| &mut row.confidence),
        repeats: false,
        meaning: "the model's probability of its most likely answer, 0 to 1",
    },
    Column {
        name: "stands_for",
        field: Field::Count(|row| &mut row.stands_for),
        repeats: false,
        meaning: "facts of its frequency class that it stands for",
    },
    Column {
        name: "share",
        field: Field::Number(|row| &mut row.share),
        repeats: false,
        meaning: "share of all facts stated that it stands for; 1 in sum over an evaluation",
    },
    Column {
        name: "name_loss_nats",
        field: Field::Number(|row| &mut row.name_loss_nats),
        repeats: false,
        meaning: "nats, summed over the tokens of the subject's name in the sentence that asks",
    },
];

/// The Parquet schema: every column required.
pub(super) fn schema() -> Result<TypePtr> {
    let columns = COLUMNS
        .iter()
        .map(|Column { name, field, .. }| {
            Type::primitive_type_builder(name, field.physical())
                .with_repetition(Repetition::REQUIRED)
                .with_logical_type(field.logical())
                .build()
                .map(Arc::new)
        })
        .collect::<Result<Vec<_>>>()?;
    Type::group_type_builder("facts")
        .with_fields(columns)
        .build()
        .map(Arc::new)
}
