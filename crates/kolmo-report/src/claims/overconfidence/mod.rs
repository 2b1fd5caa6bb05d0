//! How much worse than a guess a model is on what it never met: Bayes is as good as a guess, and models grow sure of what they do not
//! know (Zucchet et al. 2025, arXiv 2503.21676).

mod growth;
mod within;

use kolmo_run::AnswerRow;

use crate::{
    claims::{About, Claim, section_for},
    error::Result,
    figures::chart::{Chart, Ink, Mark},
    measured::{
        answers::{Asked, STATED, STRANGERS},
        cells::text,
        runs::{by_documents, by_parameters, id, named},
        seeds::{count_seeds, datum, of_seeds},
        series::{line, points, shade},
    },
    number::{NOTHING, grouped, significant},
    prediction::Expected,
    quantity::Quantity,
    report::{Figure, Section, Sort, Table, Verdict},
    study::{Study, StudyRun},
};
use kolmo_stats::{Estimate, OfSeed, Refusal, mean};

/// Of fewer facts a mean says nothing.
const FEWEST: usize = 30;

/// How much worse than a guess a model is on facts that it never met.
pub struct Overconfidence;

impl Claim for Overconfidence {
    fn about(&self) -> About {
        About {
            name: "overconfidence",
            title: "Overconfidence",
            question: "Is a model worse than a guess on what it never met, and does that grow with training and with size?",
            needs: "Runs of a world with names that nobody bears, whose models were asked.",
            predicts: "The loss on strangers is above h by 0 nats, and the exponents of this excess against documents and against parameters \
                 are 0.",
            sort: Sort::Law,
        }
    }

    fn section(&self, study: &Study) -> Result<Option<Section>> {
        let mut section = section_for(
            self,
            study,
            &[
                "A guess loses ln V nats, and so does Bayes on a fact that it never met. A model that answers what it does not know as if it \
                 did loses more: the excess is the mean of loss - ln V. It is measured on names that nobody bears, which no document has, like \
                 the people never seen of Zucchet et al. 2025, and on facts of the world that were not stated yet, where 30 or more \
                 were asked. If the excess is a power of documents and of parameters, an exponent above 0 is growth.",
                "Of facts that were met the table and the figure by exposures have the mean of max(loss - ln V, 0), as the records do: their \
                 loss is below ln V where they are known.",
            ],
        );
        for (runs, name) in named(study.groups(StudyRun::but_size)) {
            let measured = runs.into_iter().map(measure);
            let measured: Vec<Measured<'_>> = measured
                .collect::<Result<Vec<Option<_>>>>()?
                .into_iter()
                .flatten()
                .collect();
            if measured.is_empty() {
                continue;
            }
            let family = Family { name, measured };
            section.verdicts.extend(family.excess_verdicts());
            section.verdicts.extend(growth::verdicts(&family));
            section.figures.push(family.figure(study));
            section.figures.extend(within::training(study, &family)?);
            section.figures.extend(within::by_exposures(study, &family));
            section.tables.push(family.table());
            section.tables.extend(growth::table(&family));
        }
        Ok((!section.verdicts.is_empty()).then_some(section))
    }
}

/// What was measured of a run.
struct Measured<'a> {
    asked: Asked<'a>,
    /// Excess of the loss about names that nobody bears over that of a guess, nats.
    strangers: f64,
    /// The same about facts of the world that were never met; none where too few of them were asked.
    unmet: Option<f64>,
}

/// Runs of one world, alike but for their size and length.
struct Family<'a> {
    name: String,
    measured: Vec<Measured<'a>>,
}

/// None of a run that was not asked about strangers.
fn measure(run: &StudyRun) -> Result<Option<Measured<'_>>> {
    let rows = run.answers()?;
    let asked = Asked { run, rows };
    let Some(strangers) = mean_excess(asked.stated(STRANGERS), 1) else {
        return Ok(None);
    };
    let unmet = asked.stated(STATED).filter(|row| row.exposures == 0);
    Ok(Some(Measured {
        strangers,
        unmet: mean_excess(unmet, FEWEST),
        asked,
    }))
}

/// The mean over `rows`, if there are as many as `fewest`.
fn mean_excess<'a>(rows: impl Iterator<Item = &'a AnswerRow>, fewest: usize) -> Option<f64> {
    let excess: Vec<f64> = rows.map(|row| row.loss_nats - row.content_nats).collect();
    (excess.len() >= fewest).then(|| mean(excess))
}

/// Runs of one size and length.
type Cell<'a> = (f64, f64, Vec<&'a StudyRun>);

