//! Data and model together: facts that were met and fit, against a sum of two power laws with as many constants.

use super::{About, Answer, Headline, Test};
use crate::{
    claims::surface::{Cell, Grid, observations},
    error::Result,
    figures::chart::{Chart, Datum, Ink, Mark},
    measured::{
        ladders::{inside, missing_without_luck},
        runs::{by_documents, by_parameters, named},
        series::{grid, line, points},
    },
    quantity::Quantity,
    report::{Figure, Part},
    study::{Study, StudyRun, groups},
};
use kolmo_stats::{OfSeed, SurfaceCurve, mean};

/// L(N, C).
pub struct DataAndModel;

/// Sizes, and lengths, of which one can be left out.
const LEAST: usize = 4;

/// The constants of the theory: τ at the geometric mean length, how it grows with the documents, κ at the geometric mean size, how it grows
/// with the parameters. A sum of two power laws has four as well: A, a, B, b.
const CONSTANTS: [(f64, f64, bool); 4] = [
    (1.0, 1000.0, true),
    (-0.5, 0.5, false),
    (5e-3, 5.0, true),
    (-0.6, 0.6, false),
];

impl Headline for DataAndModel {
    fn about(&self) -> About {
        About {
            name: "data_and_model",
            title: "Data and model",
            question: "Does the loss over data and model size follow from the facts that were met and fit, better than from two power laws?",
            claim: "Pan et al. 2025: L(N, C) of facts met and stored",
            statistic: "held_out_error",
            measures: "On sizes and lengths left out whole, the mean error of ln L of facts met and fit, τ and bits being power laws, less that of A/P^a + \
                 B/N^b, which has as many constants.",
            quantity: Quantity::Difference,
            test: Test::Below,
        }
    }

    fn answer(&self, study: &Study) -> Result<Option<Answer>> {
        let (mut seeds, mut parts) = (Vec::new(), Vec::new());
        let mut drawn = None;
        for (runs, name) in named(study.groups(StudyRun::but_size)) {
            let runs = inside(study, &runs);
            if by_parameters(&runs).len() < LEAST || by_documents(&runs).len() < LEAST {
                continue;
            }
            let of_seeds = groups(runs.iter().copied(), |run| run.config.seed);
            let errors = of_seeds.iter().map(|runs| {
                (
                    runs[0].config.seed,
                    left_out(&Grid::of(runs, missing_without_luck)),
                )
            });
            let errors: Vec<OfSeed<[f64; 2]>> = errors.collect();
            let of = |which: usize| -> Vec<OfSeed<f64>> {
                errors
                    .iter()
                    .map(|(seed, error)| (*seed, error[which]))
                    .collect()
            };
            parts.push(Part::mean(
                format!("{name}, error of ln L, met and fit"),
                None,
                &of(0),
                Quantity::Difference,
            ));
            parts.push(Part::mean(
                format!("{name}, error of ln L, two power laws"),
                None,
                &of(1),
                Quantity::Difference,
            ));
            seeds.extend(
                errors
                    .iter()
                    .map(|(seed, [theory, laws])| (*seed, theory - laws)),
            );
            drawn.get_or_insert_with(|| figure(&Grid::of(&runs, missing_without_luck)));
        }
        if seeds.is_empty() {
            return Ok(None);
        }
        Ok(Some(Answer {
            predicted: Some(0.0),
            seeds,
            undecided: None,
            parts,
            takes: "",
            figure: drawn,
        }))
    }
}

/// The theory with its constants fitted to cells.
struct Fitted<'a> {
    grid: &'a Grid,
    constants: [f64; 4],
    middle: Cell,
}

impl<'a> Fitted<'a> {
    /// To the cells of which `is_known` says so, by least absolute error of ln L: around the best point of a grid a finer one.
    fn of(grid: &'a Grid, is_known: &dyn Fn(usize) -> bool) -> Self {
        const POINTS: usize = 7;
        const ROUNDS: usize = 7;
        let typical =
            |of: fn(&Cell) -> f64| mean(grid.cells.iter().map(|cell| of(cell).ln())).exp();
        let middle = Cell {
            parameters: typical(|cell| cell.parameters),
            documents: typical(|cell| cell.documents),
            loss: f64::NAN,
        };
        let mut fitted = Self {
            grid,
            constants: [f64::NAN; 4],
            middle,
        };
        let mut ends =
            CONSTANTS.map(|(lo, hi, is_log)| if is_log { [lo.ln(), hi.ln()] } else { [lo, hi] });
        let limits = ends;
        for _ in 0..ROUNDS {
            let at = |k: usize, j: usize| {
                ends[k][0] + (ends[k][1] - ends[k][0]) * j as f64 / (POINTS - 1) as f64
            };
            let mut best = (f64::INFINITY, [0; 4]);
            for code in 0..POINTS.pow(4) {
                let place = [0, 1, 2, 3].map(|k| code / POINTS.pow(k) % POINTS);
                let tried = Self {
                    constants: std::array::from_fn(|k| at(k, place[k])),
                    ..fitted
                };
                let known = grid.cells.iter().enumerate().filter(|(k, _)| is_known(*k));
                let error: f64 = known
                    .map(|(_, cell)| (tried.log_loss(cell) - cell.loss.ln()).abs())
                    .sum();
                if error < best.0 {
                    best = (error, place);
                }
            }
            fitted.constants = std::array::from_fn(|k| at(k, best.1[k]));
            ends = std::array::from_fn(|k| {
                let step = (ends[k][1] - ends[k][0]) / (POINTS - 1) as f64;
                let best = fitted.constants[k];
                [
                    (best - step).max(limits[k][0]),
                    (best + step).min(limits[k][1]),
                ]
            });
        }
        fitted
    }

