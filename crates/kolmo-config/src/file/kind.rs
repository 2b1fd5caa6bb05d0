//! What a file is a file of, by its keys: three kinds of TOML files look alike, and each has its command.

use std::fmt::{self, Display, Formatter};

use toml::Table;

/// What is in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// The configuration of one run.
    Run,
    /// That of a fine-tuning which does not say of which run.
    FineTuning,
    /// A sweep.
    Sweep,
}

impl FileKind {
    /// What `text` is, if it is TOML and its keys say so.
    pub fn of(text: &str) -> Option<Self> {
        let table: Table = toml::from_str(text).ok()?;
        let has = |keys: &[&str]| keys.iter().any(|key| table.contains_key(*key));
        // A file with keys of both is one with a mistake, which its key explains.
        let of_sweep = has(&[
            "base", "set", "ladder", "axes", "data", "seeds", "slurm", "report",
        ]);
        let of_run = has(&[
            "seed",
            "seed_of",
            "world",
            "model",
            "train",
            "eval",
            "finetune",
            "compression",
            "checkpoint",
        ]);
        match (of_sweep, of_run, table.get("finetune")) {
            (true, false, _) if has(&["base"]) => Some(Self::Sweep),
            (false, true, None) => Some(Self::Run),
            (false, true, Some(finetune)) => match finetune.get("base") {
                Some(_) => Some(Self::Run),
                None => Some(Self::FineTuning),
            },
            (true, _, _) | (false, false, _) => None,
        }
    }
}

/// What it is, and which commands take it.
impl Display for FileKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Run => {
                "the configuration of one run, which kolmo train takes, and a sweep file as its base"
            }
            Self::FineTuning => {
                "the configuration of a fine-tuning, which kolmo finetune takes, with --from RUN_DIR, and \
                 a sweep file as its base, with from"
            }
            Self::Sweep => "a sweep file, which kolmo sweep plan and kolmo sweep run take",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_say_what_a_file_is() {
        for (text, kind) in [
            ("seed = 1\n[train]", Some(FileKind::Run)),
            ("[finetune.lesson]\n[train]", Some(FileKind::FineTuning)),
            ("[finetune.base]\nstep = 1", Some(FileKind::Run)),
            ("base = 'a.toml'\nseeds = [1]", Some(FileKind::Sweep)),
            // Slips of somebody who knows which file it is.
            ("seeds = 1\n[train]", None),
            ("base = 'a.toml'\nseed = 1", None),
            ("seeds = [1]", None),
            ("", None),
            ("x = ", None),
        ] {
            assert_eq!(FileKind::of(text), kind, "{text}");
        }
    }
}
