//! Every prediction for a world in one object: what `kolmo theory` prints, writes and draws.

use std::f64::consts::LN_2;

use kolmo_world::{World, config::FrequencyConfig};
use serde::Serialize;

use crate::{
    capacity::{Capacity, WaterFilling},
    discovery::{
        PowerLaw, expected_distinct, expected_value_loss, local_exponent, mean_content, seen,
    },
    dynamics::half_learning_documents,
    entropy::DocumentEntropy,
    floor::expected_floor,
    grid::{log_grid, whole_grid},
    hallucination::{expected_error, monofact_rate},
    pitman_yor::PitmanYorParameters,
    roles::ByRole,
    structure::{StructurePoint, structure_function, two_part_code},
    syntax::learning_cost,
};

/// What to predict.
#[derive(Debug, Clone, PartialEq)]
pub struct Scope {
    /// Smallest number of documents.
    pub from: f64,
    /// Largest number of documents.
    pub to: f64,
    /// Points of a curve for each factor of ten.
    pub per_decade: u32,
    /// Documents of the structure function and the two-part code.
    pub documents: u64,
    /// Frequency classes, first and last rank.
    pub classes: Vec<(u64, u64)>,
}

/// All predictions. Nats for losses, bits for capacities and code lengths; the fields are the keys of
/// the JSON form.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Predictions {
    /// What the world is.
    pub world: WorldFigures,
    /// Entropy of a document by where it comes from.
    pub entropy_nats: EntropyFigures,
    /// Entropy of a document by the role of the tokens it is paid on, nats a document.
    pub floor_nats: ByRole,
    /// `E[K_n]`: distinct subjects among n documents.
    pub expected_distinct: Vec<AtDocuments>,
    /// Expected value loss of the Bayes learner after n documents, nats per fact, weighted by
    /// frequency.
    pub bayes_value_loss: Vec<AtDocuments>,
    /// Its slope at n in logarithms, −d ln L / d ln n, which is the exponent where the curve is straight.
    pub bayes_slope: Vec<AtDocuments>,
    /// 1 − α, the exponent of a power law without end; none for laws without one.
    pub bayes_exponent: Option<f64>,
    /// A in L(n) ~ A n^-(1 − α), nats per fact.
    pub bayes_constant: Option<f64>,
    /// Redundancy of the Bayes learner's code of n documents, by what there is to learn.
    pub redundancy: Vec<Redundancy>,
    /// What a model of limited capacity loses, with unlimited data.
    pub capacity: Vec<AtCapacity>,
    /// 1/α − 1, the exponent of a power law without end.
    pub capacity_exponent: Option<f64>,
    /// L(N, C): what data and capacity leave together.
    pub surface: Vec<AtBoth>,
    /// Model bits against data bits of `structure_documents` documents: what no model is below.
    pub structure_function: Vec<StructurePoint>,
    /// The same of a code that names each fact.
    pub two_part_code: Vec<StructurePoint>,
    /// Documents of the structure function and the two-part code.
    pub structure_documents: u64,
    /// `E[N_1]/N`: share of statements whose fact is stated once among n documents.
    pub monofact_rate: Vec<AtDocuments>,
    /// Expected share of wrong answers by frequency class, of a learner with room for everything.
    pub hallucination: Vec<Hallucination>,
    /// Documents until a frequency class is half learnt.
    pub half_learning: Vec<HalfLearning>,
    /// The Pitman-Yor process the frequencies were drawn from, in expectation over its draws: of all of
    /// it, where the world has no more than its first `elements` sticks.
    pub prior: Option<Prior>,
}

/// What a world is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorldFigures {
    /// Family of words and templates.
    pub family: &'static str,
    /// Law of the frequencies with its parameters.
    pub law: FrequencyConfig,
    /// Subjects.
    pub elements: u64,
    /// Relations.
    pub relations: usize,
    /// Relations stated in a document.
    pub relations_per_document: usize,
    /// Mean content of a fact, nats, weighted by how often relations are stated.
    pub h_nats: f64,
    /// Tokens.
    pub vocabulary: usize,
}

