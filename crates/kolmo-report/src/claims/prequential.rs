//! The prequential code of a run: what a model pays for learning, beside the shortest code that learns (Dawid 1984; Pan et al. 2025,
//! the Bayes redundancy of a stream).

use std::f64::consts::LN_2;

use kolmo_run::{ClassRecord, CodeBits, EvaluationRecord, RoleBits};

use crate::{
    claims::{About, Claim, section_for},
    error::Result,
    figures::chart::{Chart, Datum, Ink, Mark, Series},
    measured::{
        cells::cell,
        codes::{ROLES, TOTAL, WORDING, in_words, of_role},
        runs::{id, named},
        seeds::{datum, mean, over_seeds},
        series::{points, shade},
    },
    number::{NOTHING, count, ranks},
    prediction::Expected,
    quantity::Quantity,
    report::{Figure, Section, Sort, Table, Verdict},
    study::{Study, StudyRun},
};
use kolmo_stats::{Estimate, OfSeed};

/// What the model's code and the Bayes learner's are compared on: tokens that are told from others before they come.
const JUDGED: [&str; 3] = [TOTAL, WORDING, "value"];

/// Where the Bayes learner has lost less than so many bits in a whole run, the noise of the documents is no less than a
/// sixth of it: the code lengths of R nats more or less differ by √(2 R) from one sample to another.
const LEAST_BITS: f64 = 100.0;

/// The model's code of what it is trained on, each batch before the update by it, beside the Bayes learner's.
pub struct Prequential;

impl Claim for Prequential {
    fn about(&self) -> About {
        About {
            name: "prequential",
            title: "The prequential code",
            question: "How many bits does a model pay for what it learns, beside the shortest code that learns?",
            needs: "Runs that have the lengths of the codes of what they were trained on, as all have by default.",
            predicts: "What the model's code of all documents, each batch before the update by it, is longer than that of who knows the \
                 world, over the same of the Bayes learner, is above 1: all together, syntax and names, values.",
            sort: Sort::Check,
        }
    }

    fn section(&self, study: &Study) -> Result<Option<Section>> {
        let mut groups = study.groups(StudyRun::but_seed);
        for runs in &mut groups {
            runs.retain(|run| code(run.last()).floor.total > 0.0);
        }
        groups.retain(|runs| !runs.is_empty());
        let mut section = section_for(
            self,
            study,
            &[
                "A model that meets every document once is a code for all of them: each batch is coded with its probabilities before the \
                 update by it, and who trains the same model can read it. No weight has to be sent. What the code is longer than that of \
                 the predictor that knows the world is the price of learning, here in bits for each fact stated so far.",
                "The Bayes learner codes the same documents, each before it learns from it. In expectation over the worlds of its prior no \
                 code that does not know the world is shorter, so the ratio of both prices is above 1. Its prior has the \
                 syntax and the values as they are drawn, and frequencies of a Pitman-Yor process: where they have another law it is the best \
                 of the names only nearly.",
                "Syntax and names are taken together: a word of either may come next at one place, and a learner that follows the frequencies \
                 of these documents pays less for the one and more for the other than who knows the world. What has hardly anything to \
                 learn has hardly a price: where the Bayes learner lost less than 100 bits in a \
                 run the ratio is that of two numbers of noise, and has no verdict. The end of the document is certain to the Bayes learner from the \
                 first on, so that what the model pays to learn it is in the total alone.",
            ],
        );
        for (runs, name) in named(groups) {
            section.verdicts.extend(verdicts(&runs, &name));
            section.figures.push(figure(study, &runs, &name));
            section.figures.push(by_role(study, &runs, &name));
            section.tables.push(table(&runs, &name));
            section.tables.extend(by_class(&runs, &name));
        }
        Ok((!section.verdicts.is_empty()).then_some(section))
    }
}

fn code(at: &EvaluationRecord) -> &CodeBits {
    &at.exact.code_bits
}

/// Whose code.
type Coder = fn(&CodeBits) -> &RoleBits;

const MODEL: Coder = |code| &code.model;
const BAYES: Coder = |code| &code.bayes;

/// What a code is longer than that of the predictor that knows the world on the tokens of a role, bits.
fn excess(at: &EvaluationRecord, coder: Coder, role: &str) -> f64 {
    let code = code(at);
    of_role(coder(code), role) - of_role(&code.floor, role)
}

/// The same for each fact stated until then.
fn price(run: &StudyRun, at: &EvaluationRecord, coder: Coder, role: &str) -> f64 {
    excess(at, coder, role) / (at.documents as f64 * run.facts_per_document())
}

