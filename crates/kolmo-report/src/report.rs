//! A report: what was asked, what was predicted, what was measured, and whether the two agree. Data only: the claims
//! fill it, and it is shown as HTML.

use std::fmt;

pub use crate::quantity::Quantity;
pub use kolmo_stats::{Outcome, Relation};
use serde::Serialize;

use crate::error::Result;
use crate::figures::{chart::Chart, heat_map::HeatMap};
use crate::files;
use crate::number::{NOTHING, interval, measured, measured_interval, significant};

/// Everything that one HTML file shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What it is about.
    pub title: String,
    /// What theory claims of language models, a row each; empty where no runs are for any.
    pub headlines: Vec<Headline>,
    /// One section an experiment or a claim, in the order of reading.
    pub sections: Vec<Section>,
    /// The runs that were given and that no claim looks at.
    pub left_out: Vec<LeftOut>,
    /// What made the numbers: names and values such as the version, the machine, the command.
    pub provenance: Vec<(String, String)>,
}

impl Report {
    /// All verdicts, in the order of the sections.
    pub fn verdicts(&self) -> impl Iterator<Item = &Verdict> + Clone {
        self.sections.iter().flat_map(|section| &section.verdicts)
    }

    /// The sorts that its verdicts have, in the order of reading, each with how many of its verdicts have an outcome: of
    /// [`Outcome::Agrees`], [`Outcome::Disagrees`], [`Outcome::Inconclusive`]. They are counted apart, since that checks hold says
    /// nothing of laws.
    pub fn counts(&self) -> Vec<(Sort, [(Outcome, usize); 3])> {
        let number = |sort, outcome| {
            let such = |verdict: &&Verdict| (verdict.sort, verdict.verdict) == (sort, outcome);
            self.verdicts().filter(such).count()
        };
        let is_there = |sort: &Sort| self.verdicts().any(|verdict| verdict.sort == *sort);
        let outcomes = [Outcome::Agrees, Outcome::Disagrees, Outcome::Inconclusive];
        let of = |sort| {
            (
                sort,
                outcomes.map(|outcome| (outcome, number(sort, outcome))),
            )
        };
        Sort::ALL.into_iter().filter(is_there).map(of).collect()
    }

    /// The headlines, the verdicts and what was left out as JSON, for scripts: `{"headlines": [...], "verdicts": [...], "left_out": [...]}`. Numbers that are not
    /// finite are `null`.
    ///
    /// # Errors
    /// [`Error::Serialize`](crate::Error::Serialize), never in fact: the type has a JSON form.
    pub fn json(&self) -> Result<String> {
        #[derive(Serialize)]
        struct Json<'a> {
            headlines: &'a [Headline],
            verdicts: Vec<&'a Verdict>,
            left_out: &'a [LeftOut],
        }
        files::json(&Json {
            headlines: &self.headlines,
            verdicts: self.verdicts().collect(),
            left_out: &self.left_out,
        })
    }
}

/// A run that no claim looks at. The fields are the keys of the JSON form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The study that it was given for.
    pub study: String,
    /// Its directory.
    pub run: String,
    /// Why.
    #[serde(flatten)]
    pub reason: Reason,
}

/// Why a run is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// It is not done.
    NotDone,
    /// It is in the folder of the sweep, which does not plan it any more.
    NotPlanned,
    /// It is the same training as another run, which counts.
    SameTraining {
        /// The directory of the other one.
        counted: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDone => f.write_str("it is not done"),
            Self::NotPlanned => f.write_str("its sweep does not plan it any more"),
            Self::SameTraining { counted } => {
                write!(f, "it is the same training as {counted}, which counts")
            }
        }
    }
}

/// What kind of question a claim is. The three are never added up: that a theorem holds says nothing of a law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// A theorem, or a test of the program: it can hardly fail.
    Check,
    /// A prediction that can fail.
    Law,
    /// A quantity that is measured without a prediction.
    Finding,
}

impl Sort {
    /// All of them, in the order of reading.
    pub const ALL: [Self; 3] = [Self::Law, Self::Check, Self::Finding];

    /// Its name, as in the JSON form.
    pub fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Law => "law",
            Self::Finding => "finding",
        }
    }

    /// What several of them are called.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Check => "checks",
            Self::Law => "laws",
            Self::Finding => "findings",
        }
    }
}

