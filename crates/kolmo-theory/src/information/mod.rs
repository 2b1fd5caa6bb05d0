//! How many nats a model knows of facts, from what it loses on them and how confident its answers are.
//!
//! Allen-Zhu & Li (2024) and our own pilot count Σ_i max(h_i − ℓ_i, 0). Of a model that knows nothing and
//! guesses, each time another value, with much confidence, that is far above zero: where it happens to be right it
//! gains up to h, and where it is wrong nothing is taken off. With a large share of rare facts most of the sum is such
//! luck. What the answers are worth to somebody who knows how far to trust them is what a code saves over the uniform one if
//! it mixes the model's answer with it:
//!
//! ```text
//! I = Σ_i ln[ w_i e^{h_i − ℓ_i} + 1 − w_i ],        w_i = 1 / (1 + e^{−(a + b x_i)}),   b ≥ 0,
//! ```
//!
//! x_i being the logit of the model's probability of its most likely answer, which the reader of the code knows before the value.
//! With b = 0 all answers are trusted alike; with b > 0 the more confident ones are trusted more, which tells known facts from
//! guessed ones. For a, b that were fixed beforehand, I is in expectation at most the mutual information of values and model (Gibbs). So
//! the facts are cut into two *folds*, and each is coded with the a and b that are best for the other
//! one: luck with which a and b were chosen counts nothing. Facts of one frequency class share a and b.

mod trust;

use std::iter::Sum;

use kolmo_stats::Z95;

use trust::{Answers, Parameters, Trust};

/// Half of the 95 % quantile of χ² with one degree of freedom, nats of one fact asked: a code that saves less on the facts asked cannot
/// be told from one that saves nothing.
const UNSEEN: f64 = Z95 * Z95 / 2.0;

/// What was answered about a fact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Told {
    /// Which half of the facts it is of: see [`Fold`].
    pub fold: Fold,
    /// How many of its like it stands for.
    pub stands_for: f64,
    /// h, nats: what the value costs without the model.
    pub content: f64,
    /// ℓ, nats: what it costs with the model.
    pub loss: f64,
    /// The model's probability of its most likely answer.
    pub confidence: f64,
}

/// One of two halves of the facts, each of which is coded with what is best for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    /// The half of the first relation of the most frequent subject.
    First,
    /// The other one.
    Second,
}

impl Fold {
    /// That of the subject of rank `rank`, from 1 on, and of a relation by its place, from 0 on: whether rank − 1 and the place together
    /// have an even number of ones in binary. So either half has as many facts of each relation, and next to as many of each rank
    /// (Thue and Morse).
    pub fn of(rank: u64, relation: usize) -> Self {
        let ones = rank.wrapping_sub(1).count_ones() + relation.count_ones();
        match ones % 2 {
            0 => Self::First,
            _ => Self::Second,
        }
    }
}

/// Nats known of facts.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Known {
    /// What the cross-fitted code saves; 0 where it saves nothing.
    pub nats: f64,
    /// The same of the code that trusts all answers of a class alike, b = 0.
    pub one_weight: f64,
    /// What all facts have: the most that can be known.
    pub content: f64,
    /// What the best code of all facts asked saves on them, which is above what can be expected of any.
    most: f64,
    /// Half-widths of 95 %, below `nats` and above `most`.
    below: f64,
    above: f64,
}

impl Known {
    /// The 95 % interval, nats, within 0 and [`content`](Self::content). It covers the drawing of the facts from their classes and the
    /// luck of the answers. From 1.96 standard errors below what the
    /// cross-fitted code saves to 1.96 standard errors and 1.92 nats of one fact asked above what the best code of
    /// all saves: the choice of a and b takes something off the former and adds something to the latter. Not a number where one of
    /// several facts was asked.
    pub fn ci95(&self) -> [f64; 2] {
        let (lo, hi) = (self.nats - self.below, self.most + self.above);
        // Not `max` and `min`, which would turn an unknown end into a known one.
        [
            if lo < 0.0 { 0.0 } else { lo },
            if hi > self.content { self.content } else { hi },
        ]
    }

    /// Whether it matters that confident answers are trusted more: the figure of one weight is outside the interval.
    pub fn needs_confidence(&self) -> bool {
        let [lo, hi] = self.ci95();
        self.one_weight < lo || hi < self.one_weight
    }
}

