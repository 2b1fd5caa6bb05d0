//! The claims as tables of the documentation.

use super::{About, CLAIMS};

/// All claims as Markdown: a table of what each asks and needs, and one of what it predicts. `docs/reproduce.md` has them.
pub fn tables() -> [String; 2] {
    let asked = |about: About| {
        let [name, sort] = [about.name, about.sort.name()];
        format!("`{name}` | {sort} | {} | {}", about.question, about.needs)
    };
    let predicted = |about: About| format!("`{}` | {}", about.name, about.predicts);
    [
        table("claim | sort | question | needs", asked),
        table("claim | what is predicted", predicted),
    ]
}

/// A table with this head and a row a claim.
fn table(head: &str, row: impl Fn(About) -> String) -> String {
    let rule = head.split(" | ").map(|_| "---").collect::<Vec<_>>();
    let rows = CLAIMS.iter().map(|claim| row(claim.about()));
    let lines = [head.to_owned(), rule.join(" | ")].into_iter().chain(rows);
    lines.map(|line| format!("| {line} |\n")).collect()
}
