//! The columns of `facts.parquet`: names, order, types and units. A public interface.

use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::errors::Result;
use parquet::schema::types::{Type, TypePtr};

/// The key of the file's metadata that has the world's relations, as a JSON list of names.
pub(super) const RELATIONS_KEY: &str = "relations";

/// The column that holds names, not indices.
pub(super) const RELATION: &str = "relation";

/// What a column holds.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// 64 bits, unsigned.
    Count,
    /// UTF-8.
    Name,
    /// 64-bit float.
    Number,
    /// True or false.
    Flag,
}

impl Kind {
    pub(super) fn physical(self) -> Physical {
        match self {
            Kind::Count => Physical::INT64,
            Kind::Name => Physical::BYTE_ARRAY,
            Kind::Number => Physical::DOUBLE,
            Kind::Flag => Physical::BOOLEAN,
        }
    }

    fn logical(self) -> Option<LogicalType> {
        match self {
            Kind::Count => Some(LogicalType::integer(64, false)),
            Kind::Name => Some(LogicalType::String),
            Kind::Number | Kind::Flag => None,
        }
    }
}

/// Name, kind, and meaning with unit; the meaning goes into the file's metadata under the name.
pub(super) const COLUMNS: [(&str, Kind, &str); 13] = [
    (
        "step",
        Kind::Count,
        "optimizer steps taken before the evaluation",
    ),
    (
        "documents",
        Kind::Count,
        "documents seen before the evaluation",
    ),
    (
        "subject",
        Kind::Count,
        "rank of the subject, 1 = most frequent",
    ),
    (RELATION, Kind::Name, "name of the relation"),
    (
        "probability",
        Kind::Number,
        "probability that a draw states this fact",
    ),
    (
        "exposures",
        Kind::Count,
        "times the fact was seen in training so far",
    ),
    (
        "loss_nats",
        Kind::Number,
        "nats, summed over the value's tokens",
    ),
    (
        "correct",
        Kind::Flag,
        "the most likely answer is the right one",
    ),
    (
        "answer_valid",
        Kind::Flag,
        "the most likely answer is a value of the right relation",
    ),
    (
        "confidence",
        Kind::Number,
        "the model's probability of its most likely answer, 0 to 1",
    ),
    (
        "stands_for",
        Kind::Count,
        "facts of its frequency class that it stands for",
    ),
    (
        "share",
        Kind::Number,
        "share of all facts stated that it stands for; 1 in sum over an evaluation",
    ),
    (
        "name_loss_nats",
        Kind::Number,
        "nats, summed over the tokens of the subject's name in the sentence that asks",
    ),
];

/// The Parquet schema: every column required.
pub(super) fn schema() -> Result<TypePtr> {
    let columns = COLUMNS
        .iter()
        .map(|&(name, kind, _)| {
            Type::primitive_type_builder(name, kind.physical())
                .with_repetition(Repetition::REQUIRED)
                .with_logical_type(kind.logical())
                .build()
                .map(Arc::new)
        })
        .collect::<Result<Vec<_>>>()?;
    Type::group_type_builder("facts")
        .with_fields(columns)
        .build()
        .map(Arc::new)
}
