//! A ladder of sizes, and which of them are at capacity: what a model stores has stopped growing with the documents it reads.

use kolmo_stats::{Estimate, OfSeed};

use crate::{
    measured::{
        ladders::{bits, inside},
        runs::{by_documents, by_parameters, named},
    },
    number::grouped,
    quantity::Quantity,
    report::Part,
    study::{Study, StudyRun},
};

/// Growth of the bits stored in a doubling of the documents, below which a size is at capacity.
const GROWTH: f64 = 0.02;

/// Sizes at capacity that a ladder takes.
const SIZES: usize = 3;

/// The sizes of one law and one training.
pub(super) struct Ladder<'a> {
    pub name: String,
    pub sizes: Vec<Size<'a>>,
}

/// A size, of which the runs are the longest.
pub(super) struct Size<'a> {
    pub parameters: f64,
    pub runs: Vec<&'a StudyRun>,
    /// ln of the bits stored over those of half as many documents, for each seed that has both.
    growth: Vec<OfSeed<f64>>,
}

impl Size<'_> {
    /// Growth in a doubling: e^0.02 is 2 %. None of fewer than two seeds with runs of half the length.
    fn growth(&self) -> Option<Estimate> {
        Estimate::over_seeds(&self.growth).ok()
    }

    /// Whether the whole interval of its growth is below 2 % a doubling.
    pub fn is_at_capacity(&self) -> bool {
        self.growth()
            .is_some_and(|growth| growth.ci95[1] < GROWTH.ln_1p())
    }
}

/// The ladders of `study`, over its range of parameters.
pub(super) fn ladders(study: &Study) -> Vec<Ladder<'_>> {
    let groups = study.groups(StudyRun::but_size).into_iter();
    let groups = groups.map(|runs| inside(study, &runs));
    let groups = groups.filter(|runs| by_parameters(runs).len() > 1);
    let ladders = named(groups.collect())
        .into_iter()
        .map(|(runs, name)| Ladder {
            name,
            sizes: by_parameters(&runs)
                .into_iter()
                .map(|(parameters, runs)| size(parameters, &runs))
                .collect(),
        });
    ladders.collect()
}

fn size<'a>(parameters: f64, runs: &[&'a StudyRun]) -> Size<'a> {
    let mut lengths = by_documents(runs);
    let (longest, runs) = lengths.pop().unwrap_or_default();
    let half = lengths
        .into_iter()
        .find(|(documents, _)| (documents * 2.0 / longest - 1.0).abs() < 0.01);
    let (_, half) = half.unwrap_or_default();
    let growth = runs.iter().filter_map(|run| {
        let before = half
            .iter()
            .find(|half| half.config.seed == run.config.seed)?;
        Some((run.config.seed, (bits(run) / bits(before)).ln()))
    });
    Size {
        parameters,
        growth: growth.collect(),
        runs,
    }
}

impl<'a> Ladder<'a> {
    /// The runs of the sizes at capacity; of all sizes where too few are.
    pub fn runs(&self) -> Vec<&'a StudyRun> {
        let enough = self.at_capacity() >= SIZES;
        let wanted = self
            .sizes
            .iter()
            .filter(|size| !enough || size.is_at_capacity());
        wanted.flat_map(|size| size.runs.iter().copied()).collect()
    }

    fn at_capacity(&self) -> usize {
        self.sizes
            .iter()
            .filter(|size| size.is_at_capacity())
            .count()
    }

    /// Why it cannot decide: too few of its sizes are at capacity.
    pub fn undecided(&self) -> Option<String> {
        let found = self.at_capacity();
        (found < SIZES).then(|| {
            format!(
                "{found} of {} sizes are at capacity, and a ladder takes {SIZES}: train the others on more documents, until the bits stored grow by \
                 less than 2 % in a doubling",
                self.sizes.len()
            )
        })
    }

    /// How much each size still grows.
    pub fn parts(&self) -> impl Iterator<Item = Part> + '_ {
        self.sizes.iter().map(|size| {
            let name = format!(
                "{}, {} parameters, growth of the bits in a doubling",
                self.name,
                grouped(size.parameters as u64)
            );
            let growth: Vec<OfSeed<f64>> = size
                .growth
                .iter()
                .map(|(seed, log)| (*seed, log.exp_m1()))
                .collect();
            Part::mean(name, None, &growth, Quantity::Difference)
        })
    }
}
