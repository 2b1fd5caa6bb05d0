//! What the families call a subject: an injective map of element numbers into sequences of name words.
//!
//! The name space is the product of the pools, one pool a position (first, middle, last name). A
//! keyed permutation of the name space scatters the elements over it, so that a name says nothing of
//! its bearer's frequency, and no two subjects share one.

use std::collections::HashMap;

use crate::{error::WorldError, frequency::Frequency, random::Stream, vocabulary::Token};

/// The names of all subjects.
#[derive(Debug, Clone)]
pub struct Names {
    pools: Vec<Vec<Token>>,
    /// Where in its pool a word is, for each pool.
    places: Vec<HashMap<Token, u64>>,
    /// Names below a beginning of so many words: the product of the sizes of the pools left.
    below: Vec<f64>,
    permutation: Permutation,
}

impl Names {
    /// Names out of `pools`, one pool of tokens a position; the product of their sizes fits in 64 bits.
    pub(crate) fn new(pools: Vec<Vec<Token>>, stream: &Stream) -> Self {
        let space = pools.iter().map(|pool| pool.len() as u64).product();
        let places = pools
            .iter()
            .map(|pool| pool.iter().copied().zip(0..).collect())
            .collect();
        let sizes = |depth: usize| pools[depth..].iter().map(|pool| pool.len() as f64);
        let below = (0..=pools.len()).map(|depth| sizes(depth).product());
        Self {
            below: below.collect(),
            pools,
            places,
            permutation: Permutation::new(space, stream),
        }
    }

    /// Tokens of every name.
    pub fn length(&self) -> usize {
        self.pools.len()
    }

    /// Number of possible names.
    pub fn space(&self) -> u64 {
        self.permutation.size
    }

    /// Every word of the pools.
    pub fn words(&self) -> Vec<Token> {
        let mut words: Vec<Token> = self.pools.iter().flatten().copied().collect();
        words.sort_unstable();
        words.dedup();
        words
    }

    /// See [`Facts::beginnings`](crate::facts::Facts::beginnings).
    pub fn beginnings(&self, words: &[Token], counts: &mut Vec<f64>) {
        counts.clear();
        counts.extend(self.below.first());
        let places = words.iter().zip(&self.places).zip(&self.below[1..]);
        let known = places.take_while(|((word, places), _)| places.contains_key(word));
        counts.extend(known.map(|(_, below)| *below));
        counts.resize(words.len() + 1, 0.0);
    }

    /// See [`Facts::next_words`](crate::facts::Facts::next_words).
    pub fn next_words(&self, begun: &[Token]) -> Vec<(Token, f64)> {
        let mut known = begun.iter().zip(&self.places);
        let pool = self.pools.get(begun.len());
        let pool = pool.filter(|_| known.all(|(word, places)| places.contains_key(word)));
        let words = pool.into_iter().flatten();
        words
            .map(|word| (*word, self.below[begun.len() + 1]))
            .collect()
    }

    /// Appends the name of `element` to `tokens`.
    pub fn write(&self, element: u64, tokens: &mut Vec<Token>) {
        let mut code = self.permutation.forward(element);
        for pool in &self.pools {
            let size = pool.len() as u64;
            tokens.push(pool[(code % size) as usize]);
            code /= size;
        }
    }

    /// The element called `name`, the inverse of [`write`](Self::write); none if it is no name. A name
    /// that nobody bears gives an element beyond the last one.
    pub fn element(&self, name: &[Token]) -> Option<u64> {
        if name.len() != self.pools.len() {
            return None;
        }
        let words = name.iter().zip(&self.places).rev();
        let code = words.into_iter().try_fold(0, |code, (word, places)| {
            Some(code * places.len() as u64 + places.get(word)?)
        })?;
        Some(self.permutation.backward(code))
    }
}

/// A keyed permutation of 0..size: a balanced Feistel network over the smallest sufficient even
/// number of bits, walked until it lands inside (the walk is at most 4 steps on average).
#[derive(Debug, Clone)]
pub(crate) struct Permutation {
    size: u64,
    half_bits: u32,
    keys: [u64; Self::ROUNDS],
}

