//! Bytes as lines that a model can predict, and others.

use kolmo_world::{EOS, Token, Vocabulary};

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line<'t> {
    /// Words of the vocabulary with single spaces in between: its tokens, the end of a document last. Behind them stands a
    /// line feed.
    Words(Vec<Token>),
    /// Anything else, with its line feed if there is one.
    Other(&'t [u8]),
}

/// The lines of `text`, each with what ends it. One is of [words](Line::Words) if it comes back the same
/// from at most `room` tokens.
pub(crate) fn lines<'t>(
    text: &'t [u8],
    vocabulary: &Vocabulary,
    room: usize,
) -> impl Iterator<Item = Line<'t>> {
    text.split_inclusive(|byte| *byte == b'\n')
        .map(move |line| match words(line, vocabulary, room) {
            Some(words) => Line::Words(words),
            None => Line::Other(line),
        })
}

fn words(line: &[u8], vocabulary: &Vocabulary, room: usize) -> Option<Vec<Token>> {
    let line = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    let mut tokens = Vec::new();
    // An empty line has no word, and is one that is not in the vocabulary.
    for word in line.split(' ') {
        let token = vocabulary.token(word)?;
        // One for the end.
        if token == EOS || tokens.len() + 1 >= room {
            return None;
        }
        tokens.push(token);
    }
    tokens.push(EOS);
    Some(tokens)
}

/// Appends the line whose tokens these are.
pub(crate) fn write_line(tokens: &[Token], vocabulary: &Vocabulary, text: &mut Vec<u8>) {
    let words = tokens.split_last().map_or(tokens, |(_, words)| words);
    text.extend_from_slice(vocabulary.text(words).as_bytes());
    text.push(b'\n');
}

#[cfg(test)]
mod tests {
    use kolmo_world::{World, WorldConfig};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn documents_are_lines_of_words() {
        let world = World::new(&WorldConfig::default(), 1).unwrap();
        let vocabulary = world.vocabulary();
        let room = world.max_document_length();
        for n in 0..200 {
            let document = world.document(n).tokens;
            let mut text = Vec::new();
            write_line(&document, vocabulary, &mut text);
            let found: Vec<_> = lines(&text, vocabulary, room).collect();
            assert_eq!(found, [Line::Words(document.clone())]);
            let short = document.len() - 1;
            assert!(matches!(
                lines(&text, vocabulary, short).next(),
                Some(Line::Other(_))
            ));
        }
    }

    proptest! {
        /// Words, spaces and line feeds in any order, and anything at all.
        #[test]
        fn any_text_comes_back(
            pieces in prop::collection::vec(prop_oneof![
                (1u32..30).prop_map(Some).prop_map(|token| (token, vec![])),
                prop_oneof![
                    Just(b" ".to_vec()), Just(b"\n".to_vec()), Just(b"\r\n".to_vec()), Just(b"<eos>".to_vec()),
                    prop::collection::vec(any::<u8>(), 0..4),
                ].prop_map(|bytes| (None, bytes)),
            ], 0..60),
        ) {
            let world = World::new(&WorldConfig::default(), 1).unwrap();
            let vocabulary = world.vocabulary();
            let mut text = Vec::new();
            for (token, bytes) in &pieces {
                let word = token.and_then(|token| vocabulary.word(token)).unwrap_or("");
                text.extend_from_slice(word.as_bytes());
                text.extend_from_slice(bytes);
            }
            let mut back = Vec::new();
            for line in lines(&text, vocabulary, 8) {
                match line {
                    Line::Words(tokens) => {
                        prop_assert!(tokens.len() <= 8);
                        write_line(&tokens, vocabulary, &mut back);
                    }
                    Line::Other(bytes) => back.extend_from_slice(bytes),
                }
            }
            prop_assert_eq!(back, text);
        }
    }
}
