//! `[world]` as a user types it. [`World::new`](crate::World::new) checks it; the rest of the code
//! never sees an impossible one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::frequency::{
    FrequencyConfig, GroupConfig, GroupedConfig, PitmanYorConfig, UniformConfig, ZipfConfig,
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

// The list of the sources. Each is a file of its own in `source/`; what others want to know of one, they ask its `Source`.
/// A family of worlds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Made-up words; any number of relations.
    Abstract,
    /// English sentences about people, with six relations: `birth_date`, `birth_city`, `university`,
    /// `major`, `employer`, `employer_city`.
    Biography,
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

/// `[[world.relations]]`: one relation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelationConfig {
    /// Its name; in the biography family one of the six.
    pub name: String,
    /// V_r, the number of values a fact can have; the family's pool where it is not given
    /// (`abstract`: 64).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<usize>,
    /// How often it is stated, relative to the other relations.
    #[serde(default = "one")]
    pub weight: f64,
}

fn one() -> f64 {
    1.0
}

/// `[world.names]`: the name space.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NamesConfig {
    /// Number of words to choose from at each position of a name. `abstract`: where it is not given,
    /// as few positions as keep each pool at 256 words or fewer. `biography`: first, middle and last
    /// name, at most and by default 400, 400 and 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pools: Option<Vec<usize>>,
}

/// `[world.syntax]`: templates and fillers. Keys that are not given take the family's preset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SyntaxConfig {
    /// Syntax classes; relation r has class r mod classes. `abstract`: one a relation; `biography`:
    /// always one a relation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<usize>,
    /// Templates of a class. `abstract`: 4; `biography`: 20 of the 25 written ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub templates: Option<usize>,
    /// Template words of a class, of which each template uses some. `abstract` only: 8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<usize>,
    /// Filler slots of a class. `abstract`: 1; `biography`: always 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filler_slots: Option<usize>,
    /// Words that can fill a slot. `abstract`: 4; `biography`: 8 at most and by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filler_words: Option<usize>,
    /// Templates of a class that no document uses, to ask in a wording never read. `biography`: of the 25 written
    /// ones those behind `templates`. None where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_out: Option<usize>,
    /// Question templates of a class: a syntax that no document uses, for fine-tuning. `biography`: 4 at most. None
    /// where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub questions: Option<usize>,
    /// Dirichlet concentration of the template probabilities π_c.
    pub template_concentration: f64,
    /// Dirichlet concentration of the filler probabilities θ_{c,s}.
    pub filler_concentration: f64,
}

impl Default for SyntaxConfig {
    fn default() -> Self {
        Self {
            classes: None,
            templates: None,
            words: None,
            filler_slots: None,
            filler_words: None,
            held_out: None,
            questions: None,
            template_concentration: 1.0,
            filler_concentration: 1.0,
        }
    }
}
