//! The checks that every source of facts passes. A tolerance of what is drawn is 4.5 standard errors; of what is computed it is rounding.

use std::collections::{BTreeMap, HashMap, HashSet};

use kolmo_world::{
    Document, EOS, Fact, Facts, Role, Token, Wording, World, WorldConfig, random::Streams,
    source::Source,
};

/// Subjects that are looked at one by one.
const COUNTED: u64 = 20_000;
const DOCUMENTS: u64 = 2000;

/// Everything that must hold for the facts that `source` makes of `config`, whose subjects are [`COUNTED`] or fewer.
pub fn check(config: &WorldConfig, source: impl Fn() -> Box<dyn Source>) {
    let world = World::with_source(config, source(), 1).unwrap();
    let facts = world.facts();
    assert!(facts.subjects() <= COUNTED, "too many to count");
    assert_eq!(world.source().name(), source().name());
    subjects_have_names_of_their_own(facts);
    beginnings_of_names_are_counted(facts);
    every_word_is_one_of_the_vocabulary(&world);
    relations_are_those_of_the_configuration(&world);
    priors_are_probabilities_and_content_is_minus_their_logarithm(facts);
    values_are_of_the_relation_and_can_be_others(facts);
    documents_say_what_is_true_at_places_of_its_role(&world);
    every_wording_says_it(&world);
    the_settled_configuration_makes_the_same_world(&world, &source);
    other_facts_are_refused(&world, &source);
}

fn name(facts: &dyn Facts, subject: u64) -> Vec<Token> {
    // Behind what is there.
    let mut tokens = vec![EOS];
    facts.write_name(subject, &mut tokens);
    assert_eq!(tokens.remove(0), EOS);
    tokens
}

fn subjects_have_names_of_their_own(facts: &dyn Facts) {
    let mut seen = HashSet::new();
    let mut lengths = HashSet::new();
    for subject in 0..facts.subjects() {
        let name = name(facts, subject);
        assert_eq!(facts.subject(&name), Some(subject));
        assert!(!name.contains(&EOS));
        lengths.insert(name.len());
        assert!(seen.insert(name), "two subjects of one name");
    }
    let all = facts.name_lengths();
    assert!(*all.start() > 0);
    assert_eq!(lengths.iter().min(), Some(all.start()));
    assert_eq!(lengths.iter().max(), Some(all.end()));
    let (first, last) = (name(facts, 0), name(facts, facts.subjects() - 1));
    for wrong in [
        vec![],
        vec![EOS],
        [first.clone(), last].concat(),
        [first, vec![EOS]].concat(),
    ] {
        assert_eq!(facts.subject(&wrong), None, "{wrong:?}");
    }
}

fn beginnings_of_names_are_counted(facts: &dyn Facts) {
    let mut counted: HashMap<Vec<Token>, f64> = HashMap::new();
    let mut next: HashMap<Vec<Token>, BTreeMap<Token, f64>> = HashMap::new();
    for subject in 0..facts.subjects() {
        let name = name(facts, subject);
        for length in 0..=name.len() {
            *counted.entry(name[..length].to_vec()).or_default() += 1.0;
            if let Some(word) = name.get(length) {
                let next = next.entry(name[..length].to_vec()).or_default();
                *next.entry(*word).or_default() += 1.0;
            }
        }
    }
    let mut counts = vec![7.0];
    for subject in 0..facts.subjects() {
        let begun = name(facts, subject);
        facts.beginnings(&begun, &mut counts);
        let expected: Vec<f64> = (0..=begun.len()).map(|k| counted[&begun[..k]]).collect();
        assert_eq!(counts, expected, "{begun:?}");
        for length in 0..=begun.len() {
            let mut words = facts.next_words(&begun[..length]);
            words.sort_unstable_by_key(|(word, _)| *word);
            let expected = next.get(&begun[..length]).cloned().unwrap_or_default();
            assert_eq!(words, expected.into_iter().collect::<Vec<_>>());
        }
    }
    facts.beginnings(&[EOS, EOS], &mut counts);
    assert_eq!(counts, [facts.subjects() as f64, 0.0, 0.0]);
    assert!(facts.next_words(&[EOS]).is_empty());
    let words: HashSet<Token> = counted.keys().flatten().copied().collect();
    let told = facts.name_words();
    assert_eq!(told.len(), words.len());
    assert_eq!(told.into_iter().collect::<HashSet<_>>(), words);
}

