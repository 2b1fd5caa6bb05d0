//! Loss against data and capacity together: L(N, C) of facts that were met and fit, against the sum of two power laws that
//! Hoffmann et al. (2022) fit.

use std::f64::consts::LN_2;

use kolmo_theory::capacity::Capacity;

use crate::{
    claims::{About, Claim, section_for},
    error::Result,
    figures::chart::{Chart, Mark},
    measured::{
        ladders::{inside, missing},
        runs::{by_documents, by_parameters, id, named, parameters, worlds},
        seeds::mean_at,
        series::{grid, line, points, shade},
    },
    number::{grouped, significant},
    prediction::Expected,
    quantity::Quantity,
    report::{Figure, Section, Sort, Table, Verdict},
    study::{Study, StudyRun, groups},
};
use kolmo_stats::{
    Estimate, Refusal, Surface as PowerLaws, SurfaceCurve, SurfaceObservation, mean,
};

/// The least numbers of sizes and of lengths that a surface of two power laws is fitted to.
const LEAST: usize = 4;

/// Loss against data and capacity together.
pub struct Surface;

impl Claim for Surface {
    fn about(&self) -> About {
        About {
            name: "surface",
            title: "Data and capacity together",
            question: "Does the loss over data and model size follow from the facts that were met and fit, better than from a sum of two \
                 power laws?",
            needs: "Runs of four or more sizes on four or more numbers of documents.",
            predicts: "On cells left out the error of two power laws, less that of facts met and fit, is above 0.",
            sort: Sort::Law,
        }
    }

    fn section(&self, study: &Study) -> Result<Option<Section>> {
        let mut section = section_for(
            self,
            study,
            &[
                "The theory has two constants here: how many bits a parameter stores, and how many times more documents a \
                 transformer needs than the Bayes learner, N/τ in place of N. The sum of power laws E + A/P^a + B/N^b has five. Each cell \
                 of the grid is left out in turn and predicted from the others; and the largest size and length is predicted from \
                 all smaller and shorter ones.",
            ],
        );
        for (runs, name) in named(study.groups(StudyRun::but_size)) {
            let runs = inside(study, &runs);
            if by_parameters(&runs).len() < LEAST || by_documents(&runs).len() < LEAST {
                continue;
            }
            let fits = Fits::of(&runs);
            section.verdicts.push(verdict(&runs, &name));
            section.figures.push(figure(study, &runs, &fits, &name));
            section.tables.push(constants(&fits, &name));
            section.tables.push(table(&fits, &name));
        }
        Ok((!section.verdicts.is_empty()).then_some(section))
    }
}

/// A size and a length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    /// P.
    pub parameters: f64,
    /// N.
    pub documents: f64,
    /// The geometric mean over seeds of what is missing, nats per fact.
    pub loss: f64,
}

/// L(N, C) of a world as a table over logarithms, between whose places it is interpolated: the curves are smooth, and a search asks
/// for many points.
struct Theory {
    /// ln N and ln C (nats) of the table.
    documents: Vec<f64>,
    nats: Vec<f64>,
    /// ln L, by documents, then by nats.
    logs: Vec<Vec<f64>>,
}

/// τ and κ (bits a parameter) that are tried.
const TAU: [f64; 2] = [1.0, 1000.0];
const KAPPA: [f64; 2] = [5e-3, 5.0];

/// Places of the table on each axis, for each factor of ten.
const PER_DECADE: f64 = 8.0;

/// Points of a search, along each axis.
const GRID: usize = 24;

impl Theory {
    fn of(runs: &[&StudyRun], cells: &[Cell]) -> Self {
        let axis = |of: fn(&Cell) -> f64, [lowest, highest]: [f64; 2]| -> Vec<f64> {
            let ends = cells
                .iter()
                .map(of)
                .fold((f64::INFINITY, 0f64), |(lo, hi), x| (lo.min(x), hi.max(x)));
            let (lo, hi) = (ends.0 * lowest, ends.1 * highest);
            let count = (PER_DECADE * (hi / lo).log10()).ceil() as usize + 1;
            grid(lo, hi, count).map(f64::ln).collect()
        };
        let documents = axis(|cell| cell.documents, [1.0 / TAU[1], 1.0 / TAU[0]]);
        let nats = axis(|cell| cell.parameters * LN_2, KAPPA);
        let worlds = worlds(runs);
        let row = |log_n: &f64| -> Vec<f64> {
            let mut row = vec![0.0; nats.len()];
            for run in &worlds {
                let capacity = Capacity::after(&run.world, log_n.exp());
                for (log, log_c) in row.iter_mut().zip(&nats) {
                    let loss = capacity.store(log_c.exp()).value_loss;
                    *log += loss.max(f64::MIN_POSITIVE).ln() / worlds.len() as f64;
                }
            }
            row
        };
        Self {
            logs: documents.iter().map(row).collect(),
            documents,
            nats,
        }
    }

