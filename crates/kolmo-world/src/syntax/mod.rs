//! How a fact is said: syntax classes with templates and filler slots, drawn from Dirichlet priors.

mod template;

use rand::RngExt;
use rand_distr::{Distribution, Gamma};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use template::{Piece, Template};

use crate::{
    document::{Document, Role},
    error::WorldError,
    random::{Random, Stream},
    vocabulary::Token,
};

/// The syntax of a world.
#[derive(Debug, Clone)]
pub struct Syntax {
    classes: Vec<Class>,
    unspoken: Unspoken,
    class_of: Vec<usize>,
    relation_words: Vec<Option<Token>>,
}

/// What the language has and no document of the world uses; empty where the configuration has none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unspoken {
    pub held_out: Vec<Class>,
    pub questions: Vec<Class>,
}

/// In which words a fact is stated, or asked for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Wording {
    /// Templates that documents use.
    Statement,
    /// Templates that none uses, of the same words as far as the family allows.
    HeldOut,
    /// A question and its answer.
    Question,
}

impl Wording {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Statement, Self::HeldOut, Self::Question];

    /// The name in files: `statement`, `held_out`, `question`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Statement => "statement",
            Self::HeldOut => "held_out",
            Self::Question => "question",
        }
    }
}

/// A syntax class: its templates with probabilities π_c and its filler slots with θ_{c,s}.
#[derive(Debug, Clone)]
pub struct Class {
    templates: Vec<Template>,
    template_choice: Categorical,
    slots: Vec<Slot>,
}

/// A filler slot: words and how often each fills it.
#[derive(Debug, Clone)]
pub struct Slot {
    words: Vec<Token>,
    choice: Categorical,
}

impl Class {
    /// Draws the probabilities of a class from their Dirichlet priors.
    pub fn draw(
        templates: Vec<Template>,
        slots: Vec<Vec<Token>>,
        template_concentration: f64,
        filler_concentration: f64,
        random: &mut Random,
    ) -> Self {
        let template_choice = Categorical::draw(templates.len(), template_concentration, random);
        let slots = slots
            .into_iter()
            .map(|words| Slot {
                choice: Categorical::draw(words.len(), filler_concentration, random),
                words,
            })
            .collect();
        Self {
            templates,
            template_choice,
            slots,
        }
    }

    /// The templates.
    pub fn templates(&self) -> &[Template] {
        &self.templates
    }

    /// π_c, in the order of the templates.
    pub fn template_probabilities(&self) -> &[f64] {
        &self.template_choice.probabilities
    }

    /// The filler slots.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Entropy of a sentence's wording given its relation, nats: H(π) and the fillers used.
    pub fn entropy(&self) -> f64 {
        let fillers: f64 = self
            .templates
            .iter()
            .zip(self.template_probabilities())
            .map(|(template, p)| {
                let slots = template.slots().map(|s| self.slots[s].choice.entropy());
                p * slots.sum::<f64>()
            })
            .sum();
        self.template_choice.entropy() + fillers
    }
}

impl Slot {
    /// The words that can fill the slot.
    pub fn words(&self) -> &[Token] {
        &self.words
    }

    /// θ_{c,s}, in the order of the words.
    pub fn probabilities(&self) -> &[f64] {
        &self.choice.probabilities
    }
}

impl Syntax {
    /// A syntax of `classes`, of which relation r has number `class_of[r]`, and the word `relation_words[r]` where a template has
    /// [`Piece::Relation`].
    pub fn new(
        classes: Vec<Class>,
        class_of: Vec<usize>,
        relation_words: Vec<Option<Token>>,
    ) -> Self {
        Self {
            classes,
            unspoken: Unspoken::default(),
            class_of,
            relation_words,
        }
    }

    /// The same with what no document uses.
    pub(crate) fn with(self, unspoken: Unspoken) -> Self {
        Self { unspoken, ..self }
    }

