//! The headlines: what theory claims of language models, one row each, in the order of a report. One file per headline.
//!
//! A headline has one statistic, which is one number a seed. The sweep file of the runs names it, with the margin that decides, before
//! anything is measured (`[[report.headlines]]`). Rows that are tested share one level: see [`kolmo_stats::holm`]. What else was
//! measured stands beside the statistic as parts, and all the rest in the sections of the claims. Whoever adds a headline writes its
//! file and a line in [`HEADLINES`].

mod capacity;
mod clock;
mod compression;
mod cut_off;
mod data_and_model;
mod data_law;
mod document;
mod fine_tuning;
mod front;
mod generated;
mod hallucination;
mod honesty;
mod ladder;
mod learning_time;
mod model_law;
mod parts;
mod robustness;
mod row;
mod syntax_first;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

pub use document::table;

use kolmo_config::{HeadlineConfig, file::Choice};
use kolmo_stats::{OfSeed, Relation};

use crate::{
    claims,
    error::{Error, Result},
    quantity::Quantity,
    report::{Figure, Headline as Row, Part, Section, Sort},
    study::Study,
};

/// What a headline says of itself.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// Its name in sweep files and in `report.json`: lower case letters and underscores.
    pub name: &'static str,
    /// Its name for readers.
    pub title: &'static str,
    /// The question, one sentence.
    pub question: &'static str,
    /// The claim of the paper, or of this program, in few words.
    pub claim: &'static str,
    /// The name of the number that decides it.
    pub statistic: &'static str,
    /// What that number is; a sentence.
    pub measures: &'static str,
    /// What kind of number it is.
    pub quantity: Quantity,
    /// What decides it.
    pub test: Test,
}

/// What decides a headline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Test {
    /// The number should be the predicted one, within the margin of the sweep file.
    Equal,
    /// It should be above the predicted one.
    Above,
    /// It should be below the predicted one.
    Below,
    /// Nothing is predicted: it is a finding.
    Reported,
}

impl Test {
    /// What the number should be to the predicted one; none of a finding.
    pub fn relation(self) -> Option<Relation> {
        match self {
            Self::Equal => Some(Relation::Equal),
            Self::Above => Some(Relation::Above),
            Self::Below => Some(Relation::Below),
            Self::Reported => None,
        }
    }

    /// What kind of row it makes.
    pub fn sort(self) -> Sort {
        match self {
            Self::Equal | Self::Above | Self::Below => Sort::Law,
            Self::Reported => Sort::Finding,
        }
    }
}

/// What runs answer.
#[derive(Debug)]
pub struct Answer {
    /// The number that is predicted; none of a finding.
    pub predicted: Option<f64>,
    /// The statistic of each seed.
    pub seeds: Vec<OfSeed<f64>>,
    /// Why these runs cannot decide, whatever the interval holds: what is missing, and what it would take.
    pub undecided: Option<String>,
    /// What else belongs to the row.
    pub parts: Vec<Part>,
    /// What the prediction takes from the runs; empty where it takes nothing.
    pub takes: &'static str,
    /// The figure that shows it.
    pub figure: Option<Figure>,
}

/// A question that a report opens with.
pub trait Headline: Sync {
    /// What it says of itself.
    fn about(&self) -> About;

    /// What `study`, whose sweep file names it, answers; none if its runs do not allow it.
    ///
    /// # Errors
    /// Those of reading records.
    fn answer(&self, study: &Study) -> Result<Option<Answer>>;

    /// What another study that is for it adds to the parts of the one that answers.
    ///
    /// # Errors
    /// Those of reading records.
    fn further(&self, _study: &Study) -> Result<Vec<Part>> {
        Ok(Vec::new())
    }

    /// What a study that is for it shows beside the row, in the appendix of a report.
    ///
    /// # Errors
    /// Those of reading records.
    fn appendix(&self, _study: &Study) -> Result<Option<Section>> {
        Ok(None)
    }
}

