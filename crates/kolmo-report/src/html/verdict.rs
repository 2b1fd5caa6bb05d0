//! Verdicts: all of them in a table, and each in full in its section.

use maud::{Markup, html};

use super::prepared::PreparedSection;
use crate::number::{self, NOTHING, count};
use crate::report::{Outcome, Range, Report, Verdict};

/// How many verdicts there are of each sort and outcome, in words.
pub(super) fn counts(report: &Report) -> Markup {
    html! {
        dl.sorts {
            @for (sort, counts) in report.counts() {
                div {
                    dt { (sort.plural()) }
                    dd {
                        ul.counts {
                            @for (outcome, number) in counts {
                                li class=(outcome.name()) data-none[number == 0] {
                                    (icon(outcome)) " " strong { (number) } " " (outcome.plural())
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A row a verdict, each with the address of its section.
pub(super) fn table(sections: &[PreparedSection<'_>]) -> Markup {
    html! {
        table.verdicts {
            thead {
                tr {
                    th scope="col" { "Claim" }
                    th scope="col" { "Sort" }
                    th.number scope="col" { "Predicted" }
                    th.number scope="col" { "Measured" }
                    th.number scope="col" { "95 % interval" }
                    th.number scope="col" { "Seeds" }
                    th.range scope="col" { "Range" }
                    th scope="col" { "Verdict" }
                }
            }
            tbody {
                @for section in sections {
                    @for verdict in &section.section.verdicts {
                        tr {
                            th scope="row" { a href={ "#section-" (section.id) } { (verdict.claim) } }
                            td data-name="sort" { (verdict.sort.name()) }
                            td.number data-name="predicted" { (verdict.predicted_text()) }
                            td.number data-name="measured" { (verdict.measured_text()) }
                            td.number data-name="95 % interval" { (verdict.interval_text()) }
                            td.number data-name="seeds" { (seeds(verdict)) }
                            td.range data-name="range" { (range(verdict.range.as_ref())) }
                            td.outcome { (badge(verdict.verdict)) }
                        }
                    }
                }
            }
        }
    }
}

/// A verdict in full.
pub(super) fn card(verdict: &Verdict) -> Markup {
    html! {
        li class={ "card " (verdict.verdict.name()) } {
            div.head { (badge(verdict.verdict)) " " span.claim { (verdict.claim) } }
            p.statement { (verdict.statement) }
            dl {
                div { dt { "sort" } dd { (verdict.sort.name()) } }
                div { dt { "predicted" } dd { (verdict.predicted_text()) } }
                div { dt { "measured" } dd { (verdict.measured_text()) } }
                div { dt { "95 % interval" } dd { (verdict.interval_text()) } }
                div { dt { "seeds" } dd { (seeds(verdict)) } }
                @if verdict.range.is_some() {
                    div { dt { "range" } dd { (range(verdict.range.as_ref())) } }
                }
            }
            p.reason { (verdict.reason) }
        }
    }
}

/// The word with a sign of its own, so that it does not rest on colour.
pub(super) fn badge(outcome: Outcome) -> Markup {
    html! { span class={ "badge " (outcome.name()) } { (icon(outcome)) (outcome.name()) } }
}

/// A tick, a cross, a dash.
fn icon(outcome: Outcome) -> Markup {
    let path = match outcome {
        Outcome::Agrees => "M2 6.5l3 3 5-7",
        Outcome::Disagrees => "M2.5 2.5l7 7m0-7l-7 7",
        Outcome::Inconclusive => "M2 6h8",
    };
    html! { svg.icon viewBox="0 0 12 12" aria-hidden="true" { path d=(path) {} } }
}

fn seeds(verdict: &Verdict) -> String {
    verdict
        .seeds
        .map_or(NOTHING.to_owned(), |seeds| seeds.to_string())
}

fn range(range: Option<&Range>) -> String {
    range.map_or(NOTHING.to_owned(), |range| {
        let shown = number::range(&count(range.lo), &count(range.hi));
        format!("{shown} {}", range.of)
    })
}