/// Entropy of a document by origin, nats.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EntropyFigures {
    /// Which subject.
    pub subject: f64,
    /// Which relations, templates and fillers.
    pub syntax: f64,
    /// Values: nothing, since they follow from subject and relation.
    pub value: f64,
    /// All together.
    pub document: f64,
}

/// A number at a number of documents.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AtDocuments {
    /// Documents.
    pub n: f64,
    /// The number.
    pub value: f64,
}

/// Redundancy of the Bayes learner's code of n documents, nats a document, without that of the subjects:
/// who they are and how frequent, which has no closed form for a given law.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Redundancy {
    /// Documents.
    pub n: f64,
    /// Of the values: every distinct fact is paid once. Exact.
    pub value: f64,
    /// Of the syntax: (k/2) ln n for k free parameters of a choice made n times, the leading term
    /// (Rissanen 1986).
    pub syntax: f64,
}

/// What a capacity leaves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AtCapacity {
    /// Capacity, bits.
    pub bits: f64,
    /// Facts stored.
    pub facts: f64,
    /// Value loss, nats per fact, if a fact is stored or not.
    pub value_loss: f64,
    /// Value loss if every nat stored of a fact is worth less than the one before (exponential decay).
    pub value_loss_exponential: f64,
}

/// What data and capacity leave.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AtBoth {
    /// Documents.
    pub n: f64,
    /// Capacity, bits.
    pub bits: f64,
    /// Value loss, nats per fact.
    pub value_loss: f64,
}

/// Wrong answers of a frequency class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Hallucination {
    /// First rank.
    pub lo_rank: u64,
    /// Last rank.
    pub hi_rank: u64,
    /// Documents.
    pub n: f64,
    /// Expected share of wrong answers of the optimal predictor, 0 to 1, weighted by frequency.
    pub rate: f64,
}

/// When a frequency class is half learnt.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct HalfLearning {
    /// First rank.
    pub lo_rank: u64,
    /// Last rank.
    pub hi_rank: u64,
    /// Documents until the expected Bayes value loss is half of what it was; none where there is nothing
    /// to learn.
    pub documents: Option<f64>,
}

/// Expectations over the draws of a Pitman-Yor process.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prior {
    /// α and β.
    #[serde(flatten)]
    pub parameters: PitmanYorParameters,
    /// `E[H(p)]`, nats.
    pub entropy_nats: f64,
    /// `E[K_n]`.
    pub expected_distinct: Vec<AtDocuments>,
}

/// Capacities of the surface for each factor of ten.
const SURFACE_PER_DECADE: u32 = 6;

/// Points of the structure function.
const STRUCTURE_POINTS: usize = 60;

impl Predictions {
    /// The predictions for `world`.
    pub fn of(world: &World, scope: &Scope) -> Self {
        let from = scope.from.max(1.0);
        let grid = whole_grid(from, scope.to, scope.per_decade);
        let decades = whole_grid(from, scope.to, 1);
        let at = |f: &dyn Fn(f64) -> f64| -> Vec<AtDocuments> {
            let points = grid.iter().map(|n| AtDocuments {
                n: *n,
                value: f(*n),
            });
            points.collect()
        };
        let loss = |n: f64| expected_value_loss(world, 1..=u64::MAX, n);
        let law = PowerLaw::of(world);
        Self {
            world: WorldFigures::of(world),
            entropy_nats: EntropyFigures::of(world),
            floor_nats: expected_floor(world),
            expected_distinct: at(&|n| expected_distinct(world.frequency(), n)),
            bayes_value_loss: at(&loss),
            bayes_slope: at(&|n| local_exponent(world, n)),
            bayes_exponent: law.map(|law| law.data_exponent()),
            bayes_constant: law.and_then(|law| law.loss_constant(world)),
            redundancy: grid.iter().map(|n| Redundancy::of(world, *n)).collect(),
            capacity: capacity_curve(world, scope.per_decade),
            capacity_exponent: law.map(|law| law.capacity_exponent()),
            surface: surface(world, &decades),
            structure_function: structure_function(world, scope.documents, STRUCTURE_POINTS),
            two_part_code: two_part_code(world, scope.documents, STRUCTURE_POINTS),
            structure_documents: scope.documents,
            monofact_rate: at(&|n| monofact_rate(world, n)),
            hallucination: hallucination(world, &scope.classes, &grid),
            half_learning: half_learning(world, &scope.classes),
            prior: Prior::of(world, &grid),
        }
    }
}

