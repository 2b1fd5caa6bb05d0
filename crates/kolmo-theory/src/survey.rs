//! The first documents of a world, counted, beside what theory has for them: whether the world is what
//! it says it is.
//!
//! Means are over documents, which are independent, so their intervals are 1.96 standard errors to
//! each side. Two more numbers are counts:
//!
//! - a *share* of the documents, as that of a class of ranks, has Wilson's interval (1927), which holds
//!   for few documents too and never reaches below zero;
//! - K_n, the distinct subjects among n documents, is a sum over subjects of "met or not". Whoever
//!   meets one subject more often meets the others less: these are negatively associated (Joag-Dev &
//!   Proschan 1983), so the variance of the sum is at most the sum of their variances,
//!
//! ```text
//! Var K_n ≤ Σ_i (1 − (1 − p_i)^n) (1 − p_i)^n = E[K_2n] − E[K_n].
//! ```

mod means;

use std::collections::{BTreeMap, HashMap, HashSet};

use kolmo_stats::Z95;
use kolmo_world::{Document, EOS, Role, Token, World, syntax::Piece};
use serde::Serialize;

use crate::{
    discovery::{expected_distinct, seen, unseen},
    entropy::DocumentEntropy,
    floor::{Floor, expected_floor},
    grid::whole_grid,
    roles::ByRole,
};
use means::RunningByRole;
pub use means::{Mean, MeansByRole};

/// Points for each factor of ten, of ranks and of documents.
const PER_DECADE: u32 = 8;

/// How often progress is told, documents.
const PROGRESS_EVERY: u64 = 1000;

/// What the first documents of a world are. The fields are the keys of the JSON form.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Survey {
    /// Documents counted: 0, 1, 2, ...
    pub documents: u64,
    /// Words of the vocabulary by role.
    pub vocabulary: Words,
    /// How often subjects come, by classes of ranks (Zipf).
    pub ranks: Vec<RankClass>,
    /// Distinct subjects among the first n documents (Heaps).
    pub distinct: Vec<Distinct>,
    /// What a predictor loses that knows the world, nats a document, by role.
    pub floor_nats: MeansByRole,
    /// Tokens of a document by role.
    pub tokens: MeansByRole,
    /// Tokens of a document, its end included.
    pub lengths: Lengths,
}

/// Words of a vocabulary by role.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Words {
    /// Template words and fillers.
    pub syntax: usize,
    /// Words of names.
    pub subject: usize,
    /// Words of values.
    pub value: usize,
    /// The end of a document.
    pub eos: usize,
}

/// Subjects of neighbouring ranks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RankClass {
    /// First rank.
    pub lo_rank: u64,
    /// Last rank.
    pub hi_rank: u64,
    /// Documents about one of them.
    pub documents: u64,
    /// Share of the documents that is about one of them, per rank.
    pub frequency: f64,
    /// Its 95 % interval.
    pub frequency_ci95: [f64; 2],
    /// Its probability, per rank.
    pub expected: f64,
}

/// Distinct subjects among the first n documents.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Distinct {
    /// Documents.
    pub n: u64,
    /// K_n as counted.
    pub distinct: u64,
    /// K_n ± 1.96 of the largest standard deviation it can have, cut off at what it can be.
    pub distinct_ci95: [f64; 2],
    /// `E[K_n]`.
    pub expected: f64,
}

/// Tokens of a document, its end included.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lengths {
    /// Of the shortest document.
    pub min: usize,
    /// Of the longest document.
    pub max: usize,
    /// Documents of each length that occurs.
    pub histogram: Vec<LengthCount>,
}

/// How many documents have a length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LengthCount {
    /// Tokens, the end of the document included.
    pub tokens: usize,
    /// Documents of so many.
    pub documents: u64,
}

