//! What a configuration can hold: every key and the kind of its value, from the schema that is derived
//! with the structs, so that there is no second list of keys.

use std::fmt::{self, Display, Formatter};

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value as Schema;

use super::key::{KeyPath, Step};

/// The kind of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// A whole number, none of them negative.
    Whole,
    Number,
    Truth,
    Text,
    /// One of a few strings.
    Choice(Vec<String>),
    List(Box<Shape>),
    Table(Vec<Field>),
    /// A table whose keys depend on the value of one of them.
    Tagged {
        tag: Box<Field>,
        variants: Vec<(String, Vec<Field>)>,
    },
    Either(Vec<Shape>),
    /// What serde alone can judge.
    Any,
}

/// One key of a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    pub name: String,
    pub shape: Shape,
    pub is_required: bool,
}

impl Shape {
    /// The shape of `T` as serde reads it.
    pub fn of<T: JsonSchema>() -> Self {
        let settings = SchemaSettings::draft2020_12().for_deserialize();
        let settings = settings.with(|settings| settings.inline_subschemas = true);
        let schema = settings.into_generator().into_root_schema_for::<T>();
        Self::read(schema.as_value())
    }

    fn read(schema: &Schema) -> Self {
        if let Some(kinds) = schema["oneOf"].as_array() {
            return choice(kinds).or_else(|| tagged(kinds)).unwrap_or(Self::Any);
        }
        if let Some(kinds) = schema["anyOf"].as_array() {
            let kinds = kinds.iter().filter(|kind| kind["type"] != "null");
            let mut kinds: Vec<Self> = kinds.map(Self::read).collect();
            return match kinds.len() {
                1 => kinds.remove(0),
                _ => Self::Either(kinds),
            };
        }
        if let Some(choice) = choice(std::slice::from_ref(schema)) {
            return choice;
        }
        // Of an optional value it is a list, the last of which is `null`.
        let kind = &schema["type"];
        match kind.as_str().or_else(|| kind[0].as_str()) {
            Some("integer") => Self::Whole,
            Some("number") => Self::Number,
            Some("boolean") => Self::Truth,
            Some("string") => Self::Text,
            Some("array") => Self::List(Box::new(Self::read(&schema["items"]))),
            Some("object") => Self::Table(fields(schema)),
            _ => Self::Any,
        }
    }

    /// The shape of the value at `path`; of a table that depends on a key, with any value of that key.
    pub fn at(&self, path: &[Step]) -> Option<&Self> {
        let Some((step, rest)) = path.split_first() else {
            return Some(self);
        };
        match (self, step) {
            (Self::List(item), Step::Item(_)) => item.at(rest),
            (Self::Table(fields), Step::Key(key)) => find(fields, key)?.shape.at(rest),
            (Self::Tagged { tag, variants }, Step::Key(key)) => {
                let mut fields = variants.iter().filter_map(|(_, fields)| find(fields, key));
                let field = if *key == tag.name {
                    Some(&**tag)
                } else {
                    fields.next()
                };
                field?.shape.at(rest)
            }
            _ => None,
        }
    }

    /// Leaves to the strings at `path`, which no table that depends on a key is on the way to, a choice of `names`.
    pub fn restrict(&mut self, path: &[Step], names: &[&str]) {
        let mut here = Some(self);
        for step in path {
            here = match (here, step) {
                (Some(Self::List(item)), Step::Item(_)) => Some(&mut **item),
                (Some(Self::Table(fields)), Step::Key(key)) => {
                    let field = fields.iter_mut().find(|field| field.name == *key);
                    field.map(|field| &mut field.shape)
                }
                _ => None,
            };
        }
        if let Some(text) = here.filter(|shape| **shape == Self::Text) {
            *text = Self::Choice(names.iter().map(|name| (*name).to_owned()).collect());
        }
    }

    /// Whether there are keys in it.
    pub fn is_table(&self) -> bool {
        matches!(self, Self::Table(_) | Self::Tagged { .. })
    }

    /// Every key there is, those of arrays of tables behind a `[]`.
    pub fn keys(&self) -> Vec<KeyPath> {
        let mut keys = Vec::new();
        self.collect(&KeyPath::default(), &mut keys);
        keys
    }

    fn collect(&self, at: &KeyPath, keys: &mut Vec<KeyPath>) {
        match self {
            Self::List(item) => item.collect(&at.then(Step::Item(0)), keys),
            Self::Table(fields) => collect_fields(fields, at, keys),
            Self::Tagged { tag, variants } => {
                collect_fields(std::slice::from_ref(tag), at, keys);
                for (_, fields) in variants {
                    collect_fields(fields, at, keys);
                }
            }
            _ => {}
        }
    }

