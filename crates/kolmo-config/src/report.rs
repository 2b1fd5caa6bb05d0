//! `[report]` of a sweep file: what its runs are laid over theory for.

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
    /// The claims it is for; every claim that its runs allow if it does not say.
    pub claims: Option<Vec<ClaimName>>,
    /// The headlines that its runs answer; none if there are none.
    pub headlines: Vec<HeadlineConfig>,
    /// The headlines whose numbers are to be seen with one thing of the runs changed at a time; none if there are none.
    pub robustness: Vec<HeadlineConfig>,
    /// Range of the documents trained on that the data scaling law is fitted over; all if there is none.
    pub documents: Option<[f64; 2]>,
    /// Range of the parameters that scaling laws are fitted over; all if there is none.
    pub parameters: Option<[f64; 2]>,
    /// Range of the probabilities of facts that learning times are fitted over; all if there is none.
    pub frequency: Option<[f64; 2]>,
}

/// `[[report.headlines]]`: a headline that runs answer, with what decides it. Both are written down before anything is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeadlineConfig {
    /// The headline.
    pub name: ClaimName,
    /// The one number that decides it.
    pub statistic: ClaimName,
    /// How far from the prediction the number may be and still agree; nothing where only the side counts, and of a finding.
    #[serde(default)]
    pub margin: Option<f64>,
}

/// The name of a claim about runs, of a headline or of a statistic: lower case letters, digits and underscores. Which claims there are, the crate of the report knows:
/// who reads a sweep file gives their names to [`file::read`](crate::file::read).
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
pub struct ClaimName(String);

impl ClaimName {
    /// The name `text`.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] for a text that no claim can be called.
    pub fn new(text: &str) -> Result<Self, ConfigError> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(is_plain) {
            return Ok(Self(text.to_owned()));
        }
        let valid = "lower case letters, digits and underscores, a letter first";
        Err(ConfigError::invalid(
            "report.claims",
            format!("{text:?}"),
            valid,
        ))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ClaimName {
    type Error = ConfigError;

    fn try_from(text: String) -> Result<Self, ConfigError> {
        Self::new(&text)
    }
}

impl From<ClaimName> for String {
    fn from(name: ClaimName) -> Self {
        name.0
    }
}

impl ReportConfig {
    /// Whether the runs are for `claim`.
    pub fn wants(&self, claim: &str) -> bool {
        let named = self.claims.as_ref();
        named.is_none_or(|names| names.iter().any(|name| name.as_str() == claim))
    }

    /// The claims that it names.
    pub fn named_claims(&self) -> &[ClaimName] {
        self.claims.as_deref().unwrap_or_default()
    }

    /// Checks the ranges, and the margins of headlines.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] for one that is empty or not positive, and for a headline that is named twice.
    pub fn check(&self) -> Result<(), ConfigError> {
        check_headlines("report.headlines", &self.headlines)?;
        check_headlines("report.robustness", &self.robustness)?;
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

/// Checks the headlines that the list `key` names.
fn check_headlines(key: &str, headlines: &[HeadlineConfig]) -> Result<(), ConfigError> {
    for (k, headline) in headlines.iter().enumerate() {
        if let Some(margin) = headline.margin
            && !(margin > 0.0 && margin.is_finite())
        {
            let key = format!("{key}[{k}].margin");
            return Err(ConfigError::invalid(&key, margin, "a number above 0"));
        }
        let before = &headlines[..k];
        if before.iter().any(|other| other.name == headline.name) {
            let key = format!("{key}[{k}].name");
            let name = format!("{:?}", headline.name.as_str());
            return Err(ConfigError::invalid(&key, name, "each headline once"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_headline_comes_once_with_a_margin_above_zero() {
        let headline = |margin| HeadlineConfig {
            name: ClaimName::new("order").unwrap(),
            statistic: ClaimName::new("slope").unwrap(),
            margin,
        };
        let check = |headlines| -> Result<(), String> {
            let config = ReportConfig {
                headlines,
                ..ReportConfig::default()
            };
            config.check().map_err(|error| error.to_string())
        };
        assert_eq!(check(vec![headline(Some(0.1))]), Ok(()));
        for margin in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let error = check(vec![headline(Some(margin))]).unwrap_err();
            assert!(error.contains("report.headlines[0].margin"), "{error}");
        }
        let error = check(vec![headline(None), headline(None)]).unwrap_err();
        assert!(error.contains("report.headlines[1].name"), "{error}");
    }

    #[test]
    fn a_name_of_a_claim_is_plain() {
        for name in ["order", "data_scaling", "law_2"] {
            assert_eq!(ClaimName::new(name).unwrap().as_str(), name);
        }
        for name in ["", "Order", "data-scaling", "data scaling", "_a", "2", "é"] {
            let error = ClaimName::new(name).unwrap_err().to_string();
            assert!(error.contains("lower case letters"), "{error}");
        }
    }
}
