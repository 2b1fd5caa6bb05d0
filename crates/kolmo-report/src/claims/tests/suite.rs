//! What holds for every claim.

use std::collections::HashSet;

use kolmo_config::ClaimName;

use super::{
    super::{CLAIMS, Claim, place, sections_of},
    SIZES, data, ladder, study,
};
use crate::{
    report::{Relation, Section, Sort},
    study::Study,
};

/// Asserts that `claims` say what they are as they should.
pub fn describe_themselves(claims: &[&dyn Claim]) {
    let mut names = HashSet::new();
    let mut titles = HashSet::new();
    for claim in claims {
        let name = claim.name();
        assert!(ClaimName::new(name).is_ok(), "{name} is no name");
        assert!(names.insert(name), "{name} is called so twice");
        assert!(
            titles.insert(claim.about().title),
            "{name}: its title is that of another one"
        );
        is_begun(name, claim.about().title);
        assert!(
            !claim.about().title.ends_with('.'),
            "{name}: a title has no full stop"
        );
        is_begun(name, claim.about().question);
        assert!(
            claim.about().question.ends_with('?'),
            "{name}: a question ends so"
        );
        for text in [claim.about().needs, claim.about().predicts] {
            is_begun(name, text);
            assert!(text.ends_with('.'), "{name}: {text}");
        }
    }
}

/// Asserts that `text` is a line that begins with a capital letter and fits into a cell of a table.
fn is_begun(name: &str, text: &str) {
    assert!(text.starts_with(char::is_uppercase), "{name}: {text:?}");
    assert!(!text.contains(['\n', '|']), "{name}: {text:?}");
    assert!(!text.contains("  "), "{name}: {text:?}");
    assert_eq!(text.trim(), text, "{name}");
}

/// The section that `claim` makes of `study`, of which there is to be one, as a report has it.
pub fn makes_a_section(claim: &'static dyn Claim, study: &Study) -> Section {
    let name = claim.name();
    let mut sections = sections_of(&[claim], study).unwrap();
    assert_eq!(sections.len(), 1, "{name}");
    let section = sections.remove(0);
    assert_eq!(section.title, claim.about().title, "{name}");
    assert_eq!(section.question, claim.about().question, "{name}");
    assert!(
        section.id.contains(&name.replace('_', "-")),
        "{name}: {}",
        section.id
    );
    let mut names = HashSet::new();
    assert!(!section.verdicts.is_empty(), "{name}");
    for verdict in &section.verdicts {
        let claimed = &verdict.claim;
        assert!(
            claimed.starts_with(&format!("{name}/")),
            "{name}: {claimed}"
        );
        assert!(names.insert(claimed), "{claimed} is there twice");
        assert_eq!(verdict.study, study.name, "{claimed}");
        assert!(
            verdict.statement.ends_with('.'),
            "{claimed}: {}",
            verdict.statement
        );
        assert_eq!(
            verdict.margin.is_some(),
            verdict.relation == Relation::Equal,
            "{claimed}"
        );
        // A margin that is no number decides nothing.
        let is_known = verdict.margin.is_none_or(f64::is_finite) || verdict.predicted.is_nan();
        assert!(is_known, "{claimed}: {:?}", verdict.margin);
        if let Some(range) = &verdict.range {
            assert!(
                range.lo <= range.hi && !range.of.is_empty(),
                "{claimed}: {range:?}"
            );
        }
        // Beside laws there may be checks; nothing else goes together.
        let is_coherent = verdict.sort == claim.about().sort
            || (claim.about().sort == Sort::Law && verdict.sort == Sort::Check);
        assert!(
            is_coherent,
            "{claimed}: {:?} of {:?}",
            verdict.sort,
            claim.about().sort
        );
    }
    let figures: HashSet<&str> = section
        .figures
        .iter()
        .map(|figure| &figure.id[..])
        .collect();
    assert_eq!(
        figures.len(),
        section.figures.len(),
        "{name}: figures are called the same"
    );
    for table in &section.tables {
        let is_full = |row: &Vec<String>| row.len() == table.head.len();
        assert!(table.rows.iter().all(is_full), "{name}: {}", table.caption);
    }
    section
}

/// Asserts that `claim` has nothing to say of a study without runs.
pub fn needs_runs(claim: &'static dyn Claim) {
    let empty = study(claim.name(), Vec::new());
    assert!(
        sections_of(&[claim], &empty).unwrap().is_empty(),
        "{}",
        claim.name()
    );
}

/// The section of `study`, which is for one claim of the list.
pub fn section_of(study: &Study) -> Section {
    let [name] = study.settings.named_claims() else {
        panic!("{:?}", study.settings.claims);
    };
    makes_a_section(CLAIMS[place(name.as_str()).unwrap()], study)
}

#[test]
fn every_claim_of_the_list_says_what_it_is() {
    describe_themselves(CLAIMS);
    for claim in CLAIMS {
        needs_runs(*claim);
    }
}

/// Claims that no other test of this folder makes a section of, and that need no more than imagined runs.
#[test]
fn runs_that_serve_one_claim_serve_another() {
    let ladder = ladder("longer_training", 1.5, 1.5);
    assert_eq!(section_of(&ladder).verdicts.len(), 1);
    let data = data(1.5, 1.5, &SIZES);
    assert_eq!(section_of(&study("collapse", data.runs)).verdicts.len(), 1);
}

#[test]
fn a_claim_that_there_is_not_is_refused() {
    let error = super::super::sections(&study("ordre", Vec::new())).unwrap_err();
    let expected =
        "there is no claim ordre; there are data_scaling, learning_rate, model_scaling, ";
    assert!(error.to_string().starts_with(expected), "{error}");
}
