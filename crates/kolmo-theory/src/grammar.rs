//! The sentences of a world as a predictor sees them: for every relation and template, what comes
//! after what. Both the true-parameter predictor and the Bayes learner know it; they differ in the
//! probabilities they give to it.
//!
//! A sentence is a row of [`Symbol`]s: a name or a value counts as one. What a word is there for is known of its place, and not of the
//! word, which may be one of a name here and one of a value there; so is where a name or a value ends. A predictor
//! that is not told pays for it with the word: its loss is of words and roles together, which is that of words where
//! they tell their roles.
//! Three things hold for the worlds of every source, and are tested: a complete sentence tells its
//! relation and template, none is the beginning of another, and before a value its relation is known.

use kolmo_world::{Document, Role, Token, World, syntax::Piece};

/// What a predictor of sentences has to predict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Symbol {
    /// This word.
    Word(Token),
    /// The name of the subject.
    Name,
    /// The value of the fact.
    Value,
}

/// What stands at a place of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Always the same.
    Fixed(Symbol),
    /// A word of this filler slot of the sentence's class.
    Filler(usize),
}

/// The sentences that one template makes for one relation.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    pub relation: usize,
    pub class: usize,
    pub template: usize,
    pub places: Vec<Place>,
}

/// All patterns of a world, those of one relation after another.
#[derive(Debug, Clone)]
pub(crate) struct Grammar {
    pub patterns: Vec<Pattern>,
}

impl Grammar {
    pub fn new(world: &World) -> Self {
        let syntax = world.syntax();
        let of_relation = |relation: usize| {
            let templates = syntax.class(relation).templates().iter().enumerate();
            templates.map(move |(template, pieces)| Pattern {
                relation,
                class: syntax.class_index(relation),
                template,
                places: pieces
                    .pieces()
                    .iter()
                    .filter_map(|piece| {
                        Some(match piece {
                            Piece::Word(word) => Place::Fixed(Symbol::Word(*word)),
                            Piece::Relation => {
                                Place::Fixed(Symbol::Word(syntax.relation_word(relation)?))
                            }
                            Piece::Subject => Place::Fixed(Symbol::Name),
                            Piece::Value => Place::Fixed(Symbol::Value),
                            Piece::Filler(slot) => Place::Filler(*slot),
                        })
                    })
                    .collect(),
            })
        };
        Self {
            patterns: (0..world.relations().len()).flat_map(of_relation).collect(),
        }
    }
}

/// A piece of a document, as its reader meets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event<'d> {
    Word(Token),
    Name(&'d [Token]),
    Value(&'d [Token]),
    End,
}

impl Event<'_> {
    /// What a predictor of sentences sees of it; none for the end of the document.
    pub fn symbol(&self) -> Option<Symbol> {
        match self {
            Self::Word(word) => Some(Symbol::Word(*word)),
            Self::Name(_) => Some(Symbol::Name),
            Self::Value(_) => Some(Symbol::Value),
            Self::End => None,
        }
    }
}

/// The pieces of a document, told apart by the roles of its places; none for an end before the last token. A name or a value ends
/// where its role does: a world has a word between two of them.
pub(crate) fn events(document: &Document) -> impl Iterator<Item = Option<Event<'_>>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let roles = document.roles.get(at..)?;
        let role = roles.first()?;
        let length = match role {
            Role::Subject | Role::Value => roles.iter().take_while(|r| *r == role).count(),
            Role::Syntax | Role::Eos => 1,
        };
        let piece = document.tokens.get(at..at + length)?;
        at += length;
        Some(match role {
            Role::Syntax => piece.first().map(|word| Event::Word(*word)),
            Role::Subject => Some(Event::Name(piece)),
            Role::Value => Some(Event::Value(piece)),
            Role::Eos => (at == document.tokens.len()).then_some(Event::End),
        })
    })
}

#[cfg(test)]
mod tests {
    use kolmo_world::{
        WorldConfig,
        config::{Family, SyntaxConfig},
    };

    use super::*;

    /// Whether the first `count` places of one could be those of the other as well.
    fn could_agree(world: &World, one: &Pattern, other: &Pattern, count: usize) -> bool {
        let words = |pattern: &Pattern, place: &Place| -> Vec<Symbol> {
            match place {
                Place::Fixed(symbol) => vec![*symbol],
                Place::Filler(slot) => {
                    let slot = &world.syntax().classes()[pattern.class].slots()[*slot];
                    slot.words().iter().map(|w| Symbol::Word(*w)).collect()
                }
            }
        };
        count <= one.places.len().min(other.places.len())
            && one
                .places
                .iter()
                .zip(&other.places)
                .take(count)
                .all(|(a, b)| {
                    let (a, b) = (words(one, a), words(other, b));
                    a.iter().any(|symbol| b.contains(symbol))
                })
    }

    #[test]
    fn a_sentence_tells_its_relation_in_time_and_its_template_and_its_end() {
        let abstract_world = |seed, classes, slots| {
            let config = WorldConfig {
                syntax: SyntaxConfig {
                    classes: Some(classes),
                    filler_slots: Some(slots),
                    templates: Some(6),
                    ..SyntaxConfig::default()
                },
                ..WorldConfig::default()
            };
            World::new(&config, seed).unwrap()
        };
        let mut worlds: Vec<World> = (0..20)
            .flat_map(|seed| [(1, 0), (2, 1), (4, 3)].map(|(c, s)| abstract_world(seed, c, s)))
            .collect();
        let biography = WorldConfig {
            family: Family::Biography,
            syntax: SyntaxConfig {
                templates: Some(25),
                ..SyntaxConfig::default()
            },
            ..WorldConfig::default()
        };
        worlds.push(World::new(&biography, 1).unwrap());
        for world in &worlds {
            let patterns = Grammar::new(world).patterns;
            for (k, one) in patterns.iter().enumerate() {
                for (l, other) in patterns.iter().enumerate() {
                    let agree = |count| could_agree(world, one, other, count);
                    assert!(k == l || !agree(one.places.len()), "{one:?} {other:?}");
                    let value = Place::Fixed(Symbol::Value);
                    let at = one.places.iter().position(|place| *place == value).unwrap();
                    let known = one.relation == other.relation
                        && other.places.get(at).is_none_or(|place| *place == value);
                    assert!(known || !agree(at), "{one:?} {other:?}");
                }
                for (at, place) in one.places.iter().enumerate() {
                    let filled = matches!(place, Place::Filler(_));
                    assert!(!filled || !one.places[..at].contains(place), "filled twice");
                }
            }
        }
    }
}