    /// ln L of `cell` with these constants.
    fn log_loss(&self, cell: &Cell, [tau, kappa]: [f64; 2]) -> f64 {
        let (i, right) = place(&self.documents, (cell.documents / tau).ln());
        let (j, up) = place(&self.nats, (kappa * cell.parameters * LN_2).ln());
        let between = |row: &[f64]| row[j] * (1.0 - up) + row[j + 1] * up;
        between(&self.logs[i]) * (1.0 - right) + between(&self.logs[i + 1]) * right
    }

    /// τ and κ that come nearest to the cells of which `is_known` says so: least absolute error of ln L.
    fn fit(&self, cells: &[Cell], is_known: impl Fn(usize) -> bool) -> [f64; 2] {
        let error = |constants: [f64; 2]| -> f64 {
            let known = cells.iter().enumerate().filter(|(k, _)| is_known(*k));
            known
                .map(|(_, cell)| (cell.loss.ln() - self.log_loss(cell, constants)).abs())
                .sum()
        };
        let (mut taus, mut kappas) = (TAU, KAPPA);
        let mut best = [1.0, 1.0];
        // Around the best point of a grid a finer one.
        for _ in 0..4 {
            let kappas_now = kappas;
            let candidates = grid(taus[0], taus[1], GRID).flat_map(|tau| {
                grid(kappas_now[0], kappas_now[1], GRID).map(move |kappa| [tau, kappa])
            });
            let nearest = candidates
                .map(|at| (error(at), at))
                .min_by(|a, b| a.0.total_cmp(&b.0));
            best = nearest.map_or(best, |(_, at)| at);
            let around = |[lo, hi]: [f64; 2], best: f64, ends: [f64; 2]| {
                let step = (hi / lo).powf(2.0 / GRID as f64);
                [(best / step).max(ends[0]), (best * step).min(ends[1])]
            };
            (taus, kappas) = (around(taus, best[0], TAU), around(kappas, best[1], KAPPA));
        }
        best
    }
}

/// The interval of `axis` that holds `x`, and where in it.
fn place(axis: &[f64], x: f64) -> (usize, f64) {
    let k = axis.partition_point(|at| *at <= x).clamp(1, axis.len() - 1) - 1;
    (k, ((x - axis[k]) / (axis[k + 1] - axis[k])).clamp(0.0, 1.0))
}

/// The cells of runs, and what theory says of them.
pub(crate) struct Grid {
    pub cells: Vec<Cell>,
    theory: Theory,
}

impl Grid {
    /// Of the means over the seeds of `runs` of what `missing` says.
    pub fn of(runs: &[&StudyRun], missing: fn(&StudyRun) -> f64) -> Self {
        let mut cells = Vec::new();
        for (parameters, at) in by_parameters(runs) {
            for (documents, runs) in by_documents(&at) {
                let loss = mean_at(0.0, &runs, |run| missing(run).ln()).y.exp();
                cells.push(Cell {
                    parameters,
                    documents,
                    loss,
                });
            }
        }
        Self {
            theory: Theory::of(runs, &cells),
            cells,
        }
    }

    /// ln L of a size and a length, of facts met and fit with these τ and κ (bits a parameter).
    pub fn log_loss(&self, cell: &Cell, constants: [f64; 2]) -> f64 {
        self.theory.log_loss(cell, constants)
    }

    /// ln predicted − ln measured of the cell `unknown` from those of which `is_known` says so, theory first, then the sum of
    /// power laws.
    fn errors(&self, unknown: usize, is_known: impl Fn(usize) -> bool) -> [f64; 2] {
        let cell = &self.cells[unknown];
        let log = cell.loss.ln();
        let constants = self.theory.fit(&self.cells, &is_known);
        let laws = SurfaceCurve::fit(&observations(&self.cells, is_known));
        let laws = laws.map_or(f64::NAN, |laws| {
            laws.at(cell.parameters, cell.documents).ln() - log
        });
        [self.theory.log_loss(cell, constants) - log, laws]
    }