/// One question with its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Its name in addresses and file names: lower case letters, digits and dashes.
    pub id: String,
    /// Its name for readers.
    pub title: String,
    /// The question it answers, one sentence.
    pub question: String,
    /// What is compared, and what that rests on; paragraphs.
    pub text: Vec<String>,
    /// What was predicted and measured.
    pub verdicts: Vec<Verdict>,
    /// Its figures.
    pub figures: Vec<Figure>,
    /// Its tables.
    pub tables: Vec<Table>,
    /// The configurations of its runs, TOML, each with a name.
    pub configs: Vec<(String, String)>,
}

impl Section {
    /// A section that has nothing yet to show for its question; `text` are its paragraphs.
    pub fn new(id: String, title: &str, question: &str, text: &[&str]) -> Self {
        Self {
            id,
            title: title.to_owned(),
            question: question.to_owned(),
            text: text
                .iter()
                .map(|paragraph| (*paragraph).to_owned())
                .collect(),
            verdicts: Vec::new(),
            figures: Vec::new(),
            tables: Vec::new(),
            configs: Vec::new(),
        }
    }
}

/// One question that a report opens with, and its answer. The fields are the keys of the JSON form.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Headline {
    /// Its place among all, from 1.
    pub number: usize,
    /// Its name: `data_law`.
    pub name: &'static str,
    /// Its name for readers.
    pub title: &'static str,
    /// The question, one sentence.
    pub question: &'static str,
    /// What is claimed, and by whom.
    pub claim: &'static str,
    /// The name of the number that decides it.
    pub statistic: &'static str,
    /// What that number is; a sentence.
    pub measures: &'static str,
    /// Whether it can fail.
    pub sort: Sort,
    /// What kind of number it is.
    pub quantity: Quantity,
    /// What the measured number should be to the predicted one; none of a finding.
    pub relation: Option<Relation>,
    /// The study that answers it; none where no runs do.
    pub study: Option<String>,
    /// The number predicted; none of a finding.
    pub predicted: Option<f64>,
    /// The number measured, a mean over seeds.
    pub measured: Option<f64>,
    /// Its 95 % interval, Student's over the seeds.
    pub ci95: Option<[f64; 2]>,
    /// The same, corrected so that the intervals of all tested rows hold together (Holm); none of a finding.
    pub ci_holm: Option<[f64; 2]>,
    /// How far from the prediction a number that should be the same may be, as the sweep file says.
    pub margin: Option<f64>,
    /// How many seeds it rests on.
    pub seeds: Option<usize>,
    /// Whether prediction and measurement agree, by the corrected interval; none of a finding.
    pub verdict: Option<Outcome>,
    /// Why.
    pub reason: String,
    /// What the prediction takes from the runs; empty where it takes nothing.
    pub takes: &'static str,
    /// What else belongs to the answer.
    pub parts: Vec<Part>,
    /// The figure that shows it.
    #[serde(skip)]
    pub figure: Option<Figure>,
}

impl Headline {
    /// What was predicted, as text: `1.00 ± 0.150`, `> 0`, or that nothing was.
    pub fn predicted_text(&self) -> String {
        match (self.relation, self.predicted) {
            (Some(relation), Some(predicted)) => predicted_text(relation, predicted, self.margin),
            (None, _) | (_, None) => NOTHING.to_owned(),
        }
    }

    /// What was measured, as text.
    pub fn measured_text(&self) -> String {
        measured(self.measured)
    }

    /// Its interval, as text.
    pub fn interval_text(&self) -> String {
        measured_interval(self.ci95)
    }

    /// The corrected interval, as text.
    pub fn corrected_text(&self) -> String {
        measured_interval(self.ci_holm)
    }

    /// How many seeds it rests on, as text.
    pub fn seeds_text(&self) -> String {
        self.seeds
            .map_or(NOTHING.to_owned(), |seeds| seeds.to_string())
    }

    /// The verdict, or of a finding that it is one.
    pub fn outcome_text(&self) -> &'static str {
        self.verdict.map_or(self.sort.name(), Outcome::name)
    }

    /// What was found, in a sentence.
    pub fn found(&self) -> String {
        let measured = match (self.measured, self.ci_holm.or(self.ci95)) {
            (Some(measured), Some(ends)) => format!("{} {}", significant(measured), interval(ends)),
            (Some(measured), None) => significant(measured),
            (None, _) => return "Nothing was measured.".to_owned(),
        };
        match (self.verdict, self.relation) {
            (Some(verdict), Some(_)) => format!(
                "{measured} where {} is predicted: {}.",
                self.predicted_text(),
                verdict.name()
            ),
            (None, _) | (_, None) => format!("{measured}."),
        }
    }
}