    fn log_loss(&self, cell: &Cell) -> f64 {
        let [tau, slower, kappa, denser] = self.constants;
        let tau = tau + slower * (cell.documents / self.middle.documents).ln();
        let kappa = kappa + denser * (cell.parameters / self.middle.parameters).ln();
        self.grid.log_loss(cell, [tau.exp().max(1.0), kappa.exp()])
    }
}

/// The mean absolute error of ln L, of the theory and of two power laws, over each size and each length, predicted from all cells without it.
fn left_out(grid: &Grid) -> [f64; 2] {
    let axes: [fn(&Cell) -> f64; 2] = [|cell| cell.parameters, |cell| cell.documents];
    let left = axes.into_iter().flat_map(|of| {
        let mut values: Vec<f64> = grid.cells.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        values.into_iter().map(move |value| (of, value))
    });
    let mut errors = [Vec::new(), Vec::new()];
    for (of, value) in left {
        let is_left = |cell: &Cell| of(cell) == value;
        let is_known = |k: usize| !is_left(&grid.cells[k]);
        let theory = Fitted::of(grid, &is_known);
        let laws = SurfaceCurve::without_offset(&observations(&grid.cells, is_known));
        for cell in grid.cells.iter().filter(|cell| is_left(cell)) {
            let log = cell.loss.ln();
            errors[0].push((theory.log_loss(cell) - log).abs());
            let law = laws
                .as_ref()
                .map_or(f64::NAN, |laws| laws.at(cell.parameters, cell.documents));
            errors[1].push((law.ln() - log).abs());
        }
    }
    errors.map(mean)
}

fn figure(of: &Grid) -> Figure {
    let theory = Fitted::of(of, &|_| true);
    let laws = SurfaceCurve::without_offset(&observations(&of.cells, |_| true));
    let mut lengths: Vec<f64> = of.cells.iter().map(|cell| cell.documents).collect();
    lengths.sort_by(f64::total_cmp);
    lengths.dedup();
    let sizes = of.cells.iter().map(|cell| cell.parameters);
    let (lo, hi) = sizes.fold((f64::INFINITY, 0f64), |(lo, hi), p| (lo.min(p), hi.max(p)));
    let mut series = Vec::new();
    for (k, documents) in lengths.iter().enumerate() {
        let ink = crate::measured::series::shade(k, lengths.len());
        let at = of.cells.iter().filter(|cell| cell.documents == *documents);
        let at = at.map(|cell| Datum {
            x: cell.parameters,
            y: cell.loss,
            ci95: None,
        });
        let label = format!("{} documents", crate::number::grouped(*documents as u64));
        series.push(points(label, (Mark::Points, ink), at.collect()));
        let cell = |parameters: f64| Cell {
            parameters,
            documents: *documents,
            loss: f64::NAN,
        };
        let curve = grid(lo, hi, 40).map(|p| (p, theory.log_loss(&cell(p)).exp()));
        series.push(line(
            if k == 0 { "met and fit" } else { "" },
            (Mark::Line, ink),
            curve,
        ));
        if let Ok(laws) = &laws {
            let curve = grid(lo, hi, 40).map(|p| (p, laws.at(p, *documents)));
            series.push(line(
                if k == 0 { "two power laws" } else { "" },
                (Mark::Dashes, if k == 0 { ink } else { Ink::Asymptote }),
                curve,
            ));
        }
    }
    Figure::chart(
        "headline-data-and-model".to_owned(),
        "What is missing against parameters, a shade for each number of documents. Points are means over seeds; lines are facts met and fit; dashes \
         the sum of two power laws, with as many constants.",
        Chart {
            title: "Data and model".to_owned(),
            x: "parameters".to_owned(),
            y: "missing (nats per fact)".to_owned(),
            log_y: true,
            series,
        },
    )
}
