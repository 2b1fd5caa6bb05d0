//! From answers to the record of an evaluation: means by class and overall, with intervals, beside
//! the exact Bayes learner.

use std::f64::consts::LN_2;

use kolmo_run::{ClassRecord, CompanionFigures, EvaluationRecord, ExactCode, FactRow, OnlineClass};
use kolmo_stats::Z95;
use kolmo_theory::{
    discovery::expected_value_loss,
    information::{Fold, Known, Told, recalibrated},
};
use kolmo_world::World;

use crate::{
    answer::Answer,
    exposures::Exposures,
    probe::{Probe, ProbedFact},
};

/// When an evaluation was made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// Steps trained.
    pub step: u64,
    /// Documents trained on.
    pub documents: u64,
    /// The same, each document counted once.
    pub distinct: f64,
    /// Documents of the world read before the run, by those that it fine-tunes.
    pub before: u64,
}

/// The record of an evaluation of a model with `parameters` parameters.
///
/// Losses and accuracies are means weighted by the frequency of the facts. Within a class they are
/// ratio estimates Σ w ℓ / Σ w over the facts asked, exact where all were, with w the frequency of a
/// fact times the number of facts it stands for; the interval is that of drawing facts, by the
/// linearised variance of the ratio with the finite-population correction.
/// Exposures are plain means per fact, and bits stored count all facts of a class: see [`recalibrated`], whose code also says what is missing of each fact. What the
/// exact predictors did meanwhile is left for [`Exact::complete`](crate::Exact::complete).
pub fn summarise(
    world: &World,
    probe: &Probe,
    exposures: &Exposures,
    answers: &[Answer],
    parameters: u64,
    moment: Moment,
) -> EvaluationRecord {
    // Of a fine-tuning, those that its base read.
    let read = match moment.before {
        0 => moment.distinct,
        before => before as f64,
    };
    let mut classes = Vec::with_capacity(probe.classes.len());
    let mut variance = 0.0;
    let mut all_known = Vec::with_capacity(probe.classes.len());
    // Of all subjects that is 1.
    let mass: f64 = probe.classes.iter().map(|class| class.mass).sum();
    for (k, class) in probe.classes.iter().enumerate() {
        let facts: Vec<Item> = probe
            .facts
            .iter()
            .zip(answers)
            .zip(exposures.counts())
            .filter(|((probed, _), _)| probed.class == k)
            .map(|((probed, answer), exposures)| Item {
                fold: Fold::of(probed.rank, probed.fact.relation as usize),
                weight: probed.probability * probed.stands_for as f64,
                stands_for: probed.stands_for as f64,
                content: probed.content,
                answer,
                exposures: *exposures,
            })
            .collect();
        let value_loss = weighted(&facts, |f| f.answer.loss_nats);
        let class_variance = ratio_variance(&facts, value_loss, class.facts);
        variance += (class.mass / mass).powi(2) * class_variance;
        let told: Vec<Told> = facts.iter().map(Item::told).collect();
        let recalibrated = recalibrated(&told);
        let known = recalibrated.known;
        all_known.push(known);
        let plain = |f: &dyn Fn(&Item) -> f64| -> f64 {
            let sum: f64 = facts.iter().map(|item| item.stands_for * f(item)).sum();
            sum / class.facts as f64
        };
        let ranks = class.lo_rank..=class.hi_rank;
        classes.push(ClassRecord {
            lo_rank: class.lo_rank,
            hi_rank: class.hi_rank,
            facts: class.facts,
            measured: facts.len() as u64,
            mass: class.mass,
            value_loss,
            value_loss_ci95: interval(value_loss, class_variance),
            missing: weighted(&facts, |f| f.answer.loss_nats.min(f.content)),
            missing_recalibrated: left(&facts, &recalibrated.saved),
            overconfidence: weighted(&facts, |f| (f.answer.loss_nats - f.content).max(0.0)),
            accuracy: weighted(&facts, |f| f64::from(u8::from(f.answer.correct))),
            exposures: plain(&|f| f.exposures as f64),
            bayes_value_loss: weighted(&facts, |f| match f.exposures {
                0 => f.content,
                _ => 0.0,
            }),
            bayes_value_loss_expected: expected_value_loss(world, ranks, read),
            online: OnlineClass::default(),
            bits_stored: known.nats / LN_2,
            bits_stored_ci95: known.ci95().map(|nats| nats / LN_2),
            bits_stored_one_weight: known.one_weight / LN_2,
        });
    }
    let mean = |f: fn(&ClassRecord) -> f64| -> f64 {
        let terms = classes.iter().map(|class| class.mass / mass * f(class));
        terms.sum()
    };
    let value_loss = mean(|c| c.value_loss);
    let known: Known = all_known.into_iter().sum();
    let bits_stored = known.nats / LN_2;
    EvaluationRecord {
        step: moment.step,
        documents: moment.documents,
        value_loss,
        value_loss_ci95: interval(value_loss, variance),
        missing: mean(|c| c.missing),
        missing_recalibrated: mean(|c| c.missing_recalibrated),
        overconfidence: mean(|c| c.overconfidence),
        accuracy: mean(|c| c.accuracy),
        bits_stored,
        bits_stored_ci95: known.ci95().map(|nats| nats / LN_2),
        bits_stored_one_weight: known.one_weight / LN_2,
        bits_per_parameter: bits_stored / parameters as f64,
        bayes_value_loss: mean(|c| c.bayes_value_loss),
        bayes_value_loss_expected: mean(|c| c.bayes_value_loss_expected),
        exact: ExactCode::default(),
        classes,
        interviews: Vec::new(),
        companions: CompanionFigures::new(),
    }
}

