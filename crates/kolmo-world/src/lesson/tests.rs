use std::collections::HashSet;

use super::*;
use crate::config::{UniformConfig, WorldConfig};

fn world() -> World {
    let mut config = WorldConfig::default();
    config.names.pools = Some(vec![200, 200]);
    config.syntax.questions = Some(3);
    config.relations_per_document = crate::config::RelationCount::Exactly(2);
    World::new(&config, 1).unwrap()
}

fn lesson<'a>(world: &'a World, config: &LessonConfig, replay: ReplayConfig) -> Lesson<'a> {
    {
        let read = Read {
            seen: 1000,
            fresh: 1000,
        };
        Lesson::new(world, config, replay, read, &Streams::new(1)).unwrap()
    }
}

fn injection(subjects: Subjects, syntax: LessonSyntax) -> LessonConfig {
    LessonConfig::Injection {
        subjects,
        syntax,
        frequency: FrequencyConfig::Uniform(UniformConfig { elements: 500 }),
    }
}

fn documents(lesson: &Lesson<'_>, count: u64) -> Vec<Document> {
    let write = |n| {
        let mut document = Document::default();
        lesson.write_document(n, &mut document);
        document
    };
    (0..count).map(write).collect()
}

const NONE: ReplayConfig = ReplayConfig {
    share: 0.0,
    of: Replayed::Fresh,
};

#[test]
fn an_instruction_asks_about_its_part_of_the_subjects_alone() {
    let world = world();
    let lesson = lesson(&world, &LessonConfig::Instruction { fraction: 0.25 }, NONE);
    let taught = (0..20_000).filter(|element| lesson.is_taught(*element) == Some(true));
    // A quarter of 20 000, with a standard error of 61.
    assert!((taught.count() as f64 - 5000.0).abs() < 4.0 * 61.0);
    let mark = world.vocabulary().token("?").unwrap();
    for document in documents(&lesson, 500) {
        assert_eq!(
            document
                .tokens
                .iter()
                .filter(|token| **token == mark)
                .count(),
            2
        );
        assert!(document.tokens.len() <= lesson.max_document_length());
        for fact in &document.facts {
            assert_eq!(lesson.is_taught(fact.element), Some(true));
            let relation = &world.relations()[fact.relation as usize];
            let value = relation.tokens(world.value_of(*fact));
            assert!(
                document
                    .tokens
                    .windows(value.len())
                    .any(|window| window == value)
            );
        }
    }
}

#[test]
fn a_part_that_no_document_is_about_is_refused() {
    let world = world();
    let config = LessonConfig::Instruction { fraction: 1e-9 };
    let read = Read::default();
    let error = Lesson::new(&world, &config, NONE, read, &Streams::new(1)).unwrap_err();
    assert!(
        error.to_string().contains("finetune.lesson.fraction"),
        "{error}"
    );
}

#[test]
fn new_subjects_are_strangers_and_old_ones_change() {
    let world = world();
    for syntax in [LessonSyntax::Old, LessonSyntax::New] {
        let new = lesson(&world, &injection(Subjects::New, syntax), NONE);
        let old = lesson(&world, &injection(Subjects::Old, syntax), NONE);
        let elements = |lesson: &Lesson<'_>| -> HashSet<u64> {
            let all = documents(lesson, 5000);
            all.iter()
                .flat_map(|document| &document.facts)
                .map(|fact| fact.element)
                .collect()
        };
        let (strangers, revised) = (elements(&new), elements(&old));
        assert_eq!((strangers.len(), revised.len()), (500, 500));
        assert!(
            strangers
                .iter()
                .all(|element| (20_000..20_500).contains(element))
        );
        assert!(
            revised
                .iter()
                .all(|element| old.revises(*element) && !new.revises(*element))
        );
        assert_eq!(
            (0..20_000).filter(|element| old.revises(*element)).count(),
            500
        );
        let fact = Fact {
            element: *revised.iter().next().unwrap(),
            relation: 1,
        };
        assert_ne!(old.value_of(fact), world.value_of(fact));
        assert_eq!(new.introduced(), 500);
    }
}

