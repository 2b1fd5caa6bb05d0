//! `[report]` of a sweep file: what its runs are laid over theory for.

use std::fmt::{self, Display, Formatter};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::ConfigError;

/// `[report]`: which claims the runs are for, and over which ranges. They are fixed before anything is measured, so
/// that no result chooses them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReportConfig {
    /// What a report is called that is of this sweep alone.
    pub title: String,
    /// The question that its runs are to answer, one sentence; `kolmo reproduce` shows it.
    pub question: String,
    /// The claims it is for; every claim that its runs allow if there are none.
    pub claims: Vec<ClaimName>,
    /// Range of the documents trained on that the data scaling law is fitted over; all if there is none.
    pub documents: Option<[f64; 2]>,
    /// Range of the parameters that scaling laws are fitted over; all if there is none.
    pub parameters: Option<[f64; 2]>,
    /// Range of the probabilities of facts that learning times are fitted over; all if there is none.
    pub frequency: Option<[f64; 2]>,
}

/// A claim about runs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ClaimName {
    /// Loss against data: the data scaling law.
    DataScaling,
    /// Loss against capacity: the model scaling law.
    ModelScaling,
    /// Bits stored for each parameter.
    BitsPerParameter,
    /// Which facts a model of limited capacity keeps.
    CutOff,
    /// Whether longer training would have changed the model scaling law.
    LongerTraining,
    /// Loss against data and capacity together.
    Surface,
    /// Syntax is learnt before knowledge.
    SyntaxFirst,
    /// How long a fact takes to be learnt, by its frequency.
    LearningTime,
    /// Loss against exposures is one curve.
    Collapse,
    /// In which order facts are learnt.
    Order,
    /// How long nothing is learnt, by the number of subjects.
    Plateau,
    /// Which answers are wrong, by frequency and by exposures.
    Hallucination,
    /// Whether a model is right as often as it says.
    Calibration,
    /// How much worse than a guess a model is on facts that it never met.
    Overconfidence,
    /// In which words a fact can be asked for.
    Wording,
    /// What questions about some subjects do for the others.
    Instruction,
    /// What new facts cost old ones, with replay and without, in the old syntax and a new one.
    Forgetting,
    /// Whether new facts push old ones out bit for bit.
    Displacement,
    /// How fast what was forgotten comes back.
    Relearning,
    /// The model's code of what it is trained on, each batch before the update by it, beside the Bayes learner's.
    Prequential,
    /// A trained model beside other compressors.
    Compressors,
    /// The two parts of a description of the data, beside the shortest that there are: the structure function.
    Structure,
}

impl ClaimName {
    /// All of them, in the order of a report.
    pub const ALL: [Self; 22] = [
        Self::DataScaling,
        Self::ModelScaling,
        Self::BitsPerParameter,
        Self::CutOff,
        Self::LongerTraining,
        Self::Surface,
        Self::SyntaxFirst,
        Self::LearningTime,
        Self::Collapse,
        Self::Order,
        Self::Plateau,
        Self::Hallucination,
        Self::Calibration,
        Self::Overconfidence,
        Self::Wording,
        Self::Instruction,
        Self::Forgetting,
        Self::Displacement,
        Self::Relearning,
        Self::Prequential,
        Self::Compressors,
        Self::Structure,
    ];
}

impl Display for ClaimName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl ReportConfig {
    /// Whether the runs are for `claim`.
    pub fn wants(&self, claim: &str) -> bool {
        let is_it = |name: &ClaimName| name.to_string() == claim;
        self.claims.is_empty() || self.claims.iter().any(is_it)
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] for one that is empty or not positive.
    pub fn check(&self) -> Result<(), ConfigError> {
        for (key, range) in [
            ("report.documents", self.documents),
            ("report.parameters", self.parameters),
            ("report.frequency", self.frequency),
        ] {
            // Written so that NaN is refused too.
            if let Some([lo, hi]) = range
                && !(lo > 0.0 && lo < hi && hi.is_finite())
            {
                let valid = "two numbers, the smaller one first, both above 0";
                return Err(ConfigError::invalid(key, format!("[{lo}, {hi}]"), valid));
            }
        }
        Ok(())
    }
}
