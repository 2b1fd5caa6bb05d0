//! Compression: how far a trained model is from the shortest two-part description of its data, and what its code costs beyond Bayes.

use kolmo_stats::OfSeed;

use super::{About, Answer, Headline, Test};
use crate::{
    claims::{prequential::ratio, structure::distances},
    error::Result,
    figures::chart::{Chart, Ink, Mark},
    measured::{
        codes::{TOTAL, families},
        seeds::{datum, of_seeds},
        series::points,
    },
    number::grouped,
    quantity::Quantity,
    report::{Figure, Part},
    study::Study,
};

/// Training as two-part coding.
pub struct Compression;

impl Headline for Compression {
    fn about(&self) -> About {
        About {
            name: "compression",
            title: "Compression",
            question: "How near does training come to the shortest description of its data?",
            claim: "Pan et al. 2025: training is two-part coding",
            statistic: "distance_to_structure",
            measures: "Bits per document that the documents take with the model of the largest size beyond the structure function at as many bits stored.",
            quantity: Quantity::Difference,
            test: Test::Reported,
        }
    }

    fn answer(&self, study: &Study) -> Result<Option<Answer>> {
        let (mut seeds, mut parts) = (Vec::new(), Vec::new());
        let mut drawn = None;
        for family in &families(study) {
            let sizes = distances(family);
            let Some((_, largest)) = sizes.last() else {
                continue;
            };
            for (parameters, of) in &sizes {
                let name = format!(
                    "{}, {} parameters, distance (bits per document)",
                    family.name,
                    grouped(*parameters as u64)
                );
                parts.push(Part::mean(name, None, of, Quantity::Difference));
            }
            let codes = of_seeds(&family.runs, |of| ratio(of.run, TOTAL));
            let name = format!(
                "{}, prequential redundancy over the Bayes learner's",
                family.name
            );
            parts.push(Part::mean(name, None, &codes, Quantity::Ratio));
            seeds.extend(largest.iter().copied());
            drawn.get_or_insert_with(|| figure(&sizes));
        }
        if seeds.is_empty() {
            return Ok(None);
        }
        Ok(Some(Answer {
            predicted: None,
            seeds,
            undecided: None,
            parts,
            takes: "",
            figure: drawn,
        }))
    }
}

fn figure(sizes: &[(f64, Vec<OfSeed<f64>>)]) -> Figure {
    let at = sizes.iter().map(|(parameters, of)| datum(*parameters, of));
    Figure::chart(
        "headline-compression".to_owned(),
        "Bits per document beyond the structure function at as many bits stored, against parameters; means over seeds with 95 % intervals. No \
         description lies below 0.",
        Chart {
            title: "Distance to the structure function".to_owned(),
            x: "parameters".to_owned(),
            y: "bits per document".to_owned(),
            log_y: false,
            series: vec![points(
                "measured",
                (Mark::JoinedPoints, Ink::Measured),
                at.collect(),
            )],
        },
    )
}