impl Sum for Known {
    /// Of several classes, which were asked independently.
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |sum, part| Self {
            nats: sum.nats + part.nats,
            one_weight: sum.one_weight + part.one_weight,
            content: sum.content + part.content,
            most: sum.most + part.most,
            below: sum.below.hypot(part.below),
            above: sum.above.hypot(part.above),
        })
    }
}

/// What a model knows of the facts of one class.
#[derive(Debug, Clone, PartialEq)]
pub struct Recalibrated {
    /// Of all facts.
    pub known: Known,
    /// What the cross-fitted code saves on each fact asked, nats, in their order; all 0 where it saves nothing on the whole.
    pub saved: Vec<f64>,
}

/// What answers to `facts`, drawn from a class or all there are of it, say that the model knows of the class.
///
/// Not a number if a loss is none.
pub fn recalibrated(facts: &[Told]) -> Recalibrated {
    let answers = Answers::of(facts);
    let cross = |parameters| CrossFitted::of(facts, &answers, parameters);
    let (two, one) = (cross(Parameters::Two), cross(Parameters::One));
    let best = Trust::best(&answers, |_| true);
    let with_best: Vec<f64> = answers.all().map(|answer| best.saves(answer)).collect();
    let weighted = |saved: &[f64]| -> f64 {
        let terms = facts.iter().zip(saved);
        terms.map(|(fact, nats)| fact.stands_for * nats).sum()
    };
    let error = |saved: &[f64], trust: &dyn Fn(usize) -> Trust| {
        let luck = |k: usize| trust(k).luck(answers.get(k));
        Z95 * variance(facts, saved, luck).sqrt()
    };
    let total = weighted(&two.saved);
    let most = weighted(&with_best);
    let number = facts.len() as f64;
    let population: f64 = facts.iter().map(|fact| fact.stands_for).sum();
    let unseen = match facts.is_empty() {
        true => 0.0,
        false => UNSEEN * population / number,
    };
    let known = Known {
        nats: at_least_nothing(total),
        one_weight: at_least_nothing(weighted(&one.saved)),
        content: facts.iter().map(|f| f.stands_for * f.content).sum(),
        most: if most < total { total } else { most },
        below: error(&two.saved, &|k| two.trust(facts[k].fold)),
        above: error(&with_best, &|_| best) + unseen,
    };
    let saved = match total < 0.0 {
        true => vec![0.0; facts.len()],
        false => two.saved,
    };
    Recalibrated { known, saved }
}

/// Nothing can always be had, by not trusting the model. A number that is none stays.
fn at_least_nothing(nats: f64) -> f64 {
    if nats < 0.0 { 0.0 } else { nats }
}

/// Each fold coded with what is best for the other one.
struct CrossFitted {
    first: Trust,
    second: Trust,
    saved: Vec<f64>,
}

impl CrossFitted {
    fn of(facts: &[Told], answers: &Answers, parameters: Parameters) -> Self {
        let without = |tested: Fold| {
            let is_other = |k: usize| facts[k].fold != tested;
            Trust::chosen(answers, is_other, parameters)
        };
        let mut all = Self {
            first: without(Fold::First),
            second: without(Fold::Second),
            saved: Vec::new(),
        };
        let each = facts.iter().zip(answers.all());
        let saved = each.map(|(fact, answer)| all.trust(fact.fold).saves(answer));
        all.saved = saved.collect();
        all
    }

    fn trust(&self, fold: Fold) -> Trust {
        match fold {
            Fold::First => self.first,
            Fold::Second => self.second,
        }
    }
}

/// The variance of Σ stands_for · saved about what the model knows of the class: of drawing the facts, with the finite-population correction, and
/// of the luck of the answers to all of them. Not a number for one fact out of several.
fn variance(facts: &[Told], saved: &[f64], luck: impl Fn(usize) -> f64) -> f64 {
    let number = facts.len() as f64;
    let population: f64 = facts.iter().map(|fact| fact.stands_for).sum();
    let luck: f64 = (0..facts.len())
        .map(|k| facts[k].stands_for * luck(k))
        .sum();
    // Whole numbers, and their sum is exact.
    if population <= number {
        return luck;
    }
    if facts.len() < 2 {
        return f64::NAN;
    }
    let each = facts.iter().zip(saved);
    let mean = each.clone().map(|(f, s)| f.stands_for * s).sum::<f64>() / population;
    let squares: f64 = each
        .map(|(fact, saved)| (fact.stands_for * (saved - mean)).powi(2))
        .sum();
    (1.0 - number / population) * number / (number - 1.0) * squares + luck
}

#[cfg(test)]
mod tests;
