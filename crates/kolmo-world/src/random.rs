//! Named streams of one seed.
//!
//! Every random draw of kolmo comes from a [`Stream`], which is a seed and a name, at an index:
//! `Streams::new(seed).stream("document").at(n)`. Streams with different names are independent, and
//! so are different indices of one stream, so that adding a draw to one part of the program never
//! changes another, and any index can be had without drawing those before it.
//!
//! Inside, a stream is a ChaCha8 key (derived from name and seed by BLAKE3) and the index is ChaCha's
//! 64-bit stream number: counter-based, portable, the same bits on every machine.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The random generator that draws come from.
pub type Random = ChaCha8Rng;

/// All streams of one seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    /// The streams of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Streams of their own, below `name`.
    pub fn child(&self, name: &str) -> Self {
        Self {
            seed: self.stream(name).bits(0),
        }
    }

    /// The stream called `name`.
    pub fn stream(&self, name: &str) -> Stream {
        let mut hasher = blake3::Hasher::new_derive_key("kolmo random stream v1");
        hasher.update(&self.seed.to_le_bytes());
        hasher.update(name.as_bytes());
        Stream {
            key: *hasher.finalize().as_bytes(),
        }
    }
}

/// One named stream: a random generator for every index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    key: [u8; 32],
}

impl Stream {
    /// The generator at `index`, at its beginning.
    pub fn at(&self, index: u64) -> Random {
        let mut random = ChaCha8Rng::from_seed(self.key);
        random.set_stream(index);
        random
    }

    /// The first 64 bits at `index`: a hash of it, keyed by the stream.
    pub fn bits(&self, index: u64) -> u64 {
        use rand::Rng;
        self.at(index).next_u64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_on_seed_name_and_index_and_on_nothing_else() {
        let bits = |seed, name, index| Streams::new(seed).stream(name).bits(index);
        assert_eq!(bits(1, "a", 7), bits(1, "a", 7));
        assert_ne!(bits(1, "a", 7), bits(2, "a", 7));
        assert_ne!(bits(1, "a", 7), bits(1, "b", 7));
        assert_ne!(bits(1, "a", 7), bits(1, "a", 8));
    }

    #[test]
    fn the_bits_never_change() {
        // A golden value: worlds drawn by an earlier version must stay as they are.
        assert_eq!(Streams::new(1).stream("document").bits(0), GOLDEN);
    }

    const GOLDEN: u64 = 11_420_394_681_802_034_292;
}
