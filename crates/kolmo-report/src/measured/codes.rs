//! What claims about code lengths have in common: bits by role, and the runs that were measured as compressors.

use kolmo_run::{CompressionRecord, RoleBits};

use crate::{
    measured::{
        runs::{by, named, parameters},
        seeds::Seeded,
    },
    study::{Study, StudyRun, groups},
};

/// All roles together.
pub const TOTAL: &str = "total";

/// Syntax and names together. A word of either may come next at one place, and a predictor that expects more of the one pays less for
/// it and more for the other: what each of the two costs is no code by itself.
pub const WORDING: &str = "syntax and names";

/// The roles as the records name them, those two together, and all together last.
pub const ROLES: [&str; 6] = ["syntax", "subject", WORDING, "value", "eos", TOTAL];

/// The bits of one of [`ROLES`]; not a number of another.
pub fn of_role(bits: &RoleBits, role: &str) -> f64 {
    match role {
        "syntax" => bits.syntax,
        "subject" => bits.subject,
        "value" => bits.value,
        WORDING => bits.syntax + bits.subject,
        "eos" => bits.eos,
        TOTAL => bits.total,
        _ => f64::NAN,
    }
}

/// What a role is called in a sentence.
pub fn in_words(role: &str) -> &str {
    match role {
        "subject" => "names",
        "value" => "values",
        "eos" => "end of the document",
        TOTAL => "all",
        role => role,
    }
}

/// A run that was measured as a compressor.
#[derive(Clone, Copy)]
pub struct Compressed<'a> {
    pub run: &'a StudyRun,
    pub record: &'a CompressionRecord,
}

/// Runs that were, with a name for them; never none.
pub struct Group<'a> {
    pub name: String,
    pub runs: Vec<Compressed<'a>>,
}

/// The runs of `study` that were measured as compressors, those together that are alike but for the seed.
pub fn alike(study: &Study) -> Vec<Group<'_>> {
    grouped(study, StudyRun::but_seed)
}

/// The same with those together that are alike but for the seed and the size.
pub fn families(study: &Study) -> Vec<Group<'_>> {
    grouped(study, |run| (run.but_size(), run.config.train.documents))
}

fn grouped<K: PartialEq>(study: &Study, key: impl Fn(&StudyRun) -> K) -> Vec<Group<'_>> {
    let measured = study.runs.iter().filter(|run| run.compression.is_some());
    let groups = named(groups(measured, key)).into_iter();
    let groups = groups.map(|(runs, name)| Group {
        name,
        runs: runs.into_iter().filter_map(Compressed::of).collect(),
    });
    groups.collect()
}

impl<'a> Compressed<'a> {
    fn of(run: &'a StudyRun) -> Option<Self> {
        let record = run.compression.as_ref()?;
        Some(Self { run, record })
    }
}

impl Seeded for Compressed<'_> {
    fn seed(&self) -> u64 {
        self.run.seed()
    }
}

impl Group<'_> {
    /// The runs of each number of parameters, rising.
    pub fn sizes(&self) -> Vec<(f64, Vec<&Compressed<'_>>)> {
        by(&self.runs, |of| parameters(of.run))
    }
}
