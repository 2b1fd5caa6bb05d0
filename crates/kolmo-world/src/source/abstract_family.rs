//! The `abstract` family: made-up words, any number of relations, every size free.
//!
//! Words are syllables. Their looks tell what they are for: syntax words are short (`moka`), names
//! are capitalised (`Tirabu`), values end in a consonant (`tirabun`).

use std::collections::HashSet;

use rand::{RngExt, seq::SliceRandom};

use crate::{
    error::WorldError,
    facts::{DrawnFacts, Relation},
    frequency::Frequency,
    names::{Names, check_name_space},
    random::{Random, Streams},
    source::{Language, NamesConfig, RelationConfig, Settings, Source, SyntaxConfig},
    syntax::{Class, Piece, Syntax, Template, Unspoken, class_random},
    vocabulary::{Token, Vocabulary},
};

/// Words of the largest pool of names that is chosen unasked.
const NAME_POOL: u64 = 256;

/// Relations, values and syntax where the configuration says nothing.
const RELATIONS: [&str; 4] = ["colour", "home", "craft", "patron"];
const VALUES: usize = 64;
const TEMPLATES: usize = 4;
const WORDS: usize = 8;
const FILLER_SLOTS: usize = 1;
const FILLER_WORDS: usize = 4;

/// `family = "abstract"`.
#[derive(Debug)]
pub(super) struct Abstract;

impl Source for Abstract {
    fn name(&self) -> &'static str {
        "abstract"
    }

    fn language(
        &self,
        settings: &mut Settings<'_>,
        frequency: &Frequency,
        streams: &Streams,
    ) -> Result<Language, WorldError> {
        if settings.relations.is_empty() {
            let preset = |name: &&str| RelationConfig {
                name: (*name).to_owned(),
                values: None,
                weight: 1.0,
            };
            *settings.relations = RELATIONS.iter().map(preset).collect();
        }
        let mut words = Words::new(streams);
        let syntax = build_syntax(settings, streams, &mut words)?;
        let names = Names::new(
            build_names(settings.names, frequency, &mut words)?,
            &streams.stream("names"),
        );
        let mut relations = Vec::new();
        for (r, relation) in settings.relations.iter_mut().enumerate() {
            let values = *relation.values.get_or_insert(VALUES);
            require_within(&format!("world.relations[{r}].values"), values, 1, 100_000)?;
            let pool = (0..values).map(|_| Box::from([words.next(Look::Value)]));
            relations.push(Relation::uniform(&relation.name, pool.collect())?);
        }
        // Behind everything else, so that what documents are made of does not depend on it.
        let unspoken = Unspoken {
            held_out: draw_held_out(settings.syntax, &syntax, streams)?,
            questions: draw_questions(settings.syntax, &syntax, streams, &mut words)?,
        };
        Ok(Language {
            vocabulary: words.vocabulary,
            facts: Box::new(DrawnFacts::new(names, relations, streams)),
            syntax: syntax.with(unspoken),
        })
    }
}

fn require_within(key: &str, value: usize, lo: usize, hi: usize) -> Result<(), WorldError> {
    let valid = format!("{lo} to {hi}");
    WorldError::require((lo..=hi).contains(&value), key, value, &valid)
}

fn build_names(
    config: &mut NamesConfig,
    frequency: &Frequency,
    words: &mut Words,
) -> Result<Vec<Vec<Token>>, WorldError> {
    const KEY: &str = "world.names.pools";
    let pools = config
        .pools
        .get_or_insert_with(|| preset_pools(frequency.max_elements()));
    WorldError::require(
        (1..=8).contains(&pools.len()),
        KEY,
        format!("{pools:?}"),
        "1 to 8 positions",
    )?;
    for (k, pool) in pools.iter().enumerate() {
        require_within(&format!("{KEY}[{k}]"), *pool, 1, 20_000)?;
    }
    check_name_space(pools, frequency)?;
    let pool = |size: &usize| (0..*size).map(|_| words.next(Look::Name)).collect();
    Ok(pools.iter().map(pool).collect())
}

/// As few positions as keep every pool at [`NAME_POOL`] words, all pools alike.
fn preset_pools(elements: u64) -> Vec<usize> {
    let mut positions = 1;
    while NAME_POOL.pow(positions) < elements {
        positions += 1;
    }
    let mut pool = 1u64;
    while pool.pow(positions) < elements {
        pool += 1;
    }
    vec![pool as usize; positions as usize]
}