/// The model's price over the Bayes learner's, at the end.
pub(crate) fn ratio(run: &StudyRun, role: &str) -> f64 {
    excess(run.last(), MODEL, role) / excess(run.last(), BAYES, role)
}

/// Whether there was enough of a role to learn in every run.
fn is_learnt(runs: &[&StudyRun], role: &str) -> bool {
    let mut runs = runs.iter();
    runs.all(|run| excess(run.last(), BAYES, role) >= LEAST_BITS)
}

fn verdicts(runs: &[&StudyRun], name: &str) -> Vec<Verdict> {
    let roles = JUDGED
        .into_iter()
        .filter(|role| *role == TOTAL || is_learnt(runs, role));
    let verdict = |role: &str| {
        let code = match role {
            TOTAL => "code".to_owned(),
            role => format!("code of the {}", in_words(role)),
        };
        Expected::above(&Prequential, 1.0, Quantity::Ratio)
            .called(
                format!("{name}/{role}"),
                format!(
                    "{name}: the model pays more for learning than the Bayes learner: what its {code} is longer than that of who knows the \
                     world, over the same of the Bayes learner, is above 1."
                ),
            )
            .over("documents", runs.iter().map(|run| run.documents()))
            .judge(over_seeds(runs, |run| ratio(run, role)))
    };
    roles.map(verdict).collect()
}

/// The price over training, mean over the seeds.
fn course(runs: &[&StudyRun], coder: Coder, role: &str) -> Vec<Datum> {
    let evaluations = runs[0].evaluations.iter().map(|at| at.documents);
    let at = |documents: u64| {
        let of_run = |run: &&StudyRun| {
            let mut at = run.evaluations.iter();
            let at = at.find(|at| at.documents == documents)?;
            Some((run.config.seed, price(run, at, coder, role)))
        };
        let prices: Vec<OfSeed<f64>> = runs.iter().filter_map(of_run).collect();
        datum(documents as f64, &prices)
    };
    evaluations
        .filter(|documents| *documents > 0)
        .map(at)
        .collect()
}

/// A course that is no estimate: the documents are those of the runs.
fn exact_course(runs: &[&StudyRun], role: &str) -> Vec<Datum> {
    let course = course(runs, BAYES, role).into_iter();
    course.map(|at| Datum { ci95: None, ..at }).collect()
}

fn figure(study: &Study, runs: &[&StudyRun], name: &str) -> Figure {
    let series = vec![
        points(
            "the Bayes learner",
            (Mark::Line, Ink::Theory),
            exact_course(runs, TOTAL),
        ),
        points(
            "the model",
            (Mark::JoinedPoints, Ink::Measured),
            course(runs, MODEL, TOTAL),
        ),
    ];
    Figure::chart(
        id(study, &["prequential", name]),
        format!(
            "{name}: what the codes of all documents so far are longer than that of the predictor that knows the world, bits for each \
             fact stated; means over seeds with 95 % intervals."
        ),
        chart(format!("The prequential code: {name}"), series),
    )
}

fn by_role(study: &Study, runs: &[&StudyRun], name: &str) -> Figure {
    let roles = [WORDING, "value"].into_iter();
    let roles: Vec<&str> = roles.filter(|role| is_learnt(runs, role)).collect();
    let of_role = |(k, role): (usize, &&str)| {
        let ink = shade(k, roles.len());
        let label = in_words(role);
        [
            points(
                format!("{label}, the model"),
                (Mark::JoinedPoints, ink),
                course(runs, MODEL, role),
            ),
            points(
                format!("{label}, the Bayes learner"),
                (Mark::Dashes, ink),
                exact_course(runs, role),
            ),
        ]
    };
    let series = roles.iter().enumerate().flat_map(of_role).collect();
    Figure::chart(
        id(study, &["prequential", name, "roles"]),
        format!("{name}: the same by the role of the tokens."),
        chart(format!("The prequential code by role: {name}"), series),
    )
}

fn chart(title: String, series: Vec<Series>) -> Chart {
    Chart {
        title,
        x: "documents".to_owned(),
        y: "above the floor (bits per fact stated)".to_owned(),
        log_y: true,
        series,
    }
}

