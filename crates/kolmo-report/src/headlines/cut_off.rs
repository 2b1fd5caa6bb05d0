//! The cut-off: the frequency of the facts of which half is missing, against the bits that a model stores.

use kolmo_stats::mean;
use kolmo_theory::discovery::PowerLaw as Asymptote;

use super::{
    About, Answer, Headline, Test,
    ladder::{Ladder, ladders},
    parts::{each_seed, exponent},
};
use crate::{
    error::Result,
    figures::chart::{Chart, Ink, Mark},
    measured::{
        ladders::{bits, profile},
        runs::parameters,
        series::{each_run, line, points},
    },
    quantity::Quantity,
    report::{Figure, Part},
    study::{Study, StudyRun},
};

/// The law of the cut-off.
pub struct CutOff;

impl Headline for CutOff {
    fn about(&self) -> About {
        About {
            name: "cut_off",
            title: "Cut-off",
            question: "Which facts does a model of limited capacity leave out?",
            claim: "Pan et al. 2025: the rarest facts are not stored, so that the threshold falls as C^-(1/α)",
            statistic: "threshold_exponent",
            measures: "The exponent of the frequency at which half of a fact is missing against the bits stored, over sizes at capacity.",
            quantity: Quantity::Exponent,
            test: Test::Equal,
        }
    }

    fn answer(&self, study: &Study) -> Result<Option<Answer>> {
        let mut ladders = ladders(study);
        // Without a tail there are no rarest facts.
        ladders.retain(|ladder| {
            let mut runs = ladder.sizes.iter().flat_map(|size| &size.runs);
            runs.next()
                .is_some_and(|run| Asymptote::of(&run.world).is_some())
        });
        if ladders.is_empty() {
            return Ok(None);
        }
        let (mut seeds, mut predicted, mut parts) = (Vec::new(), Vec::new(), Vec::new());
        for ladder in &ladders {
            let runs = ladder.runs();
            let slopes = each_seed(&runs, |runs| exponent(runs, bits, half_missing));
            let law = Asymptote::of(&runs[0].world).map(|law| -1.0 / law.discount);
            let by_size = each_seed(&runs, |runs| exponent(runs, parameters, half_missing));
            parts.push(Part::mean(
                format!("{}, exponent against bits", ladder.name),
                law,
                &slopes,
                Quantity::Exponent,
            ));
            parts.push(Part::mean(
                format!("{}, exponent against parameters", ladder.name),
                law,
                &by_size,
                Quantity::Exponent,
            ));
            parts.extend(ladder.parts());
            predicted.extend(law);
            seeds.extend(slopes);
        }
        Ok(Some(Answer {
            predicted: Some(mean(predicted)),
            seeds,
            undecided: ladders.iter().find_map(Ladder::undecided),
            parts,
            takes: "the bits stored",
            figure: Some(figure(&ladders)),
        }))
    }
}

/// The frequency at which half of a fact is missing, between the classes evenly in ln; not a number where no two classes have it between them.
fn half_missing(run: &StudyRun) -> f64 {
    let profile = profile(run, |class| class.missing_recalibrated);
    let crossing = profile.windows(2).find_map(|pair| {
        let [(p0, m0), (p1, m1)] = [pair[0], pair[1]];
        let share = (0.5 - m0) / (m1 - m0);
        (m0 < 0.5 && m1 >= 0.5).then(|| p0 * (p1 / p0).powf(share))
    });
    crossing.unwrap_or(f64::NAN)
}

fn figure(ladders: &[Ladder<'_>]) -> Figure {
    let mut series = Vec::new();
    if let Some(ladder) = ladders.first() {
        let runs = ladder.runs();
        let mut at = each_run(&runs, bits, half_missing);
        at.retain(|point| point.y.is_finite());
        if let (Some(first), Some(last), Some(law)) =
            (at.first(), at.last(), Asymptote::of(&runs[0].world))
        {
            let slope = -1.0 / law.discount;
            let place = mean(at.iter().map(|point| point.y.ln() - slope * point.x.ln()));
            let ends = [first.x, last.x].map(|x| (x, (place + slope * x.ln()).exp()));
            series.push(line("-1/α", (Mark::Dashes, Ink::Theory), ends));
        }
        series.push(points(
            "measured, each run",
            (Mark::Points, Ink::Measured),
            at,
        ));
    }
    Figure::chart(
        "headline-cut-off".to_owned(),
        "The frequency of the facts of which half is missing, against the bits stored. The dashed line has the predicted exponent.",
        Chart {
            title: "The cut-off".to_owned(),
            x: "bits stored".to_owned(),
            y: "probability of a fact".to_owned(),
            log_y: true,
            series,
        },
    )
}