    /// The errors of each cell, left out in turn.
    fn held_out(&self) -> Vec<[f64; 2]> {
        let cells = 0..self.cells.len();
        cells.map(|k| self.errors(k, |other| other != k)).collect()
    }

    /// The largest and longest cell with its errors, from all that are smaller and shorter.
    fn extrapolated(&self) -> Option<(&Cell, [f64; 2])> {
        let most = |of: fn(&Cell) -> f64| self.cells.iter().map(of).fold(0.0, f64::max);
        let (p, n) = (most(|cell| cell.parameters), most(|cell| cell.documents));
        let is_largest = |cell: &Cell| cell.parameters == p && cell.documents == n;
        let largest = self.cells.iter().position(is_largest)?;
        let is_less = |k: usize| self.cells[k].parameters < p && self.cells[k].documents < n;
        Some((&self.cells[largest], self.errors(largest, is_less)))
    }
}

/// Both forms, fitted to all cells, and their errors on cells that they have not seen.
struct Fits {
    grid: Grid,
    /// τ and κ.
    theory: [f64; 2],
    curve: std::result::Result<SurfaceCurve, Refusal>,
    laws: std::result::Result<PowerLaws, Refusal>,
    held_out: Vec<[f64; 2]>,
}

impl Fits {
    fn of(runs: &[&StudyRun]) -> Self {
        let grid = Grid::of(runs, missing);
        let all = observations(&grid.cells, |_| true);
        Self {
            theory: grid.theory.fit(&grid.cells, |_| true),
            laws: PowerLaws::fit(&all),
            curve: SurfaceCurve::fit(&all),
            held_out: grid.held_out(),
            grid,
        }
    }
}

/// The cells of which `is_known` says so, for a fit.
pub(crate) fn observations(
    cells: &[Cell],
    is_known: impl Fn(usize) -> bool,
) -> Vec<SurfaceObservation> {
    let known = cells.iter().enumerate().filter(|(k, _)| is_known(*k));
    let observations = known.map(|(k, cell)| SurfaceObservation {
        parameters: cell.parameters,
        documents: cell.documents,
        loss: cell.loss,
        unit: k as u64,
    });
    observations.collect()
}

/// How much nearer the theory comes to cells left out, of each seed by itself.
fn verdict(runs: &[&StudyRun], name: &str) -> Verdict {
    let seeds = groups(runs.iter().copied(), |run| run.config.seed);
    let nearer = seeds.iter().map(|runs| {
        let held_out = Grid::of(runs, missing).held_out();
        let nearer = held_out
            .iter()
            .map(|[theory, laws]| laws.abs() - theory.abs());
        (runs[0].config.seed, mean(nearer))
    });
    Expected::above(&Surface, 0.0, Quantity::Difference)
        .called(
            format!("{name}/held out"),
            format!(
                "{name}: facts that were met and fit predict cells left out better than the sum of two power laws: the mean \
                 difference of their errors of ln L is above 0."
            ),
        )
        .over("parameters", runs.iter().map(|run| parameters(run)))
        .judge(Estimate::over_seeds(&nearer.collect::<Vec<_>>()))
}

fn figure(study: &Study, runs: &[&StudyRun], fits: &Fits, name: &str) -> Figure {
    let lengths = by_documents(runs);
    let sizes = by_parameters(runs);
    let (lo, hi) = (sizes[0].0 / 1.3, sizes[sizes.len() - 1].0 * 1.3);
    let mut series = Vec::new();
    for (k, (documents, at)) in lengths.iter().enumerate() {
        let ink = shade(k, lengths.len());
        let label = format!("{} documents", grouped(*documents as u64));
        let measured = by_parameters(at)
            .iter()
            .map(|(p, runs)| mean_at(*p, runs, missing))
            .collect();
        series.push(points(label, (Mark::Points, ink), measured));
        let [tau, kappa] = fits.theory;
        let capacity = Capacity::after(&runs[0].world, documents / tau);
        let curve = grid(lo, hi, 60).map(|p| (p, capacity.store(kappa * p * LN_2).value_loss));
        series.push(line(theory_label(k), (Mark::Line, ink), curve));
        if let Ok(laws) = &fits.curve {
            let curve = grid(lo, hi, 60).map(|p| (p, laws.at(p, *documents)));
            series.push(line(laws_label(k), (Mark::Dashes, ink), curve));
        }
    }
    Figure::chart(
        id(study, &["surface", name]),
        format!(
            "{name}: what is missing against parameters, a shade for each number of documents. Points are measured, means over \
             seeds with 95 % intervals; lines are facts met and fit, with two constants; dashes the sum of two power laws, with five."
        ),
        Chart {
            title: format!("Data and capacity: {name}"),
            x: "parameters".to_owned(),
            y: "missing (nats per fact)".to_owned(),
            log_y: true,
            series,
        },
    )
}

