//! The stream of documents 0, 1, 2, ... and batches of it in the shape a model reads.

use crate::{
    document::{Document, Fact, Role},
    vocabulary::{EOS, Token},
    world::World,
};

/// Documents side by side, one a row, each padded to the same length.
///
/// A row of inputs is the end-of-document token and the document without its last token; the targets
/// are the document itself. Beyond its end a row has [`EOS`] as input and target and no role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// Rows.
    pub rows: usize,
    /// Positions of a row.
    pub length: usize,
    /// Tokens read, `[rows, length]`.
    pub inputs: Vec<Token>,
    /// Tokens to predict, `[rows, length]`.
    pub targets: Vec<Token>,
    /// Role of each target, none beyond the end of a row, `[rows, length]`.
    pub roles: Vec<Option<Role>>,
    /// Facts stated, in the order of the rows.
    pub facts: Vec<Fact>,
    /// Tokens to predict that count: those with a role.
    pub tokens: u64,
}

impl Batch {
    /// An empty batch whose rows have `length` positions; longer documents are cut.
    pub fn new(length: usize) -> Self {
        Self {
            length,
            ..Self::default()
        }
    }

    /// Adds a row.
    pub fn push(&mut self, document: &Document) {
        let count = document.tokens.len().min(self.length);
        let end = (self.rows + 1) * self.length;
        self.inputs.push(EOS);
        self.inputs
            .extend(&document.tokens[..count.saturating_sub(1)]);
        self.inputs.resize(end, EOS);
        self.targets.extend(&document.tokens[..count]);
        self.targets.resize(end, EOS);
        self.roles
            .extend(document.roles[..count].iter().copied().map(Some));
        self.roles.resize(end, None);
        self.facts.extend(&document.facts);
        self.tokens += count as u64;
        self.rows += 1;
    }
}

impl World {
    /// Documents `first..first + count` as a batch.
    pub fn batch(&self, first: u64, count: usize) -> Batch {
        let mut batch = Batch::new(self.max_document_length());
        let mut document = Document::default();
        for n in first..first + count as u64 {
            self.write_document(n, &mut document);
            batch.push(&document);
        }
        batch
    }
}
