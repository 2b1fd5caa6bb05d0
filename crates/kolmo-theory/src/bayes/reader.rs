//! The learner, one token after another: what may come next, and with which probability.
//!
//! [`BayesLearner::read`] is given a whole document. Who writes or deciphers one, an arithmetic coder for
//! one, knows only its beginning: a [`BayesReader`] tells the distribution of the next token, is told which
//! it was, and has at the end learnt from the document what `read` learns. The probabilities it gave to the
//! tokens of a document are exp(−nats) of `read`, up to rounding. Nobody tells a reader what a word is there for, so that it reads only
//! worlds whose words tell.

use kolmo_world::{EOS, Token, WorldError};

use super::BayesLearner;
use crate::grammar::Symbol;

/// A document being read by a [`BayesLearner`].
///
/// What is learnt is learnt as it is read: the subject after its name, a fact after its value, the syntax after
/// each sentence. Of a document left unfinished the learner keeps so much.
#[derive(Debug)]
pub struct BayesReader<'l, 'a> {
    learner: &'l mut BayesLearner<'a>,
    at: At,
    /// The words of the name or value being read so far.
    begun: Vec<Token>,
    subject: Option<Subject>,
    /// The relations stated by the sentences read, a bit each.
    stated: u16,
}

/// Where a reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before a word, a name or a value.
    Symbol,
    /// Within a name, or before it.
    Name,
    /// Within a value of this relation, or before it.
    Value(usize),
    /// Behind all sentences: before the end of the document.
    End,
    /// Behind the end of the document.
    Over,
    /// Behind a token that is impossible.
    Void,
}

/// Whom the document is about.
#[derive(Debug)]
struct Subject {
    name: Vec<Token>,
    /// As the elements number it.
    leaf: usize,
}

impl<'a> BayesLearner<'a> {
    /// Begins a document, to be read token by token.
    ///
    /// # Errors
    /// As of [`World::check_words`](kolmo_world::World::check_words): a world in which a word does not tell what it is there for.
    pub fn begin(&mut self) -> Result<BayesReader<'_, 'a>, WorldError> {
        let world = self.world;
        self.telling.get_or_init(|| world.check_words()).clone()?;
        self.begin_sentence(0);
        Ok(BayesReader {
            learner: self,
            at: At::Symbol,
            begun: Vec::new(),
            subject: None,
            stated: 0,
        })
    }
}

impl BayesReader<'_, '_> {
    /// Every token that may come next and its probability, above 0, into `out`: in order of the tokens,
    /// each once, 1 in all up to rounding. None after the end of the document or after a token that is
    /// impossible.
    ///
    /// The same documents read before, and the same tokens of this one, give the same numbers bit for bit.
    pub fn next(&self, out: &mut Vec<(Token, f64)>) {
        out.clear();
        match self.at {
            At::Symbol => self.symbols(out),
            At::Name => self.names(1.0, out),
            At::Value(relation) => self.values(relation, 1.0, out),
            At::End => out.push((EOS, 1.0)),
            At::Over | At::Void => {}
        }
        out.retain(|(_, p)| *p > 0.0);
        // Stable: what adds up to one token adds up in the order of the patterns.
        out.sort_by_key(|(token, _)| *token);
        out.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
    }

    /// Goes on by `token` and learns from what it completes. False if it is impossible here: nothing more
    /// is then possible, or learnt.
    pub fn push(&mut self, token: Token) -> bool {
        let next = self.after(token);
        self.at = next.unwrap_or(At::Void);
        next.is_some()
    }

    /// Whether the document has ended, and is learnt.
    pub fn is_over(&self) -> bool {
        self.at == At::Over
    }

    /// What may come before a word, a name or a value.
    fn symbols(&self, out: &mut Vec<(Token, f64)>) {
        let learner = &*self.learner;
        let at = learner.sentence.len();
        let total: f64 = learner.live.iter().map(|(_, p)| p).sum();
        let (mut name, mut value) = (0.0, 0.0);
        for (k, p) in &learner.live {
            let pattern = &learner.grammar.patterns[*k];
            let Some(place) = pattern.places.get(at) else {
                continue;
            };
            for (symbol, emission) in learner.syntax.emissions(pattern.class, *place) {
                match symbol {
                    Symbol::Word(word) => out.push((word, p * emission / total)),
                    Symbol::Name => name += p * emission / total,
                    Symbol::Value => value += p * emission / total,
                }
            }
        }
        if name > 0.0 {
            self.names(name, out);
        }
        if let Some(relation) = learner.relation().filter(|_| value > 0.0) {
            self.values(relation, value, out);
        }
    }

    /// The words with which the name begun goes on, which has probability `p`.
    fn names(&self, p: f64, out: &mut Vec<(Token, f64)>) {
        match &self.subject {
            Some(subject) => {
                let word = subject.name.get(self.begun.len());
                out.extend(word.map(|word| (*word, p)));
            }
            None => self.learner.following_name(&self.begun, p, out),
        }
    }

