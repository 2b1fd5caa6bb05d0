//! A world: a checked configuration and a seed, ready to draw documents from.

use crate::{
    abstract_family, biography,
    config::{Family, RelationCount, WEIGHTS, WorldConfig},
    document::{Document, Fact, Role},
    error::WorldError,
    facts::Relation,
    frequency::{Frequency, Law},
    names::Names,
    random::{Random, Stream, Streams},
    relations::RelationDraw,
    syntax::{Syntax, Wording},
    vocabulary::{EOS, Token, Vocabulary},
};

/// A world of the Syntax-Knowledge model.
#[derive(Debug)]
pub struct World {
    config: WorldConfig,
    frequency: Frequency,
    relation_draw: RelationDraw,
    relations: Vec<Relation>,
    names: Names,
    syntax: Syntax,
    vocabulary: Vocabulary,
    roles: Vec<Role>,
    documents: Stream,
}

impl World {
    /// The world of `config` and `seed`.
    ///
    /// # Errors
    /// [`WorldError::Invalid`] for a configuration that describes no world: it names the key, the
    /// value and the valid range.
    pub fn new(config: &WorldConfig, seed: u64) -> Result<Self, WorldError> {
        Self::with_law(config, config.frequency.law(), seed)
    }

    /// The world of `config` and `seed` with the law `law` in place of the one that `config` names, which need not be one
    /// that a configuration can name. What it says of itself is in [`frequency`](Self::frequency), not in
    /// [`config`](Self::config).
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_law(
        config: &WorldConfig,
        law: Box<dyn Law>,
        seed: u64,
    ) -> Result<Self, WorldError> {
        let streams = Streams::new(seed);
        let mut config = config.clone();
        let frequency = Frequency::of(law, &streams)?;
        check_priors(&config)?;
        let language = match config.family {
            Family::Abstract => abstract_family::build(&mut config, &frequency, &streams),
            Family::Biography => biography::build(&mut config, &frequency, &streams),
        }?;
        let weights: Vec<f64> = config.relations.iter().map(|r| r.weight).collect();
        let per_document = match config.relations_per_document {
            RelationCount::All(_) => weights.len(),
            RelationCount::Exactly(k) => k,
        };
        WorldError::require(
            (1..=weights.len()).contains(&per_document),
            "world.relations_per_document",
            per_document,
            &format!(
                "1 to {} (the number of world.relations), or \"all\"",
                weights.len()
            ),
        )?;
        Ok(Self {
            roles: language.roles(),
            frequency,
            relation_draw: RelationDraw::new(&weights, per_document),
            relations: language.relations,
            names: language.names,
            syntax: language.syntax,
            vocabulary: language.vocabulary,
            documents: streams.stream("document"),
            config,
        })
    }

    /// The configuration with every preset filled in: it makes the same world.
    pub fn config(&self) -> &WorldConfig {
        &self.config
    }

    /// The frequencies of the subjects.
    pub fn frequency(&self) -> &Frequency {
        &self.frequency
    }

    /// How the relations of a document are drawn.
    pub fn relation_draw(&self) -> &RelationDraw {
        &self.relation_draw
    }

    /// The relations, with their values and facts.
    pub fn relations(&self) -> &[Relation] {
        &self.relations
    }

    /// The names.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The syntax.
    pub fn syntax(&self) -> &Syntax {
        &self.syntax
    }

    /// The vocabulary.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The role of `token` wherever it stands: names, values and syntax have no word in common.
    pub fn role(&self, token: Token) -> Option<Role> {
        self.roles.get(token as usize).copied()
    }

    /// Document `n`, a pure function of the configuration, the seed and `n`.
    pub fn document(&self, n: u64) -> Document {
        let mut document = Document::default();
        self.write_document(n, &mut document);
        document
    }

