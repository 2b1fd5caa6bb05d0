//! Asking more than the facts of the world as documents state them: in other words, and about subjects that nobody
//! mentioned, or that fine-tuning has brought.

use std::{collections::BTreeMap, iter, ops::RangeInclusive};

use kolmo_config::EvalConfig;
use kolmo_run::{AnswerRow, InterviewRecord};
use kolmo_stats::Z95;
use kolmo_world::{
    Frequency, Lesson, Wording, World,
    config::{FrequencyConfig, UniformConfig},
    random::Streams,
};

use crate::{
    answer::{Answer, Drawn},
    exposures::Exposures,
    probe::{Population, Probe, ProbedFact},
    summary::Moment,
};

/// Who is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cohort {
    /// Subjects of the world.
    Stated,
    /// Those of them that an instruction is about.
    Taught,
    /// Those that it leaves out.
    Untaught,
    /// The subjects of new facts.
    Injected,
    /// Names that nobody bears.
    Strangers,
}

impl Cohort {
    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stated => "stated",
            Self::Taught => "taught",
            Self::Untaught => "untaught",
            Self::Injected => "injected",
            Self::Strangers => "strangers",
        }
    }
}

/// Where drawn answers come from.
const DRAWS: &str = "evaluation/draws";

/// What is asked at once, in one wording.
#[derive(Debug, Clone)]
struct Questions {
    wording: Wording,
    /// The stream that answers are drawn from.
    draws: String,
    /// Of each fact.
    cohorts: Vec<Cohort>,
    probe: Probe,
}

/// Facts of every kind in every wording that the language has, fixed before the first step of a run.
#[derive(Debug, Clone)]
pub struct Interview {
    /// The facts of the world, as documents state them.
    first: Questions,
    others: Vec<Questions>,
}

/// A question that was answered.
#[derive(Debug, Clone)]
pub struct Reply<'a> {
    /// Who it is about.
    pub cohort: Cohort,
    /// In which words.
    pub wording: Wording,
    /// The fact.
    pub fact: &'a ProbedFact,
    /// The answer.
    pub answer: Answer,
    /// One that was drawn.
    pub drawn: Drawn,
}

impl Interview {
    /// About the subjects of `world` whose ranks are in `ranks`, and others; new facts are those of `lesson`, and what it changes is
    /// not in the probe.
    pub fn new(
        world: &World,
        ranks: RangeInclusive<u64>,
        config: &EvalConfig,
        lesson: Option<&Lesson<'_>>,
        streams: &Streams,
    ) -> Self {
        let mut probe = Probe::of_ranks(world, ranks, config, streams);
        if let Some(lesson) = lesson {
            let per_document = world.relation_draw().per_document();
            probe = probe.without(per_document, |fact| lesson.revises(fact.element));
        }
        let cohort = |fact: &ProbedFact| {
            let taught = lesson.and_then(|lesson| lesson.is_taught(fact.fact.element));
            match taught {
                None => Cohort::Stated,
                Some(true) => Cohort::Taught,
                Some(false) => Cohort::Untaught,
            }
        };
        let cohorts: Vec<Cohort> = probe.facts.iter().map(cohort).collect();
        let has = |wording: &Wording| world.syntax().has(*wording);
        let others = Wording::ALL.into_iter().filter(has).map(|wording| {
            let mut all = Questions {
                wording,
                draws: format!("{DRAWS}/{}", wording.name()),
                cohorts: Vec::new(),
                probe: Probe {
                    classes: Vec::new(),
                    facts: Vec::new(),
                },
            };
            if wording != Wording::Statement {
                all.cohorts.clone_from(&cohorts);
                all.probe.facts = probe.worded(world, wording, streams).facts;
            }
            let extra = [
                (
                    Cohort::Injected,
                    injected(world, lesson, wording, config, streams),
                ),
                (
                    Cohort::Strangers,
                    strangers(world, lesson, wording, config, streams),
                ),
            ];
            for (cohort, facts) in extra {
                all.cohorts.resize(all.cohorts.len() + facts.len(), cohort);
                all.probe.facts.extend(facts);
            }
            all
        });
        // Where all names are borne there may be nobody to ask about.
        let others = others.filter(|questions| !questions.probe.facts.is_empty());
        let others = others.collect();
        let first = Questions {
            wording: Wording::Statement,
            draws: DRAWS.to_owned(),
            cohorts,
            probe,
        };
        Self { first, others }
    }

