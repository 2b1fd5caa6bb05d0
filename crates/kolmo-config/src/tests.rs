//! Defaults, overrides and mistakes.

use kolmo_world::config::{FrequencyConfig, UniformConfig};

use super::*;

fn refusal(text: &str, overrides: &[&str]) -> String {
    let overrides: Vec<String> = overrides.iter().map(|s| (*s).to_owned()).collect();
    RunConfig::load(text, &overrides).unwrap_err().to_string()
}

#[test]
fn mistakes_are_explained() {
    for (text, overrides, expected) in [
        (
            "[trian]\n",
            &[][..],
            "line 1: there is no key trian; did you mean train?",
        ),
        (
            "[train]\n\nlerning_rate = 1.0",
            &[],
            "line 3: there is no key train.lerning_rate; did you mean train.learning_rate?",
        ),
        (
            "[train]\nfoo = 1.0",
            &[],
            "line 2: there is no key train.foo; train has documents, batch_documents,",
        ),
        ("foo = 1", &[], "there are seed, world, model, train, eval"),
        (
            "[train]\ndocuments = 'many'",
            &[],
            "line 2: train.documents = \"many\" is not possible: valid is a whole number",
        ),
        (
            "train = {documents = 4.5}",
            &[],
            "line 1: train.documents = 4.5 is not possible: valid is a whole number",
        ),
        (
            "[train]\nlearning_rate = .001",
            &[],
            "line 2: train.learning_rate: a number begins and ends with a digit, as 0.5",
        ),
        (
            "[train]\nclip_norm = 5.",
            &[],
            "line 2: train.clip_norm: a number begins and ends with a digit, as 0.5",
        ),
        (
            "",
            &["train.documents=1e16"],
            "valid is a whole number, from 2^53 on written without a point",
        ),
        (
            "",
            &["train.steps=100"],
            "no key train.steps; the length of a run is train.documents",
        ),
        (
            "[train]\nepochs = 3",
            &[],
            "line 2: there is no key train.epochs; there are no epochs",
        ),
        (
            "dropout = 0.1",
            &[],
            "there is no key dropout; there is no dropout",
        ),
        ("[model]\nn_layer = 2", &[], "did you mean model.layers?"),
        ("[model]\nn_embd = 64", &[], "did you mean model.d_model?"),
        (
            "",
            &["model.vocab_size=1000"],
            "no key model.vocab_size; the vocabulary follows from [world]",
        ),
        (
            "",
            &["train.batch-size=3"],
            "did you mean train.batch_documents?",
        ),
        (
            "training.lr = 1",
            &[],
            "no key training.lr; did you mean train.learning_rate?",
        ),
        (
            "",
            &["optimizer.kind=sgd"],
            "did you mean train.optimizer.name?",
        ),
        (
            "base = 'x.toml'\nseeds = [1]",
            &[],
            "this is a sweep file, which kolmo sweep plan and kolmo sweep run take",
        ),
        (
            "[finetune.lesson]\ntask = 'injection'\nfrequency = { law = 'uniform', elements = 5 }",
            &[],
            "[finetune] is the configuration of a fine-tuning, which kolmo finetune takes",
        ),
        (
            "",
            &["train.documents=-1"],
            "--set train.documents=-1: train.documents = -1 is not possible",
        ),
        (
            "[train]\nschedule = 'cosin'",
            &[],
            "\"constant\", \"cosine\" or \"wsd\"; did you mean \"cosine\"?",
        ),
        ("seed = 1\nseed = 2", &[], "line 2: seed: duplicate key"),
        (
            "seed = 1\n[train]\nbeta_1 = wrong",
            &[],
            "line 3: train.beta_1: string values must be quoted",
        ),
        (
            "[train]\nbeta_1 = 1e400",
            &[],
            "line 2: train.beta_1 = 1e400 is not possible",
        ),
        (
            "seed = 99999999999999999999",
            &[],
            "line 1: seed = 99999999999999999999",
        ),
        ("", &["seed=99999999999999999999"], "at most 2^63 - 1"),
        ("", &["lr=1"], "did you mean train.learning_rate?"),
        (
            "",
            &["train.warmpu=0.1"],
            "--set train.warmpu=0.1: there is no key train.warmpu; did you mean train.warmup?",
        ),
        ("", &["trian.warmup=0.1"], "did you mean train.warmup?"),
        ("", &["seed"], "--set seed: there is no ="),
        ("", &["=1"], "there is no key"),
        ("", &["seed.x=1"], "no key seed.x; seed is a whole number"),
        ("model = 1", &["model.layers=1"], "line 1: model = 1 is not"),
        (
            "",
            &["world.relations[0].values=3"],
            "world.relations is an array, which is set as a whole",
        ),
        (
            "",
            &["world.relations.values=3"],
            "world.relations is an array",
        ),
        (
            "[[world.relations]]\nname = 'a'\n[[world.relations]]\nvalues = 3",
            &[],
            "world.relations[1].name is missing: it must be given, as a string",
        ),
        (
            "[[world.relations]]\nname = 'a'\n[[world.relations]]\nname = 'b'\nvalues = 0",
            &[],
            "line 5: world.relations[1].values = 0 is not possible",
        ),
        (
            "[world.names]\npools = [100, 0, 1]",
            &[],
            "line 2: world.names.pools[1] = 0 is not possible",
        ),
        (
            "[world.names]\npools = [100, 'x', 1]",
            &[],
            "line 2: world.names.pools[1] = \"x\" is not possible",
        ),
        (
            "[world]\nrelations_per_document = 'al'",
            &[],
            "valid is a whole number or \"all\"",
        ),
        (
            "[world.frequency]\nlaw = 'zip'",
            &[],
            "line 2: world.frequency.law = \"zip\" is not possible: valid is \"zipf\", \
             \"pitman_yor\", \"uniform\" or \"grouped\"; did you mean \"zipf\"?",
        ),
        (
            "[world.frequency]\nlaw = 'zipf'\nexponent = 'steep'",
            &[],
            "line 3: world.frequency.exponent = \"steep\" is not possible: valid is a number",
        ),
        (
            "[world.frequency]\nlaw = 'zipf'\nexponnent = 1",
            &[],
            "line 3: there is no key world.frequency.exponnent; did you mean \
             world.frequency.exponent?",
        ),
        (
            "[world.frequency]\nlaw = 'uniform'\nelements = 5\nexponent = 1.5",
            &[],
            "line 4: there is no key world.frequency.exponent with world.frequency.law = \"uniform\"; it is a key \
             of law = \"zipf\"",
        ),
        (
            "[world.frequency]\nlaw = 'uniform'",
            &[],
            "line 2: world.frequency.elements is missing: it must be given, as a whole number \
             with world.frequency.law = \"uniform\"",
        ),
        (
            "",
            &["model.d_model=65"],
            "--set model.d_model=65: model.d_model = 65 is not possible",
        ),
        (
            "[train]\nlearning_rate = -1",
            &[],
            "line 2: train.learning_rate = -1 is not possible",
        ),
        (
            "",
            &["train.documents=10"],
            "at least train.batch_documents",
        ),
        (
            "[train]\nwarmup=0.9",
            &[],
            "line 2: train.warmup + train.cooldown",
        ),
        (
            "[train]\nwarmup_documents = 400001",
            &[],
            "line 2: train.warmup_documents = 400001 is not possible: valid is 0 to train.documents",
        ),
        (
            "[train]\nwarmup_documents = 320001",
            &[],
            "line 2: train.warmup_documents + train.cooldown = 320001 + 0.2 is not possible: valid is \
             a warm-up of at most 320000 documents",
        ),
        (
            "[checkpoint]\nkeep_at = [7, 0]",
            &[],
            "line 2: checkpoint.keep_at[1] = 0 is not possible: valid is 1 to 2^63 - 1",
        ),
        ("seed = 9223372036854775808", &[], "seed"),
        (
            "",
            &["train.optimizer.beta_2=0.9999999999"],
            "train.optimizer.beta_2 = 0.9999999999",
        ),
        (
            "",
            &["train.optimizer.epsilon=1e-50"],
            "train.optimizer.epsilon",
        ),
        (
            "",
            &["train.log_every=1\nmodel.layers=3"],
            "valid is a whole number",
        ),
        ("", &["train.log_every=0"], "train.log_every = 0"),
        ("", &["eval.classes=0"], "eval.classes = 0 is not possible"),
        (
            "",
            &["world.frequency.exponent=0"],
            "world.frequency.exponent = 0 is not",
        ),
    ] {
        let message = refusal(text, overrides);
        assert!(
            message.contains(expected),
            "{text} {overrides:?} gave: {message}"
        );
    }
}

