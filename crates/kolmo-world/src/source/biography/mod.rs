//! The `biography` family: English sentences about people who do not exist.
//!
//! Six relations with the classical pool sizes (Allen-Zhu & Li 2404.05405; Pan et al. 2504.09597):
//! birth date 12·28·200, 200 cities, 300 universities, 100 majors, 263 employers. Allen-Zhu & Li let
//! an employer fix its city; here it is a fact of its own, the town a person works in, so that every
//! relation carries ln V_r nats. The lexicon and the sentences are ours.

mod templates;

use crate::{
    error::WorldError,
    facts::{DrawnFacts, Relation},
    frequency::Frequency,
    names::{Names, check_name_space},
    random::Streams,
    source::{Language, NamesConfig, RelationConfig, Settings, Source},
    syntax::{Class, Syntax, Template, Unspoken, class_random},
    vocabulary::{Token, Vocabulary},
};
use templates::{SENTENCES, Sentences};

const NAMES: [&str; 3] = [
    include_str!("first_names.txt"),
    include_str!("middle_names.txt"),
    include_str!("last_names.txt"),
];
const MONTHS: &str = include_str!("months.txt");
const CITIES: &str = include_str!("cities.txt");
const UNIVERSITIES: &str = include_str!("universities.txt");
const MAJORS: &str = include_str!("majors.txt");
const EMPLOYERS: &str = include_str!("employers.txt");

const DAYS: usize = 28;
const FIRST_YEAR: usize = 1800;
const YEARS: usize = 200;

/// Of the written templates, those beyond the preset are kept for questions in unseen wording.
const TEMPLATES: usize = 20;
const FILLER_SLOTS: usize = 2;

/// `family = "biography"`.
#[derive(Debug)]
pub(super) struct Biography;

impl Source for Biography {
    fn name(&self) -> &'static str {
        "biography"
    }

    fn language(
        &self,
        settings: &mut Settings<'_>,
        frequency: &Frequency,
        streams: &Streams,
    ) -> Result<Language, WorldError> {
        if settings.relations.is_empty() {
            let preset = |sentences: &Sentences| RelationConfig {
                name: sentences.relation.to_owned(),
                values: None,
                weight: 1.0,
            };
            *settings.relations = SENTENCES.iter().map(preset).collect();
        }
        let mut vocabulary = Vocabulary::new();
        let syntax = build_syntax(settings, streams, &mut vocabulary)?;
        let pools = build_names(settings.names, frequency, &mut vocabulary)?;
        let mut relations = Vec::new();
        for (r, relation) in settings.relations.iter_mut().enumerate() {
            let pool = value_pool(&relation.name);
            let values = *relation.values.get_or_insert(pool.len());
            WorldError::require(
                (1..=pool.len()).contains(&values),
                &format!("world.relations[{r}].values"),
                values,
                &format!(
                    "1 to {} with world.relations[{r}].name = {:?}",
                    pool.len(),
                    relation.name
                ),
            )?;
            let words = pool.iter().take(values);
            let values = words.map(|text| vocabulary.intern_all(text)).collect();
            relations.push(Relation::uniform(&relation.name, values)?);
        }
        // Behind everything else, so that the tokens of documents do not depend on it.
        let unspoken = build_unspoken(settings, &syntax, streams, &mut vocabulary)?;
        let names = Names::new(pools, &streams.stream("names"));
        Ok(Language {
            vocabulary,
            facts: Box::new(DrawnFacts::new(names, relations, streams)),
            syntax: syntax.with(unspoken),
        })
    }
}

/// The template of a question.
fn question(text: &str) -> String {
    format!("Question : {text} ? Answer : {{value}} .")
}

