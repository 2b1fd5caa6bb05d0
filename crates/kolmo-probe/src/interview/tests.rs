use std::{collections::HashSet, convert::Infallible};

use kolmo_world::{
    LessonConfig, ReplayConfig, WorldConfig,
    lesson::{LessonSyntax, Read, Subjects},
};

use super::*;

fn world() -> World {
    let mut config = WorldConfig::default();
    config.names.pools = Some(vec![200, 200]);
    config.syntax.held_out = Some(2);
    config.syntax.questions = Some(3);
    World::new(&config, 1).unwrap()
}

fn lesson(world: &World, subjects: Subjects) -> Lesson<'_> {
    let config = LessonConfig::Injection {
        subjects,
        syntax: LessonSyntax::New,
        frequency: FrequencyConfig::Uniform(UniformConfig { elements: 50 }),
    };
    Lesson::new(
        world,
        &config,
        ReplayConfig::default(),
        Read::default(),
        &Streams::new(1),
    )
    .unwrap()
}

/// Says the loss of each fact to be its rank, and that every second is known.
fn replies(interview: &Interview) -> Vec<Reply<'_>> {
    let answer = |fact: &ProbedFact| Answer {
        loss_nats: fact.rank as f64,
        name_loss_nats: 0.0,
        correct: fact.rank.is_multiple_of(2),
        valid: true,
        confidence: 0.25,
        said: fact.value.clone(),
    };
    let drawn = Drawn {
        said: Vec::new(),
        entropy_nats: 1.0,
    };
    let ask = |probe: &Probe, _: &str| {
        let facts = probe.facts.iter();
        let all = facts.map(|fact| (answer(fact), drawn.clone()));
        Ok::<_, Infallible>(all.collect())
    };
    interview.put(ask).unwrap()
}

#[test]
fn every_cohort_is_asked_in_every_wording() {
    let (world, streams) = (world(), Streams::new(1));
    let config = EvalConfig::default();
    let probe = Probe::new(&world, &config, &streams);
    let lesson = lesson(&world, Subjects::New);
    let all = 1..=u64::MAX;
    let interview = Interview::new(&world, all, &config, Some(&lesson), &streams);
    let replies = replies(&interview);
    assert_eq!(interview.answers(&replies).len(), probe.facts.len());
    let records = interview_records(&replies);
    assert_eq!(records.len(), 9);
    for record in &records {
        let expected = match record.cohort.as_str() {
            "stated" => probe.facts.len() as u64,
            // 50 subjects with 4 relations, no class of which has more than it asks.
            "injected" => 200,
            "strangers" => 300,
            other => panic!("{other}"),
        };
        assert_eq!(record.measured, expected, "{record:?}");
        let [lo, hi] = record.accuracy_ci95;
        assert!(lo < record.accuracy && record.accuracy < hi);
    }
    let exposures = Exposures::new(&probe);
    let moment = Moment {
        step: 1,
        documents: 1,
        distinct: 1.0,
        before: 0,
    };
    let rows = answer_rows(&world, &exposures, &replies, moment);
    for record in &records {
        let of = |row: &&AnswerRow| row.cohort == record.cohort && row.wording == record.wording;
        let rows: Vec<_> = rows.iter().filter(of).collect();
        let share: f64 = rows.iter().map(|row| row.share).sum();
        let loss: f64 = rows.iter().map(|row| row.share * row.loss_nats).sum();
        assert!((share - 1.0).abs() < 1e-9 && (loss - record.value_loss).abs() < 1e-9);
    }
    // Nobody is both taught and a stranger.
    let elements = |cohort| -> HashSet<u64> {
        let of = replies.iter().filter(|reply| reply.cohort == cohort);
        of.map(|reply| reply.fact.fact.element).collect()
    };
    let (injected, strangers) = (elements(Cohort::Injected), elements(Cohort::Strangers));
    assert!(injected.len() == 50 && injected.is_disjoint(&strangers));
    assert!(
        injected
            .iter()
            .chain(&strangers)
            .all(|element| *element >= 20_000)
    );
    // The same facts in other words.
    let prompts: HashSet<_> = replies.iter().map(|reply| &reply.fact.prompt).collect();
    assert!(prompts.len() > replies.len() * 9 / 10);
}

#[test]
fn facts_that_change_are_not_asked_as_old_ones() {
    let (world, streams) = (world(), Streams::new(1));
    let config = EvalConfig {
        facts_per_class: 100_000,
        ..EvalConfig::default()
    };
    let lesson = lesson(&world, Subjects::Old);
    let probe = Probe::new(&world, &config, &streams);
    let kept = probe
        .clone()
        .without(1, |fact| lesson.revises(fact.element));
    assert_eq!(probe.facts.len() - kept.facts.len(), 200);
    let facts: u64 = kept.classes.iter().map(|class| class.facts).sum();
    assert_eq!(facts, kept.facts.len() as u64);
    let mass: f64 = kept.classes.iter().map(|class| class.mass).sum();
    let stays = |rank: &u64| !lesson.revises(rank - 1);
    let left = (1..=20_000)
        .filter(stays)
        .map(|rank| world.frequency().probability(rank));
    assert!((mass - left.sum::<f64>()).abs() < 1e-9);
    // Of a class of which nothing is left there is nothing to say.
    let last = probe.classes.last().unwrap().lo_rank;
    let rare = probe.clone().without(1, |fact| fact.element + 1 < last);
    assert_eq!(rare.classes.len(), 1);
    assert!(rare.facts.iter().all(|fact| fact.class == 0));
    let all = 1..=u64::MAX;
    let interview = Interview::new(&world, all, &config, Some(&lesson), &streams);
    assert_eq!(interview.probe().facts, kept.facts);
    for reply in replies(&interview) {
        let relation = &world.relations()[reply.fact.fact.relation as usize];
        let old = relation.tokens(world.value_of(reply.fact.fact));
        assert_eq!(reply.fact.value == old, reply.cohort != Cohort::Injected);
    }
}
