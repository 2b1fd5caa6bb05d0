//! The formats and the splits, and what their files are called.

use kolmo_world::stream::VALIDATION_FIRST;
use serde::{Deserialize, Serialize};

/// How documents are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// One JSON object a document, one a line: see [`Record`](crate::Record).
    Jsonl,
    /// The same as columns, in files of a fixed number of documents.
    Parquet,
    /// Token ids alone, one document after another, each ended by its end-of-document token.
    Bin,
}

impl Format {
    /// The name used in files and on the command line, which is also how the files end.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Parquet => "parquet",
            Self::Bin => "bin",
        }
    }
}

/// Part of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// To be trained on: documents 0, 1, 2, ...
    Train,
    /// To be measured on: documents from [`VALIDATION_FIRST`] on.
    Val,
}

impl Split {
    /// Both, in the order in which they are written.
    pub const ALL: [Self; 2] = [Self::Train, Self::Val];

    /// How the names of its files begin: `train`, `val`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Val => "val",
        }
    }

    /// Index of its first document.
    pub fn first(self) -> u64 {
        match self {
            Self::Train => 0,
            Self::Val => VALIDATION_FIRST,
        }
    }

    /// The one file of a format that has one a split: `train.jsonl`.
    pub(crate) fn file(self, format: Format) -> String {
        format!("{}.{}", self.name(), format.name())
    }

    /// A file of a format that has many a split: `train-00000.parquet`.
    pub(crate) fn part(self, format: Format, number: u64) -> String {
        format!("{}-{number:05}.{}", self.name(), format.name())
    }

    /// Whether `name` is one that [`part`](Self::part) gives.
    pub(crate) fn is_part(self, format: Format, name: &str) -> bool {
        let digits = name
            .strip_prefix(self.name())
            .and_then(|rest| rest.strip_prefix('-'))
            .and_then(|rest| rest.strip_suffix(format.name()))
            .and_then(|rest| rest.strip_suffix('.'));
        digits.is_some_and(|digits| {
            digits.len() >= 5 && digits.bytes().all(|byte| byte.is_ascii_digit())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_known_by_their_names() {
        for number in [0, 7, 99_999, 1_234_567] {
            let name = Split::Val.part(Format::Parquet, number);
            assert!(Split::Val.is_part(Format::Parquet, &name), "{name}");
            assert!(!Split::Train.is_part(Format::Parquet, &name), "{name}");
        }
        assert_eq!(Split::Train.part(Format::Parquet, 3), "train-00003.parquet");
        for name in [
            "train.parquet",
            "train-.parquet",
            "train-0001.parquet",
            "train-mine.parquet",
            "train-00001.jsonl",
            "train-00001.parquet.bak",
        ] {
            assert!(!Split::Train.is_part(Format::Parquet, name), "{name}");
        }
    }
}
