//! Fine-tuning: a format is cheap, new knowledge costs old, and replay protects.

use kolmo_stats::{Estimate, OfSeed, one_a_seed};

use super::{
    About, Answer, Headline, Test,
    front::{Price, Source, Way, cheapest, is_front, ways},
};
use crate::{
    claims::{displacement::has_room, forgetting::replay_saves, instruction::shares_of_others},
    error::Result,
    figures::chart::{Chart, Datum, Ink, Mark, Series},
    measured::{
        cells::cell,
        runs::id,
        seeds::datum,
        series::{grid, line, points, shade},
        tuning::injections,
    },
    number::significant,
    quantity::Quantity,
    report::{Figure, Part, Section, Table},
    study::Study,
};

/// What fine-tuning costs.
pub struct FineTuning;

impl Headline for FineTuning {
    fn about(&self) -> About {
        About {
            name: "fine_tuning",
            title: "Fine-tuning",
            question: "What does fine-tuning cost: is a format cheap, does new knowledge push out old, and does replay protect?",
            claim: "Pan et al. 2025: format is cheap, knowledge costs, replay protects",
            statistic: "bits_lost_per_bit",
            measures: "Bits about old facts that are lost for each bit about new ones that is learnt, in the cheapest of the fine-tunings, over rates and \
                 kinds of replay, that learn four fifths of the most that any of them learns; which one, the other seeds say; mean over models.",
            quantity: Quantity::Rate,
            test: Test::Reported,
        }
    }

    fn answer(&self, study: &Study) -> Result<Option<Answer>> {
        let injections = injections(study);
        let (mut seeds, mut parts) = (Vec::new(), Vec::new());
        let mut drawn: Option<(bool, Figure)> = None;
        for (model, ways) in &ways(&injections)? {
            if !is_front(ways) {
                continue;
            }
            let room = has_room(ways[0].runs);
            let state = if room { "with room" } else { "without room" };
            let name = format!("{model}, {state}");
            for source in Source::ALL {
                let of: Vec<&Way<'_>> = ways.iter().filter(|way| way.source == source).collect();
                if !of.is_empty() {
                    let name = format!("{name}, old bits lost for a new one, {}", source.words());
                    parts.push(Part::mean(name, None, &cheapest(&of), Quantity::Rate));
                }
            }
            let rates = cheapest(&ways.iter().collect::<Vec<_>>());
            let part = format!("{name}, old bits lost for a new one on the front");
            parts.push(Part::mean(part, None, &rates, Quantity::Rate));
            seeds.extend(rates);
            // Where there is no room, there is something to lose.
            if drawn.as_ref().is_none_or(|(of_room, _)| *of_room && !room) {
                drawn = Some((room, figure(&name, ways)));
            }
        }
        if seeds.is_empty() {
            return Ok(None);
        }
        Ok(Some(Answer {
            predicted: None,
            seeds: one_a_seed(&seeds),
            undecided: None,
            parts,
            takes: "",
            figure: drawn.map(|(_, figure)| figure),
        }))
    }

    fn further(&self, study: &Study) -> Result<Vec<Part>> {
        let saved = replay_saves(study).into_iter();
        let saved = saved.map(|(name, saved)| Part::mean(name, None, &saved, Quantity::Difference));
        let of = |(name, shares): (String, Vec<OfSeed<f64>>)| {
            let name =
                format!("{name}, share answerable about subjects that no question was about");
            Part::mean(name, None, &shares, Quantity::Share)
        };
        let shares = shares_of_others(study)?;
        Ok(saved.chain(shares.into_iter().map(of)).collect())
    }

    fn appendix(&self, study: &Study) -> Result<Option<Section>> {
        let About {
            name,
            title,
            question,
            ..
        } = self.about();
        let text = "Every point of the figure: a way of teaching the same new facts, which changes all weights, with what it taught and what it cost.";
        let mut section = Section::new(id(study, &[name]), title, question, &[text]);
        let injections = injections(study);
        for (model, ways) in &ways(&injections)? {
            if is_front(ways) {
                section.tables.push(table(model, ways));
            }
        }
        Ok((!section.tables.is_empty()).then_some(section))
    }
}

