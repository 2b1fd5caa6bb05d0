//! What a model is fine-tuned on: questions about what it was told, or facts that it was not, and pre-training sentences
//! among them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use rand::RngExt;

use crate::{
    document::{Document, Fact, Role},
    error::WorldError,
    frequency::{Frequency, FrequencyConfig},
    names::Permutation,
    random::{Random, Stream, Streams},
    syntax::Wording,
    vocabulary::EOS,
    world::World,
};

/// `[finetune.lesson]`: what is taught.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "task", rename_all = "snake_case", deny_unknown_fields)]
pub enum LessonConfig {
    /// Questions with their answers about a part of the subjects, each as often as the world talks about it.
    Instruction {
        /// The part of the subjects, above 0 and below 1; the others are asked to see what carries over.
        #[serde(default = "half")]
        fraction: f64,
    },
    /// Facts that pre-training did not state.
    Injection {
        /// About whom.
        #[serde(default)]
        subjects: Subjects,
        /// In which syntax.
        #[serde(default)]
        syntax: LessonSyntax,
        /// How many subjects they are about, and how often each comes.
        frequency: FrequencyConfig,
    },
}

impl Default for LessonConfig {
    fn default() -> Self {
        Self::Instruction { fraction: half() }
    }
}

fn half() -> f64 {
    0.5
}

/// About whom new facts are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Subjects {
    /// Names that nobody bore.
    #[default]
    New,
    /// Subjects of the world, picked evenly: their values change.
    Old,
}

/// In which syntax facts are taught.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LessonSyntax {
    /// As pre-training stated facts.
    #[default]
    Old,
    /// As questions with their answers.
    New,
}

/// `[finetune.replay]`: sentences of pre-training in between.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReplayConfig {
    /// Their share of all documents, 0 to 1; with 1 pre-training goes on and nothing is taught.
    pub share: f64,
    /// Which ones.
    pub of: Replayed,
}

impl Default for ReplayConfig {
    fn default() -> Self {
        Self {
            share: 0.0,
            of: Replayed::Fresh,
        }
    }
}

/// Which sentences of pre-training are replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Replayed {
    /// Documents that pre-training read, at random.
    Seen,
    /// Those that it would have read next.
    Fresh,
    /// Documents that the model itself writes, as it is before the first step: each is drawn from its predictions, and states what the model takes to
    /// be true.
    Generated,
}

/// A stream of documents to fine-tune on. Document `n` is a pure function of configuration, seed and `n`, and one that the model writes of its weights
/// as well.
#[derive(Debug)]
pub struct Lesson<'a> {
    world: &'a World,
    task: Task,
    replay: ReplayConfig,
    read: Read,
    documents: Stream,
    generated: Stream,
}

/// What was read of the documents of the world before a lesson.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Read {
    /// By pre-training, from the first one on.
    pub seen: u64,
    /// The first one that nothing has read, earlier lessons included.
    pub fresh: u64,
}

#[derive(Debug)]
enum Task {
    Instruction {
        fraction: f64,
        taught: Stream,
    },
    Injection {
        subjects: Subjects,
        syntax: LessonSyntax,
        frequency: Box<Frequency>,
        /// Of the ranks of the world, for old subjects.
        picked: Permutation,
    },
}

impl<'a> Lesson<'a> {
    /// The lesson of `config` in `world`, of whose documents `read` were read.
    ///
    /// # Errors
    /// [`WorldError::Invalid`] for a lesson that cannot be, with its key.
    pub fn new(
        world: &'a World,
        config: &LessonConfig,
        replay: ReplayConfig,
        read: Read,
        streams: &Streams,
    ) -> Result<Self, WorldError> {
        let share = replay.share;
        WorldError::require(
            (0.0..=1.0).contains(&share),
            "finetune.replay.share",
            share,
            "0 to 1",
        )?;
        let needs_questions = match config {
            LessonConfig::Instruction { .. } => true,
            LessonConfig::Injection { syntax, .. } => *syntax == LessonSyntax::New,
        };
        if needs_questions && !world.syntax().has(Wording::Question) {
            let valid = "a number of question templates, for this lesson is in questions";
            return Err(WorldError::invalid("world.syntax.questions", "none", valid));
        }
        let task = match config {
            LessonConfig::Instruction { fraction } => {
                WorldError::require(
                    *fraction > 0.0 && *fraction < 1.0,
                    "finetune.lesson.fraction",
                    fraction,
                    "above 0 and below 1",
                )?;
                let taught = streams.stream("lesson/taught");
                check_taught(world, &taught, *fraction)?;
                Task::Instruction {
                    fraction: *fraction,
                    taught,
                }
            }
            LessonConfig::Injection {
                subjects,
                syntax,
                frequency,
            } => {
                let law = Frequency::new(frequency, &streams.child("lesson"));
                let law = law.map_err(|error| error.moved("world.", "finetune.lesson."))?;
                let (most, of) = match subjects {
                    Subjects::New => (
                        world.strangers(),
                        "names that nobody bears; see world.names.pools",
                    ),
                    Subjects::Old => (world.frequency().elements(), "subjects of the world"),
                };
                let count = law.max_elements();
                WorldError::require(
                    count <= most,
                    "finetune.lesson.frequency.elements",
                    count,
                    &format!("at most {most}, the {of}"),
                )?;
                let alone = world.relations().iter().find(|of| of.value_count() < 2);
                if let (Subjects::Old, Some(relation)) = (subjects, alone) {
                    let valid = format!(
                        "\"new\": {} has one value, which cannot change",
                        relation.name()
                    );
                    return Err(WorldError::invalid(
                        "finetune.lesson.subjects",
                        "old",
                        valid,
                    ));
                }
                let stream = streams.stream("lesson/subjects");
                Task::Injection {
                    subjects: *subjects,
                    syntax: *syntax,
                    frequency: Box::new(law),
                    picked: Permutation::new(world.frequency().elements(), &stream),
                }
            }
        };
        Ok(Self {
            world,
            task,
            replay,
            read,
            documents: streams.stream("lesson/document"),
            generated: streams.stream("lesson/generated"),
        })
    }

