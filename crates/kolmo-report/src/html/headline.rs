//! Headlines: a row each, and of those that runs answer a section with one figure.

use maud::{Markup, html};

use super::figure;
use super::prepared::PreparedHeadline;
use super::verdict::badge;
use crate::number::{measured, measured_interval};
use crate::report::{Headline, Part, Report};

/// A row for each headline that runs answer, and a sentence about the others.
pub(super) fn table(report: &Report) -> Markup {
    let answered = || report.headlines.iter().filter(|one| one.study.is_some());
    let others = report.headlines.iter().filter(|one| one.study.is_none());
    let others: Vec<&str> = others.map(|one| one.title).collect();
    html! {
        section.summary aria-label="Headlines" {
            div.scroll tabindex="0" role="region" aria-label="Headlines" {
                table.verdicts {
                    thead {
                        tr {
                            th scope="col" { "Headline" }
                            th.number scope="col" { "Predicted" }
                            th.number scope="col" { "Measured" }
                            th.number scope="col" { "95 % interval" }
                            th.number scope="col" { "corrected" }
                            th.number scope="col" { "Seeds" }
                            th scope="col" { "Verdict" }
                        }
                    }
                    tbody {
                        @for one in answered() {
                            tr {
                                th scope="row" {
                                    a href={ "#" (anchor(one)) } { (one.number) ". " (one.title) }
                                    span.claim { (one.question) }
                                }
                                td.number data-name="predicted" { (one.predicted_text()) }
                                td.number data-name="measured" { (one.measured_text()) }
                                td.number data-name="95 % interval" { (one.interval_text()) }
                                td.number data-name="corrected" { (one.corrected_text()) }
                                td.number data-name="seeds" { (one.seeds_text()) }
                                td.outcome { (outcome(one)) }
                            }
                        }
                    }
                }
            }
            p.reason {
                "Corrected: the interval with which all tested rows hold together at 95 % (Holm). It decides."
                @if !others.is_empty() { " These runs do not ask: " (others.join(", ")) "." }
            }
        }
    }
}

/// A headline in full.
pub(super) fn section(prepared: &PreparedHeadline<'_>) -> Markup {
    let one = prepared.headline;
    html! {
        section.headline id=(anchor(one)) {
            div {
                h2 { (one.number) ". " (one.title) }
                p.question { (one.question) }
                p { strong { (one.found()) } }
                p { "Claim: " (one.claim) ". Measured: " (one.measures) }
                @if !one.takes.is_empty() { p { "From the runs the prediction takes " (one.takes) "." } }
                p.reason {
                    (one.reason)
                    @if let Some(study) = &one.study { " (runs of " (study) ")" }
                }
            }
            @if let Some(figure) = &prepared.figure {
                div.figures { (figure::figure(figure)) }
            }
            @if !one.parts.is_empty() {
                details {
                    summary { "Its parts (" (one.parts.len()) ")" }
                    (parts(&one.parts))
                }
            }
        }
    }
}

/// Its name in addresses.
fn anchor(one: &Headline) -> String {
    format!("headline-{}", one.name.replace('_', "-"))
}

fn parts(parts: &[Part]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Parts" {
            table {
                thead {
                    tr {
                        th scope="col" { "Number" }
                        th.number scope="col" { "Predicted" }
                        th.number scope="col" { "Measured" }
                        th.number scope="col" { "95 % interval" }
                    }
                }
                tbody {
                    @for part in parts {
                        tr {
                            th scope="row" { (part.name) }
                            td.number { (measured(part.predicted)) }
                            td.number { (measured(part.measured)) }
                            td.number { (measured_interval(part.ci95)) }
                        }
                    }
                }
            }
        }
    }
}

fn outcome(one: &Headline) -> Markup {
    match one.verdict {
        Some(outcome) => badge(outcome),
        None => html! { (one.sort.name()) },
    }
}
