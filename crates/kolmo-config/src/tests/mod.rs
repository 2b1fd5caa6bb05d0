//! Defaults, overrides and mistakes.

mod mistakes;
mod moved;

use kolmo_world::{
    Fact, World,
    config::{FrequencyConfig, UniformConfig},
};

use super::*;

fn refusal(text: &str, overrides: &[&str]) -> String {
    let overrides: Vec<String> = overrides.iter().map(|s| (*s).to_owned()).collect();
    RunConfig::load(text, &overrides).unwrap_err().to_string()
}

#[test]
fn overrides_lie_on_top_of_the_file() {
    let overrides = ["model.arch=llama", "train.learning_rate=1e-2", "seed=7"];
    let overrides = overrides.map(str::to_owned);
    let config = RunConfig::parse("seed = 3\n[model]\nlayers = 5", &overrides).unwrap();
    assert_eq!(config.seed, 7);
    let sizes = Transformer {
        layers: 5,
        ..Transformer::default()
    };
    assert_eq!(config.model, ModelConfig::llama(sizes));
    assert_eq!(config.train.learning_rate, 1e-2);
}

#[test]
fn a_law_that_is_set_takes_only_its_own_keys_from_the_file() {
    let zipf = "[world.frequency]\nlaw = 'zipf'\nelements = 50\nexponent = 1.5\nbias = 2.0";
    let parse = |text: &str, overrides: &[&str]| {
        let overrides: Vec<String> = overrides.iter().map(|s| (*s).to_owned()).collect();
        RunConfig::parse(text, &overrides).map(|config| config.world.frequency)
    };
    let uniform = FrequencyConfig::Uniform(UniformConfig { elements: 50 });
    let law = "world.frequency.law=uniform";
    assert_eq!(parse(zipf, &[law]).unwrap(), uniform);
    let nameless = "[world.frequency]\nelements = 50\nexponent = 1.5";
    assert_eq!(parse(nameless, &[law]).unwrap(), uniform);
    let other = "world.frequency.law=grouped";
    assert_eq!(parse(zipf, &[other, law]).unwrap(), uniform);
    // What is set is meant.
    for overrides in [
        [law, "world.frequency.bias=1"],
        ["world.frequency.bias=1", law],
    ] {
        let message = parse(zipf, &overrides).unwrap_err().to_string();
        let expected = "--set world.frequency.bias=1: there is no key world.frequency.bias \
                        with world.frequency.law = \"uniform\"; it is a key of law = \"zipf\"";
        assert_eq!(message, expected);
    }
    // The new law has to be complete, and what was never a key stays a mistake.
    let message = parse(zipf, &["world.frequency.law=pitman_yor"]).unwrap_err();
    assert!(
        message.to_string().starts_with(
            "--set world.frequency.law=pitman_yor: world.frequency.discount is missing"
        )
    );
    let message = parse(&format!("{zipf}\nbais = 1"), &[law]).unwrap_err();
    assert!(message.to_string().contains("no key world.frequency.bais"));
    // The law that the file has already changes nothing.
    let text = "[world.frequency]\nlaw = 'uniform'\nelements = 5\nbias = 1";
    parse(text, &[law]).unwrap_err();
}

#[test]
fn defaults_lie_under_tables_that_say_less() {
    let config = RunConfig::parse("[world.frequency]\nelements = 50", &[]).unwrap();
    let frequency = config.to_toml().unwrap();
    assert!(frequency.contains("elements = 50") && frequency.contains("exponent = 1.5"));
    let overrides = ["train.schedule=cosine", "train.warmup=0.9"].map(str::to_owned);
    RunConfig::parse("", &overrides).unwrap().settle().unwrap();
}

#[test]
fn a_settled_configuration_makes_itself_again() {
    for family in ["abstract", "biography"] {
        let text = format!("[world]\nfamily = '{family}'\nrelations_per_document = 'all'");
        let (config, _) = RunConfig::parse(&text, &[]).unwrap().settle().unwrap();
        assert!(!config.world.relations.is_empty());
        let written = config.to_toml().unwrap();
        let again = RunConfig::parse(&written, &[]).unwrap();
        assert_eq!(again.clone().settle().unwrap().0, config);
        assert_eq!(again.to_toml().unwrap(), written);
    }
}

