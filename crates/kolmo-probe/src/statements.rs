//! What a model states that nobody asked anything: how much of it is true, and how much of it training said.
//!
//! Kalai & Vempala (2024, arXiv 2311.14648): a model states what is false at least as often as the world states what training never did, less what the
//! model is miscalibrated by.

use std::collections::{BTreeMap, HashSet};

use kolmo_run::{CompanionFigures, GENERATED};
use kolmo_world::{Document, Fact, Shown, Statement, World};

/// Statements of documents that a model wrote.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Statements {
    /// Documents.
    pub documents: u64,
    /// Sentences: those that state something, and of each document that is not made of such alone, one that does not.
    pub statements: u64,
    /// Sentences that give a subject a value of one of its relations.
    pub well_formed: u64,
    /// Those that are true.
    pub truths: u64,
    /// Those that training stated.
    pub met: u64,
}

impl Statements {
    /// Judges the documents `written`, as `world` reads them, after a training on the first `read` documents of those `shown`.
    pub fn judge(world: &World, written: &[Document], shown: &Shown<'_>, read: u64) -> Self {
        let mut all = Self {
            documents: written.len() as u64,
            ..Self::default()
        };
        let mut truths: Vec<Statement> = Vec::new();
        for document in written {
            let reading = world.read(&document.tokens);
            all.well_formed += reading.statements.len() as u64;
            all.statements += reading.statements.len() as u64 + u64::from(!reading.is_whole);
            let found = reading.statements.into_iter();
            truths.extend(found.filter(|statement| world.is_true(*statement)));
        }
        all.truths = truths.len() as u64;
        // No document states what is false.
        let stated: HashSet<Fact> = truths.iter().map(|statement| statement.fact).collect();
        let met = met(&stated, shown, read);
        let is_met = truths
            .iter()
            .filter(|statement| met.contains(&statement.fact));
        all.met = is_met.count() as u64;
        all
    }

    /// The figures of an evaluation, with what the model is miscalibrated by.
    pub fn tell(&self, miscalibration: f64, figures: &mut CompanionFigures) {
        let counts = [
            self.documents,
            self.statements,
            self.well_formed,
            self.truths,
            self.met,
        ];
        let counts = counts.into_iter().map(|count| count as f64);
        for (name, figure) in GENERATED.into_iter().zip(counts.chain([miscalibration])) {
            figures.insert(name.to_owned(), figure.is_finite().then_some(figure));
        }
    }
}

/// Those of the facts `of` that one of the first `read` documents states.
fn met(of: &HashSet<Fact>, shown: &Shown<'_>, read: u64) -> HashSet<Fact> {
    let mut met = HashSet::new();
    let mut document = Document::default();
    for n in 0..read {
        if met.len() == of.len() {
            break;
        }
        shown.write_document(n, &mut document);
        met.extend(document.facts.iter().filter(|fact| of.contains(fact)));
    }
    met
}

/// How far a model is from calibrated: the total variation between its own documents and the world's, each known by no more than how probable the
/// model takes it to be, to a factor of ten. `own` and `natural` are −ln P of documents of either kind, nats. Where one of the two has more, is seen in one
/// half of the documents and counted in the other, so that noise adds nothing.
pub fn miscalibration(own: &[f64], natural: &[f64]) -> f64 {
    let half = |odd: bool| {
        let own = shares(own, odd);
        let natural = shares(natural, odd);
        let bins: HashSet<i64> = own.keys().chain(natural.keys()).copied().collect();
        let share = |of: &BTreeMap<i64, f64>, bin: i64| of.get(&bin).copied().unwrap_or(0.0);
        let mut more: Vec<(i64, f64)> = bins
            .into_iter()
            .map(|bin| (bin, share(&natural, bin) - share(&own, bin)))
            .collect();
        more.sort_by_key(|(bin, _)| *bin);
        more
    };
    let (one, other) = (half(false), half(true));
    let counted = |seen: &[(i64, f64)], in_other: &[(i64, f64)]| -> f64 {
        let has_more = |bin: i64| {
            let mut seen = seen.iter();
            seen.any(|(of, more)| *of == bin && *more > 0.0)
        };
        let counts = in_other.iter().filter(|(bin, _)| has_more(*bin));
        counts.map(|(_, more)| more).sum()
    };
    (counted(&one, &other) + counted(&other, &one)) / 2.0
}

/// The share of documents in each power of ten of the probability; of every second one.
fn shares(nats: &[f64], odd: bool) -> BTreeMap<i64, f64> {
    let of: Vec<f64> = nats
        .iter()
        .copied()
        .skip(usize::from(odd))
        .step_by(2)
        .collect();
    let mut shares = BTreeMap::new();
    for nats in &of {
        let bin = (nats / std::f64::consts::LN_10).floor() as i64;
        *shares.entry(bin).or_insert(0.0) += 1.0 / of.len() as f64;
    }
    shares
}

#[cfg(test)]
mod tests {
    use kolmo_world::{EOS, WorldConfig, document::Role};

    use super::*;

    #[test]
    fn documents_of_the_world_are_true_and_met_where_they_were_read() {
        let world = World::new(&WorldConfig::default(), 1).unwrap();
        let shown = Shown::new(&world, None, 1000);
        let written: Vec<Document> = (0..200).map(|n| world.document(n)).collect();
        let count = |read| Statements::judge(&world, &written, &shown, read);
        let all = count(200);
        assert_eq!(
            (
                all.documents,
                all.statements,
                all.well_formed,
                all.truths,
                all.met
            ),
            (200, 200, 200, 200, 200)
        );
        let first = count(20);
        assert!((20..200).contains(&first.met) && first.truths == 200);
        assert_eq!(count(0).met, 0);
    }

    #[test]
    fn what_is_false_or_no_sentence_is_counted_as_that() {
        let world = World::new(&WorldConfig::default(), 1).unwrap();
        let shown = Shown::new(&world, None, 1000);
        let mut written: Vec<Document> = (0..100).map(|n| world.document(n)).collect();
        for document in &mut written[..30] {
            let fact = document.facts[0];
            let relation = &world.relations()[fact.relation as usize];
            let other = (world.value_of(fact) + 1) % relation.value_count() as u32;
            let places = (0..document.tokens.len()).filter(|k| document.roles[*k] == Role::Value);
            for (place, token) in places
                .collect::<Vec<_>>()
                .into_iter()
                .zip(relation.tokens(other))
            {
                document.tokens[place] = *token;
            }
        }
        for document in &mut written[30..40] {
            document.tokens = vec![document.tokens[0], EOS];
        }
        let all = Statements::judge(&world, &written, &shown, 100);
        assert_eq!(
            (all.statements, all.well_formed, all.truths, all.met),
            (100, 90, 60, 60)
        );
    }

    #[test]
    fn a_model_like_the_world_is_calibrated_and_one_that_is_surer_is_not() {
        let nats = |from: u64, scale: f64| -> Vec<f64> {
            let numbers = from..from + 20_000;
            let u = numbers.map(|k| (k as f64 * 0.618_033_988_749_895).fract());
            u.map(|u| scale * 12.0 * u).collect()
        };
        assert!(miscalibration(&nats(1, 1.0), &nats(30_000, 1.0)).abs() < 0.01);
        // The world is as often in each of 12 / ln 10 powers of ten, 5.21, and the model in the first 2.61 alone: of the third it has 0.041 more.
        let half = miscalibration(&nats(1, 0.5), &nats(30_000, 1.0));
        assert!(
            (half - (3.0 * 0.1919 - 0.1919 + 0.0405)).abs() < 0.02,
            "{half}"
        );
    }
}
