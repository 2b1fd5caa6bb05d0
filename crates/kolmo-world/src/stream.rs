//! The stream of documents 0, 1, 2, ... and batches of it in the shape a model reads.

use crate::{
    document::{Document, Fact, Role},
    vocabulary::{EOS, Token},
    world::World,
};

/// Index of the first validation document: further than any training run goes.
pub const VALIDATION_FIRST: u64 = 1 << 63;

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

    /// Documents `first..first + count` of those that `write` writes, none longer than `length`.
    pub fn of(length: usize, first: u64, count: usize, write: impl Fn(u64, &mut Document)) -> Self {
        let mut batch = Self::new(length);
        let mut document = Document::default();
        for n in first..first + count as u64 {
            write(n, &mut document);
            batch.push(&document);
        }
        batch
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

    /// The tokens of the document in row `row`, its end included.
    pub fn document(&self, row: usize) -> &[Token] {
        let places = row * self.length..(row + 1) * self.length;
        let roles = &self.roles[places.clone()];
        let count = roles.iter().take_while(|role| role.is_some()).count();
        &self.targets[places][..count]
    }

    /// Tokens and roles of the document in row `row`, its end included, into memory that is already there; without its facts.
    pub fn write_document(&self, row: usize, document: &mut Document) {
        document.clear();
        document.tokens.extend_from_slice(self.document(row));
        let roles = &self.roles[row * self.length..][..document.tokens.len()];
        document.roles.extend(roles.iter().flatten());
    }
}

impl World {
    /// Documents `first..first + count` as a batch.
    pub fn batch(&self, first: u64, count: usize) -> Batch {
        Batch::of(self.max_document_length(), first, count, |n, document| {
            self.write_document(n, document);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::WorldConfig;

    #[test]
    fn inputs_are_targets_one_token_late_and_padding_has_no_role() {
        let world = World::new(&WorldConfig::default(), 1).unwrap();
        let batch = world.batch(100, 20);
        assert_eq!(batch.inputs.len(), 20 * batch.length);
        let mut tokens = 0;
        for row in 0..20 {
            let document = world.document(100 + row as u64);
            let places = row * batch.length..(row + 1) * batch.length;
            let (inputs, targets) = (
                &batch.inputs[places.clone()],
                &batch.targets[places.clone()],
            );
            let length = document.tokens.len();
            assert_eq!(inputs[0], EOS);
            assert_eq!(inputs[1..length], document.tokens[..length - 1]);
            assert_eq!(targets[..length], document.tokens);
            assert!(
                inputs[length..]
                    .iter()
                    .chain(&targets[length..])
                    .all(|t| *t == EOS)
            );
            let roles = &batch.roles[places];
            assert!(
                roles[..length]
                    .iter()
                    .zip(&document.roles)
                    .all(|(a, b)| *a == Some(*b))
            );
            assert!(roles[length..].iter().all(Option::is_none));
            assert_eq!(batch.document(row), document.tokens);
            let mut read = Document::default();
            batch.write_document(row, &mut read);
            assert_eq!(
                (read.tokens, read.roles),
                (document.tokens.clone(), document.roles)
            );
            tokens += length as u64;
        }
        assert_eq!(batch.tokens, tokens);
        // Some row must be shorter than another for this to say anything of padding.
        assert!(tokens < 20 * batch.length as u64);
    }
}