    /// The facts of the world whose loss is followed, as documents state them.
    pub fn probe(&self) -> &Probe {
        &self.first.probe
    }

    /// No exposures yet of all facts that are asked.
    pub fn exposures(&self) -> Exposures {
        let others = self.others.iter();
        let facts = others.flat_map(|questions| &questions.probe.facts);
        Exposures::new(self.probe()).with(facts)
    }

    /// The answers of the probe, of all `replies`.
    pub fn answers(&self, replies: &[Reply<'_>]) -> Vec<Answer> {
        let first = replies.iter().take(self.probe().facts.len());
        first.map(|reply| reply.answer.clone()).collect()
    }

    /// Puts all questions by `ask`: the probe, whose replies come first, and all that is beside it. `ask` gets the name of the stream that
    /// answers are drawn from, and answers in the order of the facts.
    ///
    /// # Errors
    /// Those of `ask`.
    pub fn put<E>(
        &self,
        ask: impl Fn(&Probe, &str) -> Result<Vec<(Answer, Drawn)>, E>,
    ) -> Result<Vec<Reply<'_>>, E> {
        let mut replies = Vec::new();
        for questions in iter::once(&self.first).chain(&self.others) {
            let answers = ask(&questions.probe, &questions.draws)?;
            let facts = questions.cohorts.iter().zip(&questions.probe.facts);
            replies.extend(
                facts
                    .zip(answers)
                    .map(|((cohort, fact), (answer, drawn))| Reply {
                        cohort: *cohort,
                        wording: questions.wording,
                        fact,
                        answer,
                        drawn,
                    }),
            );
        }
        Ok(replies)
    }
}

/// The new facts of a lesson.
fn injected(
    world: &World,
    lesson: Option<&Lesson<'_>>,
    wording: Wording,
    config: &EvalConfig,
    streams: &Streams,
) -> Vec<ProbedFact> {
    let Some((lesson, frequency)) = lesson.and_then(|of| Some((of, of.frequency()?))) else {
        return Vec::new();
    };
    let population = Population {
        world,
        frequency,
        subject: &|rank| lesson.subject(frequency.element(rank)),
        value: &|fact| lesson.value_of(fact),
        wording,
        choice: "evaluation/injected",
    };
    Probe::draw(&population, 1..=u64::MAX, config, streams).facts
}

/// Names that nobody bears, the last ones: a lesson takes the first.
fn strangers(
    world: &World,
    lesson: Option<&Lesson<'_>>,
    wording: Wording,
    config: &EvalConfig,
    streams: &Streams,
) -> Vec<ProbedFact> {
    let all = world.strangers();
    let count = all - lesson.map_or(0, Lesson::introduced).min(all);
    let count = count.min(config.facts_per_class as u64);
    let law = FrequencyConfig::Uniform(UniformConfig { elements: count });
    let Ok(frequency) = Frequency::new(&law, streams) else {
        return Vec::new();
    };
    let population = Population {
        world,
        frequency: &frequency,
        subject: &|rank| world.stranger(all - rank),
        value: &|fact| world.value_of(fact),
        wording,
        choice: "evaluation/strangers",
    };
    let one_class = EvalConfig {
        classes: 1,
        ..config.clone()
    };
    let mut facts = Probe::draw(&population, 1..=u64::MAX, &one_class, streams).facts;
    // No document states them.
    facts.iter_mut().for_each(|fact| fact.probability = 0.0);
    facts
}

/// The weight of a fact in a mean: by frequency, and alike where there is none.
fn weight(fact: &ProbedFact) -> f64 {
    let frequency = match fact.probability {
        0.0 => 1.0,
        probability => probability,
    };
    frequency * fact.stands_for as f64
}

