//! The last evaluation in plain text, measurement beside theory.

use kolmo_run::{ClassRecord, EvaluationRecord};
use kolmo_theory::discovery::mean_content;
use kolmo_world::{World, facts::Relation};

use crate::number::{NOTHING, estimate, grouped, loss, ranks, significant};

const COLUMNS: [&str; 7] = [
    "ranks",
    "mass (%)",
    "exposures",
    "measured (nats)",
    "Bayes (nats)",
    "Bayes expected",
    "accuracy (%)",
];

/// The last of `evaluations` as a table of at most 100 columns: a row for every frequency class and
/// one for all facts.
///
/// - *ranks*: of the class's subjects; 1 is the most frequent.
/// - *mass*: the share of the class among the facts stated, %.
/// - *exposures*: how often a fact was stated so far, mean per fact, in the last row too.
/// - *measured*: value loss, nats per fact, ± half the width of its 95 % interval; without one where
///   every fact of the class was asked.
/// - *Bayes*: the loss of a Bayes learner that saw the same documents, nats per fact.
/// - *Bayes expected*: the same in expectation over the documents, nats per fact.
/// - *accuracy*: right answers, %.
///
/// Losses and accuracies are means weighted by the facts' frequency. `n/a` stands for what was not
/// measured.
pub fn final_table(world: &World, evaluations: &[EvaluationRecord]) -> String {
    let Some(last) = evaluations.last() else {
        return "No evaluation yet: there is nothing to tabulate.\n".to_owned();
    };
    let mut rows = vec![COLUMNS.map(str::to_owned)];
    rows.extend(last.classes.iter().map(class_row));
    rows.push(total_row(last));

    let mut text = header(world, last);
    text.push('\n');
    let widths = widths(&rows);
    let rule = "-".repeat(widths.iter().sum::<usize>() + 2 * (widths.len() - 1));
    for (number, row) in rows.iter().enumerate() {
        if number == 1 || (number > 1 && number == rows.len() - 1) {
            text.push_str(&rule);
            text.push('\n');
        }
        text.push_str(&line(row, &widths));
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&stored(last));
    text
}

/// The bits stored, with their interval where the record has one; and those of one weight for all answers of a class where it matters.
fn stored(last: &EvaluationRecord) -> String {
    let [lo, hi] = last.bits_stored_ci95;
    let interval = match lo.is_finite() && hi.is_finite() {
        true => format!(" ({} to {})", bits(lo), bits(hi)),
        false => String::new(),
    };
    let mut text = format!(
        "Stored: {} bits{interval}, {} bits per parameter.\n",
        bits(last.bits_stored),
        significant(last.bits_per_parameter),
    );
    let alike = last.bits_stored_one_weight;
    if alike < lo || hi < alike {
        text += &format!(
            "If all answers of a class were trusted alike: {} bits. Confidence tells known facts from guesses.\n",
            bits(alike)
        );
    }
    text
}

fn header(world: &World, last: &EvaluationRecord) -> String {
    let mut contents = world.relations().iter().map(Relation::mean_content);
    let first = contents.next();
    let alike = contents.all(|content| Some(content) == first);
    let h = match (world.relations().iter().all(Relation::is_uniform), alike) {
        (true, true) => "ln V",
        (true, false) => "mean ln V",
        (false, _) => "mean −ln P",
    };
    format!(
        "After {} documents (step {}). Unknown facts cost h = {h} = {} nats.\n",
        grouped(last.documents),
        grouped(last.step),
        loss(mean_content(world)),
    )
}

fn class_row(class: &ClassRecord) -> [String; 7] {
    [
        ranks(class.lo_rank, class.hi_rank),
        significant(100.0 * class.mass),
        significant(class.exposures),
        estimate(class.value_loss, class.value_loss_ci95),
        loss(class.bayes_value_loss),
        loss(class.bayes_value_loss_expected),
        percent(class.accuracy),
    ]
}

fn total_row(all: &EvaluationRecord) -> [String; 7] {
    let sum = |of: fn(&ClassRecord) -> f64| all.classes.iter().map(of).sum::<f64>();
    let facts = sum(|class| class.facts as f64);
    let exposures = sum(|class| class.facts as f64 * class.exposures);
    [
        "all".to_owned(),
        significant(100.0 * sum(|class| class.mass)),
        significant(exposures / facts),
        estimate(all.value_loss, all.value_loss_ci95),
        loss(all.bayes_value_loss),
        loss(all.bayes_value_loss_expected),
        percent(all.accuracy),
    ]
}

fn percent(fraction: f64) -> String {
    if fraction.is_finite() {
        format!("{:.1}", 100.0 * fraction)
    } else {
        NOTHING.to_owned()
    }
}

/// Bits are counted, not measured to three digits. A model may store less than nothing.
fn bits(stored: f64) -> String {
    if !stored.is_finite() || stored.abs() >= 1e15 {
        return significant(stored);
    }
    let whole = stored.round();
    let sign = if whole < 0.0 { "-" } else { "" };
    format!("{sign}{}", grouped(whole.abs() as u64))
}

fn widths(rows: &[[String; 7]]) -> [usize; 7] {
    let mut widths = [0; 7];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    widths
}