fn every_word_is_one_of_the_vocabulary(world: &World) {
    let words = world.vocabulary().len();
    let values = world.relations().iter().flat_map(|relation| {
        (0..relation.value_count() as u32).flat_map(|value| relation.tokens(value))
    });
    let mut all: Vec<Token> = values.copied().collect();
    all.extend(world.syntax().words());
    all.extend(world.facts().name_words());
    assert!(
        all.iter()
            .all(|word| *word != EOS && (*word as usize) < words)
    );
    assert_eq!(world.vocabulary().word(EOS), Some("<eos>"));
}

fn relations_are_those_of_the_configuration(world: &World) {
    let told = world
        .config()
        .relations
        .iter()
        .map(|relation| &relation.name[..]);
    let names = world.relations().iter().map(|relation| relation.name());
    assert!(told.eq(names), "{:?}", world.config().relations);
}

fn priors_are_probabilities_and_content_is_minus_their_logarithm(facts: &dyn Facts) {
    for relation in facts.relations() {
        let values = || 0..relation.value_count() as u32;
        let p: Vec<f64> = values()
            .map(|value| relation.ln_prior(value).exp())
            .collect();
        let near = |found: f64, expected: f64| {
            assert!(
                (found - expected).abs() < 1e-9,
                "{relation:?}: {found} {expected}"
            );
        };
        near(p.iter().sum(), 1.0);
        near(relation.best_guess(), p.iter().copied().fold(0.0, f64::max));
        near(relation.mean_content(), p.iter().map(|p| -p * p.ln()).sum());
        let contents = relation.contents();
        near(contents.iter().map(|(_, share)| share).sum(), 1.0);
        near(
            contents.iter().map(|(h, share)| h * share).sum(),
            relation.mean_content(),
        );
        let weights: f64 = values().map(|value| relation.weight(value)).sum();
        for value in values() {
            assert_eq!(relation.content(value), -relation.ln_prior(value));
            near(relation.weight(value) / weights, p[value as usize]);
            let tokens = relation.tokens(value);
            assert_eq!(relation.number(tokens), Some(value));
            assert!(!relation.begins(tokens) && tokens.len() <= relation.max_length());
            assert!((1..tokens.len()).all(|length| relation.begins(&tokens[..length])));
        }
        // Where all are alike it is ln V to the last bit.
        let ln = (relation.value_count() as f64).ln();
        if relation.is_uniform() {
            assert!(values().all(|value| relation.content(value).to_bits() == ln.to_bits()));
            assert_eq!(relation.mean_content().to_bits(), ln.to_bits());
        }
    }
}

fn values_are_of_the_relation_and_can_be_others(facts: &dyn Facts) {
    for subject in 0..facts.subjects() {
        for (r, relation) in facts.relations().iter().enumerate() {
            let (value, other) = (facts.value(subject, r), facts.other_value(subject, r));
            assert_eq!(
                (value, other),
                (facts.value(subject, r), facts.other_value(subject, r))
            );
            let count = relation.value_count();
            assert!((value as usize) < count && (other as usize) < count);
            assert!(count == 1 || value != other);
        }
    }
}