impl WorldFigures {
    fn of(world: &World) -> Self {
        Self {
            family: world.source().name(),
            law: world.config().frequency.clone(),
            elements: world.frequency().elements(),
            relations: world.relations().len(),
            relations_per_document: world.relation_draw().per_document(),
            h_nats: mean_content(world),
            vocabulary: world.vocabulary().len(),
        }
    }
}

impl EntropyFigures {
    fn of(world: &World) -> Self {
        let entropy = DocumentEntropy::of(world);
        Self {
            subject: entropy.subject,
            syntax: entropy.syntax,
            value: 0.0,
            document: entropy.document(),
        }
    }
}

impl Redundancy {
    fn of(world: &World, n: f64) -> Self {
        let frequency = world.frequency();
        let draw = world.relation_draw();
        let relations = world.relations().iter().enumerate();
        let facts = relations.map(|(r, relation)| {
            let met = |p: f64| seen(p * draw.inclusion(r), n);
            relation.mean_content() * frequency.sum(1..=frequency.elements(), met)
        });
        Self {
            n,
            value: facts.sum::<f64>() / n,
            syntax: learning_cost(world, n) / n,
        }
    }
}

impl Prior {
    fn of(world: &World, grid: &[f64]) -> Option<Self> {
        let process = world.frequency().law().process()?;
        let parameters = PitmanYorParameters::from(process);
        let distinct = |n: &f64| AtDocuments {
            n: *n,
            value: parameters.expected_distinct(*n as u64),
        };
        Some(Self {
            parameters,
            entropy_nats: parameters.expected_entropy(),
            expected_distinct: grid.iter().map(distinct).collect(),
        })
    }
}

/// Capacities from one fact to all of them.
fn capacity_curve(world: &World, per_decade: u32) -> Vec<AtCapacity> {
    let (capacity, filling) = (Capacity::new(world), WaterFilling::new(world));
    let least = mean_content(world).max(f64::MIN_POSITIVE);
    let point = |nats: f64| {
        let stored = capacity.store(nats);
        AtCapacity {
            bits: nats / LN_2,
            facts: stored.facts,
            value_loss: stored.value_loss,
            value_loss_exponential: filling.value_loss(nats),
        }
    };
    let grid = log_grid(least, capacity.full().max(2.0 * least), per_decade);
    grid.into_iter().map(point).collect()
}

fn surface(world: &World, documents: &[f64]) -> Vec<AtBoth> {
    let least = mean_content(world).max(f64::MIN_POSITIVE);
    let full = Capacity::new(world).full().max(2.0 * least);
    let capacities = log_grid(least, full, SURFACE_PER_DECADE);
    let row = |n: &f64| {
        let capacity = Capacity::after(world, *n);
        let point = |nats: &f64| AtBoth {
            n: *n,
            bits: nats / LN_2,
            value_loss: capacity.store(*nats).value_loss,
        };
        capacities.iter().map(point).collect::<Vec<_>>()
    };
    documents.iter().flat_map(row).collect()
}

fn hallucination(world: &World, classes: &[(u64, u64)], documents: &[f64]) -> Vec<Hallucination> {
    let of_class = |(lo_rank, hi_rank): &(u64, u64)| {
        let (lo_rank, hi_rank) = (*lo_rank, *hi_rank);
        let rates = documents.iter().map(move |n| Hallucination {
            lo_rank,
            hi_rank,
            n: *n,
            rate: expected_error(world, lo_rank..=hi_rank, *n, None),
        });
        rates.collect::<Vec<_>>()
    };
    classes.iter().flat_map(of_class).collect()
}

fn half_learning(world: &World, classes: &[(u64, u64)]) -> Vec<HalfLearning> {
    let of_class = |(lo_rank, hi_rank): &(u64, u64)| HalfLearning {
        lo_rank: *lo_rank,
        hi_rank: *hi_rank,
        documents: half_learning_documents(world, *lo_rank..=*hi_rank),
    };
    classes.iter().map(of_class).collect()
}
