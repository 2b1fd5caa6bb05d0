//! What a configuration tells a source of facts: relations, names and syntax.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a [`Source`](super::Source) is told, and where it fills its presets in.
#[derive(Debug)]
pub struct Settings<'a> {
    /// What there is to know of a subject.
    pub relations: &'a mut Vec<RelationConfig>,
    /// What subjects are called.
    pub names: &'a mut NamesConfig,
    /// How facts are said.
    pub syntax: &'a mut SyntaxConfig,
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