impl Permutation {
    const ROUNDS: usize = 6;

    pub(crate) fn new(size: u64, stream: &Stream) -> Self {
        let bits = u64::BITS - size.saturating_sub(1).leading_zeros();
        Self {
            size,
            half_bits: bits.div_ceil(2).max(1),
            keys: std::array::from_fn(|round| stream.bits(round as u64)),
        }
    }

    pub(crate) fn forward(&self, element: u64) -> u64 {
        debug_assert!(element < self.size);
        let mut code = element;
        loop {
            code = self.network(code);
            if code < self.size {
                return code;
            }
        }
    }

    pub(crate) fn backward(&self, code: u64) -> u64 {
        debug_assert!(code < self.size);
        let mut element = code;
        loop {
            element = self.network_back(element);
            if element < self.size {
                return element;
            }
        }
    }

    fn network(&self, code: u64) -> u64 {
        let mask = (1u64 << self.half_bits) - 1;
        let (mut left, mut right) = (code >> self.half_bits, code & mask);
        for key in self.keys {
            (left, right) = (right, left ^ (mix(right ^ key) & mask));
        }
        left << self.half_bits | right
    }

    fn network_back(&self, code: u64) -> u64 {
        let mask = (1u64 << self.half_bits) - 1;
        let (mut left, mut right) = (code >> self.half_bits, code & mask);
        for key in self.keys.iter().rev() {
            (left, right) = (right ^ (mix(left ^ key) & mask), left);
        }
        left << self.half_bits | right
    }
}

/// The finaliser of splitmix64 (Steele, Lea & Flood 2014).
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Checks that the name space of `pools` holds every element of `frequency`.
pub(crate) fn check_name_space(pools: &[usize], frequency: &Frequency) -> Result<(), WorldError> {
    let elements = frequency.max_elements();
    let elements_key = frequency.law().elements_key();
    let space = pools
        .iter()
        .try_fold(1u64, |space, pool| space.checked_mul(*pool as u64))
        .filter(|space| *space <= 1 << 62);
    WorldError::require(
        space.is_some_and(|space| space >= elements),
        "world.names.pools",
        format!("{pools:?}"),
        &format!(
            "sizes whose product is at least {elements}, a name for all of {elements_key}, and at most 2^62"
        ),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::random::Streams;

    proptest! {
        #[test]
        fn names_are_unique(seed: u64, first in 1usize..12, last in 1usize..40) {
            let mut pools = vec![Vec::new(), Vec::new()];
            pools[0].extend(0..first as Token);
            pools[1].extend(100..100 + last as Token);
            let names = Names::new(pools, &Streams::new(seed).stream("names"));
            let mut seen = HashSet::new();
            for element in 0..names.space() {
                let mut name = Vec::new();
                names.write(element, &mut name);
                prop_assert!(name[0] < 100 && name[1] >= 100);
                prop_assert_eq!(names.element(&name), Some(element));
                prop_assert!(seen.insert(name));
            }
        }
    }

    #[test]
    fn what_is_no_name_has_no_element() {
        let names = Names::new(vec![vec![1, 2], vec![3]], &Streams::new(5).stream("names"));
        assert_eq!(names.element(&[1]), None);
        assert_eq!(names.element(&[3, 1]), None);
        assert!(names.element(&[2, 3]).is_some_and(|element| element < 2));
    }

    #[test]
    fn neighbours_in_rank_do_not_share_words() {
        let pools = vec![(0..100).collect(), (100..200).collect()];
        let names = Names::new(pools, &Streams::new(5).stream("names"));
        let shared = (0..9_999)
            .filter(|element| {
                let (mut a, mut b) = (Vec::new(), Vec::new());
                names.write(*element, &mut a);
                names.write(element + 1, &mut b);
                a[0] == b[0]
            })
            .count();
        // 1 in 100 by chance: 100 with a standard deviation of 10.
        assert!((60..140).contains(&shared), "{shared}");
    }
}