    /// Several values of this kind.
    fn plural(&self) -> String {
        match self {
            Self::Whole => "whole numbers".to_owned(),
            Self::Number => "numbers".to_owned(),
            Self::Text => "strings".to_owned(),
            Self::Table(_) | Self::Tagged { .. } => "tables".to_owned(),
            other => format!("values, each {other}"),
        }
    }
}

/// In TOML's words: what a value of this kind is.
impl Display for Shape {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("a whole number"),
            Self::Number => f.write_str("a number"),
            Self::Truth => f.write_str("true or false"),
            Self::Text => f.write_str("a string"),
            Self::Choice(names) => {
                let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
                f.write_str(&either(&names))
            }
            Self::List(item) => write!(f, "an array of {}", item.plural()),
            Self::Table(_) | Self::Tagged { .. } => f.write_str("a table"),
            Self::Either(kinds) => {
                let kinds: Vec<String> = kinds.iter().map(Self::to_string).collect();
                f.write_str(&either(&kinds))
            }
            Self::Any => f.write_str("another value"),
        }
    }
}

/// `a, b or c`.
pub(super) fn either(names: &[String]) -> String {
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

/// The field called `name`.
pub(super) fn find<'a>(fields: &'a [Field], name: &str) -> Option<&'a Field> {
    fields.iter().find(|field| field.name == name)
}

fn collect_fields(fields: &[Field], at: &KeyPath, keys: &mut Vec<KeyPath>) {
    for field in fields {
        let path = at.key(&field.name);
        if !keys.contains(&path) {
            keys.push(path.clone());
        }
        field.shape.collect(&path, keys);
    }
}

/// A choice of strings, if the schemas are nothing else.
fn choice(kinds: &[Schema]) -> Option<Shape> {
    let mut names = Vec::new();
    for kind in kinds {
        let many = kind["enum"].as_array().map_or(&[][..], Vec::as_slice);
        let of_kind: Vec<String> = many
            .iter()
            .chain(kind.get("const"))
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect();
        if of_kind.is_empty() {
            return None;
        }
        names.extend(of_kind);
    }
    Some(Shape::Choice(names))
}

/// A table that depends on the one key that each of the schemas fixes.
fn tagged(kinds: &[Schema]) -> Option<Shape> {
    let mut tag = "";
    let mut variants = Vec::new();
    for kind in kinds {
        let mut properties = kind["properties"].as_object()?.iter();
        let (key, name) =
            properties.find_map(|(key, value)| Some((key, value.get("const")?.as_str()?)))?;
        tag = key;
        let mut fields = fields(kind);
        fields.retain(|field| field.name != tag);
        variants.push((name.to_owned(), fields));
    }
    let names = variants.iter().map(|(name, _)| name.clone()).collect();
    let tag = Box::new(Field {
        name: tag.to_owned(),
        shape: Shape::Choice(names),
        is_required: true,
    });
    Some(Shape::Tagged { tag, variants })
}

fn fields(schema: &Schema) -> Vec<Field> {
    let required = schema["required"].as_array();
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|n| n == name));
    let properties = schema["properties"].as_object();
    let field = |(name, shape): (&String, &Schema)| Field {
        name: name.clone(),
        shape: Shape::read(shape),
        is_required: is_required(name),
    };
    properties.into_iter().flatten().map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RunConfig;

    #[test]
    fn every_key_of_a_configuration_has_a_kind() {
        let shape = Shape::of::<RunConfig>();
        let keys = shape.keys();
        assert!(keys.len() > 40, "{keys:?}");
        for key in &keys {
            assert_ne!(*shape.at(&key.0).unwrap(), Shape::Any, "{key}");
        }
        for (key, _) in RunConfig::default().flatten().unwrap() {
            assert!(keys.contains(&KeyPath::parse(&key)), "{key}");
        }
    }

    #[test]
    fn kinds_are_said_in_the_words_of_toml() {
        let shape = Shape::of::<RunConfig>();
        for (key, said) in [
            ("seed", "a whole number"),
            ("train.learning_rate", "a number"),
            ("model.tied_embeddings", "true or false"),
            ("model.arch", r#""gpt" or "llama""#),
            ("world.relations", "an array of tables"),
            ("world.names.pools", "an array of whole numbers"),
            ("world.relations[0].name", "a string"),
            ("world.relations_per_document", r#"a whole number or "all""#),
            ("world.frequency.groups[0].weight", "a number"),
            ("world.frequency", "a table"),
        ] {
            let path = KeyPath::parse(key);
            assert_eq!(shape.at(&path.0).unwrap().to_string(), said, "{key}");
        }
    }
}
