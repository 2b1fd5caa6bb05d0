//! The Kolmogorov structure function in its probabilistic form: what trained models leave of the documents against the bits of their
//! description, beside the least that any description of that size leaves (Vereshchagin & Vitányi 2004; Pan et al. 2025).

mod tables;
mod two_parts;

use std::f64::consts::LN_2;

use kolmo_run::ClassRecord;

use crate::{
    claims::{About, Claim, section_for},
    error::Result,
    measured::{
        codes::{Compressed, Group, families},
        runs::{ROOM, by, met_bits, parameters},
        seeds::{Seeded, count_seeds, of_seeds},
    },
    number::{grouped, significant},
    prediction::Expected,
    quantity::Quantity,
    report::{Section, Sort, Verdict},
    study::{Study, groups},
};
use kolmo_stats::{Estimate, OfSeed, Refusal, mean, rank_correlation};
use tables::{Curves, figure, first_part, gaps, totals};
use two_parts::{
    Counting, Exact, TwoParts, capacity, descriptions, finest, saving_of_syntax, syntax,
};

/// What can be learnt of the syntax has to save so much, bits per document, for its share to say anything.
const LEAST_SYNTAX: f64 = 0.01;

/// The runs of a family, each with its descriptions.
struct Described<'a> {
    of: Compressed<'a>,
    /// The countings in order.
    descriptions: Vec<TwoParts>,
}

impl Seeded for Described<'_> {
    fn seed(&self) -> u64 {
        self.of.seed()
    }
}

/// The two parts of a description of the data, beside the shortest that there are: the structure function.
pub struct Structure;

impl Claim for Structure {
    fn about(&self) -> About {
        About {
            name: "structure",
            title: "The structure function",
            question: "How near do trained models come to the best description of the data of their size, and what do they put into it first?",
            needs: "Runs that were measured as compressors.",
            predicts: "The least distance of a trained model from the structure function, in bits per document, over all runs and three ways \
                 to count the bits of a model, is above 0. Size by size, a model without room for all facts has a share of what the \
                 syntax can save that is above its share of the bits of facts met. Of each seed the mean over sizes of the rank \
                 correlation of a frequency class and the share stored of its bits is below 0.",
            sort: Sort::Law,
        }
    }

    fn section(&self, study: &Study) -> Result<Option<Section>> {
        let mut section = section_for(
            self,
            study,
            &[
                "The documents of a run can be described in two parts: a model, and the documents with its probabilities. The structure \
                 function says how many bits the second part takes at least, in expectation, where the first takes so many: the best model \
                 tells first what saves most for each bit, of the syntax to the precision that pays, and of facts in the order of how often the \
                 documents state them. A fact costs its value and not its name, and the precision of the syntax what rate-distortion \
                 theory says, so that no description lies below. The explicit code beside it can be written: it names its facts, and \
                 tells a choice of the syntax as finely as the data allow or not at all.",
                "A trained model is a first part, and its size is counted in three ways. The bits stored: what it knows of facts, as \
                 measured, with the fewest bits that predict the syntax as well as it does. Its parameters, times the most bits \
                 per parameter that any run of the ladder stores, those of the syntax among them. And its weights, quantised and entropy coded, with the loss that this \
                 costs. The second part takes for every document the floor in expectation and what was measured above it on documents of training.",
                "Syntax comes before facts where the share that the model has of all that the syntax can save is greater than that \
                 of the bits of all facts met that it stores. Frequent facts come before rare ones where the share stored of the bits of a frequency class \
                 falls with its rank. The first is judged for each size, over seeds, where knowing the syntax saves a hundredth of a bit per document or more; \
                 the second for all sizes together, of each seed the mean of their rank correlations. Models with room for nine tenths of all facts are left out of \
                 both: they need not choose.",
            ],
        );
        for family in &families(study) {
            let described = described(family);
            let curves = Curves::of(&described[0].of);
            let name = &family.name;
            section.verdicts.push(above(&described, name));
            section.verdicts.extend(syntax_first(family));
            section.verdicts.extend(frequent_first(family));
            section.text.extend(nearest_in_words(&described, name));
            section
                .figures
                .push(figure(study, &described, &curves, name));
            section.tables.push(gaps(&described, name));
            section.tables.push(first_part(family, &described));
            section.tables.push(totals(&described, &curves, name));
        }
        Ok((!section.verdicts.is_empty()).then_some(section))
    }
}

/// The descriptions of all runs, in their order; those of the same documents share their curve.
fn described<'a>(family: &Group<'a>) -> Vec<Described<'a>> {
    let most = capacity(&family.runs);
    let mut curves: Vec<Exact<'a>> = Vec::new();
    let describe = |of: &Compressed<'a>| {
        let place = curves.iter().position(|exact| exact.is_of(of));
        let place = place.unwrap_or_else(|| {
            curves.push(Exact::of(of));
            curves.len() - 1
        });
        Described {
            of: *of,
            descriptions: descriptions(of, most, &mut curves[place]),
        }
    };
    family.runs.iter().map(describe).collect()
}

/// The distance from the structure function of each size, counted by the bits stored, in bits per document of each seed; sizes rising.
pub(crate) fn distances(family: &Group<'_>) -> Vec<(f64, Vec<OfSeed<f64>>)> {
    let described = described(family);
    let sizes = by(&described, |one| one.of.run.parameters as f64).into_iter();
    let distance = |one: &&Described<'_>| {
        let mut countings = one.descriptions.iter();
        let stored = countings.find(|of| of.counting == Counting::Stored)?;
        Some((one.of.run.config.seed, stored.gap().total))
    };
    let sizes = sizes.map(|(size, of)| (size, of.iter().filter_map(distance).collect()));
    sizes.collect()
}

