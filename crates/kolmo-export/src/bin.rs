//! Token files as nanoGPT has them: little-endian ids and nothing else, documents one after another.

use std::io::{self, Write};

use kolmo_world::Token;
use serde::{Deserialize, Serialize};

/// The type of a token id on disk, as NumPy calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenType {
    /// Two bytes, little-endian.
    Uint16,
    /// Four bytes, little-endian.
    Uint32,
}

impl TokenType {
    /// The smallest type for the tokens of a vocabulary of `count`.
    pub(crate) fn of(count: usize) -> Self {
        if count <= 1 << 16 {
            Self::Uint16
        } else {
            Self::Uint32
        }
    }

    /// Writes `tokens`, which are of a vocabulary this type was chosen [for](Self::of).
    pub(crate) fn write(self, tokens: &[Token], out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Uint16 => tokens
                .iter()
                .try_for_each(|token| out.write_all(&(*token as u16).to_le_bytes())),
            Self::Uint32 => tokens
                .iter()
                .try_for_each(|token| out.write_all(&token.to_le_bytes())),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_vocabulary_that_fits_in_16_bits_takes_16() {
        assert_eq!(TokenType::of(65_536), TokenType::Uint16);
        assert_eq!(TokenType::of(65_537), TokenType::Uint32);
    }

    proptest! {
        #[test]
        fn tokens_survive_the_round_trip(
            count in 1_usize..200_000,
            draws in prop::collection::vec(any::<prop::sample::Index>(), 0..50),
        ) {
            let tokens: Vec<Token> = draws.iter().map(|draw| draw.index(count) as Token).collect();
            let mut bytes = Vec::new();
            let kind = TokenType::of(count);
            kind.write(&tokens, &mut bytes).unwrap();
            let read: Vec<Token> = match kind {
                TokenType::Uint16 => bytes
                    .chunks(2)
                    .map(|b| u16::from_le_bytes(b.try_into().unwrap()).into())
                    .collect(),
                TokenType::Uint32 => bytes
                    .chunks(4)
                    .map(|b| u32::from_le_bytes(b.try_into().unwrap()))
                    .collect(),
            };
            prop_assert_eq!(read, tokens);
        }
    }
}
