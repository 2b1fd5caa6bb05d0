//! What must hold for every source of facts, whoever wrote it.

#![allow(clippy::unwrap_used, missing_docs)]

mod suite;
mod three_facts;

use kolmo_world::{
    World, WorldConfig,
    config::{Family, NamesConfig, RelationCount, SyntaxConfig, UniformConfig},
    frequency::FrequencyConfig,
};
use suite::check;
use three_facts::ThreeFacts;

/// A source that is added to the list is to be added here, and to the tests below.
#[test]
fn every_source_of_the_list_is_checked() {
    let error = toml::from_str::<WorldConfig>("family = 'none'").unwrap_err();
    let checked = "expected `abstract` or `biography`";
    assert!(error.message().ends_with(checked), "{error}");
}

fn family(family: Family, pools: &[usize], stated: usize) -> WorldConfig {
    WorldConfig {
        family,
        frequency: FrequencyConfig::Uniform(UniformConfig { elements: 3000 }),
        names: NamesConfig {
            pools: Some(pools.to_vec()),
        },
        syntax: SyntaxConfig {
            held_out: Some(2),
            questions: Some(2),
            ..SyntaxConfig::default()
        },
        relations_per_document: RelationCount::Exactly(stated),
        ..WorldConfig::default()
    }
}

#[test]
fn the_abstract_family_is_a_source() {
    for (pools, stated) in [(&[60, 61][..], 1), (&[4000], 2), (&[9, 7, 8, 9], 4)] {
        let config = family(Family::Abstract, pools, stated);
        check(&config, || config.family.source());
    }
}

#[test]
fn the_biography_family_is_a_source() {
    for stated in [1, 6] {
        let config = family(Family::Biography, &[10, 20, 30], stated);
        check(&config, || config.family.source());
    }
}

#[test]
fn a_table_of_three_facts_is_a_source() {
    check(&three_facts::config(), || {
        Box::new(ThreeFacts::new("Sparta"))
    });
}

#[test]
fn words_of_two_uses_are_told_where_they_would_matter() {
    let world = three_facts::world("Sparta");
    let said = world.check_words().unwrap_err().to_string();
    assert!(
        said.starts_with("world = \"Paris\" is not possible"),
        "{said}"
    );
    assert!(
        World::new(&WorldConfig::default(), 1)
            .unwrap()
            .check_words()
            .is_ok()
    );
}

#[test]
fn more_elements_than_subjects_are_refused_with_the_key_of_the_law() {
    let mut config = three_facts::config();
    config.frequency = FrequencyConfig::Uniform(UniformConfig { elements: 4 });
    let world = World::with_source(&config, Box::new(ThreeFacts::new("Sparta")), 1);
    let said = world.unwrap_err().to_string();
    let expected = "world.frequency.elements = 4 is not possible: valid is at most 3 elements";
    assert!(said.starts_with(expected), "{said}");
}

#[test]
fn a_family_has_no_digest() {
    let config = WorldConfig {
        digest: Some("af13".into()),
        ..WorldConfig::default()
    };
    let said = World::new(&config, 1).unwrap_err().to_string();
    assert!(
        said.starts_with("world.digest = af13 is not possible: valid is to leave it out"),
        "{said}"
    );
}

#[test]
fn templates_in_which_a_place_could_not_be_told_are_refused() {
    for (templates, expected) in [
        (
            &["{value} is of {subject} ."][..],
            "one place for the value, behind",
        ),
        (
            &["{subject} is ."],
            "a place for the subject and one for the value",
        ),
        (
            &["{subject} {subject} is {value} ."],
            "a word between two names",
        ),
        (
            &["{subject} is {value} {value} ."],
            "one place for the value",
        ),
        (
            &["{subject} is {0} {value} ."],
            "fillers of slots that there are",
        ),
    ] {
        let source = ThreeFacts {
            templates,
            ..ThreeFacts::new("Sparta")
        };
        let said = World::with_source(&three_facts::config(), Box::new(source), 1);
        let said = said.unwrap_err().to_string();
        assert!(
            said.starts_with("world.syntax = a template of class 0"),
            "{said}"
        );
        assert!(said.contains(expected), "{said}");
    }
}