/// The description that comes nearest to the exact curve, over all runs and countings, or lies farthest below it.
fn nearest<'a>(described: &'a [Described<'a>]) -> Option<(&'a Compressed<'a>, &'a TwoParts)> {
    let all = described.iter().flat_map(|run| {
        let of = run.descriptions.iter();
        of.map(move |description| (&run.of, description))
    });
    let all = all.filter(|(_, description)| description.gap().total.is_finite());
    all.min_by(|a, b| a.1.gap().total.total_cmp(&b.1.gap().total))
}

fn above(described: &[Described<'_>], name: &str) -> Verdict {
    let nearest = nearest(described).ok_or(Refusal::TooFew {
        what: "descriptions",
        found: 0,
        needed: 1,
    });
    let gap = nearest.map(|(_, description)| {
        let gap = description.gap().total;
        Estimate {
            value: gap,
            ci95: [gap - description.half_width, gap + description.half_width],
            seeds: count_seeds(described),
        }
    });
    let sizes = described.iter().flat_map(|run| &run.descriptions);
    Expected::above(&Structure, 0.0, Quantity::Difference)
        .called(
            format!("{name}/above"),
            format!(
                "{name}: no trained model lies below the structure function: the least difference of all runs and countings, bits per document, is above 0."
            ),
        )
        .over("bits of the model", sizes.map(|of| of.model_bits))
        .judge_as(Sort::Check, gap)
}

/// Where the models come nearest, and what they lose there.
fn nearest_in_words(described: &[Described<'_>], name: &str) -> Option<String> {
    let (of, description) = nearest(described)?;
    let gap = description.gap();
    Some(format!(
        "{name}: nearest to the curve is the model of {} parameters with seed {}, counted as {}: at {} bits it takes {} ± {} bits per \
         document more than the best description of this size, of which {} are of names, {} of values and {} of the syntax.",
        grouped(of.run.parameters),
        of.run.config.seed,
        description.counting.name(),
        significant(description.model_bits),
        significant(gap.total),
        significant(description.half_width),
        significant(gap.subject),
        significant(gap.value),
        significant(gap.syntax),
    ))
}

/// The share of what the syntax can save that a model has.
fn share_of_syntax(of: &Compressed<'_>) -> f64 {
    let left = finest(of).map_or(f64::NAN, |weights| syntax(&weights.redundancy));
    1.0 - left / saving_of_syntax(of)
}

/// The share of the bits of all facts met that it has.
fn share_of_facts(of: &Compressed<'_>) -> f64 {
    of.run.last().bits_stored / met_bits(of.run, of.record.documents as f64)
}

/// The share of the bits of a class that it has.
fn share_of_class(of: &Compressed<'_>, class: &ClassRecord) -> f64 {
    let relations = of.run.world.relations();
    let content: f64 = relations
        .iter()
        .map(|relation| relation.mean_content())
        .sum();
    let subjects = class.facts as f64 / relations.len() as f64;
    class.bits_stored * LN_2 / (subjects * content)
}

/// The runs without room for all facts.
fn that_choose<'a>(family: &'a Group<'_>) -> impl Iterator<Item = &'a Compressed<'a>> {
    let runs = family.runs.iter();
    runs.filter(|of| share_of_facts(of) < ROOM)
}

/// What the share of the syntax is greater than that of the facts, of each size the mean over its seeds.
fn syntax_first(family: &Group<'_>) -> Vec<Verdict> {
    let can_be_learnt = that_choose(family).filter(|of| saving_of_syntax(of) >= LEAST_SYNTAX);
    let of_size = |(parameters, runs): (f64, Vec<&Compressed<'_>>)| {
        let differences = of_seeds(&runs, |of| share_of_syntax(of) - share_of_facts(of));
        let name = format!("{}, {parameters} parameters", family.name);
        let claim = Expected::above(&Structure, 0.0, Quantity::Difference)
            .called(
                format!("{name}/syntax first"),
                format!(
                    "{name}: the model has a greater share of the syntax than of the facts: their difference is above 0."
                ),
            );
        claim.judge(Estimate::over_seeds(&differences))
    };
    let sizes = by(can_be_learnt, |of| parameters(of.run));
    sizes.into_iter().map(of_size).collect()
}

/// The rank correlation of the rank of a class and the share stored of it, of each seed the mean over its sizes.
fn frequent_first(family: &Group<'_>) -> Option<Verdict> {
    let classes = family.runs.iter().map(|of| of.run.last().classes.len());
    let classes = classes.min().unwrap_or_default();
    let of_run = |of: &&Compressed<'_>| {
        let classes = of.run.last().classes.iter();
        // Beyond six digits a difference is one of rounding.
        let share = |class: &ClassRecord| (1e6 * share_of_class(of, class)).round();
        let pairs = classes.map(|class| (class.lo_rank as f64, share(class)));
        rank_correlation(&pairs.collect::<Vec<_>>())
    };
    let seeds = groups(that_choose(family), |of| of.run.config.seed);
    let of_seeds = seeds.into_iter().map(|runs| {
        let correlations = runs.iter().map(of_run).collect::<Option<Vec<f64>>>()?;
        Some((runs[0].seed(), mean(correlations)))
    });
    let correlations = of_seeds.collect::<Option<Vec<OfSeed<f64>>>>()?;
    if correlations.is_empty() {
        return None;
    }
    let name = &family.name;
    let claim = Expected::below(&Structure, 0.0, Quantity::Correlation)
        .called(
            format!("{name}/frequent first"),
            format!(
                "{name}: the rarer the facts of a class, the smaller is the share of its bits that the model stores: their rank correlation is below 0."
            ),
        );
    Some(claim.judge(Estimate::of_correlations(&correlations, classes)))
}