fn build_syntax(
    settings: &mut Settings<'_>,
    streams: &Streams,
    words: &mut Words,
) -> Result<Syntax, WorldError> {
    let relations = settings.relations.len();
    let syntax = &mut *settings.syntax;
    let classes = *syntax.classes.get_or_insert(relations);
    let templates = *syntax.templates.get_or_insert(TEMPLATES);
    let pool = *syntax.words.get_or_insert(WORDS);
    let slots = *syntax.filler_slots.get_or_insert(FILLER_SLOTS);
    let fillers = *syntax.filler_words.get_or_insert(FILLER_WORDS);
    WorldError::require(
        (1..=relations).contains(&classes),
        "world.syntax.classes",
        classes,
        &format!("1 to {relations} (the number of world.relations)"),
    )?;
    for (key, value, lo, hi) in [
        ("templates", templates, 1, 64),
        ("words", pool, 1, 64),
        ("filler_slots", slots, 0, 4),
        ("filler_words", fillers, 1, 32),
    ] {
        require_within(&format!("world.syntax.{key}"), value, lo, hi)?;
    }

    let stop = words.vocabulary.intern(".");
    let stream = streams.stream("syntax");
    let build_class = |class: usize| {
        let pool: Vec<Token> = (0..pool).map(|_| words.next(Look::Syntax)).collect();
        let slots: Vec<Vec<Token>> = (0..slots)
            .map(|_| (0..fillers).map(|_| words.next(Look::Syntax)).collect())
            .collect();
        let random = &mut class_random(&stream, class);
        let draw = |random: &mut Random| draw_template(&pool, slots.len(), stop, random);
        let templates = draw_templates(templates, &[], draw, random).map_err(|most| {
            let valid = format!(
                "1 to {most} with world.syntax.words = {} and world.syntax.filler_slots = {}",
                pool.len(),
                slots.len()
            );
            WorldError::invalid("world.syntax.templates", templates, valid)
        })?;
        Ok(draw_class(templates, slots, syntax, random))
    };
    let classes = (0..classes).map(build_class);
    let classes = classes.collect::<Result<Vec<Class>, WorldError>>()?;
    let class_of = (0..relations).map(|r| r % classes.len()).collect();
    let relation_words = (0..relations).map(|_| Some(words.next(Look::Syntax)));
    let relation_words = relation_words.collect();
    Ok(Syntax::new(classes, class_of, relation_words))
}

fn draw_class(
    templates: Vec<Template>,
    slots: Vec<Vec<Token>>,
    config: &SyntaxConfig,
    random: &mut Random,
) -> Class {
    Class::draw(
        templates,
        slots,
        config.template_concentration,
        config.filler_concentration,
        random,
    )
}

/// As many templates a class as are asked for that no document uses, of the words and fillers that documents use.
fn draw_held_out(
    config: &SyntaxConfig,
    syntax: &Syntax,
    streams: &Streams,
) -> Result<Vec<Class>, WorldError> {
    const KEY: &str = "world.syntax.held_out";
    let Some(count) = config.held_out else {
        return Ok(Vec::new());
    };
    require_within(KEY, count, 1, 64)?;
    let stream = streams.stream("syntax/held_out");
    let classes = syntax.classes().iter().enumerate();
    let classes = classes.map(|(c, class)| {
        let random = &mut class_random(&stream, c);
        let mut pool: Vec<Token> = class.templates().iter().flat_map(inner_words).collect();
        pool.sort_unstable();
        pool.dedup();
        let slots = class.slots();
        let stop = class
            .templates()
            .iter()
            .find_map(last_word)
            .unwrap_or_default();
        let used: HashSet<usize> = class.templates().iter().flat_map(Template::slots).collect();
        // A filler that no template has is a word that no document has.
        let draw = |random: &mut Random| {
            let template = draw_template(&pool, slots.len(), stop, random);
            let is_known = |piece: &&Piece| match piece {
                Piece::Filler(slot) => used.contains(slot),
                _ => true,
            };
            Template::new(template.pieces().iter().filter(is_known).copied().collect())
        };
        let templates = draw_templates(count, class.templates(), draw, random).map_err(|most| {
            let valid = format!("at most {most}: the words of a class make no more templates");
            WorldError::invalid(KEY, count, valid)
        })?;
        let words = slots.iter().map(|slot| slot.words().to_vec());
        Ok(draw_class(templates, words.collect(), config, random))
    });
    classes.collect()
}

