//! A report for the tests of this module.

use crate::figures::chart::{Chart, Datum, Ink, Mark, Series};
use crate::figures::heat_map::HeatMap;
use crate::report::{
    Drawing, Figure, Headline, LeftOut, Outcome, Part, Quantity, Range, Reason, Relation, Report,
    Section, Sort, Table, Verdict,
};

fn verdict(text: &str, verdict: Outcome) -> Verdict {
    Verdict {
        study: "study".to_owned(),
        claim: format!("data_scaling/{text}/exponent"),
        statement: format!("The exponent is that of theory {text}."),
        sort: match verdict {
            Outcome::Inconclusive => Sort::Check,
            Outcome::Agrees | Outcome::Disagrees => Sort::Law,
        },
        quantity: Quantity::Exponent,
        relation: Relation::Equal,
        predicted: 1.0 / 3.0,
        measured: Some(0.341),
        ci95: Some([0.329, 0.353]),
        margin: Some(0.1),
        seeds: Some(3),
        range: Some(Range {
            of: text.to_owned(),
            lo: 1e3,
            hi: 1e6,
        }),
        verdict,
        reason: format!("The interval holds it {text}."),
    }
}

fn chart(text: &str) -> Drawing {
    let points = (0..8).map(|k| {
        let x = 1e3 * 4_f64.powi(k);
        let y = 9.0 * x.powf(-1.0 / 3.0);
        let ci95 = Some([0.9 * y, 1.1 * y]);
        Datum { x, y, ci95 }
    });
    let series = |mark, ink| Series {
        label: text.to_owned(),
        mark,
        ink,
        points: points.clone().collect(),
    };
    Drawing::Chart(Chart {
        title: format!("Value loss {text}"),
        x: text.to_owned(),
        y: text.to_owned(),
        log_y: true,
        series: vec![
            series(Mark::Line, Ink::Theory),
            series(Mark::Points, Ink::Measured),
            series(Mark::JoinedPoints, Ink::Shade(0.4)),
        ],
    })
}

fn heat_map(text: &str) -> Drawing {
    Drawing::HeatMap(HeatMap {
        title: format!("Recall {text}"),
        x: text.to_owned(),
        y: text.to_owned(),
        z: text.to_owned(),
        columns: vec![text.to_owned(), "100".to_owned()],
        rows: vec![text.to_owned(), "10".to_owned()],
        cells: vec![vec![0.1, 0.9], vec![0.5, f64::NAN]],
    })
}

/// A headline that runs answer, with `text` wherever text of runs comes.
fn headline(text: &str, verdict: Option<Outcome>) -> Headline {
    Headline {
        number: 1,
        name: "data_law",
        title: "Data law",
        question: "Is it so?",
        claim: "somebody",
        statistic: "exponent",
        measures: "The exponent.",
        sort: Sort::Law,
        quantity: Quantity::Exponent,
        relation: verdict.map(|_| Relation::Equal),
        study: Some(text.to_owned()),
        predicted: verdict.map(|_| 1.0),
        measured: Some(1.01),
        ci95: Some([0.9, 1.1]),
        ci_holm: verdict.map(|_| [0.8, 1.2]),
        margin: verdict.map(|_| 0.15),
        seeds: Some(5),
        verdict,
        reason: format!("because {text}"),
        takes: "the bits stored",
        parts: vec![Part {
            name: text.to_owned(),
            predicted: Some(1.0),
            measured: None,
            ci95: None,
            margin: None,
            verdict: None,
        }],
        figure: Some(Figure {
            id: format!("headline{text}"),
            caption: format!("What is seen {text}"),
            drawing: chart(text),
        }),
    }
}

/// A report with `text` wherever there is text.
pub(super) fn report(text: &str) -> Report {
    let figure = |id: &str, drawing| Figure {
        id: format!("{id}{text}"),
        caption: format!("What is seen {text}"),
        drawing,
    };
    let section = |id: &str, outcomes: &[Outcome], figures| Section {
        id: format!("{id}{text}"),
        title: format!("Section {text}"),
        question: format!("Is it so {text}?"),
        text: vec![text.to_owned(), "Another paragraph.".to_owned()],
        verdicts: outcomes
            .iter()
            .map(|outcome| verdict(text, *outcome))
            .collect(),
        figures,
        tables: vec![Table {
            caption: text.to_owned(),
            head: vec!["law".to_owned(), text.to_owned()],
            rows: vec![vec![text.to_owned(), "0.25".to_owned()], vec![]],
        }],
        configs: vec![(text.to_owned(), format!("seed = 1 # {text}"))],
    };
    use Outcome::{Agrees, Disagrees, Inconclusive};
    Report {
        title: format!("Report {text}"),
        headlines: vec![headline(text, Some(Agrees)), headline(text, None)],
        sections: vec![
            section(
                "data-scaling",
                &[Agrees, Agrees, Disagrees],
                vec![figure("loss", chart(text))],
            ),
            section(
                "recall",
                &[Inconclusive],
                vec![
                    figure("recall", heat_map(text)),
                    figure("loss", chart("again")),
                ],
            ),
        ],
        left_out: vec![LeftOut {
            study: "study".to_owned(),
            run: format!("runs/{text}"),
            reason: Reason::SameTraining {
                counted: format!("runs/first {text}"),
            },
        }],
        provenance: vec![("version".to_owned(), text.to_owned())],
    }
}
