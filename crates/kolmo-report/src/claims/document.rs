//! The claims as tables of the documentation.

use super::{CLAIMS, Claim};

/// All claims as Markdown: a table of what each asks and needs, and one of what it predicts. `docs/reproduce.md` has them.
pub fn tables() -> [String; 2] {
    let asked = |claim: &dyn Claim| {
        let [name, sort] = [claim.name(), claim.sort().name()];
        format!(
            "`{name}` | {sort} | {} | {}",
            claim.question(),
            claim.needs()
        )
    };
    let predicted =
        |claim: &dyn Claim| format!("`{}` | {}", claim.name(), claim.predicted_in_words());
    [
        table("claim | sort | question | needs", asked),
        table("claim | what is predicted", predicted),
    ]
}

/// A table with this head and a row a claim.
fn table(head: &str, row: impl Fn(&dyn Claim) -> String) -> String {
    let rule = head.split(" | ").map(|_| "---").collect::<Vec<_>>();
    let rows = CLAIMS.iter().map(|claim| row(*claim));
    let lines = [head.to_owned(), rule.join(" | ")].into_iter().chain(rows);
    lines.map(|line| format!("| {line} |\n")).collect()
}
