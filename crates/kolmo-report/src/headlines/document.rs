//! The headlines as a table of the documentation.

use super::{About, HEADLINES, Test};

/// All headlines as Markdown. `docs/reproduce.md` has it.
pub fn table() -> String {
    let head = [
        "",
        "headline",
        "question",
        "statistic",
        "what that is",
        "decides",
    ]
    .join(" | ");
    let rule = ["---"; 6].join(" | ");
    let rows = HEADLINES.iter().enumerate().map(|(k, headline)| {
        let About {
            name,
            question,
            statistic,
            measures,
            test,
            ..
        } = headline.about();
        let decides = match test {
            Test::Equal => "the margin of the sweep file",
            Test::Above => "above the prediction",
            Test::Below => "below the prediction",
            Test::Reported => "nothing: a finding",
        };
        format!(
            "{} | `{name}` | {question} | `{statistic}` | {measures} | {decides}",
            k + 1
        )
    });
    let lines = [head.trim_start().to_owned(), rule].into_iter().chain(rows);
    lines.map(|line| format!("| {line} |\n")).collect()
}