    /// The words with which the value begun goes on, which has probability `p`.
    fn values(&self, relation: usize, p: f64, out: &mut Vec<(Token, f64)>) {
        let learner = &*self.learner;
        let values = &learner.world.relations()[relation];
        match self.known(relation) {
            Some(value) => {
                let word = values.tokens(value).get(self.begun.len());
                out.extend(word.map(|word| (*word, p)));
            }
            None => learner.values[relation].following(values, &self.begun, p, out),
        }
    }

    /// The value of `relation` of the subject, if it was stated.
    fn known(&self, relation: usize) -> Option<u32> {
        let subject = self.subject.as_ref()?;
        self.learner.elements.fact(subject.leaf, relation)
    }

    /// Where `token` leads; none if it is impossible.
    fn after(&mut self, token: Token) -> Option<At> {
        match self.at {
            At::Symbol => match self.learner.kind(token) {
                word @ Symbol::Word(_) => {
                    self.learner.advance(word)?;
                    Some(self.after_symbol())
                }
                Symbol::Name => {
                    self.learner.advance(Symbol::Name)?;
                    self.after_name(token)
                }
                Symbol::Value => {
                    self.learner.advance(Symbol::Value)?;
                    let relation = self.learner.relation()?;
                    self.after_value(relation, token)
                }
            },
            At::Name => self.after_name(token),
            At::Value(relation) => self.after_value(relation, token),
            At::End => (token == EOS).then_some(At::Over),
            At::Over | At::Void => None,
        }
    }

    fn after_name(&mut self, token: Token) -> Option<At> {
        let depth = self.begun.len();
        let fits = match &self.subject {
            Some(subject) => subject.name.get(depth) == Some(&token),
            None => self.learner.is_name_word(&self.begun, token),
        };
        fits.then(|| self.begun.push(token))?;
        let facts = self.learner.world.facts();
        // Words that tell what they are there for tell where a name ends.
        if facts.subject(&self.begun).is_none() {
            return Some(At::Name);
        }
        let name = std::mem::take(&mut self.begun);
        if self.subject.is_none() {
            let leaf = self.learner.elements.read(facts, &name, &mut Vec::new())?;
            self.subject = Some(Subject { name, leaf });
        }
        Some(self.after_symbol())
    }

    fn after_value(&mut self, relation: usize, token: Token) -> Option<At> {
        self.begun.push(token);
        let values = &self.learner.world.relations()[relation];
        let known = self.known(relation);
        if let Some(known) = known {
            values
                .tokens(known)
                .starts_with(&self.begun)
                .then_some(())?;
        }
        let Some(value) = values.number(&self.begun) else {
            return values.begins(&self.begun).then_some(At::Value(relation));
        };
        self.begun.clear();
        if known.is_none() {
            let leaf = self.subject.as_ref()?.leaf;
            self.learner.elements.learn_fact(leaf, relation, value);
        }
        Some(self.after_symbol())
    }

    /// Where a complete word, name or value leads.
    fn after_symbol(&mut self) -> At {
        let Some(relation) = self.learner.end_sentence(self.stated) else {
            return At::Symbol;
        };
        self.stated |= 1 << relation;
        if self.stated.count_ones() == self.learner.world.relation_draw().per_document() as u32 {
            return At::End;
        }
        self.learner.begin_sentence(self.stated);
        At::Symbol
    }
}

impl BayesLearner<'_> {
    /// What `token` begins, where a sentence goes on: words tell.
    fn kind(&self, token: Token) -> Symbol {
        let begins = |relation: usize| {
            let values = &self.world.relations()[relation];
            values.begins(&[token]) || values.number(&[token]).is_some()
        };
        if self.alike(&[token]) > 0.0 {
            Symbol::Name
        } else if self.relation().is_some_and(begins) {
            Symbol::Value
        } else {
            Symbol::Word(token)
        }
    }

    /// How many names begin so.
    fn alike(&self, begun: &[Token]) -> f64 {
        let mut counts = Vec::with_capacity(begun.len() + 1);
        self.world.facts().beginnings(begun, &mut counts);
        counts.last().copied().unwrap_or(0.0)
    }

    fn following_name(&self, begun: &[Token], p: f64, out: &mut Vec<(Token, f64)>) {
        let words = self.world.facts().next_words(begun);
        let alike = self.alike(begun);
        self.elements.following(begun, alike, &words, p, out);
    }

    fn is_name_word(&self, begun: &[Token], word: Token) -> bool {
        let alike = self.alike(&[begun, &[word]].concat());
        let mut out = Vec::new();
        if alike > 0.0 {
            let words = [(word, alike)];
            let before = self.alike(begun);
            self.elements
                .following(begun, before, &words, 1.0, &mut out);
        }
        out.iter().any(|(_, p)| *p > 0.0)
    }
}
