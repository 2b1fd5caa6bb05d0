//! The words behind the token ids: `vocabulary.json`, and `meta.pkl` as nanoGPT has it.

use std::{collections::BTreeMap, path::Path};

use kolmo_run::atomic;
use kolmo_world::{Token, Vocabulary};
use serde::Serialize;

use crate::{
    bin::TokenType,
    error::{ExportError, Result},
    format::Format,
};

/// What nanoGPT's `data/*/prepare.py` pickles, and the type of the ids on disk. The maps are ordered,
/// so that a world gives the same bytes every time.
#[derive(Serialize)]
struct Meta<'a> {
    vocab_size: usize,
    itos: BTreeMap<Token, &'a str>,
    stoi: BTreeMap<&'a str, Token>,
    dtype: TokenType,
}

/// The name of the file that `format` has.
pub(crate) fn file(format: Format) -> &'static str {
    match format {
        Format::Jsonl | Format::Parquet => "vocabulary.json",
        Format::Bin => "meta.pkl",
    }
}

/// Writes the words of `vocabulary` to `path` in the way of `format`, atomically.
pub(crate) fn write(path: &Path, format: Format, vocabulary: &Vocabulary) -> Result<()> {
    let words = words(vocabulary);
    let bytes = match format {
        Format::Jsonl | Format::Parquet => {
            let mut json = serde_json::to_vec(&words).map_err(ExportError::manifest(path))?;
            json.push(b'\n');
            json
        }
        Format::Bin => pickle(&words).map_err(|source| ExportError::Pickle {
            path: path.to_path_buf(),
            source,
        })?,
    };
    Ok(atomic::write_bytes(path, &bytes)?)
}

/// The words in the order of their tokens.
fn words(vocabulary: &Vocabulary) -> Vec<&str> {
    (0..vocabulary.len() as Token)
        .filter_map(|token| vocabulary.word(token))
        .collect()
}

fn pickle(words: &[&str]) -> serde_pickle::Result<Vec<u8>> {
    let meta = Meta {
        vocab_size: words.len(),
        itos: (0..).zip(words.iter().copied()).collect(),
        stoi: words.iter().copied().zip(0..).collect(),
        dtype: TokenType::of(words.len()),
    };
    serde_pickle::to_vec(&meta, serde_pickle::SerOptions::new())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde::Deserialize;

    use kolmo_world::{World, WorldConfig};

    use super::*;

    #[derive(Deserialize)]
    struct Read {
        vocab_size: usize,
        itos: BTreeMap<Token, String>,
        stoi: BTreeMap<String, Token>,
        dtype: String,
    }

    #[test]
    fn the_words_can_be_read_back_by_their_ids() {
        let world = World::new(&WorldConfig::default(), 1).unwrap();
        let vocabulary = world.vocabulary();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("words");

        write(&path, Format::Jsonl, vocabulary).unwrap();
        let words: Vec<String> = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(words.len(), vocabulary.len());
        assert_eq!(words[0], "<eos>");

        write(&path, Format::Bin, vocabulary).unwrap();
        let bytes = fs::read(&path).unwrap();
        let meta: Read = serde_pickle::from_slice(&bytes, serde_pickle::DeOptions::new()).unwrap();
        assert_eq!(meta.vocab_size, vocabulary.len());
        assert_eq!(meta.dtype, "uint16");
        assert_eq!(meta.itos.len(), vocabulary.len());
        assert_eq!(meta.stoi.len(), vocabulary.len());
        for (token, word) in words.iter().enumerate() {
            assert_eq!(meta.itos[&(token as Token)], *word);
            assert_eq!(meta.stoi[word], token as Token);
        }
    }
}