/// The ranks to the left, numbers to the right.
fn line(row: &[String; 7], widths: &[usize; 7]) -> String {
    let cells = row.iter().zip(widths).enumerate();
    let cells: Vec<String> = cells
        .map(|(column, (cell, &width))| {
            if column == 0 {
                format!("{cell:<width$}")
            } else {
                format!("{cell:>width$}")
            }
        })
        .collect();
    cells.join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;

    /// Cells are two spaces or more apart.
    fn cells(line: &str) -> Vec<&str> {
        line.split("  ")
            .map(str::trim)
            .filter(|cell| !cell.is_empty())
            .collect()
    }

    fn by_hand() -> EvaluationRecord {
        let mut record = examples::evaluation(&examples::world(), 1_000_000, 1.0);
        record.step = 3906;
        record.value_loss = 0.5;
        record.value_loss_ci95 = [0.4, 0.6];
        record.accuracy = 0.876;
        record.bits_stored = 12_345.4;
        record.bits_stored_ci95 = [12_001.0, 12_600.2];
        record.bits_stored_one_weight = 12_100.0;
        record.bits_per_parameter = 0.04124;
        record.bayes_value_loss = 0.25;
        record.bayes_value_loss_expected = 0.26;
        record.classes.truncate(2);
        for (class, facts, mass, exposures) in [(0, 2, 0.75, 1000.0), (1, 8, 0.25, 0.5)] {
            let class = &mut record.classes[class];
            class.facts = facts;
            class.mass = mass;
            class.exposures = exposures;
        }
        let first = &mut record.classes[0];
        (first.lo_rank, first.hi_rank) = (1, 2);
        first.value_loss = 0.031;
        first.value_loss_ci95 = [0.027, 0.035];
        first.bayes_value_loss = 0.0;
        first.bayes_value_loss_expected = 2.1e-5;
        first.accuracy = 0.999;
        record.classes[1].accuracy = f64::NAN;
        record
    }

    #[test]
    fn the_table_says_what_the_records_say() {
        let earlier = examples::evaluation(&examples::world(), 10, 1.0);
        let text = final_table(&examples::world(), &[earlier, by_hand()]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0],
            "After 1,000,000 documents (step 3,906). Unknown facts cost h = ln V = 3.912 nats."
        );
        assert_eq!(cells(lines[2]), COLUMNS);
        let first = [
            "1-2",
            "75.0",
            "1000",
            "0.031 ± 0.004",
            "0.000",
            "<0.001",
            "99.9",
        ];
        assert_eq!(cells(lines[4]), first);
        assert_eq!(*cells(lines[5]).last().unwrap(), "n/a");
        // (2 · 1000 + 8 · 0.5) / 10 exposures a fact.
        let all = [
            "all",
            "100",
            "200",
            "0.500 ± 0.100",
            "0.250",
            "0.260",
            "87.6",
        ];
        assert_eq!(cells(lines[7]), all);
        assert_eq!(
            lines[9],
            "Stored: 12,345 bits (12,001 to 12,600), 0.0412 bits per parameter."
        );
        assert_eq!(lines.len(), 10);
    }

    #[test]
    fn it_says_where_confidence_matters_and_what_earlier_builds_did_not_know() {
        let mut record = by_hand();
        record.bits_stored_one_weight = 9_000.0;
        let text = final_table(&examples::world(), &[record.clone()]);
        assert!(text.contains("trusted alike: 9,000 bits."), "{text}");
        record.bits_stored_ci95 = [f64::NAN; 2];
        record.bits_stored_one_weight = f64::NAN;
        let text = final_table(&examples::world(), &[record]);
        assert!(text.contains("Stored: 12,345 bits, 0.0412"), "{text}");
        assert!(!text.contains("alike"), "{text}");
    }

    #[test]
    fn columns_are_aligned_and_lines_fit() {
        let mut record = by_hand();
        record.classes[1].lo_rank = 316_227_767;
        record.classes[1].hi_rank = u64::MAX;
        record.classes[1].value_loss_ci95 = [0.00001, 0.00002];
        record.classes[1].exposures = 1.234e-9;
        record.classes[1].mass = 1e-12;
        record.value_loss = 123_456.0;
        let text = final_table(&examples::world(), &[record]);
        let table: Vec<usize> = text
            .lines()
            .skip(2)
            .take_while(|line| !line.is_empty())
            .map(|line| line.chars().count())
            .collect();
        assert_eq!(table.len(), 6);
        assert!(table.iter().all(|&width| width == table[0]), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 100));
    }

    #[test]
    fn nothing_measured_is_said() {
        let world = examples::world();
        assert!(final_table(&world, &[]).contains("No evaluation"));
        let mut record = by_hand();
        record.classes.clear();
        record.value_loss = f64::NAN;
        record.bits_stored = f64::NAN;
        record.bits_stored_ci95 = [f64::NAN; 2];
        let text = final_table(&world, &[record]);
        assert!(text.contains("n/a ± n/a"), "{text}");
        assert!(text.contains("Stored: n/a bits"), "{text}");
    }

    #[test]
    fn relations_of_different_content_have_a_mean() {
        let world = examples::world_of(&[10, 1000]);
        let text = final_table(&world, &[by_hand()]);
        // (ln 10 + ln 1000) / 2
        assert!(text.contains("h = mean ln V = 4.605 nats"), "{text}");
    }
}