    /// Checks that what is said can be read: what stands where follows from the roles of words.
    pub(crate) fn check(&self, per_document: usize) -> Result<(), WorldError> {
        let wrong = |c: usize, valid: &str| {
            WorldError::invalid("world.syntax", format!("a template of class {c}"), valid)
        };
        let unspoken = self.unspoken.held_out.iter().zip(0..);
        let unspoken = unspoken.chain(self.unspoken.questions.iter().zip(0..));
        let classes = self.classes.iter().zip(0..).chain(unspoken);
        let (mut begins, mut ends) = (false, false);
        for (class, c) in classes {
            for template in &class.templates {
                let checked = template.check(class.slots.len());
                checked.map_err(|valid| wrong(c, valid))?;
                begins |= template.pieces().first() == Some(&Piece::Subject);
                ends |= template.pieces().last() == Some(&Piece::Subject);
            }
        }
        WorldError::require(
            per_document == 1 || !(begins && ends),
            "world.syntax",
            "a template that ends with the subject",
            "a word at the end, where others begin with the subject: where a name ends could not be told",
        )
    }

    /// Every word that a template or a filler slot has, and those of the relations.
    pub fn words(&self) -> Vec<Token> {
        let unspoken = self
            .unspoken
            .held_out
            .iter()
            .chain(&self.unspoken.questions);
        let classes = || self.classes.iter().chain(unspoken.clone());
        let templates = classes().flat_map(|class| &class.templates);
        let pieces = templates.flat_map(|template| template.pieces());
        let fixed = pieces.filter_map(|piece| match piece {
            Piece::Word(word) => Some(*word),
            Piece::Relation | Piece::Subject | Piece::Value | Piece::Filler(_) => None,
        });
        let slots = classes().flat_map(|class| &class.slots);
        let fillers = slots.flat_map(|slot| slot.words.iter().copied());
        let relations = self.relation_words.iter().flatten().copied();
        let mut words: Vec<Token> = fixed.chain(fillers).chain(relations).collect();
        words.sort_unstable();
        words.dedup();
        words
    }

    /// The classes.
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// The class of relation `relation` in `wording`; none if the language has no such templates.
    pub fn class_in(&self, wording: Wording, relation: usize) -> Option<&Class> {
        let classes = match wording {
            Wording::Statement => &self.classes,
            Wording::HeldOut => &self.unspoken.held_out,
            Wording::Question => &self.unspoken.questions,
        };
        classes.get(self.class_of[relation])
    }

    /// Whether the language has templates of `wording`.
    pub fn has(&self, wording: Wording) -> bool {
        self.class_in(wording, 0).is_some()
    }

    /// The class c(r) of relation `relation`.
    pub fn class(&self, relation: usize) -> &Class {
        &self.classes[self.class_of[relation]]
    }

    /// Number of the class c(r) of relation `relation`, an index into [`classes`](Self::classes).
    pub fn class_index(&self, relation: usize) -> usize {
        self.class_of[relation]
    }

    /// The word that stands for relation `relation` where a template has [`Piece::Relation`], if the
    /// family has such words.
    pub fn relation_word(&self, relation: usize) -> Option<Token> {
        self.relation_words[relation]
    }

    /// Draws a sentence of `relation` in `wording`, which the language [has](Self::has), and appends it to `document`, naming the
    /// subject by `name` and the value by `value`. Returns the position of the value's first token.
    pub fn write(
        &self,
        wording: Wording,
        relation: usize,
        name: impl Fn(&mut Vec<Token>),
        value: &[Token],
        random: &mut Random,
        document: &mut Document,
    ) -> usize {
        let mut value_at = document.tokens.len();
        let Some(class) = self.class_in(wording, relation) else {
            return value_at;
        };
        let template = &class.templates[class.template_choice.sample(random)];
        for piece in template.pieces() {
            match piece {
                Piece::Word(word) => document.push(*word, Role::Syntax),
                Piece::Relation => {
                    if let Some(word) = self.relation_words[relation] {
                        document.push(word, Role::Syntax);
                    }
                }
                Piece::Filler(slot) => {
                    let slot = &class.slots[*slot];
                    document.push(slot.words[slot.choice.sample(random)], Role::Syntax);
                }
                Piece::Subject => {
                    name(&mut document.tokens);
                    document.mark(Role::Subject);
                }
                Piece::Value => {
                    value_at = document.tokens.len();
                    document.tokens.extend_from_slice(value);
                    document.mark(Role::Value);
                }
            }
        }
        value_at
    }

