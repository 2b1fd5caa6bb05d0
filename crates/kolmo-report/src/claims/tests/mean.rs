//! A claim in one file, which is in no list: the mean is the mean.

use super::{
    super::{About, Claim, section_for},
    noise, study, suite, zipf,
};
use crate::{
    error::Result,
    examples,
    measured::seeds::over_seeds,
    prediction::Expected,
    quantity::Quantity,
    report::{Outcome, Section, Sort},
    study::{Study, StudyRun},
};

/// The mean over seeds of the loss at the end is the mean of all runs.
struct Mean;

impl Claim for Mean {
    fn about(&self) -> About {
        About {
            name: "mean",
            title: "The mean",
            question: "Is the mean the mean?",
            needs: "Runs of one length.",
            predicts: "The mean over seeds of the loss at the end is the sum over their number.",
            sort: Sort::Check,
        }
    }

    fn section(&self, study: &Study) -> Result<Option<Section>> {
        if study.runs.is_empty() {
            return Ok(None);
        }
        let mut section = section_for(self, study, &["It has to be."]);
        let runs: Vec<&StudyRun> = study.runs.iter().collect();
        let loss = |run: &StudyRun| run.last().value_loss;
        section.verdicts.push(
            Expected::equal(
                &Mean,
                runs.iter().map(|run| loss(run)).sum::<f64>() / runs.len() as f64,
                Quantity::Nats,
            )
            .called("value loss".to_owned(), "The mean is the mean.".to_owned())
            .over("documents", runs.iter().map(|run| run.documents()))
            .judge(over_seeds(&runs, loss)),
        );
        Ok(Some(section))
    }
}

#[test]
fn a_claim_in_one_file_passes_the_suite_of_all() {
    suite::describe_themselves(&[&Mean]);
    suite::needs_runs(&Mean);
    let run = |seed| {
        let mut config = zipf(1.5, 2500);
        config.seed = seed;
        let (_, world) = config.clone().settle().unwrap();
        let mut last = examples::evaluation(&world, 100_000, 1.0);
        last.value_loss = noise(seed, 0);
        StudyRun::imagined(config, vec![last])
    };
    let section = suite::makes_a_section(&Mean, &study("mean", (1..=4).map(run).collect()));
    assert_eq!(section.id, "study-mean");
    assert_eq!(section.verdicts[0].claim, "mean/value loss");
    assert_eq!(
        section.verdicts[0].verdict,
        Outcome::Agrees,
        "{:?}",
        section.verdicts[0]
    );
}
