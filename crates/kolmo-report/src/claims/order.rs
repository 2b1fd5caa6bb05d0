//! In which order facts are learnt: the frequent before the rare, but for the chance of when they are stated.

use kolmo_run::FactRow;
use kolmo_world::random::Streams;
use rand::RngExt;

use crate::{
    claims::{About, Claim, section_for},
    error::Result,
    measured::{cells::text, half_learnt::facts, runs::named, seeds::one_or_seeds},
    number::significant,
    prediction::Expected,
    quantity::Quantity,
    report::{Section, Sort, Table},
    study::{Study, StudyRun},
};
use kolmo_stats::{Estimate, HalfLearning, Refusal, spearman};

/// In which order facts are learnt.
pub struct Order;

impl Claim for Order {
    fn about(&self) -> About {
        About {
            name: "order",
            title: "The order of learning",
            question: "Are facts learnt in the order of their frequency?",
            needs: "Runs of two evaluations or more.",
            predicts: "Spearman's correlation of the rarity of a fact and its half-learning time is above 0, and is that of a learner that \
                 knows a fact when it has been told k times.",
            sort: Sort::Law,
        }
    }

    fn section(&self, study: &Study) -> Result<Option<Section>> {
        let mut section = section_for(
            self,
            study,
            &[
                "Spearman's rank correlation of the rarity of a fact and its half-learning time, over the facts asked; those that are not learnt by \
                 the end share the last place. It should be far above 0, but no learner has 1: when a fact is stated for the first time is \
                 chance. Beside it is the correlation of a learner that knows a fact when it has been told k times, with the median k of the \
                 model, simulated on the same facts over as many documents.",
            ],
        );
        for (runs, name) in named(study.groups(StudyRun::but_seed)) {
            if runs[0].evaluations.len() < 2 {
                continue;
            }
            let timed: Vec<Vec<(FactRow, HalfLearning)>> =
                runs.iter().map(|run| facts(run)).collect::<Result<_>>()?;
            let measured: Vec<Correlation> = timed
                .iter()
                .map(|facts| spearman(&pairs(facts, order(facts))))
                .collect();
            let after: Vec<Correlation> = runs
                .iter()
                .zip(&timed)
                .map(|(run, facts)| spearman(&pairs(facts, told(run, facts))))
                .collect();
            let seeds: Vec<u64> = runs.iter().map(|run| run.config.seed).collect();
            let pairs = timed.iter().map(Vec::len).min().unwrap_or_default();
            let over_seeds = |all: &[Correlation]| {
                one_or_seeds(&seeds, all.iter().cloned(), |of_seed| {
                    Estimate::of_correlations(of_seed, pairs)
                })
            };
            let told_so_often = over_seeds(&after).map_or(f64::NAN, |rho| rho.value);
            let claim = |expected: Expected, which: &str, statement: String| {
                expected.called(format!("{name}/{which}"), statement).over(
                    "probability of a fact",
                    timed.iter().flatten().map(|(row, _)| row.probability),
                )
            };
            let any = format!("{name}: facts are learnt in the order of their frequency.");
            let strict = format!(
                "{name}: as strictly as by a learner that knows a fact when it has been told so many times."
            );
            let any_at_all = Expected::above(&Order, 0.0, Quantity::Correlation);
            let as_strict = Expected::equal(&Order, told_so_often, Quantity::Correlation);
            let verdicts = [
                claim(any_at_all, "rank correlation", any),
                claim(as_strict, "told so often", strict),
            ];
            let judged = verdicts.map(|claim| claim.judge(over_seeds(&measured)));
            section.verdicts.extend(judged);
            section
                .tables
                .push(table(&runs, &timed, &measured, &after, &name));
        }
        Ok((!section.verdicts.is_empty()).then_some(section))
    }
}

type Correlation = std::result::Result<Estimate, Refusal>;

/// How rare each fact is, with a time of it.
fn pairs(facts: &[(FactRow, HalfLearning)], times: Vec<f64>) -> Vec<(f64, f64)> {
    facts
        .iter()
        .map(|(row, _)| -row.probability)
        .zip(times)
        .collect()
}

/// When each fact was learnt; never is later than any time.
fn order(facts: &[(FactRow, HalfLearning)]) -> Vec<f64> {
    facts
        .iter()
        .map(|(_, time)| time.documents().unwrap_or(f64::MAX))
        .collect()
}

/// How often a fact had been stated when it was half learnt, the median over those that were.
fn exposures(facts: &[(FactRow, HalfLearning)]) -> f64 {
    let at = facts
        .iter()
        .filter_map(|(row, time)| Some(row.probability * time.documents()?));
    let mut at: Vec<f64> = at.collect();
    at.sort_by(f64::total_cmp);
    at.get(at.len() / 2).copied().unwrap_or(1.0)
}

/// When each fact has been stated so often, of other documents than the run's, within as many as the run had.
fn told(run: &StudyRun, facts: &[(FactRow, HalfLearning)]) -> Vec<f64> {
    let mut random = Streams::new(run.config.seed).stream("report/told").at(0);
    let (times, end) = (exposures(facts).round().max(1.0) as u64, run.documents());
    let after = |(row, _): &(FactRow, HalfLearning)| {
        let mut waiting = || -(1.0 - random.random::<f64>()).ln() / row.probability;
        let all: f64 = (0..times).map(|_| waiting()).sum();
        if all > end { f64::MAX } else { all }
    };
    facts.iter().map(after).collect()
}

fn table(
    runs: &[&StudyRun],
    timed: &[Vec<(FactRow, HalfLearning)>],
    measured: &[Correlation],
    after: &[Correlation],
    name: &str,
) -> Table {
    let rows = (0..runs.len()).map(|k| {
        vec![
            runs[k].config.seed.to_string(),
            significant(exposures(&timed[k])),
            text(&measured[k]),
            text(&after[k]),
        ]
    });
    let head = [
        "seed",
        "k, exposures when half learnt",
        "measured",
        "told k times",
    ];
    Table {
        caption: format!(
            "{name}: rank correlation of rarity and learning time, with 95 % intervals from drawing facts."
        ),
        head: head.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}
