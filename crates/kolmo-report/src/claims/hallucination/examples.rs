//! Wrong answers to read.

use kolmo_run::AnswerRow;

use crate::{
    measured::answers::{Group, STATED, STRANGERS},
    number::{grouped, significant},
    report::Table,
};

/// So many of each kind.
const EACH: usize = 4;

/// A wrong answer, and the group and the seed of its run.
type Example<'a> = (&'a AnswerRow, &'a str, u64);

/// The most confident wrong answers, about facts that were met, that never were, and about names that nobody bears.
pub(super) fn table(groups: &[Group<'_>]) -> Option<Table> {
    let kinds: [&dyn Fn(&AnswerRow) -> bool; 3] = [
        &|row| row.cohort == STATED && row.exposures > 0,
        &|row| row.cohort == STATED && row.exposures == 0,
        &|row| row.cohort == STRANGERS,
    ];
    let rows = kinds
        .into_iter()
        .flat_map(|kind| most_confident(groups, kind));
    let rows: Vec<Vec<String>> = rows.map(cells).collect();
    let head = [
        "question",
        "answer",
        "truth",
        "confidence",
        "exposures",
        "run",
    ];
    (!rows.is_empty()).then(|| Table {
        caption: "The most confident wrong answers: about facts that were met, that never were, and about names that nobody bears."
            .to_owned(),
        head: head.map(str::to_owned).to_vec(),
        rows,
    })
}

/// Each question once.
fn most_confident<'a>(
    groups: &'a [Group<'a>],
    kind: impl Fn(&AnswerRow) -> bool,
) -> Vec<Example<'a>> {
    let mut wrong: Vec<Example<'_>> = Vec::new();
    for group in groups {
        for asked in &group.runs {
            let rows = asked.stated(STATED).chain(asked.stated(STRANGERS));
            let rows = rows.filter(|row| !row.correct && kind(row));
            wrong.extend(rows.map(|row| (row, group.name.as_str(), asked.run.config.seed)));
        }
    }
    // A stable sort: what is alike stays in the order of the runs.
    wrong.sort_by(|(a, ..), (b, ..)| {
        let by_confidence = b.confidence.total_cmp(&a.confidence);
        by_confidence.then_with(|| a.prompt.cmp(&b.prompt))
    });
    let mut chosen: Vec<Example<'_>> = Vec::new();
    for example in wrong {
        if chosen.len() == EACH {
            break;
        }
        if chosen
            .iter()
            .all(|(row, ..)| row.prompt != example.0.prompt)
        {
            chosen.push(example);
        }
    }
    chosen
}

fn cells((row, group, seed): Example<'_>) -> Vec<String> {
    let exposures = match row.cohort == STRANGERS {
        true => "nobody's name".to_owned(),
        false => grouped(row.exposures),
    };
    vec![
        row.prompt.clone(),
        row.answer.clone(),
        row.truth.clone(),
        significant(row.confidence),
        exposures,
        format!("{group}, seed {seed}"),
    ]
}