fn table(model: &str, ways: &[Way<'_>]) -> Table {
    let row = |way: &Way<'_>| {
        let of = |number: fn(&Price) -> f64| {
            let numbers = way
                .prices
                .iter()
                .map(|(seed, price)| (*seed, number(price)));
            cell(Estimate::over_seeds(&numbers.collect::<Vec<_>>()))
        };
        vec![
            way.source.words().to_owned(),
            significant(way.share),
            significant(way.learning_rate),
            of(|price| price.gained),
            of(|price| price.lost),
        ]
    };
    let head = [
        "replay",
        "share",
        "learning rate",
        "new bits learnt",
        "old bits lost",
    ];
    Table {
        caption: format!("{model}: bits learnt and lost, means over seeds with 95 % intervals."),
        head: head.map(str::to_owned).to_vec(),
        rows: ways.iter().map(row).collect(),
    }
}

/// Bits lost against bits learnt, a curve for each kind of replay, along which the rate rises.
fn figure(name: &str, ways: &[Way<'_>]) -> Figure {
    let mut kinds: Vec<(Source, f64)> = ways.iter().map(|way| (way.source, way.share)).collect();
    kinds.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    kinds.dedup();
    let replayed: Vec<(Source, f64)> = kinds
        .iter()
        .copied()
        .filter(|(source, _)| *source != Source::None)
        .collect();
    let mut rates: Vec<f64> = ways.iter().map(|way| way.learning_rate).collect();
    rates.sort_by(f64::total_cmp);
    rates.dedup();
    let curve = |(source, share): (Source, f64)| {
        let mut of: Vec<&Way<'_>> = ways
            .iter()
            .filter(|way| (way.source, way.share) == (source, share))
            .collect();
        of.sort_by(|a, b| a.learning_rate.total_cmp(&b.learning_rate));
        let (label, ink) = match source {
            Source::None => (source.words().to_owned(), Ink::Asymptote),
            Source::Fresh | Source::Seen | Source::Own => {
                let label = format!("{} %, {}", significant(100.0 * share), source.words());
                let place = replayed.iter().position(|kind| *kind == (source, share));
                (label, shade(place.unwrap_or_default(), replayed.len()))
            }
        };
        points(
            label,
            (Mark::JoinedPoints, ink),
            of.into_iter().map(at).collect(),
        )
    };
    let mut series: Vec<Series> = kinds.iter().map(|kind| curve(*kind)).collect();
    let all = || series.iter().flat_map(|series| &series.points);
    let gained: Vec<f64> = all().map(|at| at.x).filter(|x| *x > 0.0).collect();
    let least = gained.iter().copied().fold(f64::INFINITY, f64::min);
    let most = gained.iter().copied().fold(0.0, f64::max);
    let equal = grid(least, most, 60).map(|bits| (bits, bits));
    let equal = line("a bit for a bit", (Mark::Line, Ink::Theory), equal);
    series.insert(0, equal);
    let words: Vec<String> = rates.iter().map(|rate| significant(*rate)).collect();
    Figure::chart(
        "headline-fine-tuning".to_owned(),
        format!(
            "{name}: bits about old facts that are lost against bits about new ones that are learnt, a curve for each kind and share of replay. Along a \
             curve the learning rate is {}. Means over seeds with 95 % intervals.",
            words.join(", ")
        ),
        Chart {
            title: "What new facts cost".to_owned(),
            x: "new bits learnt".to_owned(),
            y: "old bits lost".to_owned(),
            log_y: false,
            series,
        },
    )
}

/// Where a way is: the means over its seeds.
fn at(way: &Way<'_>) -> Datum {
    let lost: Vec<OfSeed<f64>> = way
        .prices
        .iter()
        .map(|(seed, of)| (*seed, of.lost))
        .collect();
    let gained = kolmo_stats::mean(way.prices.iter().map(|(_, of)| of.gained));
    datum(gained, &lost)
}
