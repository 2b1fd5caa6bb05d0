//! The Kolmogorov structure function in its probabilistic form: the fewest bits that N documents take
//! when the model may take so many.
//!
//! A two-part code describes a model first and then the documents with it, each for itself: a model does not
//! learn from the documents it codes. What it may tell is of two kinds, and there are two prices for it.
//!
//! The *bound*, which no model is below in expectation. The values of facts are independent, so m nats of information on one save at most m nats each time it is stated, up to h (log-loss
//! has a linear rate-distortion function): a fact stated c times is worth c bits a bit, and nothing is to
//! be paid for whose fact it is. A list of values in the order of the names, for one, has no names in it.
//! The *syntax* has no price but a bound. Who describes the probabilities θ of a choice with R nats, so that the documents lose D nats of
//! redundancy in the m times that they make it, has with it a code of any n outcomes of that choice, of R + n D / m nats more than θ itself takes. No code
//! of what a Dirichlet prior drew has less of it than the Bayes learner, by more than s nats with probability e^{−s}. So
//!
//! ```text
//! R + n D / m  ≥  i_n(θ) = KL(P_θ^n ‖ P_Bayes^n)        for every n
//! ```
//!
//! and at e nats saved a nat R and D are those of the line for n = m / e: `bound.rs`. Where D is small and the prior not sparse, it is half a nat a
//! parameter below the rate-distortion function (Shannon's lower bound is met there), and its total at e = 1 is the Bayes learner's
//! redundancy itself, (k/2) ln n but for a constant (Rissanen 1986). A Gaussian rate, (k/2) ln(D₀ / D), is no bound: it is an upper one, and where a prior is sparse
//! one word tells nearly all.
//!
//! The *two-part code*, which one could write: each fact with its name, ln(names) + h_r nats, and each
//! choice with (k/2) ln(1 + n) nats if it is made n times, or not at all. It lies above the bound.
//!
//! The best model of a given size takes what saves most a nat, whichever it is: a fact stated a thousand
//! times comes before most of the syntax, which comes before a fact stated twice. So either curve falls and
//! is convex. Facts are ordered by how often they are stated in these documents, not by how often they
//! should be; their number at every count is taken in expectation over the documents. Subjects are always
//! coded with their true frequencies, n H(p) nats: who is talked about is no fact. The accidents of these
//! documents beyond that never save more than it costs to tell them: they play no part as long as a nat
//! saves a nat or more.

mod facts;

use std::f64::consts::LN_2;

use kolmo_world::World;
use serde::Serialize;

use crate::{
    bound::Bound,
    floor::expected_floor,
    syntax::{Choice, Described, choices},
};
use facts::{Facts, Key};

/// A point of either curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct StructurePoint {
    /// Bits of the model.
    pub model_bits: f64,
    /// Bits of the documents, coded with the best model of that size, in expectation.
    pub data_bits: f64,
    /// What saves as many bits of the documents for each of its own, or more, is in the model: the slope
    /// of the curve, without its sign.
    pub saved_per_bit: f64,
    /// Of what knowing the syntax saves, the share that this model saves, 0 to 1; 0 where there is nothing
    /// to save.
    pub syntax_share: f64,
    /// A fact stated so often or more is in the model; with names, of the relation where it takes least.
    /// None where there are no facts.
    pub least_mentions: Option<u64>,
    /// Facts in the model, in expectation.
    pub facts: f64,
}

/// The bound of `documents` documents of `world`, from the empty model to the one at which a bit more saves
/// no more than a bit: there model and documents together take least. At most `points` points, the smallest
/// models first.
pub fn structure_function(world: &World, documents: u64, points: usize) -> Vec<StructurePoint> {
    Structure::bound(world, documents).curve(points)
}

/// The two-part code of `documents` documents of `world`, from the empty model to the one that describes
/// everything that occurs in them; at most `points` points, the smallest models first.
pub fn two_part_code(world: &World, documents: u64, points: usize) -> Vec<StructurePoint> {
    Structure::two_part(world, documents).curve(points)
}