/// What the headlines that `study` is for show beside their rows, and how robust those are that it is to show that of.
///
/// # Errors
/// Those of reading records.
pub fn appendices(study: &Study) -> Result<Vec<Section>> {
    let mut sections = Vec::new();
    for headline in HEADLINES {
        let mut asked = study.settings.headlines.iter();
        if asked.any(|config| config.name.as_str() == headline.about().name) {
            sections.extend(headline.appendix(study)?);
        }
    }
    sections.extend(robustness::section(study)?);
    Ok(sections)
}

/// All headlines, in the order of a report.
pub static HEADLINES: &[&dyn Headline] = &[
    &data_law::DataLaw,
    &clock::Clock,
    &model_law::ModelLaw,
    &capacity::Capacity,
    &cut_off::CutOff,
    &data_and_model::DataAndModel,
    &syntax_first::SyntaxFirst,
    &learning_time::LearningTime,
    &hallucination::Hallucination,
    &honesty::Honesty,
    &fine_tuning::FineTuning,
    &compression::Compression,
];

/// The names that a sweep file chooses from: of claims, of headlines and of their statistics.
pub fn choices() -> [Choice<'static>; 5] {
    static NAMES: LazyLock<[Vec<&'static str>; 3]> = LazyLock::new(|| {
        let of = |name: fn(&About) -> &'static str| -> Vec<&'static str> {
            HEADLINES.iter().map(|one| name(&one.about())).collect()
        };
        [
            claims::names(),
            of(|about| about.name),
            of(|about| about.statistic),
        ]
    });
    let keys = [
        "report.claims[0]",
        "report.headlines[0].name",
        "report.headlines[0].statistic",
        "report.robustness[0].name",
        "report.robustness[0].statistic",
    ];
    let [claims, headlines, statistics] = &*NAMES;
    let names = [claims, headlines, statistics, headlines, statistics];
    std::array::from_fn(|k| Choice {
        key: keys[k],
        names: names[k],
    })
}

/// A row for each headline, of the first of `studies` that is for it and can answer it.
///
/// # Errors
/// Those of reading records; [`Error::Statistic`] for a sweep file that names another statistic than the headline has.
pub fn rows(studies: &[Study]) -> Result<Vec<Row>> {
    rows_of(HEADLINES, studies)
}

/// The rows, with `headlines` for all that there are.
fn rows_of(headlines: &[&dyn Headline], studies: &[Study]) -> Result<Vec<Row>> {
    let mut answered = Vec::new();
    for headline in headlines {
        answered.push(answer(*headline, studies)?);
    }
    Ok(row::rows(answered))
}

/// A headline, and what the first study says that is for it and can.
struct Answered<'a> {
    about: About,
    by: Option<(&'a Study, &'a HeadlineConfig, Answer)>,
}

fn answer<'a>(headline: &dyn Headline, studies: &'a [Study]) -> Result<Answered<'a>> {
    let about = headline.about();
    let (mut by, mut further) = (None, Vec::new());
    for study in studies {
        let mut asked = study.settings.headlines.iter();
        let Some(config) = asked.find(|config| config.name.as_str() == about.name) else {
            continue;
        };
        check(&about, study, config)?;
        if by.is_none()
            && let Some(answer) = headline.answer(study)?
        {
            by = Some((study, config, answer));
        }
        further.extend(headline.further(study)?);
    }
    if let Some((_, _, answer)) = &mut by {
        answer.parts.extend(further);
    }
    Ok(Answered { about, by })
}

/// That the sweep file of `study` names what decides the headline.
fn check(about: &About, study: &Study, config: &HeadlineConfig) -> Result<()> {
    if config.statistic.as_str() != about.statistic {
        return Err(Error::Statistic {
            study: study.name.clone(),
            headline: about.name,
            statistic: about.statistic,
        });
    }
    if about.test == Test::Equal && config.margin.is_none() {
        return Err(Error::NoMargin {
            study: study.name.clone(),
            headline: about.name,
        });
    }
    Ok(())
}