#[test]
fn a_warm_up_in_documents_takes_the_place_of_the_fraction() {
    let settled = |overrides: &[&str]| {
        let overrides: Vec<String> = overrides.iter().map(|s| (*s).to_owned()).collect();
        RunConfig::parse("", &overrides).unwrap().settle()
    };
    // The cool-down leaves this much and no more, though the default fraction would not fit.
    let (config, _) = settled(&["train.warmup_documents=40000", "train.cooldown=0.9"]).unwrap();
    assert_eq!(config.train.warmup_documents, Some(40_000));
    settled(&["train.warmup_documents=0", "train.cooldown=1.0"]).unwrap();
    settled(&["train.warmup_documents=400000", "train.schedule=cosine"]).unwrap();
    settled(&["train.warmup_documents=40001", "train.cooldown=0.9"]).unwrap_err();
}

#[test]
fn a_part_with_a_seed_of_its_own_stays_while_the_seed_changes() {
    let settled = |overrides: &[&str]| {
        let overrides: Vec<String> = overrides.iter().map(|s| (*s).to_owned()).collect();
        RunConfig::load("", &overrides).unwrap()
    };
    let (plain, one) = settled(&[]);
    // Without any, the file and the name of a run are what they were.
    assert!(!plain.to_toml().unwrap().contains("seed_of"));
    let (_, other) = settled(&["seed=2"]);
    let (named, mixed) = settled(&["seed=2", "seed_of.world=1"]);
    assert_ne!(plain.identity().unwrap(), named.identity().unwrap());
    assert_ne!(plain.training().unwrap(), named.training().unwrap());
    let fact = Fact {
        element: 3,
        relation: 0,
    };
    let name = |world: &World| {
        let mut name = Vec::new();
        world.facts().write_name(3, &mut name);
        (name, world.value_of(fact))
    };
    assert_eq!(name(&mixed), name(&one));
    assert_ne!(name(&other), name(&one));
    // The same subjects in the order of the other seed.
    let subjects =
        |world: &World| -> Vec<Fact> { (0..50).flat_map(|n| world.document(n).facts).collect() };
    assert_eq!(subjects(&mixed), subjects(&other));
    assert_ne!(subjects(&mixed), subjects(&one));
    let (_, ordered) = settled(&["seed=2", "seed_of.order=1"]);
    assert_eq!(subjects(&ordered), subjects(&one));
    assert_eq!(name(&ordered), name(&other));
    let (weights, _) = settled(&["seed=2", "seed_of.initialisation=1"]);
    assert_eq!(weights.initialisation(), plain.initialisation());
    assert!(refusal("", &["seed_of.order=-1"]).contains("seed_of.order"));
}

#[test]
fn documents_that_come_again_are_a_part_of_those_that_are_read() {
    let train = |overrides: &[&str]| {
        let overrides: Vec<String> = overrides.iter().map(|s| (*s).to_owned()).collect();
        RunConfig::load("[train]\ndocuments = 25600", &overrides)
            .unwrap()
            .0
            .train
    };
    let plain = train(&[]);
    assert_eq!((plain.shown(), plain.distinct(12_800)), (25_600, 12_800.0));
    let twice = train(&["train.repeat.share=1.0", "train.repeat.times=2"]);
    assert_eq!((twice.shown(), twice.distinct(25_600)), (25_600, 12_800.0));
    for (key, value) in [
        ("share", "0.0"),
        ("share", "1.5"),
        ("times", "1"),
        ("share", "1e-9"),
    ] {
        let given = [("share", "0.5"), ("times", "3")].map(|(name, usual)| {
            let value = if name == key { value } else { usual };
            format!("train.repeat.{name}={value}")
        });
        let given: Vec<&str> = given.iter().map(String::as_str).collect();
        let error = refusal("", &given);
        assert!(error.contains(&format!("train.repeat.{key} = ")), "{error}");
    }
    assert!(refusal("", &["eval.generated=2000000"]).contains("eval.generated = 2000000"));
    let tuned = "[finetune.lesson]\ntask = 'instruction'\n[world.syntax]\nquestions = 1\n";
    let (base, _) = RunConfig::load("", &[]).unwrap();
    for (key, text) in [
        ("eval.generated", "[eval]\ngenerated = 8"),
        ("train.repeat", "[train.repeat]\nshare = 0.5\ntimes = 2"),
    ] {
        let text = format!("{tuned}{text}");
        let error = RunConfig::finetune(&text, &[], &base, "there".to_owned(), 10);
        let error = error.and_then(RunConfig::settle).unwrap_err().to_string();
        assert!(error.contains(key), "{error}");
    }
}