/// Every fact that `document` states, read back from its places.
fn assert_says(world: &World, document: &Document, value: impl Fn(Fact) -> u32) {
    assert_eq!(document.tokens.len(), document.roles.len());
    let places: Vec<(Role, Token)> = document
        .roles
        .iter()
        .copied()
        .zip(document.tokens.clone())
        .collect();
    let spans = |role: Role| {
        let runs = places.chunk_by(|a, b| a.0 == b.0);
        let runs = runs.filter(move |run| run[0].0 == role);
        runs.map(|run| run.iter().map(|(_, token)| *token).collect::<Vec<_>>())
    };
    for subject in spans(Role::Subject) {
        assert_eq!(subject, name(world.facts(), document.facts[0].element));
    }
    assert!(spans(Role::Subject).count() >= document.facts.len());
    let values: Vec<Vec<Token>> = spans(Role::Value).collect();
    assert_eq!(values.len(), document.facts.len());
    for (fact, tokens) in document.facts.iter().zip(&values) {
        let relation = &world.relations()[fact.relation as usize];
        assert_eq!(relation.number(tokens), Some(value(*fact)));
    }
    let spoken: HashSet<Token> = world.syntax().words().into_iter().collect();
    for word in spans(Role::Syntax).flatten() {
        assert!(spoken.contains(&word));
    }
}

fn documents_say_what_is_true_at_places_of_its_role(world: &World) {
    let (mut longest, mut document) = (0, Document::default());
    for n in 0..DOCUMENTS {
        world.write_document(n, &mut document);
        assert_says(world, &document, |fact| world.value_of(fact));
        assert!(
            document
                .facts
                .iter()
                .all(|fact| fact.element < world.frequency().max_elements())
        );
        assert_eq!(document.tokens.last(), Some(&EOS));
        assert_eq!(document.roles.last(), Some(&Role::Eos));
        assert_eq!(
            document
                .roles
                .iter()
                .filter(|role| **role == Role::Eos)
                .count(),
            1
        );
        longest = longest.max(document.tokens.len());
        let fact = document.facts[0];
        let relation = &world.relations()[fact.relation as usize];
        assert_eq!(world.content(fact), relation.content(world.value_of(fact)));
    }
    assert!(longest <= world.max_document_length());
    let batch = world.batch(0, 16);
    for row in 0..16 {
        batch.write_document(row, &mut document);
        let whole = world.document(row as u64);
        assert_eq!(
            (&document.tokens, &document.roles),
            (&whole.tokens, &whole.roles)
        );
    }
}

fn every_wording_says_it(world: &World) {
    let stream = Streams::new(1).stream("test");
    for wording in Wording::ALL {
        for n in 0..200 {
            let fact = Fact {
                // Those that no document is about as well.
                element: (n * 7919) % world.facts().subjects(),
                relation: (n % world.relations().len() as u64) as u32,
            };
            let value = world
                .facts()
                .other_value(fact.element, fact.relation as usize);
            let mut sentence = Document::default();
            let at = world.write_worded(wording, fact, value, &mut stream.at(n), &mut sentence);
            if world.syntax().has(wording) {
                assert_says(world, &sentence, |_| value);
                assert_eq!(sentence.roles[at], Role::Value);
                assert!(sentence.tokens.len() < world.max_length_in(wording));
            }
        }
    }
}

fn the_settled_configuration_makes_the_same_world(
    world: &World,
    source: &dyn Fn() -> Box<dyn Source>,
) {
    let again = World::with_source(world.config(), source(), 1).unwrap();
    assert_eq!(again.config(), world.config());
    assert_eq!(again.batch(5, 64), world.batch(5, 64));
    assert_eq!(world.config().digest, world.facts().digest());
    assert_eq!(again.vocabulary().len(), world.vocabulary().len());
}

fn other_facts_are_refused(world: &World, source: &dyn Fn() -> Box<dyn Source>) {
    let config = WorldConfig {
        digest: Some("of others".to_owned()),
        ..world.config().clone()
    };
    let said = World::with_source(&config, source(), 1)
        .unwrap_err()
        .to_string();
    assert!(
        said.starts_with("world.digest = of others is not possible"),
        "{said}"
    );
}
