//! Symbols to bits and back by their probabilities: range coding (Martin 1979), which is arithmetic coding in whole
//! words, from the crate constriction.
//!
//! A state of 128 bits behind words of 32, so that probabilities have 32 bits and nothing is lost where an interval is narrow: a code is longer
//! than Σ −log2 P by what rounding to multiples of 2^-32 costs, a few millionths of a bit a symbol, and by at most two words
//! at the end. Every symbol has at least 2^-32, whatever its weight: one that is less probable takes 32 bits, and the code is shorter
//! than it should be.

use constriction::{
    backends::Cursor,
    stream::{
        Decode, Encode,
        model::LazyContiguousCategoricalEntropyModel,
        queue::{RangeDecoder, RangeEncoder},
    },
};

use crate::error::{CodecError, Result};

type Model<'a> = LazyContiguousCategoricalEntropyModel<u32, f64, &'a [f64], 32>;

/// Bytes of a word of the code.
const WORD: usize = 4;

/// The probabilities that `weights` are in proportion to, and their sum.
fn model(weights: &[f64]) -> Result<(Model<'_>, f64)> {
    let total = weights.iter().sum();
    let model = Model::from_floating_point_probabilities_fast(weights, Some(total));
    Ok((model.map_err(|()| CodecError::NotNumbers)?, total))
}

/// Symbols into a code.
#[derive(Debug, Default)]
pub struct Encoder {
    range: RangeEncoder<u32, u128>,
    information: f64,
}

impl Encoder {
    /// Appends `symbol`, one of those that `weights` are of: two or more, in proportion to their probabilities.
    ///
    /// # Errors
    /// [`CodecError::NotNumbers`] for weights that are none.
    pub fn put(&mut self, symbol: usize, weights: &[f64]) -> Result<()> {
        let (model, total) = model(weights)?;
        let weight = weights.get(symbol).copied().unwrap_or(0.0);
        self.information += (total / weight).log2();
        let put = self.range.encode_symbol(symbol, model);
        put.map_err(|_| CodecError::NotNumbers)
    }

    /// Σ −log2 P of the symbols so far, by their weights as they were given, bits.
    pub fn information_bits(&self) -> f64 {
        self.information
    }

    /// The code.
    pub fn finish(self) -> Vec<u8> {
        let words = match self.range.into_compressed() {
            Ok(words) => words,
            Err(never) => match never {},
        };
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }
}

/// A code into symbols.
#[derive(Debug)]
pub struct Decoder {
    range: RangeDecoder<u32, u128, Cursor<u32, Vec<u32>>>,
}

impl Decoder {
    /// Reads `code`.
    ///
    /// # Errors
    /// [`CodecError::Damaged`] if it is not whole words.
    pub fn new(code: &[u8]) -> Result<Self> {
        let (words, rest) = code.as_chunks::<WORD>();
        if !rest.is_empty() {
            return Err(CodecError::Damaged("a code is not whole words"));
        }
        let words: Vec<u32> = words.iter().map(|word| u32::from_le_bytes(*word)).collect();
        match RangeDecoder::from_compressed(words) {
            Ok(range) => Ok(Self { range }),
            Err(never) => match never {},
        }
    }

    /// The next symbol, if `weights` are those that it was encoded with.
    ///
    /// # Errors
    /// [`CodecError::NotNumbers`] for weights that are none, [`CodecError::Damaged`] for a code that no symbols have.
    pub fn take(&mut self, weights: &[f64]) -> Result<usize> {
        let symbol = self.range.decode_symbol(model(weights)?.0);
        symbol.map_err(|_| CodecError::Damaged("a code is none"))
    }

    /// Whether the code may end here. It need not show if it does not.
    pub fn may_be_over(&self) -> bool {
        self.range.maybe_exhausted()
    }
}

/// A choice that nothing is known of before, and whose probabilities are learnt as it goes: so many times each outcome so
/// far, and a half (Krichevsky & Trofimov 1981). It costs half a log2 of the number of choices for each outcome but one.
#[derive(Debug, Clone)]
pub struct Counts(Vec<f64>);

