//! The claims: what each says, what was predicted, what was measured. One file per claim.
//!
//! A claim looks at the runs of a [`Study`] and makes a [`Section`] of those that it can be seen in, or none. What is
//! predicted comes from [`kolmo_theory`], what is measured from the records of the runs, the interval and the verdict
//! from [`kolmo_stats`].

mod bits_per_parameter;
mod calibration;
mod collapse;
mod compressors;
mod cut_off;
mod data_scaling;
mod displacement;
mod forgetting;
mod hallucination;
mod instruction;
mod learning_time;
mod longer_training;
mod model_scaling;
mod order;
mod overconfidence;
mod plateau;
mod prequential;
mod relearning;
mod structure;
mod surface;
mod syntax_first;
#[cfg(test)]
mod tests;
mod wording;

use kolmo_config::ClaimName;

use crate::{error::Result, report::Section, study::Study};

/// The sections of `study`: one for each claim that its settings want and its runs allow.
///
/// # Errors
/// Those of reading records.
pub fn sections(study: &Study) -> Result<Vec<Section>> {
    let mut sections = Vec::new();
    for claim in ClaimName::ALL {
        if !study.settings.wants(claim) {
            continue;
        }
        let section = match claim {
            ClaimName::DataScaling => data_scaling::section(study)?,
            ClaimName::ModelScaling => model_scaling::section(study)?,
            ClaimName::BitsPerParameter => bits_per_parameter::section(study)?,
            ClaimName::CutOff => cut_off::section(study)?,
            ClaimName::LongerTraining => longer_training::section(study)?,
            ClaimName::Surface => surface::section(study)?,
            ClaimName::SyntaxFirst => syntax_first::section(study)?,
            ClaimName::LearningTime => learning_time::section(study)?,
            ClaimName::Collapse => collapse::section(study)?,
            ClaimName::Order => order::section(study)?,
            ClaimName::Plateau => plateau::section(study)?,
            ClaimName::Hallucination => hallucination::section(study)?,
            ClaimName::Calibration => calibration::section(study)?,
            ClaimName::Overconfidence => overconfidence::section(study)?,
            ClaimName::Wording => wording::section(study)?,
            ClaimName::Instruction => instruction::section(study)?,
            ClaimName::Forgetting => forgetting::section(study)?,
            ClaimName::Displacement => displacement::section(study)?,
            ClaimName::Relearning => relearning::section(study)?,
            ClaimName::Prequential => prequential::section(study)?,
            ClaimName::Compressors => compressors::section(study)?,
            ClaimName::Structure => structure::section(study)?,
        };
        sections.extend(section.map(|mut section| {
            for verdict in &mut section.verdicts {
                verdict.study.clone_from(&study.name);
            }
            section
        }));
    }
    // What made the runs is said once.
    if let Some(first) = sections.first_mut() {
        first.configs = study.sources.clone();
    }
    Ok(sections)
}