/// The written templates behind those of documents, and questions.
fn build_unspoken(
    settings: &Settings<'_>,
    spoken: &Syntax,
    streams: &Streams,
    vocabulary: &mut Vocabulary,
) -> Result<Unspoken, WorldError> {
    let syntax = &*settings.syntax;
    let used = syntax.templates.unwrap_or(TEMPLATES);
    let written = SENTENCES[0].templates.len();
    let mut unspoken = Unspoken::default();
    let limits = [
        ("held_out", syntax.held_out, written - used.min(written)),
        ("questions", syntax.questions, SENTENCES[0].questions.len()),
    ];
    for (key, count, most) in limits {
        let Some(count) = count else { continue };
        let valid = format!("1 to {most} with world.syntax.templates = {used}");
        let key = format!("world.syntax.{key}");
        WorldError::require((1..=most).contains(&count), &key, count, &valid)?;
    }
    if syntax.held_out.is_none() && syntax.questions.is_none() {
        return Ok(unspoken);
    }
    // All words of what could be unspoken, so that their tokens do not depend on how much of it is.
    let of = |relation: &RelationConfig| SENTENCES.iter().find(|s| s.relation == relation.name);
    for sentences in settings.relations.iter().filter_map(of) {
        let questions = sentences.questions.iter().map(|text| question(text));
        let templates = sentences.templates.iter().skip(used);
        for text in questions.chain(templates.map(|text| (*text).to_owned())) {
            Template::parse(&text, vocabulary);
        }
    }
    let held_out = streams.stream("syntax/held_out");
    let questions = streams.stream("syntax/questions");
    for (r, (class, relation)) in spoken
        .classes()
        .iter()
        .zip(settings.relations.iter())
        .enumerate()
    {
        let Some(sentences) = of(relation) else {
            continue;
        };
        let slots = class.slots().iter().map(|slot| slot.words().to_vec());
        let slots: Vec<Vec<Token>> = slots.collect();
        let mut draw = |texts: Vec<String>, slots, stream| {
            let parsed = texts.iter().map(|text| Template::parse(text, vocabulary));
            Class::draw(
                parsed.collect(),
                slots,
                syntax.template_concentration,
                syntax.filler_concentration,
                &mut class_random(stream, r),
            )
        };
        if let Some(count) = syntax.held_out {
            let texts = sentences.templates.iter().skip(used).take(count);
            let texts = texts.map(|text| (*text).to_owned()).collect();
            unspoken.held_out.push(draw(texts, slots, &held_out));
        }
        if let Some(count) = syntax.questions {
            let texts = sentences.questions.iter().take(count);
            let texts = texts.map(|text| question(text)).collect();
            unspoken.questions.push(draw(texts, Vec::new(), &questions));
        }
    }
    Ok(unspoken)
}

fn value_pool(relation: &str) -> Vec<String> {
    let lines = |text: &str| text.lines().map(str::to_owned).collect();
    match relation {
        "birth_date" => dates(),
        "university" => lines(UNIVERSITIES),
        "major" => lines(MAJORS),
        "employer" => lines(EMPLOYERS),
        _ => lines(CITIES),
    }
}

/// Month, day, year; the day changes slowest, so that any number of values has all months and years
/// once it is large enough.
fn dates() -> Vec<String> {
    let mut dates = Vec::with_capacity(12 * DAYS * YEARS);
    for day in 1..=DAYS {
        for year in FIRST_YEAR..FIRST_YEAR + YEARS {
            dates.extend(MONTHS.lines().map(|month| format!("{month} {day} {year}")));
        }
    }
    dates
}

fn build_names(
    config: &mut NamesConfig,
    frequency: &Frequency,
    vocabulary: &mut Vocabulary,
) -> Result<Vec<Vec<Token>>, WorldError> {
    const KEY: &str = "world.names.pools";
    let written = NAMES.map(|words| words.lines().count());
    let pools = config.pools.get_or_insert_with(|| written.to_vec());
    WorldError::require(
        pools.len() == NAMES.len(),
        KEY,
        format!("{pools:?}"),
        "three sizes, of first, middle and last names, with world.family = \"biography\"",
    )?;
    for (k, pool) in pools.iter().enumerate() {
        WorldError::require(
            (1..=written[k]).contains(pool),
            &format!("{KEY}[{k}]"),
            pool,
            &format!("1 to {} with world.family = \"biography\"", written[k]),
        )?;
    }
    check_name_space(pools, frequency)?;
    let pool = |(words, size): (&str, &usize)| {
        let words = words.lines().take(*size);
        words.map(|word| vocabulary.intern(word)).collect()
    };
    Ok(NAMES.into_iter().zip(pools.iter()).map(pool).collect())
}