    /// Document `n` into memory that is already there.
    pub fn write_document(&self, n: u64, document: &mut Document) {
        document.clear();
        let mut random = self.documents.at(n);
        let element = self.frequency.sample(&mut random);
        let mut stated = Vec::with_capacity(self.relation_draw.per_document());
        self.relation_draw.draw(&mut random, &mut stated);
        for relation in stated {
            self.write_sentence(Fact { element, relation }, &mut random, document);
        }
        document.push(EOS, Role::Eos);
    }

    /// Appends a sentence that states `fact`, its wording drawn from `random`, to `document`. Returns
    /// the position of the value's first token.
    pub fn write_sentence(
        &self,
        fact: Fact,
        random: &mut Random,
        document: &mut Document,
    ) -> usize {
        let relation = &self.relations[fact.relation as usize];
        let value = relation.value_of(fact.element);
        self.write_worded(Wording::Statement, fact, value, random, document)
    }

    /// The same in `wording`, which the language has, with value number `value` for the fact.
    pub fn write_worded(
        &self,
        wording: Wording,
        fact: Fact,
        value: u32,
        random: &mut Random,
        document: &mut Document,
    ) -> usize {
        let relation = &self.relations[fact.relation as usize];
        document.facts.push(fact);
        self.syntax.write(
            wording,
            fact.relation as usize,
            |tokens| self.names.write(fact.element, tokens),
            relation.tokens(value),
            random,
            document,
        )
    }

    /// How many names nobody bears.
    pub fn strangers(&self) -> u64 {
        self.names
            .space()
            .saturating_sub(self.frequency.max_elements())
    }

    /// An element that no document is about, with a name that nobody else bears: number `k` of
    /// [`strangers`](Self::strangers).
    pub fn stranger(&self, k: u64) -> u64 {
        self.frequency.max_elements() + k
    }

    /// Probability that a document states relation `relation` of the subject of rank `rank`.
    pub fn fact_probability(&self, rank: u64, relation: usize) -> f64 {
        self.frequency.probability(rank) * self.relation_draw.inclusion(relation)
    }

    /// Tokens of the longest document, its end included.
    pub fn max_document_length(&self) -> usize {
        self.max_length_in(Wording::Statement)
    }

    /// Tokens of the longest document if all of its sentences are in `wording`, its end included.
    pub fn max_length_in(&self, wording: Wording) -> usize {
        let mut lengths: Vec<usize> = (0..self.relations.len())
            .map(|r| {
                let value = self.relations[r].max_length();
                self.syntax
                    .max_length(wording, r, self.names.length(), value)
            })
            .collect();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        let stated = self.relation_draw.per_document();
        lengths.iter().take(stated).sum::<usize>() + 1
    }

    /// Tokens of the longest value of any relation.
    pub fn max_value_length(&self) -> usize {
        self.relations
            .iter()
            .map(Relation::max_length)
            .max()
            .unwrap_or(0)
    }
}

/// Checks what both families share.
fn check_priors(config: &WorldConfig) -> Result<(), WorldError> {
    for (key, value) in [
        (
            "template_concentration",
            config.syntax.template_concentration,
        ),
        ("filler_concentration", config.syntax.filler_concentration),
    ] {
        WorldError::require(
            (1e-3..=1e6).contains(&value),
            &format!("world.syntax.{key}"),
            value,
            "0.001 to 1000000",
        )?;
    }
    let count = config.relations.len();
    WorldError::require(
        count <= RelationDraw::MAX_RELATIONS,
        "world.relations",
        format!("{count} relations"),
        &format!("at most {}", RelationDraw::MAX_RELATIONS),
    )?;
    for (r, relation) in config.relations.iter().enumerate() {
        WorldError::require(
            WEIGHTS.contains(&relation.weight),
            &format!("world.relations[{r}].weight"),
            relation.weight,
            "0.000001 to 1000000",
        )?;
        let earlier = config.relations[..r]
            .iter()
            .position(|e| e.name == relation.name);
        if let Some(earlier) = earlier {
            return Err(WorldError::invalid(
                format!("world.relations[{r}].name"),
                &relation.name,
                format!("another name than that of world.relations[{earlier}].name"),
            ));
        }
    }
    Ok(())
}