impl Counts {
    /// Of so many outcomes.
    pub fn new(outcomes: usize) -> Self {
        Self(vec![0.5; outcomes])
    }

    /// Encodes an outcome, and learns from it.
    ///
    /// # Errors
    /// As of [`Encoder::put`].
    pub fn put(&mut self, outcome: usize, encoder: &mut Encoder) -> Result<()> {
        encoder.put(outcome, &self.0)?;
        self.0[outcome] += 1.0;
        Ok(())
    }

    /// Decodes an outcome, and learns from it.
    ///
    /// # Errors
    /// As of [`Decoder::take`].
    pub fn take(&mut self, decoder: &mut Decoder) -> Result<usize> {
        let outcome = decoder.take(&self.0)?;
        self.0[outcome] += 1.0;
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Symbols with the weights that each has.
    fn choices() -> impl Strategy<Value = Vec<(usize, Vec<f64>)>> {
        let weight = prop_oneof![Just(0.0), 1e-12..1e-6f64, 0.01..1.0f64, Just(1.0)];
        let weights = prop::collection::vec(weight, 2..40);
        let possible = weights.prop_filter("a sum", |weights| weights.iter().sum::<f64>() > 0.0);
        let choice = (any::<prop::sample::Index>(), possible);
        let choice = choice.prop_map(|(index, weights)| (index.index(weights.len()), weights));
        prop::collection::vec(choice, 0..300)
    }

    proptest! {
        #[test]
        fn symbols_come_back_and_cost_what_they_should(choices in choices()) {
            let mut encoder = Encoder::default();
            let mut least = 0.0;
            for (symbol, weights) in &choices {
                encoder.put(*symbol, weights).unwrap();
                let p = weights[*symbol] / weights.iter().sum::<f64>();
                least += (1.0 / (p + 2f64.powi(-32))).log2();
            }
            if choices.iter().all(|(symbol, weights)| weights[*symbol] > 1e-6) {
                prop_assert!((encoder.information_bits() - least).abs() < 1e-2);
            }
            let code = encoder.finish();
            // Rounding costs a symbol less than 2^-20 bits here, and the end two words.
            prop_assert!((code.len() * 8) as f64 <= least + 64.0 + 1e-3 * choices.len() as f64);
            let mut decoder = Decoder::new(&code).unwrap();
            for (symbol, weights) in &choices {
                prop_assert_eq!(decoder.take(weights).unwrap(), *symbol);
            }
            prop_assert!(decoder.may_be_over());
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(mut decoder) = Decoder::new(&bytes) {
                for _ in 0..100 {
                    if let Ok(symbol) = decoder.take(&[0.1, 0.2, 0.7]) {
                        prop_assert!(symbol < 3);
                    }
                }
            }
        }
    }

    #[test]
    fn weights_that_are_none_are_refused() {
        for weights in [[f64::NAN, 1.0], [0.0, 0.0], [f64::INFINITY, 1.0]] {
            let put = Encoder::default().put(0, &weights);
            assert!(matches!(put, Err(CodecError::NotNumbers)), "{weights:?}");
            let take = Decoder::new(&[1, 2, 3, 4]).unwrap().take(&weights);
            assert!(matches!(take, Err(CodecError::NotNumbers)), "{weights:?}");
        }
    }

    #[test]
    fn what_is_learnt_as_it_goes_costs_half_a_logarithm() {
        let mut encoder = Encoder::default();
        let mut counts = Counts::new(2);
        for _ in 0..4096 {
            counts.put(1, &mut encoder).unwrap();
        }
        // Γ(n + 1) / Γ(n + 1/2) / Γ(1/2) is the square root of n π but for 1/n.
        let expected = 0.5 * (4096.0 * std::f64::consts::PI).log2();
        assert!((encoder.information_bits() - expected).abs() < 1e-3);
    }
}
