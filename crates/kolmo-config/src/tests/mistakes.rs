//! What is said of mistakes.

use super::*;

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