impl Survey {
    /// Counts the first `documents` documents of `world`, at least one, and tells `progress` every now
    /// and then how many it has counted.
    pub fn of(world: &World, documents: u64, mut progress: impl FnMut(u64)) -> Self {
        let documents = documents.max(1);
        let mut counts = Counts::new(world, documents);
        let mut document = Document::default();
        for n in 0..documents {
            world.write_document(n, &mut document);
            counts.read(&document, n + 1);
            if (n + 1) % PROGRESS_EVERY == 0 {
                progress(n + 1);
            }
        }
        counts.survey(documents)
    }
}

/// What is counted on the way.
struct Counts<'a> {
    world: &'a World,
    predictor: Floor<'a>,
    nats: Vec<f64>,
    subjects: HashMap<u64, u64>,
    /// Numbers of documents at which the distinct subjects are still to be noted, the last one first.
    ahead: Vec<u64>,
    distinct: Vec<(u64, u64)>,
    floor: RunningByRole,
    tokens: RunningByRole,
    lengths: BTreeMap<usize, u64>,
}

impl<'a> Counts<'a> {
    fn new(world: &'a World, documents: u64) -> Self {
        let mut ahead = milestones(documents);
        ahead.reverse();
        Self {
            world,
            predictor: Floor::by_role(world),
            nats: Vec::new(),
            subjects: HashMap::new(),
            ahead,
            distinct: Vec::new(),
            floor: RunningByRole::default(),
            tokens: RunningByRole::default(),
            lengths: BTreeMap::new(),
        }
    }

    /// Counts `document`, the `n`th if the first one is 1.
    fn read(&mut self, document: &Document, n: u64) {
        for fact in document.facts.iter().take(1) {
            *self.subjects.entry(fact.element).or_default() += 1;
        }
        if self.ahead.pop_if(|next| *next == n).is_some() {
            self.distinct.push((n, self.subjects.len() as u64));
        }
        let mut tokens = ByRole::default();
        for role in &document.roles {
            tokens.add_to(*role, 1.0);
        }
        self.tokens.add(tokens, n);
        let floor = self.predictor.sum(document, &mut self.nats);
        self.floor.add(floor, n);
        *self.lengths.entry(document.tokens.len()).or_default() += 1;
    }

    fn survey(self, documents: u64) -> Survey {
        let world = self.world;
        let floor = expected_floor(world);
        let histogram: Vec<LengthCount> = self
            .lengths
            .iter()
            .map(|(tokens, documents)| LengthCount {
                tokens: *tokens,
                documents: *documents,
            })
            .collect();
        Survey {
            documents,
            vocabulary: Words::of(world),
            ranks: rank_classes(world, &self.subjects, documents),
            distinct: self
                .distinct
                .iter()
                .map(|(n, k)| distinct(world, *n, *k))
                .collect(),
            floor_nats: self.floor.means(documents, |role| Some(floor.get(role))),
            tokens: self
                .tokens
                .means(documents, |role| expected_tokens(world, role)),
            lengths: Lengths {
                min: histogram.first().map_or(0, |first| first.tokens),
                max: histogram.last().map_or(0, |last| last.tokens),
                histogram,
            },
        }
    }
}

impl Words {
    /// A word of two roles counts for each; one of none, which no sentence has, is a word of templates.
    fn of(world: &World) -> Self {
        let names: HashSet<Token> = world.facts().name_words().into_iter().collect();
        let values = world.relations().iter().flat_map(|relation| {
            let all = 0..relation.value_count() as u32;
            all.flat_map(|value| relation.tokens(value).iter().copied())
        });
        let values: HashSet<Token> = values.collect();
        let spoken: HashSet<Token> = world.syntax().words().into_iter().collect();
        let all = 0..world.vocabulary().len() as Token;
        let is_other = |token: &Token| !names.contains(token) && !values.contains(token);
        let is_syntax =
            |token: &Token| *token != EOS && (is_other(token) || spoken.contains(token));
        Self {
            syntax: all.filter(is_syntax).count(),
            subject: names.len(),
            value: values.len(),
            eos: 1,
        }
    }
}

