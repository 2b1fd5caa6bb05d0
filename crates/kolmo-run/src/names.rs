//! What the files and folders of a run directory are called.

/// The file that says whose the folder is.
pub(crate) const MANIFEST: &str = "manifest.json";

/// The other files at the top, in the order in which they are removed: `DONE` first, so that a half-cleared run never
/// looks finished.
pub(crate) const FILES: [&str; 7] = [
    "DONE",
    "metrics.jsonl",
    "evaluations.jsonl",
    "facts.parquet",
    "answers.parquet",
    "compression.json",
    "config.toml",
];

/// The folder of the figures.
pub(crate) const FIGURES: &str = "figures";

/// The folder of what `kolmo eval` finds.
pub(crate) const EVAL: &str = "eval";

/// Files of `figures/`.
pub mod figure {
    /// The value loss against documents.
    pub const VALUE_LOSS: &str = "value_loss.svg";
    /// The loss of each frequency class against exposures.
    pub const CLASSES: &str = "classes.svg";
    /// The training loss above the floor by role.
    pub const REDUNDANCY: &str = "redundancy.svg";
    /// Of a fine-tuning, the accuracy of each cohort.
    pub const INTERVIEWS: &str = "interviews.svg";

    /// All of them: any other is somebody else's.
    pub(crate) const ALL: [&str; 4] = [VALUE_LOSS, CLASSES, REDUNDANCY, INTERVIEWS];
}

/// Files of an evaluation by `kolmo eval`.
pub mod evaluation {
    /// Its record.
    pub const RECORD: &str = "evaluation.json";
    /// The facts asked.
    pub const FACTS: &str = "facts.parquet";
    /// The answers of the interview.
    pub const ANSWERS: &str = "answers.parquet";

    /// All of them.
    pub const ALL: [&str; 3] = [RECORD, FACTS, ANSWERS];
}

/// What the folder of something after `step` steps is called.
pub(crate) fn step(step: u64) -> String {
    format!("step-{step:08}")
}

/// The step of a folder called `name`. Only what [`step`] gives counts: not a user's `step-1-copy`, nor `step-+1`.
pub(crate) fn step_of(name: &str) -> Option<u64> {
    let number = name.strip_prefix("step-")?.parse().ok()?;
    (step(number) == name).then_some(number)
}

/// Whether a run takes `name`, a path in its folder with `/` between its parts.
pub(crate) fn is_of_run(name: &str) -> bool {
    let is_figure = |(folder, file): (&str, &str)| folder == FIGURES && figure::ALL.contains(&file);
    name == MANIFEST || FILES.contains(&name) || name.split_once('/').is_some_and(is_figure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_that_a_step_is_given_is_that_of_a_step() {
        for number in [0, 7, 12_345_678, 100_000_000, u64::MAX] {
            assert_eq!(step_of(&step(number)), Some(number));
        }
        for name in [
            "step-7",
            "step-00000007-copy",
            "step-+0000007",
            "step-000000007",
            "step-",
            "best",
        ] {
            assert_eq!(step_of(name), None, "{name}");
        }
    }

    #[test]
    fn what_a_run_takes_is_known_by_its_whole_path() {
        for name in ["manifest.json", "facts.parquet", "figures/classes.svg"] {
            assert!(is_of_run(name), "{name}");
        }
        for name in ["classes.svg", "figures/mine.svg", "figures", "other/DONE"] {
            assert!(!is_of_run(name), "{name}");
        }
    }
}