#[test]
fn a_value_has_one_spelling() {
    let identity = |text: &str, overrides: &[&str]| {
        let overrides: Vec<String> = overrides.iter().map(|s| (*s).to_owned()).collect();
        RunConfig::load(text, &overrides)
            .unwrap()
            .0
            .identity()
            .unwrap()
    };
    for (one, other) in [
        (
            "train.optimizer.weight_decay = 0.0",
            "train.optimizer.weight_decay = -0.0",
        ),
        (
            "train.optimizer.weight_decay = 0",
            "train.optimizer.weight_decay = -0.0",
        ),
        ("world.frequency.bias = -0.0", ""),
        ("train.learning_rate = 1e-3", "train.learning_rate = 0.0010"),
        ("train.documents = 4e5", ""),
        ("train.documents = 400_000.0", "train.documents = 0x61a80"),
        ("world.relations_per_document = 1.0", ""),
        (
            "[world.names]\npools = [2e2, 300]",
            "[world.names]\npools = [200, 300]",
        ),
        (
            "[[world.relations]]\nname = 'a'\nvalues = 3e1",
            "[[world.relations]]\nname = 'a'\nvalues = 30\nweight = 1",
        ),
        (
            "world.frequency = { law = 'uniform', elements = 5e2 }",
            "world.frequency = { elements = 500, law = 'uniform' }",
        ),
        ("seed = 1.0", ""),
    ] {
        assert_eq!(
            identity(one, &[]),
            identity(other, &[]),
            "{one} and {other}"
        );
    }
    for (one, other) in [
        (
            "train.optimizer.weight_decay=-0.0",
            "train.optimizer.weight_decay=0",
        ),
        ("train.learning_rate=.001", "train.learning_rate=1e-3"),
        ("train.documents=4e5", "train.documents=400000."),
    ] {
        assert_eq!(
            identity("", &[one]),
            identity("", &[other]),
            "{one} and {other}"
        );
    }
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
fn keys_that_moved_are_read_where_they_were() {
    let load = |text: &str, overrides: &[&str]| {
        let overrides: Vec<String> = overrides.iter().map(|s| (*s).to_owned()).collect();
        (
            RunConfig::load(text, &overrides),
            file::old_keys(text, &overrides),
        )
    };
    let old = "[train]\nbeta_1 = 0.8\nepsilon = 1e-6\n[train.optimizer]\nbeta_2 = 0.9\n";
    let new = "[train.optimizer]\nbeta_1 = 0.8\nbeta_2 = 0.9\nepsilon = 1e-6\n";
    let ((config, notes), (same, none)) = (load(old, &[]), load(new, &[]));
    let (config, same) = (config.unwrap().0, same.unwrap().0);
    assert!(config == same && none.is_empty());
    assert_eq!(config.identity().unwrap(), same.identity().unwrap());
    assert_eq!(
        notes,
        [
            "line 2: train.beta_1 is train.optimizer.beta_1 now; the old name is still read",
            "line 3: train.epsilon is train.optimizer.epsilon now; the old name is still read",
        ]
    );
    // What is set comes last, by whatever name.
    for set in ["train.beta_1=0.7", "train.optimizer.beta_1=0.7"] {
        for text in [old, new] {
            let (set, notes) = load(text, &[set]);
            let OptimizerConfig::AdamW(adamw) = set.unwrap().0.train.optimizer;
            assert_eq!((adamw.beta_1, adamw.beta_2), (0.7, 0.9));
            let expected = usize::from(text == old) * 2 + usize::from(set_is_old(&notes));
            assert_eq!(notes.len(), expected, "{notes:?}");
        }
    }
    fn set_is_old(notes: &[String]) -> bool {
        let note = "--set train.beta_1=0.7: train.beta_1 is train.optimizer.beta_1 now";
        notes.iter().any(|line| line.starts_with(note))
    }
}

#[test]
fn mistakes_in_keys_that_moved_are_found_where_they_are() {
    for (text, overrides, expected) in [
        (
            "[train]\nbeta_1 = 2.0",
            &[][..],
            "line 2: train.optimizer.beta_1 = 2 is not possible",
        ),
        (
            "[train]\nbeta_1 = 'x'",
            &[],
            "line 2: train.optimizer.beta_1 = \"x\" is not possible",
        ),
        (
            "",
            &["train.epsilon=2"],
            "--set train.epsilon=2: train.optimizer.epsilon = 2 is not",
        ),
        (
            "[train]\nbeta_1 = 0.8\noptimizer.beta_1 = 0.8",
            &[],
            "line 2: there is no key train.beta_1; it is train.optimizer.beta_1 now, which is given as well",
        ),
        (
            "[train]\nbeta_1 = 0.8\noptimizer = 'adamw'",
            &[],
            "valid is a table",
        ),
        (
            "train.optimizer.name = 'adam'",
            &[],
            "did you mean \"adamw\"?",
        ),
        (
            "train.optimizer.beta1 = 0.8",
            &[],
            "did you mean train.optimizer.beta_1?",
        ),
        (
            "",
            &["train.optimizer.kind=adamw"],
            "there is no key train.optimizer.kind",
        ),
        (
            "",
            &["train.weight_decya=1"],
            "did you mean train.optimizer.weight_decay?",
        ),
    ] {
        let message = refusal(text, overrides);
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn keys_that_came_later_do_not_change_what_a_run_is() {
    // The hash of the defaults as they were before `train.warmup_documents` and `checkpoint.keep_at`.
    let (config, _) = RunConfig::default().settle().unwrap();
    assert!(!config.to_toml().unwrap().contains("warmup_documents"));
    assert_eq!(&config.identity().unwrap()[..8], "e3655f32");
    let mut other = config.clone();
    other.checkpoint.keep_at = vec![10];
    assert_eq!(other.identity().unwrap(), config.identity().unwrap());
    other.train.warmup_documents = Some(0);
    assert_ne!(other.identity().unwrap(), config.identity().unwrap());
}