/// Whole numbers from 1 to `last`, both included.
fn milestones(last: u64) -> Vec<u64> {
    let grid = whole_grid(1.0, last as f64, PER_DECADE).into_iter();
    grid.map(|number| number as u64).collect()
}

/// `subjects`: documents about each element.
fn rank_classes(world: &World, subjects: &HashMap<u64, u64>, documents: u64) -> Vec<RankClass> {
    let frequency = world.frequency();
    let mut ends = milestones(frequency.elements());
    // A class has no part in two groups of different frequency.
    ends.extend(frequency.group_ends().unwrap_or_default());
    ends.sort_unstable();
    ends.dedup();
    let mut counts = vec![0; ends.len()];
    for (element, count) in subjects {
        let rank = frequency.rank(*element);
        let class = ends.partition_point(|end| *end < rank);
        if let Some(sum) = counts.get_mut(class) {
            *sum += count;
        }
    }
    let starts = std::iter::once(1).chain(ends.iter().map(|end| end + 1));
    let class = |((lo_rank, hi_rank), count): ((u64, u64), u64)| {
        let width = (hi_rank + 1 - lo_rank) as f64;
        RankClass {
            lo_rank,
            hi_rank,
            documents: count,
            frequency: count as f64 / documents as f64 / width,
            frequency_ci95: wilson(count as f64, documents as f64).map(|end| end / width),
            expected: frequency.mass(lo_rank..=hi_rank) / width,
        }
    };
    starts
        .zip(ends.iter().copied())
        .zip(counts)
        .map(class)
        .collect()
}

/// The 95 % interval of a probability by which `count` of `n` came.
fn wilson(count: f64, n: f64) -> [f64; 2] {
    let middle = count + Z95 * Z95 / 2.0;
    let half = Z95 * (count * (n - count) / n + Z95 * Z95 / 4.0).sqrt();
    [middle - half, middle + half].map(|end| (end / (n + Z95 * Z95)).clamp(0.0, 1.0))
}

fn distinct(world: &World, n: u64, distinct: u64) -> Distinct {
    let frequency = world.frequency();
    let documents = n as f64;
    let variance = |p: f64| seen(p, documents) * unseen(p, documents);
    let half = Z95 * frequency.sum(1..=frequency.elements(), variance).sqrt();
    let counted = distinct as f64;
    let most = documents.min(frequency.elements() as f64);
    Distinct {
        n,
        distinct,
        distinct_ci95: [(counted - half).max(1.0), (counted + half).min(most)],
        expected: expected_distinct(frequency, documents),
    }
}

/// Expected tokens of a role in a document. Those of the names and values depend on who has which, unless
/// all names, or all values of a relation, are equally long.
fn expected_tokens(world: &World, role: Role) -> Option<f64> {
    let draw = world.relation_draw();
    match role {
        Role::Syntax => Some(DocumentEntropy::of(world).syntax_tokens),
        Role::Subject => {
            let classes = world.syntax().classes().iter();
            let mut templates = classes.flat_map(|class| class.templates());
            let names_once = templates.all(|template| {
                let pieces = template.pieces().iter();
                pieces.filter(|piece| **piece == Piece::Subject).count() == 1
            });
            let lengths = world.facts().name_lengths();
            (names_once && lengths.start() == lengths.end())
                .then(|| (lengths.end() * draw.per_document()) as f64)
        }
        Role::Eos => Some(1.0),
        Role::Value => {
            let relations = world.relations().iter().enumerate();
            let tokens = relations.map(|(r, relation)| {
                let mut values = 0..relation.value_count() as u32;
                let length = relation.max_length();
                let alike = values.all(|value| relation.tokens(value).len() == length);
                alike.then_some(draw.inclusion(r) * length as f64)
            });
            tokens.sum()
        }
    }
}

#[cfg(test)]
mod tests;
