//! `[world]` as a user types it. [`World::new`](crate::World::new) checks it; the rest of the code
//! never sees an impossible one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::{
    frequency::{
        FrequencyConfig, GroupConfig, GroupedConfig, PitmanYorConfig, UniformConfig, ZipfConfig,
    },
    source::{Family, NamesConfig, RelationConfig, SyntaxConfig},
};

/// `[world]`: everything that, with the seed, fixes a world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WorldConfig {
    /// Where words, templates and preset relations come from.
    pub family: Family,
    /// How many relations of its subject a document states.
    pub relations_per_document: RelationCount,
    /// The hash of facts that are not in the configuration, such as those of a file. kolmo writes it into the configuration of a run,
    /// which is another run with other facts. None for the families, whose facts follow from the configuration and the seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// How often each subject is talked about.
    pub frequency: FrequencyConfig,
    /// What subjects are called.
    pub names: NamesConfig,
    /// How facts are said.
    pub syntax: SyntaxConfig,
    /// What there is to know of a subject. A preset of the family where none is given.
    pub relations: Vec<RelationConfig>,
}

impl Default for WorldConfig {
    fn default() -> Self {
        Self {
            family: Family::Abstract,
            relations_per_document: RelationCount::Exactly(1),
            digest: None,
            frequency: FrequencyConfig::default(),
            names: NamesConfig::default(),
            syntax: SyntaxConfig::default(),
            relations: Vec::new(),
        }
    }
}

/// `relations_per_document`: a number from 1 to the number of relations, or `"all"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a whole number or \"all\"")]
pub enum RelationCount {
    /// This many.
    Exactly(usize),
    /// Every relation, in random order.
    All(All),
}

/// The word `"all"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum All {
    /// `"all"`.
    All,
}
