//! A world: a checked configuration and a seed, ready to draw documents from.

use crate::{
    config::{RelationCount, WorldConfig},
    document::{Document, Fact, Role},
    error::{WEIGHTS, WorldError},
    facts::{Facts, Relation},
    frequency::{Frequency, Law},
    random::{Random, Stream, Streams},
    relations::RelationDraw,
    source::{Language, Settings, Source},
    syntax::{Syntax, Wording},
    vocabulary::{EOS, Token, Vocabulary},
};

/// The streams of documents, and of the order of those that come again.
const DOCUMENTS: &str = "document";
const SHOWN: &str = "document/order";

/// A world of the Syntax-Knowledge model.
#[derive(Debug)]
pub struct World {
    config: WorldConfig,
    frequency: Frequency,
    relation_draw: RelationDraw,
    source: Box<dyn Source>,
    facts: Box<dyn Facts>,
    syntax: Syntax,
    vocabulary: Vocabulary,
    documents: Stream,
    shown: Stream,
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
        Self::with(config, law, config.family.source(), seed)
    }

    /// The world of `config` and `seed` with facts of `source` in place of those that `config` names.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_source(
        config: &WorldConfig,
        source: Box<dyn Source>,
        seed: u64,
    ) -> Result<Self, WorldError> {
        Self::with(config, config.frequency.law(), source, seed)
    }

    fn with(
        config: &WorldConfig,
        law: Box<dyn Law>,
        source: Box<dyn Source>,
        seed: u64,
    ) -> Result<Self, WorldError> {
        let streams = Streams::new(seed);
        let mut config = config.clone();
        let frequency = Frequency::of(law, &streams)?;
        check_priors(&config)?;
        let mut settings = Settings {
            relations: &mut config.relations,
            names: &mut config.names,
            syntax: &mut config.syntax,
        };
        let language = source.language(&mut settings, &frequency, &streams)?;
        let Language {
            vocabulary,
            facts,
            syntax,
        } = language;
        check_subjects(&*facts, &frequency)?;
        config.digest = check_digest(config.digest, facts.digest())?;
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
        syntax.check(per_document)?;
        Ok(Self {
            frequency,
            relation_draw: RelationDraw::new(&weights, per_document),
            source,
            facts,
            syntax,
            vocabulary,
            documents: streams.stream(DOCUMENTS),
            shown: streams.stream(SHOWN),
            config,
        })
    }

    /// The same world with the documents that `seed` draws, and their order: what is true stays as it is.
    pub fn with_documents_of(mut self, seed: u64) -> Self {
        let streams = Streams::new(seed);
        self.documents = streams.stream(DOCUMENTS);
        self.shown = streams.stream(SHOWN);
        self
    }

    /// The order of documents that come again is drawn from it.
    pub(crate) fn shown_stream(&self) -> &Stream {
        &self.shown
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

    /// Where its facts and words come from.
    pub fn source(&self) -> &dyn Source {
        &*self.source
    }

    /// The names, and what is true.
    pub fn facts(&self) -> &dyn Facts {
        &*self.facts
    }

    /// The relations, with their values.
    pub fn relations(&self) -> &[Relation] {
        self.facts.relations()
    }

    /// The number of the value that `fact` has.
    pub fn value_of(&self, fact: Fact) -> u32 {
        self.facts.value(fact.element, fact.relation as usize)
    }

    /// h, the content of `fact`, nats: −ln P of its value before anything is known of its subject.
    pub fn content(&self, fact: Fact) -> f64 {
        let relation = &self.relations()[fact.relation as usize];
        match relation.is_uniform() {
            true => relation.mean_content(),
            false => relation.content(self.value_of(fact)),
        }
    }

    /// The syntax.
    pub fn syntax(&self) -> &Syntax {
        &self.syntax
    }

    /// The vocabulary.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
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
        let value = self.value_of(fact);
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
        let relation = &self.relations()[fact.relation as usize];
        document.facts.push(fact);
        self.syntax.write(
            wording,
            fact.relation as usize,
            |tokens| self.facts.write_name(fact.element, tokens),
            relation.tokens(value),
            random,
            document,
        )
    }

    /// How many subjects there are that no document is about.
    pub fn strangers(&self) -> u64 {
        self.facts
            .subjects()
            .saturating_sub(self.frequency.max_elements())
    }

    /// An element that no document is about, with a name that nobody else bears: number `k` of
    /// [`strangers`](Self::strangers).
    pub fn stranger(&self, k: u64) -> u64 {
        self.frequency.max_elements() + k
    }

    /// Checks that a word tells what it is there for, and a name where it ends: whoever reads tokens without their roles needs that. Where
    /// names are of several lengths it goes through all subjects.
    ///
    /// # Errors
    /// The first word that names, values and templates share, or name with which another begins.
    pub fn check_words(&self) -> Result<(), WorldError> {
        let refused = |tokens: &[Token]| {
            let valid = "words that are each of names, of values or of templates alone, and no name with which another begins, where \
                         documents are read without the roles of their words";
            WorldError::invalid(
                "world",
                format!("{:?}", self.vocabulary.text(tokens)),
                valid,
            )
        };
        let mut uses = vec![None; self.vocabulary.len()];
        let names = self.facts.name_words().into_iter();
        let values = self.relations().iter().flat_map(|relation| {
            let all = 0..relation.value_count() as u32;
            all.flat_map(|value| relation.tokens(value).iter().copied())
        });
        let all = names.map(|word| (word, Role::Subject));
        let all = all.chain(values.map(|word| (word, Role::Value)));
        let all = all.chain(
            self.syntax
                .words()
                .into_iter()
                .map(|word| (word, Role::Syntax)),
        );
        for (word, role) in all {
            if *uses[word as usize].get_or_insert(role) != role {
                return Err(refused(&[word]));
            }
        }
        let lengths = self.facts.name_lengths();
        let subjects = match lengths.start() == lengths.end() {
            true => 0,
            false => self.facts.subjects(),
        };
        let (mut name, mut counts) = (Vec::new(), Vec::new());
        for subject in 0..subjects {
            name.clear();
            self.facts.write_name(subject, &mut name);
            self.facts.beginnings(&name, &mut counts);
            if counts.last().is_some_and(|alike| *alike > 1.0) {
                return Err(refused(&name));
            }
        }
        Ok(())
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
        let relations = self.relations().iter().enumerate();
        let name = *self.facts.name_lengths().end();
        let mut lengths: Vec<usize> = relations
            .map(|(r, relation)| {
                let value = relation.max_length();
                self.syntax.max_length(wording, r, name, value)
            })
            .collect();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        let stated = self.relation_draw.per_document();
        lengths.iter().take(stated).sum::<usize>() + 1
    }

    /// Tokens of the longest value of any relation.
    pub fn max_value_length(&self) -> usize {
        self.relations()
            .iter()
            .map(Relation::max_length)
            .max()
            .unwrap_or(0)
    }
}

/// Checks that every element of `frequency` has a name.
fn check_subjects(facts: &dyn Facts, frequency: &Frequency) -> Result<(), WorldError> {
    let (elements, subjects) = (frequency.max_elements(), facts.subjects());
    let key = frequency.law().elements_key();
    let valid = format!("at most {subjects} elements, the subjects that there are facts about");
    WorldError::require(elements <= subjects, key, elements, &valid)
}

/// The digest of the facts as they are, unless the configuration was written with others: `before`.
fn check_digest(before: Option<String>, now: Option<String>) -> Result<Option<String>, WorldError> {
    let Some(before) = before.filter(|before| now.as_ref() != Some(before)) else {
        return Ok(now);
    };
    let valid = match now {
        Some(now) => format!(
            "{now}, or to leave it out: the facts are not those that the configuration was written for, and with others it is \
             another run"
        ),
        None => "to leave it out: the configuration fixes all facts of this world".to_owned(),
    };
    Err(WorldError::invalid("world.digest", before, valid))
}

/// Checks what all sources share.
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
