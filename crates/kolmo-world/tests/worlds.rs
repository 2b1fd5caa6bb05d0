//! Properties of documents, and the configurations that are refused.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use kolmo_world::{
    Batch, EOS, Role, World, WorldConfig, WorldError,
    config::{Family, FrequencyConfig, PitmanYorConfig, RelationCount, UniformConfig, ZipfConfig},
};
use proptest::prelude::*;

fn config(family: Family, frequency: FrequencyConfig, stated: usize) -> WorldConfig {
    WorldConfig {
        family,
        relations_per_document: RelationCount::Exactly(stated),
        frequency,
        ..WorldConfig::default()
    }
}

fn any_frequency() -> impl Strategy<Value = FrequencyConfig> {
    prop_oneof![
        (1u64..1_000_000_000, 0.1f64..3.0, 0f64..1000.0).prop_map(|(elements, exponent, bias)| {
            FrequencyConfig::Zipf(ZipfConfig {
                elements: elements % 60_000_000 + 1,
                exponent,
                bias,
            })
        }),
        (1u64..60_000_000)
            .prop_map(|elements| FrequencyConfig::Uniform(UniformConfig { elements })),
        (0f64..0.8, 0.1f64..10.0, 500u64..5000).prop_map(|(discount, concentration, elements)| {
            FrequencyConfig::PitmanYor(PitmanYorConfig {
                discount,
                concentration,
                elements,
            })
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn documents_are_well_formed_and_random_access(
        frequency in any_frequency(), biography: bool, stated in 1usize..=4, seed: u64, first in 0u64..1 << 40,
    ) {
        let family = if biography { Family::Biography } else { Family::Abstract };
        let config = config(family, frequency, stated);
        let world = World::new(&config, seed).unwrap();
        let batch = world.batch(first, 8);
        let mut alone = Batch::new(world.max_document_length());
        for n in (first..first + 8).rev() {
            let document = world.document(n);
            prop_assert_eq!(document.tokens.len(), document.roles.len());
            prop_assert!(document.tokens.len() <= world.max_document_length());
            prop_assert_eq!(document.facts.len(), stated);
            prop_assert_eq!(document.tokens.last(), Some(&EOS));
            prop_assert!(document.tokens.iter().all(|t| (*t as usize) < world.vocabulary().len()));

            // The facts, read back from the tokens by role.
            let subject = document.facts[0].element;
            prop_assert!(subject < world.frequency().elements());
            let mut name = Vec::new();
            world.facts().write_name(subject, &mut name);
            let spans = |role| {
                let tokens = document.tokens.iter().zip(&document.roles);
                let marked: Vec<_> = tokens.map(|(t, r)| (*r == role).then_some(*t)).collect();
                let spans = marked.split(|t| t.is_none()).filter(|s| !s.is_empty());
                spans.map(|s| s.iter().map(|t| t.unwrap()).collect()).collect::<Vec<Vec<_>>>()
            };
            prop_assert!(spans(Role::Subject).iter().all(|span| *span == name));
            prop_assert_eq!(spans(Role::Subject).len(), stated);
            let values = spans(Role::Value);
            for (fact, value) in document.facts.iter().zip(&values) {
                let relation = &world.relations()[fact.relation as usize];
                prop_assert_eq!(relation.number(value), Some(world.value_of(*fact)));
            }
        }
        for n in first..first + 8 {
            alone.push(&world.document(n));
        }
        prop_assert!(world.check_words().is_ok());
        prop_assert_eq!(&batch, &alone);
        prop_assert_eq!(World::new(world.config(), seed).unwrap().batch(first, 8), batch);
    }
}

#[test]
fn seeds_and_documents_differ() {
    let world = |seed| World::new(&WorldConfig::default(), seed).unwrap();
    assert_ne!(world(1).batch(0, 4), world(2).batch(0, 4));
    assert_ne!(world(1).batch(0, 4), world(1).batch(4, 4));
}

#[test]
fn the_bytes_of_shipped_worlds_never_change() {
    for (family, golden) in [(Family::Abstract, ABSTRACT), (Family::Biography, BIOGRAPHY)] {
        let zipf = FrequencyConfig::Zipf(ZipfConfig {
            elements: 1000,
            exponent: 1.5,
            bias: 0.0,
        });
        let world = World::new(&config(family, zipf, 1), 1).unwrap();
        assert_eq!(world.vocabulary().text(&world.document(7).tokens), golden);
    }
}

const ABSTRACT: &str = "bodo hesu Vomepe Sanate jame ridamit . <eos>";
const BIOGRAPHY: &str =
    "Joseph Audrey Garrett confidently worked towards a baccalaureate at Marchmont Academy . <eos>";

/// The error for a world written in TOML.
fn refusal(toml: &str) -> String {
    match toml::from_str::<WorldConfig>(toml) {
        Err(error) => error.message().to_owned(),
        Ok(config) => {
            let WorldError::Invalid { key, value, valid } = World::new(&config, 1).unwrap_err();
            format!("{key} | {value} | {valid}")
        }
    }
}

#[test]
fn impossible_worlds_are_refused_with_key_value_and_range() {
    for (toml, expected) in [
        (
            "frequency = {law = 'zipf', elements = 0, exponent = 1.5}",
            "frequency.elements | 0 | 1 to",
        ),
        (
            "frequency = {law = 'zipf', elements = 9, exponent = -1.0}",
            "frequency.exponent | -1 | above 0",
        ),
        (
            "frequency = {law = 'zipf', elements = 9, exponent = nan}",
            "frequency.exponent | NaN | above 0",
        ),
        (
            "frequency = {law = 'zipf', elements = 9, exponent = 1.0, bias = -2.0}",
            "frequency.bias | -2",
        ),
        (
            "frequency = {law = 'zipf', elements = 9, exponnt = 1.0}",
            "unknown field `exponnt`",
        ),
        (
            "frequency = {law = 'power', elements = 9}",
            "unknown variant `power`",
        ),
        (
            "frequency = {law = 'uniform', elements = 2000000000}",
            "frequency.elements | 2000000000",
        ),
        (
            "frequency = {law = 'pitman_yor', discount = 1.0, concentration = 1.0}",
            "frequency.discount | 1 |",
        ),
        (
            "frequency = {law = 'pitman_yor', discount = 0.5, concentration = -0.5}",
            "above -world.frequency.discount = -0.5",
        ),
        (
            "frequency = {law = 'pitman_yor', discount = 0.0, concentration = 0.0}",
            "frequency.concentration | 0",
        ),
        (
            "frequency = {law = 'pitman_yor', discount = 0.99, concentration = 1.0}",
            "these leave 0.8",
        ),
        (
            "frequency = {law = 'pitman_yor', discount = 0.5, concentration = 1e300}",
            "these leave 1.00",
        ),
        (
            "frequency = {law = 'grouped', groups = []}",
            "frequency.groups | 0 groups | 1 to 1000 groups",
        ),
        (
            "frequency = {law = 'grouped', groups = [{elements = 5, weight = 0.0}]}",
            "groups[0].weight | 0 |",
        ),
        (
            "relations_per_document = 5",
            "relations_per_document | 5 | 1 to 4",
        ),
        (
            "relations_per_document = 0",
            "relations_per_document | 0 | 1 to 4",
        ),
        (
            "relations_per_document = 'most'",
            "expected a whole number or \"all\"",
        ),
        (
            "relations = [{name = 'a', values = 0}]",
            "relations[0].values | 0 | 1 to",
        ),
        (
            "relations = [{name = 'a', weight = -1.0}]",
            "relations[0].weight | -1 | 0.000001",
        ),
        (
            "relations = [{name = 'a'}, {name = 'a'}]",
            "relations[1].name | a |",
        ),
        (
            "names = {pools = [10, 10]}",
            "names.pools | [10, 10] | sizes whose product is at least 20000",
        ),
        (
            "names = {pools = []}",
            "names.pools | [] | 1 to 8 positions",
        ),
        ("syntax = {templates = 0}", "syntax.templates | 0 | 1 to"),
        (
            "syntax = {templates = 40, words = 1, filler_slots = 0}",
            "syntax.templates | 40 | 1 to 6 with",
        ),
        ("syntax = {classes = 9}", "syntax.classes | 9 | 1 to 4"),
        (
            "syntax = {template_concentration = 0.0}",
            "syntax.template_concentration | 0 |",
        ),
        (
            "family = 'biography'\nrelations = [{name = 'hobby'}]",
            "relations[0].name | hobby | one of birth_date",
        ),
        (
            "family = 'biography'\nrelations = [{name = 'major', values = 101}]",
            "values | 101 | 1 to 100",
        ),
        (
            "family = 'biography'\nnames = {pools = [400, 400]}",
            "three sizes",
        ),
        (
            "family = 'biography'\nsyntax = {templates = 26}",
            "syntax.templates | 26 | 1 to 25",
        ),
        ("famly = 'biography'", "unknown field `famly`"),
    ] {
        let message = refusal(toml);
        assert!(
            message.contains(expected),
            "{toml}\n gave: {message}\n expected: {expected}"
        );
    }
}