    /// The world.
    pub fn world(&self) -> &'a World {
        self.world
    }

    /// Whether questions about `element` are taught; none if none are.
    pub fn is_taught(&self, element: u64) -> Option<bool> {
        match &self.task {
            Task::Instruction { fraction, taught } => Some(is_taught(taught, element, *fraction)),
            Task::Injection { .. } => None,
        }
    }

    /// How often each subject of new facts comes, rank by rank; none if there are no new facts.
    pub fn frequency(&self) -> Option<&Frequency> {
        match &self.task {
            Task::Injection { frequency, .. } => Some(frequency),
            Task::Instruction { .. } => None,
        }
    }

    /// The element that number `k` of the subjects of new facts is, as [`frequency`](Self::frequency) numbers them.
    pub fn subject(&self, k: u64) -> u64 {
        match &self.task {
            Task::Injection {
                subjects: Subjects::Old,
                picked,
                ..
            } => self.world.frequency().element(picked.forward(k) + 1),
            _ => self.world.stranger(k),
        }
    }

    /// How many of the [strangers](World::strangers) are taught: the first ones.
    pub fn introduced(&self) -> u64 {
        match &self.task {
            Task::Injection {
                subjects: Subjects::New,
                frequency,
                ..
            } => frequency.max_elements(),
            _ => 0,
        }
    }

    /// Whether the facts of `element`, of the world, change.
    pub fn revises(&self, element: u64) -> bool {
        match &self.task {
            Task::Injection {
                subjects: Subjects::Old,
                frequency,
                picked,
                ..
            } => {
                let place = picked.backward(self.world.frequency().rank(element) - 1);
                place < frequency.max_elements()
            }
            _ => false,
        }
    }

    /// The number of the value that is taught for `fact`.
    pub fn value_of(&self, fact: Fact) -> u32 {
        match &self.task {
            Task::Injection {
                subjects: Subjects::Old,
                ..
            } => {
                let facts = self.world.facts();
                facts.other_value(fact.element, fact.relation as usize)
            }
            _ => self.world.value_of(fact),
        }
    }

    /// The syntax of what is taught.
    pub fn wording(&self) -> Wording {
        match &self.task {
            Task::Injection {
                syntax: LessonSyntax::Old,
                ..
            } => Wording::Statement,
            _ => Wording::Question,
        }
    }

    /// Whether the model writes some of the documents.
    pub fn has_generated(&self) -> bool {
        self.replay.of == Replayed::Generated && self.replay.share > 0.0
    }

    /// What the model draws document `n` from, if it is one that the model writes.
    pub fn generated(&self, n: u64) -> Option<Random> {
        let is_replayed = self.is_replayed(&mut self.documents.at(n));
        (self.has_generated() && is_replayed).then(|| self.generated.at(n))
    }

    fn is_replayed(&self, random: &mut Random) -> bool {
        random.random::<f64>() < self.replay.share
    }

    /// Document `n` into memory that is already there. One that the model writes is left empty: it has no facts of the world.
    pub fn write_document(&self, n: u64, document: &mut Document) {
        let mut random = self.documents.at(n);
        if self.is_replayed(&mut random) {
            let which = match self.replay.of {
                Replayed::Seen => random.random_range(0..self.read.seen.max(1)),
                Replayed::Fresh => self.read.fresh + n,
                Replayed::Generated => return document.clear(),
            };
            return self.world.write_document(which, document);
        }
        document.clear();
        let element = self.draw(&mut random);
        let draw = self.world.relation_draw();
        let mut stated = Vec::with_capacity(draw.per_document());
        draw.draw(&mut random, &mut stated);
        for relation in stated {
            let fact = Fact { element, relation };
            let value = self.value_of(fact);
            self.world
                .write_worded(self.wording(), fact, value, &mut random, document);
        }
        document.push(EOS, Role::Eos);
    }

    fn draw(&self, random: &mut Random) -> u64 {
        match &self.task {
            Task::Injection { frequency, .. } => self.subject(frequency.sample(random)),
            Task::Instruction { fraction, taught } => loop {
                let element = self.world.frequency().sample(random);
                if is_taught(taught, element, *fraction) {
                    return element;
                }
            },
        }
    }

    /// Tokens of the longest document, its end included.
    pub fn max_document_length(&self) -> usize {
        let world = self.world;
        let lesson = world.max_length_in(self.wording());
        lesson.max(world.max_document_length())
    }
}

/// Refuses a part of the subjects that documents are so rarely about that none would be found.
fn check_taught(world: &World, taught: &Stream, fraction: f64) -> Result<(), WorldError> {
    const RANKS: u64 = 100_000;
    const LEAST: f64 = 1e-3;
    let frequency = world.frequency();
    let ranks = 1..=frequency.elements().min(RANKS);
    let taught = ranks.filter(|rank| is_taught(taught, frequency.element(*rank), fraction));
    let mut mass = 0.0;
    let found = taught.map(|rank| frequency.probability(rank)).any(|p| {
        mass += p;
        mass >= LEAST
    });
    let valid = "a larger part: fewer than one document in 1000 is about a subject that it teaches";
    WorldError::require(found, "finetune.lesson.fraction", fraction, valid)
}

fn is_taught(taught: &Stream, element: u64, fraction: f64) -> bool {
    (taught.bits(element) as f64) < fraction * 2f64.powi(64)
}

#[cfg(test)]
mod tests;
