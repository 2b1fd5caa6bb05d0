//! The claims: what each says, what was predicted, what was measured. One file, or folder, per claim.
//!
//! A claim looks at the runs of a [`Study`] and makes a [`Section`] of those that it can be seen in, or none. What is
//! predicted comes from [`kolmo_theory`], what is measured from the records of the runs (`measured/`), the interval and the
//! verdict from [`kolmo_stats`]. Whoever adds a claim writes its file and a line in [`CLAIMS`].

mod bits_per_parameter;
mod calibration;
mod collapse;
mod compressors;
mod cut_off;
mod data_scaling;
pub(crate) mod displacement;
mod document;
pub(crate) mod forgetting;
pub(crate) mod hallucination;
pub(crate) mod instruction;
mod learning_rate;
mod learning_time;
mod longer_training;
mod model_scaling;
mod order;
mod overconfidence;
mod plateau;
pub(crate) mod prequential;
mod relearning;
pub(crate) mod structure;
pub(crate) mod surface;
mod syntax_first;
#[cfg(test)]
mod tests;
mod wording;

pub use document::tables;
use kolmo_config::ClaimName;

use crate::{
    error::{Error, Result},
    measured::runs::id,
    report::{Section, Sort},
    study::Study,
};

/// What a claim says of itself.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// Its name in sweep files and verdicts: lower case letters, digits and underscores.
    pub name: &'static str,
    /// Its name for readers.
    pub title: &'static str,
    /// The question, one sentence.
    pub question: &'static str,
    /// Which runs it can be seen in, in a sentence.
    pub needs: &'static str,
    /// What is measured, and what that should be; sentences, in Markdown without links.
    pub predicts: &'static str,
    /// What kind of question it is.
    pub sort: Sort,
}

/// A question that runs can answer.
pub trait Claim: Sync {
    /// What it says of itself.
    fn about(&self) -> About;

    /// What the runs of `study` say of it; none if it cannot be seen in them.
    ///
    /// # Errors
    /// Those of reading records.
    fn section(&self, study: &Study) -> Result<Option<Section>>;
}

impl dyn Claim + '_ {
    /// Its name: see [`About`].
    pub fn name(&self) -> &'static str {
        self.about().name
    }
}

/// All claims, in the order of a report.
pub static CLAIMS: &[&dyn Claim] = &[
    &data_scaling::DataScaling,
    &learning_rate::LearningRate,
    &model_scaling::ModelScaling,
    &bits_per_parameter::BitsPerParameter,
    &cut_off::CutOff,
    &longer_training::LongerTraining,
    &surface::Surface,
    &syntax_first::SyntaxFirst,
    &learning_time::LearningTime,
    &collapse::Collapse,
    &order::Order,
    &plateau::Plateau,
    &hallucination::Hallucination,
    &calibration::Calibration,
    &overconfidence::Overconfidence,
    &wording::Wording,
    &instruction::Instruction,
    &forgetting::Forgetting,
    &displacement::Displacement,
    &relearning::Relearning,
    &prequential::Prequential,
    &compressors::Compressors,
    &structure::Structure,
];

/// The names of all claims, in the order of a report.
pub fn names() -> Vec<&'static str> {
    names_of(CLAIMS)
}

fn names_of(claims: &[&dyn Claim]) -> Vec<&'static str> {
    claims.iter().map(|claim| claim.name()).collect()
}

/// The place of the claim called `name` among all; none if there is no such claim.
pub fn place(name: &str) -> Option<usize> {
    CLAIMS.iter().position(|claim| claim.name() == name)
}

/// The sections of `study`: one for each claim that its settings want and its runs allow.
///
/// # Errors
/// Those of reading records; [`Error::NoClaim`] for a name that no claim has, which nobody reads from a file.
pub fn sections(study: &Study) -> Result<Vec<Section>> {
    sections_of(CLAIMS, study)
}

/// The same with `claims` for all that there are.
fn sections_of(claims: &[&dyn Claim], study: &Study) -> Result<Vec<Section>> {
    let names = names_of(claims);
    let is_one = |name: &&ClaimName| names.contains(&name.as_str());
    let mut named = study.settings.named_claims().iter();
    if let Some(name) = named.find(|name| !is_one(name)) {
        return Err(Error::NoClaim {
            name: name.as_str().to_owned(),
            names: names.join(", "),
        });
    }
    let mut sections = Vec::new();
    for claim in claims {
        if !study.settings.wants(claim.name()) {
            continue;
        }
        let section = claim.section(study)?;
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

/// The section of `claim` about `study`, with nothing yet to show for its question; `text` are its paragraphs.
fn section_for(claim: &dyn Claim, study: &Study, text: &[&str]) -> Section {
    let About {
        name,
        title,
        question,
        ..
    } = claim.about();
    Section::new(id(study, &[name]), title, question, text)
}