type Kind = (Cohort, Wording);

fn by_kind<'a, 'b>(replies: &'b [Reply<'a>]) -> BTreeMap<Kind, Vec<&'b Reply<'a>>> {
    let mut kinds: BTreeMap<Kind, Vec<&Reply<'_>>> = BTreeMap::new();
    for reply in replies {
        let kind = (reply.cohort, reply.wording);
        kinds.entry(kind).or_default().push(reply);
    }
    kinds
}

/// A record for each cohort and wording.
pub fn interview_records(replies: &[Reply<'_>]) -> Vec<InterviewRecord> {
    let record = |((cohort, wording), replies): (Kind, Vec<&Reply<'_>>)| {
        let mean = |of: &dyn Fn(&Answer) -> f64| ratio(&replies, of);
        let flag = |is: bool| f64::from(u8::from(is));
        let loss = mean(&|answer| answer.loss_nats);
        let accuracy = mean(&|answer| flag(answer.correct));
        InterviewRecord {
            cohort: cohort.name().to_owned(),
            wording: wording.name().to_owned(),
            measured: replies.len() as u64,
            value_loss: loss.0,
            value_loss_ci95: [(loss.0 - loss.1).max(0.0), loss.0 + loss.1],
            accuracy: accuracy.0,
            accuracy_ci95: [
                (accuracy.0 - accuracy.1).max(0.0),
                (accuracy.0 + accuracy.1).min(1.0),
            ],
            answer_valid: mean(&|answer| flag(answer.valid)).0,
            confidence: mean(&|answer| answer.confidence).0,
        }
    };
    by_kind(replies).into_iter().map(record).collect()
}

/// Weighted mean and half the width of its 95 % interval, by the linearised variance of a ratio.
fn ratio(replies: &[&Reply<'_>], of: &dyn Fn(&Answer) -> f64) -> (f64, f64) {
    let n = replies.len() as f64;
    let terms = || {
        replies
            .iter()
            .map(|reply| (weight(reply.fact), of(&reply.answer)))
    };
    let total: f64 = terms().map(|(weight, _)| weight).sum();
    let mean = terms().map(|(weight, x)| weight * x).sum::<f64>() / total;
    let squares: f64 = terms()
        .map(|(weight, x)| (weight * (x - mean)).powi(2))
        .sum();
    (mean, Z95 * (n / (n - 1.0) * squares).sqrt() / total)
}

/// A row for each reply, for `answers.parquet`. Ranks of new subjects are those of the lesson.
pub fn answer_rows(
    world: &World,
    exposures: &Exposures,
    replies: &[Reply<'_>],
    moment: Moment,
) -> Vec<AnswerRow> {
    let mut totals: BTreeMap<Kind, f64> = BTreeMap::new();
    for reply in replies {
        *totals.entry((reply.cohort, reply.wording)).or_default() += weight(reply.fact);
    }
    let text = |tokens: &[_]| world.vocabulary().text(tokens);
    let row = |reply: &Reply<'_>| {
        let (fact, answer) = (reply.fact, &reply.answer);
        let relation = &world.relations()[fact.fact.relation as usize];
        AnswerRow {
            step: moment.step,
            cohort: reply.cohort.name().to_owned(),
            wording: reply.wording.name().to_owned(),
            subject: fact.rank,
            relation: relation.name().to_owned(),
            probability: fact.probability,
            exposures: exposures.of(fact.fact),
            content_nats: fact.content,
            loss_nats: answer.loss_nats,
            correct: answer.correct,
            answer_valid: answer.valid,
            confidence: answer.confidence,
            entropy_nats: reply.drawn.entropy_nats,
            sampled_correct: reply.drawn.said == fact.value,
            sampled_valid: relation.number(&reply.drawn.said).is_some(),
            stands_for: fact.stands_for,
            share: weight(fact) / totals[&(reply.cohort, reply.wording)],
            prompt: text(&fact.prompt),
            answer: text(&answer.said),
            truth: text(&fact.value),
        }
    };
    replies.iter().map(row).collect()
}

#[cfg(test)]
mod tests;