/// One row a fact, for `facts.parquet`.
pub fn fact_rows(
    probe: &Probe,
    exposures: &Exposures,
    answers: &[Answer],
    moment: Moment,
) -> Vec<FactRow> {
    let weight = |probed: &ProbedFact| probed.probability * probed.stands_for as f64;
    let mut weights = vec![0.0; probe.classes.len()];
    for probed in &probe.facts {
        weights[probed.class] += weight(probed);
    }
    let mass: f64 = probe.classes.iter().map(|class| class.mass).sum();
    let share = |probed: &ProbedFact| {
        let class = probe.classes[probed.class].mass / mass;
        class * weight(probed) / weights[probed.class]
    };
    let facts = probe.facts.iter().zip(answers).zip(exposures.counts());
    facts
        .map(|((probed, answer), exposures)| FactRow {
            step: moment.step,
            documents: moment.documents,
            subject: probed.rank,
            relation: probed.fact.relation,
            probability: probed.probability,
            exposures: *exposures,
            loss_nats: answer.loss_nats,
            correct: answer.correct,
            answer_valid: answer.valid,
            confidence: answer.confidence,
            stands_for: probed.stands_for,
            share: share(probed),
            name_loss_nats: answer.name_loss_nats,
        })
        .collect()
}

/// A fact that was asked.
struct Item<'a> {
    fold: Fold,
    /// Frequency of the facts it stands for.
    weight: f64,
    stands_for: f64,
    content: f64,
    answer: &'a Answer,
    exposures: u64,
}

impl Item<'_> {
    fn told(&self) -> Told {
        Told {
            fold: self.fold,
            stands_for: self.stands_for,
            content: self.content,
            loss: self.answer.loss_nats,
            confidence: self.answer.confidence,
        }
    }
}