fn predicted_text(relation: Relation, predicted: f64, margin: Option<f64>) -> String {
    let predicted = significant(predicted);
    match (relation, margin) {
        (Relation::Equal, Some(margin)) => format!("{predicted} ± {}", significant(margin)),
        (Relation::Equal, None) => predicted,
        (Relation::Above, _) => format!("> {predicted}"),
        (Relation::Below, _) => format!("< {predicted}"),
    }
}

/// A further number of a headline. The fields are the keys of the JSON form.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// What it is.
    pub name: String,
    /// The number predicted, if there is one.
    pub predicted: Option<f64>,
    /// The number measured; none where that was refused.
    pub measured: Option<f64>,
    /// Its 95 % interval.
    pub ci95: Option<[f64; 2]>,
    /// How far from the prediction it may be, where that is said.
    pub margin: Option<f64>,
    /// Whether they agree, where that is asked.
    pub verdict: Option<Outcome>,
}

/// One number predicted and measured. The fields are the keys of the JSON form.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// The study that it is about.
    pub study: String,
    /// Its name: `data_scaling/Zipf 1.50/exact curve`.
    pub claim: String,
    /// What is claimed, one sentence.
    pub statement: String,
    /// Whether it can fail.
    pub sort: Sort,
    /// What kind of number it is, which says how far from the prediction is the same.
    pub quantity: Quantity,
    /// What the measured number should be to the predicted one.
    pub relation: Relation,
    /// The number predicted.
    pub predicted: f64,
    /// The number measured; none where that was refused.
    pub measured: Option<f64>,
    /// Its 95 % confidence interval.
    pub ci95: Option<[f64; 2]>,
    /// How far from the prediction a number that should be the same may be, to either side; none of others.
    pub margin: Option<f64>,
    /// How many seeds it rests on; none where it was refused.
    pub seeds: Option<usize>,
    /// What it was measured over.
    pub range: Option<Range>,
    /// Whether they agree.
    pub verdict: Outcome,
    /// Why.
    pub reason: String,
}

impl Verdict {
    /// What was predicted, as text: `0.333 ± 0.100`, or `> 0.333` of what should be greater.
    pub fn predicted_text(&self) -> String {
        predicted_text(self.relation, self.predicted, self.margin)
    }

    /// What was measured, as text.
    pub fn measured_text(&self) -> String {
        measured(self.measured)
    }

    /// Its interval, as text.
    pub fn interval_text(&self) -> String {
        measured_interval(self.ci95)
    }
}

/// The range of a fit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Range {
    /// Of what: `documents`.
    pub of: String,
    /// Its lower end.
    pub lo: f64,
    /// Its upper end.
    pub hi: f64,
}

/// A figure with its caption.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Its name in file names: lower case letters, digits and dashes; unique in the report.
    pub id: String,
    /// What is seen, one or two sentences.
    pub caption: String,
    /// What is drawn.
    pub drawing: Drawing,
}

impl Figure {
    /// A figure of curves and points.
    pub fn chart(id: String, caption: impl Into<String>, chart: Chart) -> Self {
        Self {
            id,
            caption: caption.into(),
            drawing: Drawing::Chart(chart),
        }
    }
}

/// What is drawn. Its numbers are also the rows of the CSV file beside it.
#[derive(Debug, Clone, PartialEq)]
pub enum Drawing {
    /// Curves and points.
    Chart(Chart),
    /// A colour for each pair of a row and a column.
    HeatMap(HeatMap),
}

impl Drawing {
    /// What stands above it.
    pub fn title(&self) -> &str {
        match self {
            Self::Chart(chart) => &chart.title,
            Self::HeatMap(map) => &map.title,
        }
    }

    /// It as SVG.
    ///
    /// # Errors
    /// [`Error::Draw`](crate::Error::Draw) if the plotting library refuses, whose fault it is.
    pub fn svg(&self) -> Result<String> {
        match self {
            Self::Chart(chart) => chart.svg(),
            Self::HeatMap(map) => map.svg(),
        }
    }

    /// Its numbers as CSV.
    pub fn csv(&self) -> String {
        match self {
            Self::Chart(chart) => chart.csv(),
            Self::HeatMap(map) => map.csv(),
        }
    }
}

/// A table, as text.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// What is in it, with units.
    pub caption: String,
    /// A name for each column.
    pub head: Vec<String>,
    /// As many cells as names; the first column is text, the others are numbers.
    pub rows: Vec<Vec<String>>,
}
