//! Fine-tuning: a format is cheap, new knowledge costs old, and replay protects.

use kolmo_stats::{OfSeed, one_a_seed};

use super::{About, Answer, Headline, Test};
use crate::{
    claims::{
        displacement::{exchanges, is_control, is_plain},
        forgetting::replay_saves,
        instruction::shares_of_others,
    },
    error::Result,
    figures::chart::{Chart, Ink, Mark},
    measured::{
        seeds::of_seeds,
        series::points,
        tuning::{Variant, class_losses, injections},
    },
    quantity::Quantity,
    report::{Figure, Part},
    study::Study,
};

/// What fine-tuning costs.
pub struct FineTuning;

impl Headline for FineTuning {
    fn about(&self) -> About {
        About {
            name: "fine_tuning",
            title: "Fine-tuning",
            question: "What does fine-tuning cost: is a format cheap, does new knowledge push out old, and does replay protect?",
            claim: "Pan et al. 2025: format is cheap, knowledge costs, replay protects",
            statistic: "bits_lost_per_bit",
            measures: "Bits about old facts that are lost, beyond a control that reads on in pre-training, for each bit about new facts that is learnt; \
                 mean over models.",
            quantity: Quantity::Rate,
            test: Test::Reported,
        }
    }

    fn answer(&self, study: &Study) -> Result<Option<Answer>> {
        let injections = injections(study);
        let (mut seeds, mut parts) = (Vec::new(), Vec::new());
        let mut drawn = None;
        for variant in injections.iter().filter(|variant| is_plain(variant)) {
            let Some(control) = injections.iter().find(|other| is_control(other, variant)) else {
                continue;
            };
            let exchanges = exchanges(variant, control)?;
            let rates = of_seeds(&exchanges, |(_, of)| of.lost / of.gained);
            let name = format!("{}, old bits lost for a new one", variant.model);
            parts.push(Part::mean(name, None, &rates, Quantity::Rate));
            seeds.extend(rates);
            drawn.get_or_insert_with(|| figure(variant));
        }
        if seeds.is_empty() {
            return Ok(None);
        }
        for (name, saved) in replay_saves(study) {
            parts.push(Part::mean(name, None, &saved, Quantity::Difference));
        }
        Ok(Some(Answer {
            predicted: None,
            seeds: one_a_seed(&seeds),
            undecided: None,
            parts,
            takes: "",
            figure: drawn,
        }))
    }

    fn further(&self, study: &Study) -> Result<Vec<Part>> {
        let of = |(name, shares): (String, Vec<OfSeed<f64>>)| {
            let name =
                format!("{name}, share answerable about subjects that no question was about");
            Part::mean(name, None, &shares, Quantity::Share)
        };
        Ok(shares_of_others(study)?.into_iter().map(of).collect())
    }
}

fn figure(variant: &Variant<'_>) -> Figure {
    Figure::chart(
        "headline-fine-tuning".to_owned(),
        format!(
            "{}: share of the bits about old facts that is gone after new facts were taught without replay, by the frequency of the old facts. Means \
             over seeds with 95 % intervals.",
            variant.model
        ),
        Chart {
            title: "What new facts cost".to_owned(),
            x: "probability of a fact".to_owned(),
            y: "share forgotten".to_owned(),
            log_y: false,
            series: vec![points(
                "measured",
                (Mark::JoinedPoints, Ink::Measured),
                class_losses(&variant.runs),
            )],
        },
    )
}