#[test]
fn replayed_sentences_are_those_that_were_read_or_come_next() {
    let world = world();
    let before: HashSet<Vec<u32>> = (0..1000).map(|n| world.document(n).tokens).collect();
    for of in [Replayed::Seen, Replayed::Fresh] {
        let replay = ReplayConfig { share: 0.3, of };
        let lesson = lesson(&world, &injection(Subjects::New, LessonSyntax::New), replay);
        let documents = documents(&lesson, 5000);
        let is_replayed = |document: &&Document| document.facts[0].element < 20_000;
        let replayed: Vec<_> = documents.iter().filter(is_replayed).collect();
        // 0.3 of 5000, with a standard error of 32.
        assert!((replayed.len() as f64 - 1500.0).abs() < 4.0 * 32.4);
        let seen = replayed
            .iter()
            .filter(|document| before.contains(&document.tokens))
            .count();
        match of {
            Replayed::Seen => assert_eq!(seen, replayed.len()),
            Replayed::Fresh | Replayed::Generated => assert!(seen < replayed.len() / 2),
        }
    }
    let all = ReplayConfig {
        share: 1.0,
        of: Replayed::Fresh,
    };
    let lesson = lesson(&world, &injection(Subjects::New, LessonSyntax::New), all);
    assert_eq!(documents(&lesson, 3)[2], world.document(1002));
}

#[test]
fn documents_that_the_model_writes_are_left_empty_and_have_a_generator_each() {
    let world = world();
    let config = injection(Subjects::New, LessonSyntax::New);
    let replay = |share, of| lesson(&world, &config, ReplayConfig { share, of });
    let own = replay(0.3, Replayed::Generated);
    let fresh = replay(0.3, Replayed::Fresh);
    let (left, others) = (documents(&own, 3000), documents(&fresh, 3000));
    let mut first = HashSet::new();
    for (n, (document, other)) in left.iter().zip(&others).enumerate() {
        match own.generated(n as u64) {
            None => assert_eq!(document, other),
            Some(mut random) => {
                assert_eq!(document, &Document::default());
                assert!(other.facts[0].element < 20_000);
                assert!(first.insert(random.random::<u64>()));
            }
        }
    }
    // 0.3 of 3000, with a standard error of 25.
    assert!((first.len() as f64 - 900.0).abs() < 100.0);
    assert!(own.has_generated() && !fresh.has_generated());
    assert!((0..3000).all(|n| fresh.generated(n).is_none()));
    let none = replay(0.0, Replayed::Generated);
    assert!(!none.has_generated() && (0..100).all(|n| none.generated(n).is_none()));
}

#[test]
fn words_that_no_document_uses_keep_their_tokens_however_many_there_are() {
    let build = |held_out, questions| {
        let mut config = WorldConfig {
            family: crate::config::Family::Biography,
            ..WorldConfig::default()
        };
        config.names.pools = Some(vec![40, 40, 40]);
        config.syntax.held_out = held_out;
        config.syntax.questions = questions;
        World::new(&config, 1).unwrap()
    };
    let plain = build(None, None);
    let all = [(None, Some(2)), (Some(2), None), (Some(5), Some(4))];
    let all = all.map(|(held_out, questions)| build(held_out, questions));
    let words = |world: &World| -> Vec<String> {
        let tokens = 0..world.vocabulary().len() as u32;
        tokens
            .map(|token| world.vocabulary().word(token).unwrap().to_owned())
            .collect()
    };
    for world in &all {
        assert!((0..200).all(|n| plain.document(n) == world.document(n)));
        assert!(words(world).starts_with(&words(&plain)));
        assert_eq!(words(world), words(&all[0]));
    }
}

#[test]
fn what_no_document_uses_changes_no_document() {
    let plain = World::new(&WorldConfig::default(), 1).unwrap();
    let mut config = WorldConfig::default();
    config.syntax.held_out = Some(1);
    config.syntax.questions = Some(3);
    let more = World::new(&config, 1).unwrap();
    assert!((0..200).all(|n| plain.document(n) == more.document(n)));
    let count = plain.vocabulary().len();
    assert!(more.vocabulary().len() > count);
    for token in 0..count as u32 {
        assert_eq!(
            plain.vocabulary().word(token),
            more.vocabulary().word(token)
        );
    }
    // A held-out template is none of the others, of words that they have.
    for relation in 0..4 {
        let spoken = more.syntax().class(relation).templates();
        let held_out = more.syntax().class_in(Wording::HeldOut, relation).unwrap();
        for template in held_out.templates() {
            assert!(!spoken.contains(template));
        }
    }
}
