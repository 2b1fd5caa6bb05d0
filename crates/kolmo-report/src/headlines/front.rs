//! The front of fine-tuning: bits about old facts that are lost against bits about new ones that are learnt, over rates and replay.

use kolmo_config::Method;
use kolmo_stats::{OfSeed, mean};
use kolmo_world::{
    LessonConfig,
    lesson::{LessonSyntax, Replayed, Subjects},
};

use crate::{
    error::Result,
    measured::tuning::{Variant, bits_before, new_bits},
    study::StudyRun,
};

/// A fine-tuning is on the front if it learns this share of the most that any of them learns: to learn little costs little.
const LEARNT: f64 = 0.8;

/// What new facts did to old ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Price {
    /// Bits about new facts.
    pub gained: f64,
    /// Bits about old facts that were known before and are not any more; below 0 if more are known.
    pub lost: f64,
}

/// A way of fine-tuning with what it did in each seed.
#[derive(Debug)]
pub(super) struct Way<'a> {
    pub source: Source,
    pub share: f64,
    pub learning_rate: f64,
    pub prices: Vec<OfSeed<Price>>,
    /// Its runs.
    pub runs: &'a [&'a StudyRun],
}

/// Where replayed documents come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    None,
    Fresh,
    Seen,
    Own,
}

impl Source {
    /// All of them, in the order of a report.
    pub const ALL: [Self; 4] = [Self::None, Self::Fresh, Self::Seen, Self::Own];

    /// For readers.
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "no replay",
            Self::Fresh => "fresh documents",
            Self::Seen => "documents that were read",
            Self::Own => "documents of its own",
        }
    }
}

/// The ways of teaching new facts about new subjects in the old syntax, all weights being changed, by the model that is tuned.
///
/// # Errors
/// Answers that cannot be read.
pub(super) fn ways<'a>(injections: &'a [Variant<'a>]) -> Result<Vec<(&'a str, Vec<Way<'a>>)>> {
    let mut models: Vec<(&str, Vec<Way<'_>>)> = Vec::new();
    for variant in injections {
        let Some(way) = way(variant)? else { continue };
        match models.iter_mut().find(|(model, _)| *model == variant.model) {
            Some((_, ways)) => ways.push(way),
            None => models.push((&variant.model, vec![way])),
        }
    }
    Ok(models)
}

fn way<'a>(variant: &'a Variant<'a>) -> Result<Option<Way<'a>>> {
    let finetune = variant.finetune;
    let is_such = match finetune.lesson {
        LessonConfig::Injection {
            subjects, syntax, ..
        } => (subjects, syntax) == (Subjects::New, LessonSyntax::Old),
        LessonConfig::Instruction { .. } => false,
    };
    let replay = finetune.replay;
    if !is_such || finetune.method != Method::Full || replay.share == 1.0 {
        return Ok(None);
    }
    let price = |run: &&StudyRun| {
        let price = Price {
            gained: new_bits(run, finetune)?,
            lost: bits_before(run) - run.last().bits_stored,
        };
        Ok((run.config.seed, price))
    };
    let source = match (replay.share, replay.of) {
        (0.0, _) => Source::None,
        (_, Replayed::Fresh) => Source::Fresh,
        (_, Replayed::Seen) => Source::Seen,
        (_, Replayed::Generated) => Source::Own,
    };
    Ok(Some(Way {
        source,
        share: replay.share,
        learning_rate: variant.runs[0].config.train.learning_rate,
        prices: variant.runs.iter().map(price).collect::<Result<_>>()?,
        runs: &variant.runs,
    }))
}

/// Whether `ways` are a front: of several rates.
pub(super) fn is_front(ways: &[Way<'_>]) -> bool {
    let rate = ways.first().map(|way| way.learning_rate);
    ways.iter().any(|way| Some(way.learning_rate) != rate)
}

/// Of each seed the bits lost for a bit gained by the cheapest of the `ways` that learn nearly as much as any. Which one that is, the other seeds say:
/// the cheapest of many would be cheap by luck.
pub(super) fn cheapest(ways: &[&Way<'_>]) -> Vec<OfSeed<f64>> {
    let mut seeds: Vec<u64> = ways
        .iter()
        .flat_map(|way| way.prices.iter().map(|(seed, _)| *seed))
        .collect();
    seeds.sort_unstable();
    seeds.dedup();
    let rate = |seed: &u64| {
        let others = |of: &u64| seeds.len() == 1 || of != seed;
        let chosen = choice(ways, &others)?;
        let (_, price) = chosen.prices.iter().find(|(of, _)| of == seed)?;
        Some((*seed, price.lost / price.gained))
    };
    seeds.iter().filter_map(rate).collect()
}

/// The cheapest way by the seeds that are `such`.
fn choice<'a, 'b>(ways: &[&'b Way<'a>], such: &dyn Fn(&u64) -> bool) -> Option<&'b Way<'a>> {
    let of = |way: &Way<'_>, number: fn(&Price) -> f64| {
        let prices = way.prices.iter().filter(|(seed, _)| such(seed));
        mean(prices.map(|(_, price)| number(price)))
    };
    let prices = ways.iter().map(|way| {
        let (gained, lost) = (of(way, |price| price.gained), of(way, |price| price.lost));
        (*way, gained, lost / gained)
    });
    let prices: Vec<(&Way<'_>, f64, f64)> = prices.collect();
    let most = prices.iter().map(|(_, gained, _)| *gained);
    let most = most.fold(f64::NEG_INFINITY, f64::max);
    let learns = |(_, gained, _): &&(&Way<'_>, f64, f64)| *gained > 0.0 && *gained >= LEARNT * most;
    let cheapest = prices
        .iter()
        .filter(learns)
        .min_by(|a, b| a.2.total_cmp(&b.2));
    cheapest.map(|(way, ..)| *way)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(learning_rate: f64, prices: [(f64, f64); 3]) -> Way<'static> {
        let prices = prices.iter().zip(1..).map(|((gained, lost), seed)| {
            let price = Price {
                gained: *gained,
                lost: *lost,
            };
            (seed, price)
        });
        Way {
            source: Source::None,
            share: 0.0,
            learning_rate,
            prices: prices.collect(),
            runs: &[],
        }
    }

    #[test]
    fn the_cheapest_way_is_chosen_among_those_that_learn_by_the_other_seeds() {
        // Cheap in seed 1 by luck, and dear in the others.
        let lucky = way(1e-3, [(100.0, 1.0), (100.0, 90.0), (100.0, 90.0)]);
        let fair = way(2e-3, [(110.0, 33.0), (100.0, 30.0), (100.0, 30.0)]);
        // Costs nothing, and teaches little.
        let idle = way(1e-4, [(10.0, 0.0); 3]);
        let found = cheapest(&[&lucky, &fair, &idle]);
        let seeds: Vec<u64> = found.iter().map(|(seed, _)| *seed).collect();
        assert_eq!(seeds, [1, 2, 3]);
        for (_, rate) in found {
            assert!((rate - 0.3).abs() < 1e-12, "{rate}");
        }
        // Of a single seed there are no others.
        let single = |way: &Way<'static>| Way {
            prices: way.prices[..1].to_vec(),
            runs: &[],
            ..*way
        };
        let found = cheapest(&[&single(&lucky), &single(&fair)]);
        assert_eq!(found, [(1, 0.01)]);
        assert!(is_front(&[single(&lucky), single(&fair)]) && !is_front(&[idle]));
    }
}