/// What is missing on average where a code saves so much on each fact: no more than h, which is what it takes to trust the model in
/// nothing.
fn left(facts: &[Item<'_>], saved: &[f64]) -> f64 {
    let total: f64 = facts.iter().map(|item| item.weight).sum();
    let sum: f64 = facts.iter().zip(saved).map(|(f, s)| f.weight * s).sum();
    let content = weighted(facts, |f| f.content);
    let saved = sum / total;
    content - if saved < 0.0 { 0.0 } else { saved }
}

/// Σ w f / Σ w.
fn weighted(facts: &[Item<'_>], f: impl Fn(&Item<'_>) -> f64) -> f64 {
    let total: f64 = facts.iter().map(|item| item.weight).sum();
    let sum: f64 = facts.iter().map(|item| item.weight * f(item)).sum();
    sum / total
}

/// Variance of the ratio estimate `mean` from `facts` out of `population` (Cochran 1977, eq. 6.13);
/// unknown, NaN, for a single fact out of several.
fn ratio_variance(facts: &[Item<'_>], mean: f64, population: u64) -> f64 {
    let n = facts.len() as f64;
    if facts.len() as u64 == population {
        return 0.0;
    }
    if facts.len() < 2 {
        return f64::NAN;
    }
    let total: f64 = facts.iter().map(|item| item.weight).sum();
    let residual = |item: &Item<'_>| (item.weight * (item.answer.loss_nats - mean)).powi(2);
    let squares: f64 = facts.iter().map(residual).sum();
    let sampled = 1.0 - n / population as f64;
    sampled * n / (n - 1.0) * squares / total.powi(2)
}

fn interval(mean: f64, variance: f64) -> [f64; 2] {
    let half = Z95 * variance.sqrt();
    // Not `max`, which would turn an unknown bound into 0.
    let low = mean - half;
    [if low < 0.0 { 0.0 } else { low }, mean + half]
}

#[cfg(test)]
mod tests {
    use kolmo_world::{WorldConfig, random::Streams};

    use super::*;
    use kolmo_config::EvalConfig;

    /// A model that knows a fact the better the more frequent its subject is.
    fn loss(rank: u64, relation: u32) -> f64 {
        let wobble = ((rank * 7 + u64::from(relation)) % 13) as f64 / 13.0;
        (rank as f64).ln() * 0.5 * (0.5 + wobble)
    }

    fn record(world: &World, facts_per_class: usize, seed: u64) -> EvaluationRecord {
        let config = EvalConfig {
            facts_per_class,
            ..EvalConfig::default()
        };
        let probe = Probe::new(world, &config, &Streams::new(seed));
        let mut exposures = Exposures::new(&probe);
        (0..2000).for_each(|n| exposures.count(&world.document(n).facts));
        let answers: Vec<Answer> = probe
            .facts
            .iter()
            .map(|f| Answer {
                loss_nats: loss(f.rank, f.fact.relation),
                correct: f.rank < 100,
                valid: true,
                confidence: 0.5,
                said: Vec::new(),
                name_loss_nats: 1.0,
            })
            .collect();
        let moment = Moment {
            step: 1,
            documents: 2000,
            distinct: 2000.0,
            before: 0,
        };
        summarise(world, &probe, &exposures, &answers, 1000, moment)
    }

    #[test]
    fn asking_all_facts_gives_the_sums_themselves() {
        let world = World::new(&WorldConfig::default(), 1).unwrap();
        let record = record(&world, 100_000, 1);
        let (mut expected, mut accuracy) = (0.0, 0.0);
        for rank in 1..=20_000 {
            let p = world.frequency().probability(rank);
            for relation in 0..4 {
                expected += p / 4.0 * loss(rank, relation);
            }
            accuracy += if rank < 100 { p } else { 0.0 };
        }
        let bits = |class: &ClassRecord| {
            let ranks = class.lo_rank..=class.hi_rank;
            let facts = ranks.flat_map(|rank| (0..4).map(move |relation| (rank, relation)));
            let told = facts.map(|(rank, relation)| Told {
                fold: Fold::of(rank, relation as usize),
                stands_for: 1.0,
                content: 64f64.ln(),
                loss: loss(rank, relation),
                confidence: 0.5,
            });
            recalibrated(&told.collect::<Vec<_>>()).known.nats / LN_2
        };
        let bits: f64 = record.classes.iter().map(bits).sum();
        assert!((record.value_loss - expected).abs() < 1e-9);
        assert!((record.bits_stored / bits - 1.0).abs() < 1e-9);
        assert!((record.accuracy - accuracy).abs() < 1e-9);
        assert_eq!(record.value_loss_ci95, [record.value_loss; 2]);
        let parts = record.missing + record.overconfidence;
        assert!((parts - record.value_loss).abs() < 1e-12);
    }

    #[test]
    fn the_rows_of_an_evaluation_add_up_to_its_record() {
        let world = World::new(&WorldConfig::default(), 1).unwrap();
        let probe = Probe::new(&world, &EvalConfig::default(), &Streams::new(1));
        let answers: Vec<Answer> = probe
            .facts
            .iter()
            .map(|f| Answer {
                loss_nats: loss(f.rank, f.fact.relation),
                name_loss_nats: 1.0,
                correct: f.rank < 100,
                valid: true,
                confidence: 0.5,
                said: Vec::new(),
            })
            .collect();
        let moment = Moment {
            step: 1,
            documents: 0,
            distinct: 0.0,
            before: 0,
        };
        let exposures = Exposures::new(&probe);
        let record = summarise(&world, &probe, &exposures, &answers, 1000, moment);
        let rows = fact_rows(&probe, &exposures, &answers, moment);
        let sum = |f: &dyn Fn(&FactRow) -> f64| rows.iter().map(f).sum::<f64>();
        let told = |row: &FactRow| Told {
            fold: Fold::of(row.subject, row.relation as usize),
            stands_for: row.stands_for as f64,
            content: 64f64.ln(),
            loss: row.loss_nats,
            confidence: row.confidence,
        };
        let (mut bits, mut left) = (0.0, 0.0);
        for class in &record.classes {
            let ranks = class.lo_rank..=class.hi_rank;
            let of_class: Vec<&FactRow> = rows
                .iter()
                .filter(|row| ranks.contains(&row.subject))
                .collect();
            let told: Vec<Told> = of_class.iter().map(|row| told(row)).collect();
            let recalibrated = recalibrated(&told);
            bits += recalibrated.known.nats / LN_2;
            let each = of_class.iter().zip(recalibrated.saved);
            left += each
                .map(|(row, saved)| row.share * (64f64.ln() - saved))
                .sum::<f64>();
        }
        assert!((left / record.missing_recalibrated - 1.0).abs() < 1e-12);
        let [lo, hi] = record.bits_stored_ci95;
        assert!(lo < record.bits_stored && record.bits_stored < hi);
        let shares = sum(&|row| row.share);
        let value_loss = sum(&|row| row.share * row.loss_nats);
        assert!((shares - 1.0).abs() < 1e-12);
        assert!((value_loss - record.value_loss).abs() < 1e-12);
        assert!((bits / record.bits_stored - 1.0).abs() < 1e-12);
    }

    #[test]
    fn intervals_cover_the_truth_about_as_often_as_they_say() {
        let world = World::new(&WorldConfig::default(), 1).unwrap();
        let truth = record(&world, 100_000, 1).value_loss;
        let covered = (0..200)
            .filter(|seed| {
                let [lo, hi] = record(&world, 40, *seed).value_loss_ci95;
                (lo..=hi).contains(&truth)
            })
            .count();
        // Strata make the true error smaller than the interval says, so coverage is at least
        // 95 %: 190 of 200, less four standard errors of 3.1.
        assert!(covered >= 178, "{covered} of 200");
    }

    #[test]
    fn relations_of_unequal_content_are_weighed_evenly() {
        // 400 facts, 300 of them asked: some strata hold two facts, others one, in step with the
        // relations.
        let relation = |name: &str, values| kolmo_world::config::RelationConfig {
            name: name.to_owned(),
            values: Some(values),
            weight: 1.0,
        };
        let config = WorldConfig {
            frequency: kolmo_world::config::FrequencyConfig::Grouped(
                kolmo_world::config::GroupedConfig {
                    groups: vec![kolmo_world::config::GroupConfig {
                        elements: 100,
                        weight: 1.0,
                    }],
                },
            ),
            relations: [("a", 10), ("b", 10), ("c", 1000), ("d", 1000)]
                .map(|(name, values)| relation(name, values))
                .to_vec(),
            ..WorldConfig::default()
        };
        let world = World::new(&config, 1).unwrap();
        let probe = Probe::new(&world, &EvalConfig::default(), &Streams::new(1));
        let answers: Vec<Answer> = probe
            .facts
            .iter()
            .map(|f| Answer {
                loss_nats: f.content / 2.0,
                correct: false,
                valid: true,
                confidence: 0.5,
                said: Vec::new(),
                name_loss_nats: 1.0,
            })
            .collect();
        let moment = Moment {
            step: 1,
            documents: 0,
            distinct: 0.0,
            before: 0,
        };
        let exposures = Exposures::new(&probe);
        let record = summarise(&world, &probe, &exposures, &answers, 1, moment);
        let content = (10f64.ln() + 1000f64.ln()) / 2.0;
        assert!((record.value_loss - content / 2.0).abs() < 1e-9);
        assert!((record.bayes_value_loss - content).abs() < 1e-9);
        assert!((record.bits_stored * LN_2 - 400.0 * content / 2.0).abs() < 1e-3);
        // Which a plain mean over the facts asked would not give.
        let asked: f64 = probe.facts.iter().map(|f| f.content).sum();
        assert!((asked / 300.0 - content).abs() > 0.5);
    }

    #[test]
    fn the_bayes_learner_on_the_same_exposures_is_near_its_expectation() {
        let world = World::new(&WorldConfig::default(), 1).unwrap();
        let record = record(&world, 100_000, 1);
        // The documents are 2000 draws: the loss is a sum over rare facts that were met or not, with
        // a standard deviation below h · sqrt(Σ w² ) ≈ 4.16 · 0.007.
        let deviation = record.bayes_value_loss - record.bayes_value_loss_expected;
        assert!(deviation.abs() < 4.0 * 0.03, "{deviation}");
    }
}