impl<'a> Family<'a> {
    fn runs(&self) -> Vec<&'a StudyRun> {
        self.measured.iter().map(|of| of.asked.run).collect()
    }

    fn of(&self, run: &StudyRun) -> Option<&Measured<'a>> {
        let mut all = self.measured.iter();
        all.find(|of| std::ptr::eq(of.asked.run, run))
    }

    fn strangers(&self, run: &StudyRun) -> f64 {
        self.of(run).map_or(f64::NAN, |of| of.strangers)
    }

    /// Sizes and within them lengths, rising.
    fn cells(&self) -> Vec<Cell<'a>> {
        let sizes = by_parameters(&self.runs()).into_iter();
        let cells = sizes.flat_map(|(size, runs)| {
            let lengths = by_documents(&runs).into_iter();
            lengths.map(move |(length, runs)| (size, length, runs))
        });
        cells.collect()
    }

    /// The longest runs of each size, rising.
    fn longest(&self) -> Vec<(f64, Vec<&'a StudyRun>)> {
        let sizes = by_parameters(&self.runs()).into_iter();
        let longest = sizes.filter_map(|(size, runs)| Some((size, by_documents(&runs).pop()?.1)));
        longest.collect()
    }

    fn strangers_of(&self, runs: &[&StudyRun]) -> std::result::Result<Estimate, Refusal> {
        Estimate::over_seeds(&of_seeds(runs, |run| self.strangers(run)))
    }

    /// Of the smallest model trained shortest, and of the largest trained longest.
    fn excess_verdicts(&self) -> Vec<Verdict> {
        let cells = self.cells();
        let ends = match &cells[..] {
            [first, .., last] => vec![first, last],
            [only] => vec![only],
            [] => Vec::new(),
        };
        let name = &self.name;
        let verdict = |(size, length, runs): &Cell<'_>| {
            let (size, length) = (grouped(*size as u64), grouped(*length as u64));
            Expected::equal(&Overconfidence, 0.0, Quantity::Nats)
                .called(
                    format!("{name}/{size} parameters, {length} documents"),
                    format!(
                        "{name}: about names that nobody bears a model of {size} parameters loses as much as a guess after {length} \
                         documents: the excess is 0 nats."
                    ),
                )
                .judge(self.strangers_of(runs))
        };
        ends.into_iter().map(verdict).collect()
    }

    fn figure(&self, study: &Study) -> Figure {
        let runs = self.runs();
        let sizes = by_parameters(&runs);
        let lengths = by_documents(&runs).into_iter();
        let bayes = lengths.map(|(length, _)| (length, 0.0));
        let mut series = vec![line("a guess", (Mark::Line, Ink::Theory), bayes)];
        for (k, (size, runs)) in sizes.iter().enumerate() {
            let at = by_documents(runs)
                .into_iter()
                .map(|(length, runs)| datum(length, &of_seeds(&runs, |run| self.strangers(run))));
            let label = format!("{} parameters", grouped(*size as u64));
            let look = (Mark::JoinedPoints, shade(k, sizes.len()));
            series.push(points(label, look, at.collect()));
        }
        let name = &self.name;
        Figure::chart(
            id(study, &["overconfidence", name, "strangers"]),
            format!(
                "{name}: how much more than a guess models lose about names that nobody bears, at the end of runs of each size and \
                 length, means over seeds with 95 % intervals."
            ),
            Chart {
                title: format!("Excess on names that nobody bears: {name}"),
                x: "documents".to_owned(),
                y: "loss - ln V, nats".to_owned(),
                log_y: false,
                series,
            },
        )
    }

    fn table(&self) -> Table {
        let rows = self.cells().into_iter().map(|(size, length, runs)| {
            let unmet: Option<Vec<OfSeed<f64>>> = runs
                .iter()
                .map(|run| Some((run.config.seed, self.of(run)?.unmet?)))
                .collect();
            let of_met = runs.iter().map(|run| self.of(run).map_or(f64::NAN, of_met));
            vec![
                grouped(size as u64),
                grouped(length as u64),
                count_seeds(&runs).to_string(),
                mean_text(of_seeds(&runs, |run| self.strangers(run))),
                unmet.map_or(NOTHING.to_owned(), mean_text),
                significant(mean(of_met)),
            ]
        });
        let head = [
            "parameters",
            "documents",
            "seeds",
            "nobody's names",
            "facts never met",
            "facts met",
        ];
        Table {
            caption: format!(
                "{}: excess of the loss over that of a guess, nats, means over seeds with 95 % intervals; of facts met the mean of \
                 max(loss - ln V, 0), each fact asked counting once.",
                self.name
            ),
            head: head.map(str::to_owned).to_vec(),
            rows: rows.collect(),
        }
    }
}

/// The mean of max(loss − h, 0) over the facts that were met.
fn of_met(of: &Measured<'_>) -> f64 {
    let met = of.asked.stated(STATED).filter(|row| row.exposures > 0);
    let excess = met.map(|row| (row.loss_nats - row.content_nats).max(0.0));
    mean(excess)
}

fn mean_text(values: Vec<OfSeed<f64>>) -> String {
    match Estimate::over_seeds(&values) {
        Ok(mean) => text(&Ok(mean)),
        Err(_) => significant(datum(0.0, &values).y),
    }
}
