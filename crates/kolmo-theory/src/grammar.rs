//! The sentences of a world as a predictor sees them: for every relation and template, what comes
//! after what. Both the true-parameter predictor and the Bayes learner know it; they differ in the
//! probabilities they give to it.
//!
//! A sentence is a row of [`Symbol`]s: a name or a value counts as one, since names and values have
//! words of their own and a predictor that knows the world sees where they begin and end.
//! Three things hold for the worlds of every family, and are tested: a complete sentence tells its
//! relation and template, none is the beginning of another, and before a value its relation is known.

use kolmo_world::{Role, Token, World, syntax::Piece};

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

/// The pieces of a document, told apart by the roles of their words; none for a token that is no word
/// of the world, or an end before the last token.
pub(crate) fn events<'d>(
    world: &World,
    mut document: &'d [Token],
) -> impl Iterator<Item = Option<Event<'d>>> {
    std::iter::from_fn(move || {
        let (token, _) = document.split_first()?;
        let role = world.role(*token);
        let run = || document.iter().take_while(|t| world.role(**t) == role);
        let length = match role {
            Some(Role::Subject) => run().take(world.names().length()).count(),
            Some(Role::Value) => run().count(),
            _ => 1,
        };
        let (piece, rest) = document.split_at(length);
        document = rest;
        let Some(role) = role else { return Some(None) };
        Some(match role {
            Role::Syntax => Some(Event::Word(*token)),
            Role::Subject => Some(Event::Name(piece)),
            Role::Value => Some(Event::Value(piece)),
            Role::Eos => rest.is_empty().then_some(Event::End),
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