fn table(runs: &[&StudyRun], name: &str) -> Table {
    let row = |role: &str| {
        let floor = |run: &StudyRun| {
            let facts = run.documents() * run.facts_per_document();
            of_role(&code(run.last()).floor, role) / facts
        };
        let end = |coder: Coder| move |run: &StudyRun| price(run, run.last(), coder, role);
        let is_judged = JUDGED.contains(&role) && (role == TOTAL || is_learnt(runs, role));
        let factor = match is_judged {
            true => cell(over_seeds(runs, |run| ratio(run, role))),
            false => NOTHING.to_owned(),
        };
        vec![
            in_words(role).to_owned(),
            cell(over_seeds(runs, floor)),
            cell(over_seeds(runs, end(BAYES))),
            cell(over_seeds(runs, end(MODEL))),
            factor,
        ]
    };
    Table {
        caption: format!(
            "{name}: the codes of all {} documents, bits for each fact stated, means over seeds with 95 % intervals. Both codes \
             above the floor.",
            count(runs[0].documents())
        ),
        head: [
            "tokens",
            "floor",
            "Bayes learner above it",
            "model above it",
            "ratio",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: ROLES.map(row).to_vec(),
    }
}

/// What the documents about a frequency class have cost a run above the floor, bits.
#[derive(Debug, Clone, Copy, Default)]
struct ClassCode {
    facts: f64,
    model_values: f64,
    bayes_values: f64,
    model_names: f64,
    bayes_names: f64,
}

impl ClassCode {
    /// Of one class over all evaluations of `run`; none where its losses on a document are not known.
    fn of(run: &StudyRun, class: &ClassRecord) -> Option<Self> {
        let stated = run.facts_per_document();
        let mut sum = Self::default();
        for at in &run.evaluations {
            let mut classes = at.classes.iter();
            let alike = |other: &&ClassRecord| {
                (other.lo_rank, other.hi_rank) == (class.lo_rank, class.hi_rank)
            };
            let online = &classes.find(alike)?.online;
            if online.stream_documents == 0 {
                continue;
            }
            let documents = online.stream_documents as f64;
            let floor = online.floor_stream_subject_loss?;
            let values = documents * stated / LN_2;
            let names = documents / LN_2;
            sum.facts += documents * stated;
            sum.model_values += values * online.stream_value_loss?;
            sum.bayes_values += values * online.bayes_stream_value_loss?;
            sum.model_names += names * (online.stream_subject_loss? - floor);
            sum.bayes_names += names * (online.bayes_stream_subject_loss? - floor);
        }
        (sum.facts > 0.0).then_some(sum)
    }
}

/// What each frequency class has cost; none of runs that were not measured so.
fn by_class(runs: &[&StudyRun], name: &str) -> Option<Table> {
    let row = |class: &ClassRecord| {
        let codes = runs
            .iter()
            .map(|run| Some((run.config.seed, ClassCode::of(run, class)?)));
        let codes = codes.collect::<Option<Vec<OfSeed<ClassCode>>>>()?;
        let of =
            |bits: fn(&ClassCode) -> f64| cell(mean(&codes, |(_, code)| bits(code) / code.facts));
        let whole = |run: &StudyRun, coder| {
            excess(run.last(), coder, "value") + excess(run.last(), coder, "subject")
        };
        let share = |coder: Coder, bits: fn(&ClassCode) -> f64| {
            let shares = runs.iter().zip(&codes);
            let shares: Vec<OfSeed<f64>> = shares
                .map(|(run, (seed, code))| (*seed, bits(code) / whole(run, coder)))
                .collect();
            cell(Estimate::over_seeds(&shares))
        };
        let facts = kolmo_stats::mean(codes.iter().map(|(_, code)| code.facts));
        Some(vec![
            ranks(class.lo_rank, class.hi_rank),
            count(facts),
            of(|code| code.bayes_values),
            of(|code| code.model_values),
            of(|code| code.bayes_names),
            of(|code| code.model_names),
            share(BAYES, |code| code.bayes_values + code.bayes_names),
            share(MODEL, |code| code.model_values + code.model_names),
        ])
    };
    let classes = runs[0].last().classes.iter();
    let rows: Vec<Vec<String>> = classes.filter_map(row).collect();
    (!rows.is_empty()).then(|| Table {
        caption: format!(
            "{name}: what the documents about the subjects of a frequency class cost over the whole run, above the floor, bits for each \
             fact of the class stated, and the class' share of all that values and names cost; means over seeds with 95 % intervals."
        ),
        head: [
            "ranks",
            "facts stated",
            "values, Bayes",
            "values, model",
            "names, Bayes",
            "names, model",
            "share, Bayes",
            "share, model",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows,
    })
}