/// Bits that knowing the syntax saves over taking all outcomes of its choices alike, in `documents` documents.
pub fn syntax_saving_bits(world: &World, documents: u64) -> f64 {
    let n = documents as f64;
    let saving: f64 = choices(world).iter().map(|choice| choice.saving(n)).sum();
    saving / LN_2
}

/// The fewest bits of a model with which the syntax of `documents` documents is predicted with a
/// `redundancy` of so many nats a document: 0 for who knows nothing or less, and never more than where a
/// bit saves a bit. Not a number if the redundancy is none.
pub fn syntax_bits(world: &World, documents: u64, redundancy: f64) -> f64 {
    let n = documents as f64;
    let bounds: Vec<Bound> = choices(world)
        .iter()
        .map(|choice| choice.bound(n))
        .collect();
    let at = |slope: f64| -> Described { bounds.iter().map(|bound| bound.at(slope)).sum() };
    let total = n * redundancy;
    if total.is_nan() {
        return total;
    }
    let all = at(1.0);
    if all.left >= total {
        return all.cost / LN_2;
    }
    let (mut lo, mut hi) = (
        1.0,
        bounds.iter().map(Bound::best).fold(1.0, f64::max) * 2.0,
    );
    for _ in 0..HALVINGS {
        let middle = f64::sqrt(lo * hi);
        match at(middle).left > total {
            true => hi = middle,
            false => lo = middle,
        }
    }
    // The curve is straight from corner to corner.
    let smaller = at(hi);
    (smaller.cost + (smaller.left - total).max(0.0) / hi) / LN_2
}

/// Enough to find a slope to the last digit, wherever it is.
const HALVINGS: usize = 70;

/// Slopes that differ by less are the same.
const ROUNDING: f64 = 1e-9;

/// One of the two curves. What is computed for a point is kept for the next.
#[derive(Debug)]
pub struct Structure<'a> {
    key: Key,
    documents: f64,
    /// Nats of the documents for who knows the world.
    floor: f64,
    syntax: Vec<Choice>,
    /// Of each choice; of a code that is written there is no need.
    bounds: Vec<Bound>,
    facts: Vec<Facts<'a>>,
}

/// A point in nats.
#[derive(Debug, Clone, Copy, Default)]
struct Nats {
    model: f64,
    data: f64,
    slope: f64,
}

impl Nats {
    /// The height of the line through this point, of its slope, over a `model`.
    fn tangent(&self, model: f64) -> f64 {
        self.data - self.slope * (model - self.model)
    }
}

impl<'a> Structure<'a> {
    /// The bound: no model that learns nothing from the documents is below it.
    pub fn bound(world: &'a World, documents: u64) -> Self {
        Self::of(world, documents, Key::Shared)
    }

    /// The code that names each fact.
    pub fn two_part(world: &'a World, documents: u64) -> Self {
        Self::of(world, documents, Key::Named)
    }

    fn of(world: &'a World, documents: u64, key: Key) -> Self {
        let (n, syntax) = (documents as f64, choices(world));
        let bounds = match key {
            Key::Shared => syntax.iter().map(|choice| choice.bound(n)).collect(),
            Key::Named => Vec::new(),
        };
        Self {
            key,
            documents: n,
            floor: n * expected_floor(world).total(),
            syntax,
            bounds,
            facts: Facts::all(world, documents, key),
        }
    }

    /// At most `points` points, the smallest models first: slopes even in their logarithms.
    pub fn curve(&mut self, points: usize) -> Vec<StructurePoint> {
        let (least, best) = self.slopes();
        let steps = points.max(2) - 1;
        let slopes = (0..=steps).map(|k| match k {
            0 => best * 2.0,
            k if k == steps => least,
            k => best * (least / best).powf(k as f64 / steps as f64),
        });
        let mut curve: Vec<StructurePoint> = slopes.map(|slope| self.point(slope)).collect();
        curve.dedup_by(|next, point| next.model_bits == point.model_bits);
        curve
    }