/// One entry of the legend stands for all.
fn theory_label(k: usize) -> &'static str {
    if k == 0 { "met and fit" } else { "" }
}

fn laws_label(k: usize) -> &'static str {
    if k == 0 { "sum of power laws" } else { "" }
}

fn constants(fits: &Fits, name: &str) -> Table {
    let mut rows = Vec::new();
    let [tau, kappa] = fits.theory;
    rows.push(vec![
        "met and fit: τ, documents for one of the Bayes learner's".to_owned(),
        significant(tau),
    ]);
    rows.push(vec![
        "met and fit: bits per parameter".to_owned(),
        significant(kappa),
    ]);
    match &fits.laws {
        Ok(laws) => {
            for (what, value) in [
                ("E (nats)", laws.offset),
                ("A", laws.parameter_amplitude),
                ("a", laws.parameter_exponent),
                ("B", laws.document_amplitude),
                ("b", laws.document_exponent),
            ] {
                rows.push(vec![
                    format!("E + A/P^a + B/N^b: {what}"),
                    format!(
                        "{} [{}, {}]",
                        significant(value.value),
                        significant(value.ci95[0]),
                        significant(value.ci95[1])
                    ),
                ]);
            }
        }
        Err(refusal) => rows.push(vec![
            format!("E + A/P^a + B/N^b: {refusal}"),
            crate::number::NOTHING.to_owned(),
        ]),
    }
    let rms = |which: usize| {
        let errors: Vec<f64> = fits
            .held_out
            .iter()
            .map(|errors| errors[which])
            .filter(|e| e.is_finite())
            .collect();
        significant(mean(errors.iter().map(|e| e * e)).sqrt())
    };
    rows.push(vec![
        "met and fit: error of cells left out, root mean square of ln L".to_owned(),
        rms(0),
    ]);
    rows.push(vec!["E + A/P^a + B/N^b: the same".to_owned(), rms(1)]);
    if let Some((cell, [theory, laws])) = fits.grid.extrapolated() {
        let at = format!(
            "{} parameters, {} documents",
            grouped(cell.parameters as u64),
            grouped(cell.documents as u64)
        );
        let percent = |error: f64| format!("{:+.1} %", 100.0 * error.exp_m1());
        rows.push(vec![
            format!("met and fit: {at}, from all smaller and shorter"),
            percent(theory),
        ]);
        rows.push(vec![
            "E + A/P^a + B/N^b: the same".to_owned(),
            percent(laws),
        ]);
    }
    Table {
        caption: format!("{name}: what was fitted, and its errors; intervals at 95 %."),
        head: vec!["what".to_owned(), "value".to_owned()],
        rows,
    }
}

fn table(fits: &Fits, name: &str) -> Table {
    let percent = |error: f64| match error.is_finite() {
        true => format!("{:+.1}", 100.0 * error.exp_m1()),
        false => crate::number::NOTHING.to_owned(),
    };
    let rows = fits
        .grid
        .cells
        .iter()
        .zip(&fits.held_out)
        .map(|(cell, [theory, laws])| {
            vec![
                grouped(cell.parameters as u64),
                grouped(cell.documents as u64),
                significant(cell.loss),
                percent(*theory),
                percent(*laws),
            ]
        });
    let head = [
        "parameters",
        "documents",
        "missing",
        "met and fit (%)",
        "power laws (%)",
    ];
    Table {
        caption: format!(
            "{name}: nats per fact, and by how much each form misses the cell when it is left out."
        ),
        head: head.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}