    /// Tokens of the longest sentence of `relation` in `wording`, for names and values of at most these lengths.
    pub fn max_length(
        &self,
        wording: Wording,
        relation: usize,
        name: usize,
        value: usize,
    ) -> usize {
        let length = |template: &Template| -> usize {
            let pieces = template.pieces().iter().map(|piece| match piece {
                Piece::Word(_) | Piece::Filler(_) => 1,
                Piece::Relation => usize::from(self.relation_words[relation].is_some()),
                Piece::Subject => name,
                Piece::Value => value,
            });
            pieces.sum()
        };
        let class = self.class_in(wording, relation);
        let templates = class.into_iter().flat_map(|class| &class.templates);
        templates.map(length).max().unwrap_or(0)
    }

    /// Expected number of syntax tokens in a sentence of `relation`.
    pub fn mean_syntax_tokens(&self, relation: usize) -> f64 {
        let class = self.class(relation);
        let word = usize::from(self.relation_words[relation].is_some());
        let count = |template: &Template| -> usize {
            let pieces = template.pieces().iter().map(|piece| match piece {
                Piece::Word(_) | Piece::Filler(_) => 1,
                Piece::Relation => word,
                Piece::Subject | Piece::Value => 0,
            });
            pieces.sum()
        };
        class
            .templates
            .iter()
            .zip(class.template_probabilities())
            .map(|(template, p)| p * count(template) as f64)
            .sum()
    }
}

/// A distribution over a few outcomes.
#[derive(Debug, Clone)]
struct Categorical {
    probabilities: Vec<f64>,
    cumulative: Vec<f64>,
}

impl Categorical {
    /// Symmetric Dirichlet draw over `count` outcomes.
    fn draw(count: usize, concentration: f64, random: &mut Random) -> Self {
        // ln of a Gamma(c) draw is ln Gamma(c + 1) + ln U / c: small concentrations do not underflow
        // to a vector of zeros (Marsaglia & Tsang 2000, section 8).
        let logs: Vec<f64> = (0..count)
            .map(|_| {
                let gamma = Gamma::new(concentration + 1.0, 1.0).map_or(1.0, |g| g.sample(random));
                gamma.ln() + (1.0 - random.random::<f64>()).ln() / concentration
            })
            .collect();
        let max = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = logs.iter().map(|l| (l - max).exp()).sum();
        let probabilities: Vec<f64> = logs.iter().map(|l| (l - max).exp() / total).collect();
        let mut sum = 0.0;
        let cumulative = probabilities
            .iter()
            .map(|p| {
                sum += p;
                sum
            })
            .collect();
        Self {
            probabilities,
            cumulative,
        }
    }

    fn sample(&self, random: &mut Random) -> usize {
        let u: f64 = random.random();
        let k = self.cumulative.partition_point(|c| *c <= u);
        k.min(self.probabilities.len() - 1)
    }

    fn entropy(&self) -> f64 {
        let terms = self.probabilities.iter().filter(|p| **p > 0.0);
        terms.map(|p| -p * p.ln()).sum()
    }
}

/// The generator of the priors of class `class`.
pub(crate) fn class_random(stream: &Stream, class: usize) -> Random {
    stream.at(class as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    #[test]
    fn dirichlet_draws_have_their_moments() {
        // Symmetric Dirichlet(c) over k: mean 1/k, variance (k − 1) / (k² (kc + 1)).
        for concentration in [0.05, 1.0, 20.0] {
            let (k, n) = (4, 20_000);
            let mut random = Streams::new(1).stream("test").at(0);
            let first: Vec<f64> = (0..n)
                .map(|_| Categorical::draw(k, concentration, &mut random).probabilities[0])
                .collect();
            let mean = first.iter().sum::<f64>() / f64::from(n);
            let variance = (k as f64 - 1.0) / ((k * k) as f64 * (k as f64 * concentration + 1.0));
            let error = (variance / f64::from(n)).sqrt();
            assert!((mean - 0.25).abs() < 4.0 * error, "{concentration}: {mean}");
            let squares = first.iter().map(|p| (p - 0.25).powi(2));
            let spread: Vec<f64> = squares.collect();
            let measured = spread.iter().sum::<f64>() / f64::from(n);
            let fourth = spread.iter().map(|s| (s - measured).powi(2)).sum::<f64>();
            let error = (fourth / f64::from(n)).sqrt() / f64::from(n).sqrt();
            assert!((measured - variance).abs() < 4.0 * error, "{concentration}");
        }
    }
}
