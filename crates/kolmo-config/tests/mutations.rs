//! Ten thousand broken configurations: none panics, hangs or fills the memory, each refusal names the
//! key that was broken, and what is accepted can be written down and read again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod mutation;

use std::{
    alloc::System,
    cell::Cell,
    fs,
    time::{Duration, Instant},
};

use cap::Cap;
use kolmo_config::{ConfigError, RunConfig};
use mutation::{Mutant, mutants};
use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed, TestRunner},
};

/// More memory than this is not given: the test would abort.
#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, 1 << 30);

/// Far more than the worst of them takes, and far less than for ever.
const MOMENT: Duration = Duration::from_secs(20);

/// Worlds of a millisecond, one for each law and family.
const SMALL: [&str; 4] = [
    "seed = 3\n[world.frequency]\nlaw = 'zipf'\nelements = 50\nexponent = 1.2\nbias = 1.0\n\
     [world.names]\npools = [5, 10]\n[[world.relations]]\nname = 'a'\nvalues = 8\nweight = 2.0\n\
     [[world.relations]]\nname = 'b'\n[model]\narch = 'llama'\nd_model = 16\nlayers = 1\nheads = 2\n\
     [train]\ndocuments = 640\nbatch_documents = 32\nschedule = 'cosine'\nwarmup = 0.3\n\
     [eval]\nclasses = 3\nbayes_discount = 'fit'\n",
    "[world]\nrelations_per_document = 'all'\nfrequency = { law = 'pitman_yor', discount = 0.5, \
     concentration = 1.0, elements = 1000 }\nrelations = [{ name = 'x', values = 4 }]\n\
     [world.syntax]\nclasses = 1\ntemplates = 2\nwords = 3\nfiller_slots = 0\n",
    "world.frequency.law = 'grouped'\n\
     world.frequency.groups = [{ elements = 5, weight = 2 }, { elements = 7, weight = 1.0 }]\n\
     train.clip_norm = inf\ntrain.schedule = 'constant'\ntrain.warmup = 1.0\n",
    "[world]\nfamily = 'biography'\nrelations_per_document = 2\n[world.frequency]\nlaw = 'uniform'\n\
     elements = 20\n[world.names]\npools = [3, 4, 5]\n[[world.relations]]\nname = 'major'\n\
     [[world.relations]]\nname = 'employer'\nvalues = 10\n",
];

fn shipped() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../configs");
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "toml")
    });
    paths.sort();
    let texts = paths.iter().map(|path| fs::read_to_string(path).unwrap());
    texts.collect()
}

#[test]
fn no_configuration_does_harm_and_every_refusal_names_its_key() {
    let (shipped, small) = (shipped(), SMALL.map(str::to_owned).to_vec());
    assert!(shipped.len() >= 8);
    let mutants = prop_oneof![1 => mutants(shipped), 9 => mutants(small)];
    let config = Config {
        cases: 10_000,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        max_shrink_time: 30_000,
        ..Config::default()
    };
    let (accepted, refused) = (Cell::new(0), Cell::new(0));
    let result = TestRunner::new(config).run(&mutants, |mutant| {
        let started = Instant::now();
        match RunConfig::load(&mutant.text, &mutant.overrides) {
            Ok((config, world)) => {
                accepted.set(accepted.get() + 1);
                if world.frequency().max_elements() <= 1 << 20 {
                    prop_assert!(!world.document(7).tokens.is_empty());
                }
                let written = config.to_toml().unwrap();
                let (again, _) = RunConfig::load(&written, &[]).unwrap();
                prop_assert_eq!(&again, &config);
                prop_assert_eq!(again.to_toml().unwrap(), written);
            }
            Err(error) => {
                refused.set(refused.get() + 1);
                check_refusal(&mutant, &error)?;
            }
        }
        prop_assert!(started.elapsed() < MOMENT, "{:?}", started.elapsed());
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let (accepted, refused) = (accepted.get(), refused.get());
    assert!(accepted > 1500 && refused > 4000, "{accepted} {refused}");
}

fn check_refusal(mutant: &Mutant, error: &ConfigError) -> Result<(), TestCaseError> {
    let message = error.to_string();
    prop_assert!(message.len() < 1500, "{message}");
    if mutant.keys.is_empty() {
        return Ok(());
    }
    // The place shows what was given: the reason must name the key as well.
    let reason = match error {
        ConfigError::At { error, .. } => error.to_string(),
        error => error.to_string(),
    };
    // An item that is wrong for what the others are may be named by its array.
    let names = |key: &String| {
        let array = key.split('[').next().unwrap_or(key);
        reason.contains(key.as_str()) || reason.contains(array)
    };
    prop_assert!(
        mutant.keys.iter().any(names),
        "{:?} not in: {message}",
        mutant.keys
    );
    // Nothing of this is TOML's, and serde's own messages have no keys.
    for word in [
        "usize",
        "u64",
        "i128",
        "f64",
        "invalid type",
        "unknown field",
    ] {
        prop_assert!(!message.contains(word), "{word} in: {message}");
    }
    Ok(())
}