/// As many question templates a class as are asked for: one of two question words of the class, the relation and the subject in
/// random order; a question mark, the value and a full stop.
fn draw_questions(
    config: &SyntaxConfig,
    syntax: &Syntax,
    streams: &Streams,
    words: &mut Words,
) -> Result<Vec<Class>, WorldError> {
    const KEY: &str = "world.syntax.questions";
    let Some(count) = config.questions else {
        return Ok(Vec::new());
    };
    require_within(KEY, count, 1, 8)?;
    let stream = streams.stream("syntax/questions");
    let mark = words.vocabulary.intern("?");
    let stop = words.vocabulary.intern(".");
    let classes = (0..syntax.classes().len()).map(|c| {
        let asking = [Look::Syntax; 2].map(|look| words.next(look));
        let random = &mut class_random(&stream, c);
        let draw = |random: &mut Random| {
            let word = asking[random.random_range(0..asking.len())];
            let mut pieces = vec![Piece::Word(word), Piece::Relation, Piece::Subject];
            pieces.shuffle(random);
            pieces.extend([Piece::Word(mark), Piece::Value, Piece::Word(stop)]);
            Template::new(pieces)
        };
        let templates = draw_templates(count, &[], draw, random)
            .map_err(|most| WorldError::invalid(KEY, count, format!("at most {most}")))?;
        Ok(draw_class(templates, Vec::new(), config, random))
    });
    classes.collect()
}

/// The words of a template before its value.
fn inner_words(template: &Template) -> impl Iterator<Item = Token> + '_ {
    let pieces = template.pieces().iter();
    let inner = pieces.take_while(|piece| **piece != Piece::Value);
    inner.filter_map(|piece| match piece {
        Piece::Word(word) => Some(*word),
        _ => None,
    })
}

/// The word that a template ends with.
fn last_word(template: &Template) -> Option<Token> {
    match template.pieces().last() {
        Some(Piece::Word(word)) => Some(*word),
        _ => None,
    }
}

/// `count` templates by `draw`, no two alike, so that a sentence tells which one it was made from, and none
/// that hides another's value; `others` count as drawn already. As many as there seem to be where these are too few.
fn draw_templates(
    count: usize,
    others: &[Template],
    draw: impl Fn(&mut Random) -> Template,
    random: &mut Random,
) -> Result<Vec<Template>, usize> {
    const TRIES: usize = 100_000;
    let mut templates: Vec<Template> = Vec::new();
    for _ in 0..TRIES {
        if templates.len() == count {
            return Ok(templates);
        }
        let template = draw(random);
        let clashes = |other: &Template| *other == template || other.hides_value_of(&template);
        if !templates.iter().chain(others).any(clashes) {
            templates.push(template);
        }
    }
    Err(templates.len())
}

/// One or two template words, each filler slot with probability 1/2, the relation and the subject in
/// random order; then the value and a full stop.
fn draw_template(pool: &[Token], slots: usize, stop: Token, random: &mut Random) -> Template {
    let mut pieces = vec![Piece::Relation, Piece::Subject];
    let count = random.random_range(1..=2usize).min(pool.len());
    let mut pool = pool.to_vec();
    pool.shuffle(random);
    pieces.extend(pool.iter().take(count).map(|word| Piece::Word(*word)));
    pieces.extend((0..slots).filter(|_| random.random()).map(Piece::Filler));
    pieces.shuffle(random);
    pieces.extend([Piece::Value, Piece::Word(stop)]);
    Template::new(pieces)
}

/// What a word looks like.
#[derive(Debug, Clone, Copy)]
enum Look {
    Syntax,
    Name,
    Value,
}

/// Made-up words, each given out once, in an order drawn by the seed.
struct Words {
    vocabulary: Vocabulary,
    random: Random,
}

impl Words {
    const CONSONANTS: &[u8] = b"bdfghjklmnprstvz";
    const VOWELS: &[u8] = b"aeiou";

    fn new(streams: &Streams) -> Self {
        Self {
            vocabulary: Vocabulary::new(),
            random: streams.stream("words").at(0),
        }
    }

    /// A word that looks as asked and was not given out before. The checks of the sizes keep every
    /// look below half of its words, so that a few tries suffice.
    fn next(&mut self, look: Look) -> Token {
        loop {
            let word = self.draw(look);
            if self.vocabulary.token(&word).is_none() {
                return self.vocabulary.intern(&word);
            }
        }
    }

    /// 6400 syntax words, 512 000 names, 8.2 million values.
    fn draw(&mut self, look: Look) -> String {
        let mut letter = |of: &[u8]| char::from(of[self.random.random_range(0..of.len())]);
        let syllables = match look {
            Look::Syntax => 2,
            Look::Name | Look::Value => 3,
        };
        let mut word = String::new();
        for _ in 0..syllables {
            word.push(letter(Self::CONSONANTS));
            word.push(letter(Self::VOWELS));
        }
        match look {
            Look::Syntax => word,
            Look::Name => word[..1].to_uppercase() + &word[1..],
            Look::Value => {
                word.push(letter(Self::CONSONANTS));
                word
            }
        }
    }
}
