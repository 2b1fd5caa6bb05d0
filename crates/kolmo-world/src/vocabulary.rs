//! The tokens of a world: whole words, closed under the world, so that a small model is not swamped
//! by its embedding table.

use std::collections::HashMap;

/// A token: an index into the [`Vocabulary`].
pub type Token = u32;

/// The token that ends a document, and stands before its first token when a model reads it.
pub const EOS: Token = 0;

/// The words of a world, numbered in the order in which the world first needed them.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    words: Vec<String>,
    numbers: HashMap<String, Token>,
}

impl Default for Vocabulary {
    fn default() -> Self {
        Self::new()
    }
}

impl Vocabulary {
    /// The end of a document and nothing else.
    pub fn new() -> Self {
        let mut vocabulary = Self {
            words: Vec::new(),
            numbers: HashMap::new(),
        };
        vocabulary.intern("<eos>");
        vocabulary
    }

    /// The token of `word`, which is added if it is new.
    pub fn intern(&mut self, word: &str) -> Token {
        if let Some(token) = self.numbers.get(word) {
            return *token;
        }
        let token = self.words.len() as Token;
        self.words.push(word.to_owned());
        self.numbers.insert(word.to_owned(), token);
        token
    }

    /// The tokens of a text of several words.
    pub fn intern_all(&mut self, text: &str) -> Box<[Token]> {
        text.split_whitespace().map(|w| self.intern(w)).collect()
    }

    /// Number of tokens, the end of a document included.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Never: every vocabulary has the end of a document.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The word of `token`.
    pub fn word(&self, token: Token) -> Option<&str> {
        self.words.get(token as usize).map(String::as_str)
    }

    /// The token of `word`.
    pub fn token(&self, word: &str) -> Option<Token> {
        self.numbers.get(word).copied()
    }

    /// Words joined by spaces; a token outside the vocabulary shows as `<?>`.
    pub fn text(&self, tokens: &[Token]) -> String {
        let words: Vec<&str> = tokens
            .iter()
            .map(|t| self.word(*t).unwrap_or("<?>"))
            .collect();
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_numbered_once() {
        let mut vocabulary = Vocabulary::new();
        assert_eq!(
            &*vocabulary.intern_all("to be or not to be"),
            &[1, 2, 3, 4, 1, 2]
        );
        assert_eq!(vocabulary.len(), 5);
        assert_eq!(vocabulary.token("or"), Some(3));
        assert_eq!(vocabulary.text(&[1, EOS, 99]), "to <eos> <?>");
    }
}
