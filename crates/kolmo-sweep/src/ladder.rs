//! Model sizes: what else follows from a width.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Value;

use crate::{error::SweepError, expand::Point, file::Settings};

/// `[ladder]`: widths, and rules that make models of them. A rule that is not given leaves what the base
/// configuration has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ladder {
    /// Widths of the residual stream, one a size.
    pub width: Vec<usize>,
    /// The width that the rules are stated at.
    pub reference: usize,
    /// Width of a head; there are width / head_width of them.
    pub head_width: usize,
    /// Number of blocks, rounded, at least 1.
    #[serde(default)]
    pub layers: Option<Rule>,
    /// Peak learning rate.
    #[serde(default)]
    pub learning_rate: Option<Rule>,
    /// Documents of a batch, rounded, at least 1.
    #[serde(default)]
    pub batch_documents: Option<Rule>,
    /// How initialisation and learning rates go with the width.
    #[serde(default)]
    pub parametrisation: Parametrisation,
    /// Sizes that are exceptions to the rules.
    #[serde(default)]
    pub overrides: Vec<Override>,
}

/// A power of the width: at_reference · (width / reference)^power.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The value at the reference width.
    pub at_reference: f64,
    /// The power; 0 for the same value at every width.
    #[serde(default)]
    pub power: f64,
}

/// How initialisation and learning rates go with the width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Parametrisation {
    /// As in the base configuration.
    #[default]
    Standard,
    /// Maximal update parametrisation with the reference as base width: the learning rate that is best there is best
    /// at every width (Yang et al. 2022, arXiv 2203.03466).
    Mup,
}

/// What one size has instead of what the rules give.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// The width of that size.
    pub width: usize,
    /// Its keys.
    pub set: Settings,
}

impl Rule {
    fn at(self, width: usize, reference: usize) -> f64 {
        self.at_reference * (width as f64 / reference as f64).powf(self.power)
    }

    fn count(self, width: usize, reference: usize) -> i64 {
        // A float beyond the range becomes the largest number, which the configuration refuses.
        self.at(width, reference).round().max(1.0) as i64
    }
}

impl Ladder {
    /// The sizes.
    ///
    /// # Errors
    /// No width, or 0; a width that is no multiple of the head's; an override of a width that there is not.
    pub fn points(&self) -> Result<Vec<Point>, SweepError> {
        if self.width.is_empty() {
            return Err(SweepError::invalid(
                "ladder.width",
                "give at least one width",
            ));
        }
        if self.reference == 0 || self.head_width == 0 {
            return Err(SweepError::invalid(
                "ladder",
                "reference and head_width are at least 1",
            ));
        }
        for given in &self.overrides {
            if !self.width.contains(&given.width) {
                let problem = format!("there is no width {} on the ladder", given.width);
                return Err(SweepError::invalid("ladder.overrides", problem));
            }
        }
        self.width.iter().map(|width| self.point(*width)).collect()
    }

    fn point(&self, width: usize) -> Result<Point, SweepError> {
        if width == 0 || !width.is_multiple_of(self.head_width) {
            let problem = format!(
                "{width} is no multiple of head_width = {}, and so has no whole number of heads",
                self.head_width
            );
            return Err(SweepError::invalid("ladder.width", problem));
        }
        let whole = |value: usize| Value::Integer(i64::try_from(value).unwrap_or(i64::MAX));
        let reference = self.reference;
        let count = |rule: Rule| Value::Integer(rule.count(width, reference));
        let mut settings = vec![
            ("model.d_model", whole(width)),
            ("model.heads", whole(width / self.head_width)),
        ];
        let rules = [
            ("model.layers", self.layers.map(count)),
            (
                "train.learning_rate",
                self.learning_rate
                    .map(|rule| Value::Float(rule.at(width, reference))),
            ),
            ("train.batch_documents", self.batch_documents.map(count)),
            (
                "model.mup_base_width",
                (self.parametrisation == Parametrisation::Mup).then(|| whole(reference)),
            ),
        ];
        settings.extend(
            rules
                .into_iter()
                .filter_map(|(key, value)| Some((key, value?))),
        );
        let settings = settings
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value));
        let mut point = Point {
            label: vec![format!("d_model={width}")],
            settings: settings.collect(),
        };
        let exceptions = self.overrides.iter().filter(|given| given.width == width);
        for (key, value) in exceptions.flat_map(|given| given.set.flat()) {
            point.settings.retain(|(known, _)| *known != key);
            point.settings.push((key, value));
        }
        Ok(point)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ladder() -> Ladder {
        Ladder {
            width: vec![16, 64, 256],
            reference: 64,
            head_width: 16,
            layers: Some(Rule {
                at_reference: 2.0,
                power: 0.5,
            }),
            learning_rate: Some(Rule {
                at_reference: 3e-3,
                power: -1.0,
            }),
            batch_documents: None,
            parametrisation: Parametrisation::Standard,
            overrides: Vec::new(),
        }
    }

    fn value(point: &Point, key: &str) -> Option<f64> {
        let (_, value) = point.settings.iter().find(|(known, _)| known == key)?;
        value.as_float().or(value.as_integer().map(|n| n as f64))
    }

    #[test]
    fn a_size_follows_the_rules() {
        let points = ladder().points().unwrap();
        let all = |key: &str| -> Vec<f64> {
            points
                .iter()
                .filter_map(|point| value(point, key))
                .collect()
        };
        assert_eq!(all("model.d_model"), [16.0, 64.0, 256.0]);
        assert_eq!(all("model.heads"), [1.0, 4.0, 16.0]);
        assert_eq!(all("model.layers"), [1.0, 2.0, 4.0]);
        assert_eq!(all("train.learning_rate"), [12e-3, 3e-3, 0.75e-3]);
        assert!(all("train.batch_documents").is_empty());
        assert!(all("model.mup_base_width").is_empty());
    }

    #[test]
    fn mup_names_its_base_and_exceptions_win() {
        let mut ladder = ladder();
        ladder.parametrisation = Parametrisation::Mup;
        let set: Settings = toml::from_str("train.learning_rate = 0.5").unwrap();
        ladder.overrides = vec![Override { width: 256, set }];
        let points = ladder.points().unwrap();
        assert_eq!(value(&points[0], "model.mup_base_width"), Some(64.0));
        assert_eq!(value(&points[1], "train.learning_rate"), Some(3e-3));
        assert_eq!(value(&points[2], "train.learning_rate"), Some(0.5));
        ladder.overrides[0].width = 32;
        assert!(
            ladder
                .points()
                .unwrap_err()
                .to_string()
                .contains("no width 32")
        );
    }

    #[test]
    fn a_width_without_whole_heads_is_refused() {
        let mut ladder = ladder();
        ladder.width.push(40);
        let error = ladder.points().unwrap_err().to_string();
        assert!(
            error.contains("40 is no multiple of head_width = 16"),
            "{error}"
        );
    }
}
