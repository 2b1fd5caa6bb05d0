//! Syntax before knowledge: its redundancy comes within 5 % of the floor long before the loss on values does (Pan et al. 2025).

use kolmo_theory::discovery::mean_content;

use crate::{
    claims::{About, Claim, section_for},
    error::Result,
    figures::chart::{Chart, Ink, Mark},
    measured::{
        runs::{id, named},
        series::line,
        syntax::redundancy_curve,
    },
    number::{count, significant},
    prediction::Expected,
    quantity::Quantity,
    report::{Figure, Section, Sort, Table},
    study::{Study, StudyRun},
};
use kolmo_stats::{Estimate, HalfLearning, OfSeed};

/// Within so much of the floor the syntax is learnt; of values, whose floor is 0, so much of h.
const SHARE: f64 = 0.05;

/// Syntax is learnt before knowledge.
pub struct SyntaxFirst;

impl Claim for SyntaxFirst {
    fn about(&self) -> About {
        About {
            name: "syntax_first",
            title: "Syntax before knowledge",
            question: "Is the syntax learnt before the facts?",
            needs: "Any run.",
            predicts: "The ln of the time of the values over that of the syntax, each to within 5 %, is above 0.",
            sort: Sort::Law,
        }
    }

    fn section(&self, study: &Study) -> Result<Option<Section>> {
        let groups = study.groups(StudyRun::but_seed);
        let mut section = section_for(
            self,
            study,
            &[
                "Syntax is learnt when its loss stays within 5 % of the entropy floor, knowledge when the loss on values stays below 5 % of \
                 what it is without any. Where the latter does not happen in a run, its end stands for it, which makes the ratio too small.",
            ],
        );
        for (runs, name) in named(groups) {
            let times: Vec<Times> = runs
                .iter()
                .map(|run| Times::of(run))
                .collect::<Result<_>>()?;
            // Of a run whose syntax was not learnt nothing is known.
            let ratios: Vec<OfSeed<f64>> = times
                .iter()
                .zip(&runs)
                .map(|(times, run)| (run.config.seed, times.log_ratio(run)))
                .collect();
            section.verdicts.push(
                Expected::above(&SyntaxFirst, 0.0, Quantity::Difference)
                    .called(
                        format!("{name}/ratio of times"),
                        format!("{name}: knowledge takes longer than syntax: the logarithm of the ratio of their times is above 0."),
                    )
                    .judge(Estimate::over_seeds(&ratios)),
            );
            section
                .figures
                .push(figure(study, runs[0], &times[0], &name));
            section.tables.push(table(&runs, &times, &name));
        }
        Ok((!section.verdicts.is_empty()).then_some(section))
    }
}

/// Documents until syntax and values were learnt.
struct Times {
    /// Redundancy of the syntax over its floor, against documents.
    curve: Vec<(f64, f64)>,
    syntax: HalfLearning,
    values: HalfLearning,
}

impl Times {
    fn of(run: &StudyRun) -> Result<Self> {
        let curve = redundancy_curve(run)?;
        let unknown = mean_content(&run.world);
        let values: Vec<(f64, f64)> = run
            .evaluations
            .iter()
            .map(|at| (at.documents as f64, at.value_loss / unknown))
            .collect();
        Ok(Self {
            syntax: below(&curve, SHARE),
            values: below(&values, SHARE),
            curve,
        })
    }

    /// ln of the time of the values over that of the syntax; not a number where the syntax was not learnt.
    fn log_ratio(&self, run: &StudyRun) -> f64 {
        let syntax = self.syntax.documents().unwrap_or(f64::NAN);
        let values = self.values.documents().unwrap_or(run.documents());
        (values / syntax).ln()
    }
}

/// Documents after which `curve` stays below `level`.
fn below(curve: &[(f64, f64)], level: f64) -> HalfLearning {
    let after = curve.last().map_or(f64::NAN, |(n, _)| *n);
    let last_above = curve.iter().rposition(|(_, y)| *y > level);
    match last_above {
        None => curve
            .first()
            .map_or(HalfLearning::Censored { after }, |(n, _)| {
                HalfLearning::Before { documents: *n }
            }),
        Some(k) if k + 1 == curve.len() => HalfLearning::Censored { after },
        Some(k) => {
            let ((n0, y0), (n1, y1)) = (curve[k], curve[k + 1]);
            let share = (y0 - level) / (y0 - y1);
            HalfLearning::At {
                documents: n0 * (n1 / n0).powf(share),
            }
        }
    }
}

fn figure(study: &Study, run: &StudyRun, times: &Times, name: &str) -> Figure {
    let unknown = mean_content(&run.world);
    let shown = |(x, y): (f64, f64)| (x, y.max(1e-4));
    let syntax = times.curve.iter().copied().map(shown);
    let values = run.evaluations.iter().filter(|at| at.documents > 0);
    let values = values.map(|at| shown((at.documents as f64, at.value_loss / unknown)));
    Figure::chart(
        id(study, &["syntax-first", name]),
        format!(
            "{name}, seed {}: redundancy of the syntax over its floor, and of the values over ln V.",
            run.config.seed
        ),
        Chart {
            title: format!("Syntax before knowledge: {name}"),
            x: "documents".to_owned(),
            y: "redundancy (relative)".to_owned(),
            log_y: true,
            series: vec![
                line("values", (Mark::JoinedPoints, Ink::Measured), values),
                line("syntax", (Mark::JoinedPoints, Ink::Asymptote), syntax),
            ],
        },
    )
}

fn table(runs: &[&StudyRun], times: &[Times], name: &str) -> Table {
    let time = |time: HalfLearning| match time {
        HalfLearning::At { documents } => count(documents),
        HalfLearning::Before { documents } => format!("< {}", count(documents)),
        HalfLearning::Censored { after } => format!("> {}", count(after)),
    };
    let rows = runs.iter().zip(times).map(|(run, times)| {
        vec![
            run.config.seed.to_string(),
            time(times.syntax),
            time(times.values),
            significant(times.log_ratio(run).exp()),
        ]
    });
    Table {
        caption: format!("{name}: documents until learnt to within 5 %."),
        head: ["seed", "syntax", "values", "ratio"]
            .map(str::to_owned)
            .to_vec(),
        rows: rows.collect(),
    }
}
