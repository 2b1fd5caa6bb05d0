//! Keys that have come to another place since, or were not there yet.

use super::*;

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