    /// The height of the curve over a model of `model_bits` bits, at any size, to about nine digits. Beyond
    /// the last of its points the bound has all facts and only syntax left to tell.
    ///
    /// Not a number if `model_bits` is none.
    pub fn data_bits_at(&mut self, model_bits: f64) -> f64 {
        // Less syntax than this leaves is not worth a digit.
        const LEAST: f64 = 1e-12;
        let model = model_bits * LN_2;
        if model.is_nan() {
            return model;
        }
        let (mut lo, mut hi) = (LEAST, self.slopes().1 * 2.0);
        for _ in 0..HALVINGS {
            let middle = f64::sqrt(lo * hi);
            match self.nats(middle).model > model {
                true => lo = middle,
                false => hi = middle,
            }
        }
        // A convex curve is above its tangents; where a whole class of facts comes in at once, this is the curve.
        let smaller = self.nats(hi);
        smaller.tangent(model.max(0.0)).max(self.floor) / LN_2
    }

    /// Where the curve ends and begins: the least that a nat saves of what is ever told, and the most.
    fn slopes(&self) -> (f64, f64) {
        let n = self.documents;
        let syntax: Vec<f64> = match self.key {
            Key::Shared => self.bounds.iter().map(Bound::best).collect(),
            Key::Named => self
                .syntax
                .iter()
                .map(|choice| choice.efficiency(n))
                .collect(),
        };
        let facts = self.facts.iter();
        let ends = facts.flat_map(|f| [f.efficiency(1.0), f.efficiency(n)]);
        let (least, best) = syntax
            .into_iter()
            .chain(ends)
            .fold((f64::INFINITY, 0.0f64), |(least, best), slope| {
                (least.min(slope), best.max(slope))
            });
        match self.key {
            Key::Shared => (1.0, best.max(1.0)),
            Key::Named if best > 0.0 => (least, best),
            Key::Named => (1.0, 1.0),
        }
    }

    /// The syntax at a slope.
    fn described(&self, slope: f64) -> Described {
        let slope = slope * (1.0 - ROUNDING);
        match self.key {
            Key::Shared => self.bounds.iter().map(|bound| bound.at(slope)).sum(),
            Key::Named => {
                let choices = self.syntax.iter();
                choices
                    .map(|choice| choice.written(self.documents, slope))
                    .sum()
            }
        }
    }

    fn nats(&mut self, slope: f64) -> Nats {
        let syntax = self.described(slope);
        let mut point = Nats {
            model: syntax.cost,
            data: self.floor + syntax.left,
            slope,
        };
        for facts in &mut self.facts {
            let split = facts.split(facts.count(slope * (1.0 - ROUNDING)));
            point.model += split.stored;
            point.data += split.left;
        }
        point
    }

    fn point(&mut self, slope: f64) -> StructurePoint {
        let nats = self.nats(slope);
        let saving = self
            .syntax
            .iter()
            .map(|choice| choice.saving(self.documents));
        let saving: f64 = saving.sum();
        let saved = 1.0 - self.described(slope).left / saving;
        let counts = self.facts.iter().map(|f| f.count(slope * (1.0 - ROUNDING)));
        let counts: Vec<f64> = counts.collect();
        let described = self.facts.iter_mut().zip(&counts);
        StructurePoint {
            model_bits: nats.model / LN_2,
            data_bits: nats.data / LN_2,
            saved_per_bit: slope,
            syntax_share: if saving > 0.0 {
                saved.clamp(0.0, 1.0)
            } else {
                0.0
            },
            facts: described
                .map(|(facts, count)| facts.split(*count).facts)
                .sum(),
            least_mentions: counts
                .into_iter()
                .reduce(f64::min)
                .map(|count| count as u64),
        }
    }
}