fn build_syntax(
    settings: &mut Settings<'_>,
    streams: &Streams,
    vocabulary: &mut Vocabulary,
) -> Result<Syntax, WorldError> {
    let written = SENTENCES[0].templates.len();
    let words = SENTENCES[0].fillers[0].len();
    let count = settings.relations.len();
    let syntax = &mut *settings.syntax;
    let templates = *syntax.templates.get_or_insert(TEMPLATES);
    let filler_words = *syntax.filler_words.get_or_insert(words);
    if let Some(classes) = syntax.classes.filter(|classes| *classes != count) {
        let valid = "the number of world.relations with world.family = \"biography\"";
        return Err(WorldError::invalid("world.syntax.classes", classes, valid));
    }
    if let Some(slots) = syntax.filler_slots.filter(|slots| *slots != FILLER_SLOTS) {
        let valid = format!("{FILLER_SLOTS} with world.family = \"biography\"");
        return Err(WorldError::invalid(
            "world.syntax.filler_slots",
            slots,
            valid,
        ));
    }
    if let Some(words) = syntax.words {
        let valid =
            "to leave it out with world.family = \"biography\", whose templates are written";
        return Err(WorldError::invalid("world.syntax.words", words, valid));
    }
    for (key, value, most) in [
        ("templates", templates, written),
        ("filler_words", filler_words, words),
    ] {
        WorldError::require(
            (1..=most).contains(&value),
            &format!("world.syntax.{key}"),
            value,
            &format!("1 to {most} with world.family = \"biography\""),
        )?;
    }

    let stream = streams.stream("syntax");
    let mut classes = Vec::new();
    for (r, relation) in settings.relations.iter().enumerate() {
        let sentences = SENTENCES.iter().find(|s| s.relation == relation.name);
        let sentences = sentences.ok_or_else(|| {
            let known: Vec<_> = SENTENCES.iter().map(|s| s.relation).collect();
            WorldError::invalid(
                format!("world.relations[{r}].name"),
                &relation.name,
                format!(
                    "one of {} with world.family = \"biography\"",
                    known.join(", ")
                ),
            )
        })?;
        let texts = sentences.templates.iter().take(templates);
        let parsed = texts
            .map(|text| Template::parse(text, vocabulary))
            .collect();
        let slot = |words: &&[&str]| {
            let words = words.iter().take(filler_words);
            words.map(|word| vocabulary.intern(word)).collect()
        };
        classes.push(Class::draw(
            parsed,
            sentences.fillers.iter().map(slot).collect(),
            syntax.template_concentration,
            syntax.filler_concentration,
            &mut class_random(&stream, r),
        ));
    }
    Ok(Syntax::new(
        classes,
        (0..count).collect(),
        vec![None; count],
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn pools_have_the_classical_sizes() {
        assert_eq!(NAMES.map(|words| words.lines().count()), [400, 400, 1000]);
        let sizes = SENTENCES.iter().map(|s| value_pool(s.relation).len());
        let expected = [12 * 28 * 200, 200, 300, 100, 263, 200];
        assert_eq!(sizes.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_word_is_a_name_or_a_value_or_syntax_and_values_can_be_told_apart() {
        let words = |texts: Vec<String>| -> HashSet<String> {
            let texts = texts.iter().flat_map(|text| text.split_whitespace());
            texts.map(str::to_owned).collect()
        };
        let names = words(NAMES.iter().map(|text| (*text).to_owned()).collect());
        assert_eq!(names.len(), 1800);
        let mut values = HashSet::new();
        let mut syntax = HashSet::new();
        for sentences in SENTENCES {
            let pool = value_pool(sentences.relation);
            let distinct: HashSet<_> = pool.iter().collect();
            assert_eq!(distinct.len(), pool.len());
            for value in &pool {
                let mut prefix = value.as_str();
                while let Some((shorter, _)) = prefix.rsplit_once(' ') {
                    assert!(!distinct.contains(&shorter.to_owned()), "{value}");
                    prefix = shorter;
                }
            }
            values.extend(words(pool));
            let fillers = sentences.fillers.iter().flat_map(|slot| slot.iter());
            let templates = sentences.templates.iter().chain(&sentences.questions);
            let texts = templates.chain(fillers).map(|text| (*text).to_owned());
            syntax.extend(words(texts.collect()));
        }
        assert!(names.is_disjoint(&values));
        assert!(names.is_disjoint(&syntax));
        assert!(values.is_disjoint(&syntax));
    }

    #[test]
    fn a_value_can_be_told_to_come_next() {
        for sentences in SENTENCES {
            let mut vocabulary = Vocabulary::new();
            let parse = |text: &&str| Template::parse(text, &mut vocabulary);
            let templates: Vec<_> = sentences.templates.iter().map(parse).collect();
            for (k, one) in templates.iter().enumerate() {
                for other in &templates[..k] {
                    assert!(!one.hides_value_of(other), "{one:?} {other:?}");
                }
            }
        }
    }

    #[test]
    fn every_sentence_is_well_formed() {
        for sentences in SENTENCES {
            assert_eq!(sentences.templates.len(), 25);
            assert_eq!(sentences.fillers.len(), FILLER_SLOTS);
            for text in sentences.templates {
                let at = |word: &str| text.split(' ').position(|w| w == word);
                assert!(at("{subject}").is_some() && at("{subject}") < at("{value}"));
                assert!(text.ends_with(" ."), "{text}");
            }
        }
    }
}
