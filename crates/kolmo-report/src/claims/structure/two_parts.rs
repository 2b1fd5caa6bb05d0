//! The documents described by a trained model in two parts, the first counted in three ways, beside the exact structure function.

use std::f64::consts::LN_2;

use kolmo_run::{RoleBits, WeightsRecord};
use kolmo_theory::{
    expected_floor,
    structure::{Structure, StructurePoint, syntax_bits, syntax_saving_bits},
};
use kolmo_world::World;

use crate::measured::codes::Compressed;

/// Points of a curve between which its shares are read off.
const POINTS: usize = 200;

/// Bits per document that are none.
const ROUNDING: f64 = 1e-9;

/// The structure function of the documents of a run.
pub(super) struct Exact<'a> {
    world: &'a World,
    documents: u64,
    bound: Structure<'a>,
    curve: Vec<StructurePoint>,
    /// The floor in expectation, bits per document.
    floor: f64,
    /// What knowing the syntax saves, bits per document.
    saving: f64,
}

/// The best description with a first part of a given size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Best {
    /// What its second part takes above the floor, bits per document; subjects are coded with their frequencies.
    pub above: RoleBits,
    /// The share of what the syntax can save that it has.
    pub syntax_share: f64,
    /// How often the facts that it has are stated at least; not a number if it has none.
    pub least_mentions: f64,
}

impl<'a> Exact<'a> {
    pub fn of(of: &Compressed<'a>) -> Self {
        let (world, documents): (&'a World, u64) = (&of.run.world, of.record.documents);
        let mut bound = Structure::bound(world, documents);
        Self {
            world,
            documents,
            curve: bound.curve(POINTS),
            bound,
            floor: floor(of),
            saving: saving_of_syntax(of),
        }
    }

    /// Whether it is that of the documents of `of`.
    pub fn is_of(&self, of: &Compressed<'_>) -> bool {
        std::ptr::eq(self.world, &*of.run.world) && self.documents == of.record.documents
    }

    /// The best description whose first part takes `model_bits`.
    pub fn at(&mut self, model_bits: f64) -> Best {
        let total = self.bound.data_bits_at(model_bits) / self.documents as f64 - self.floor;
        // Less is what rounding leaves of two like numbers.
        let total = if total < ROUNDING { 0.0 } else { total };
        let after = self
            .curve
            .partition_point(|point| point.model_bits <= model_bits);
        let before = self.curve.get(after.saturating_sub(1));
        let share = match (before, self.curve.get(after)) {
            (Some(before), Some(next)) => {
                let part = model_bits - before.model_bits;
                let part = (part / (next.model_bits - before.model_bits)).clamp(0.0, 1.0);
                before.syntax_share + part * (next.syntax_share - before.syntax_share)
            }
            // Beyond the end of the curve, where a bit saves less than a bit.
            (Some(last), None) => last.syntax_share,
            _ => f64::NAN,
        };
        let syntax = (self.saving * (1.0 - share)).max(0.0).min(total);
        let least = before.filter(|point| point.facts > 0.0);
        let least = least.and_then(|point| point.least_mentions);
        Best {
            above: RoleBits {
                syntax,
                subject: 0.0,
                value: total - syntax,
                eos: 0.0,
                total,
            },
            syntax_share: share,
            least_mentions: least.map_or(f64::NAN, |count| count as f64),
        }
    }
}

/// How the first part is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counting {
    /// What is known of facts, as measured, and the fewest bits with which the syntax is predicted as well.
    Stored,
    /// The parameters, as many bits each as the run stores that stores most.
    Capacity,
    /// The weights with so many bits each, entropy coded.
    Weights(u32),
}

impl Counting {
    /// For readers.
    pub fn name(self) -> String {
        match self {
            Self::Stored => "bits stored".to_owned(),
            Self::Capacity => "parameters times capacity".to_owned(),
            Self::Weights(bits) => format!("weights of {bits} bits"),
        }
    }
}

/// A description of the documents of a run, and the shortest one with as long a first part.
#[derive(Debug, Clone, Copy)]
pub(super) struct TwoParts {
    pub counting: Counting,
    /// Bits of the first part.
    pub model_bits: f64,
    /// What the second part takes above the floor, bits per document.
    pub above: RoleBits,
    /// Half the width of the 95 % interval of its total over the documents measured, bits per document.
    pub half_width: f64,
    /// The best description with as many bits of the first part.
    pub best: Best,
}

impl TwoParts {
    /// What the description takes above the shortest one with as long a first part, bits per document by role.
    pub fn gap(&self) -> RoleBits {
        let (above, best) = (&self.above, &self.best.above);
        RoleBits {
            // Whoever codes the syntax codes the end of the document.
            syntax: above.syntax + above.eos - best.syntax,
            subject: above.subject - best.subject,
            value: above.value - best.value,
            eos: 0.0,
            total: above.total - best.total,
        }
    }
}

/// The floor in expectation, bits per document.
pub(super) fn floor(of: &Compressed<'_>) -> f64 {
    expected_floor(&of.run.world).total() / LN_2
}

/// What a run knows of facts and of the syntax, bits.
fn stored(of: &Compressed<'_>) -> f64 {
    of.run.last().bits_stored + bits_of_syntax(of)
}

/// Bits for each parameter of the run that stores most of them, those of the syntax among them: without these the count would be
/// below what the run has.
pub(super) fn capacity(runs: &[Compressed<'_>]) -> f64 {
    let stored = runs.iter().map(|of| stored(of) / of.run.parameters as f64);
    stored.fold(0.0, f64::max)
}

/// The fewest bits with which the syntax can be predicted as well as `of` does.
pub(super) fn bits_of_syntax(of: &Compressed<'_>) -> f64 {
    let redundancy = finest(of).map_or(f64::NAN, |weights| syntax(&weights.redundancy));
    syntax_bits(&of.run.world, of.record.documents, redundancy * LN_2)
}

/// What knowing the syntax saves, bits per document.
pub(super) fn saving_of_syntax(of: &Compressed<'_>) -> f64 {
    let documents = of.record.documents;
    syntax_saving_bits(&of.run.world, documents) / documents as f64
}

/// The weights as they were trained.
pub(super) fn finest<'a>(of: &Compressed<'a>) -> Option<&'a WeightsRecord> {
    of.record.weights.first()
}

/// What is spent on the syntax, the end of the document with it.
pub(super) fn syntax(bits: &RoleBits) -> f64 {
    bits.syntax + bits.eos
}

/// The descriptions of a run, the countings in order, beside those of `exact`; `capacity` is in bits for each parameter.
pub(super) fn descriptions(
    of: &Compressed<'_>,
    capacity: f64,
    exact: &mut Exact<'_>,
) -> Vec<TwoParts> {
    let run = of.run;
    let whole = [
        (Counting::Stored, stored(of)),
        (Counting::Capacity, capacity * run.parameters as f64),
    ];
    let whole = whole
        .into_iter()
        .filter_map(|(counting, bits)| Some((counting, bits, finest(of)?)));
    let weights = of.record.weights.iter().map(|weights| {
        let counting = Counting::Weights(weights.bits_per_weight);
        (counting, weights.description_bits, weights)
    });
    let description = |(counting, model_bits, weights): (Counting, f64, &WeightsRecord)| TwoParts {
        counting,
        model_bits,
        above: weights.redundancy,
        half_width: weights.redundancy_half_width,
        best: exact.at(model_bits),
    };
    whole.chain(weights).map(description).collect()
}
