//! The page: head, headlines, verdicts, sections, provenance.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::prepared::{Prepared, PreparedSection};
use super::{figure, headline, section, verdict};
use crate::report::Report;

const STYLE: &str = include_str!("style.css");

/// Nothing is to be loaded or run, whatever is in the report.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

pub(super) fn page(report: &Report, prepared: &Prepared<'_>) -> String {
    let Prepared {
        headlines,
        sections,
    } = prepared;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (report.title) }
                style { (PreEscaped(STYLE)) (PreEscaped(figure::colors(prepared))) }
            }
            body {
                header { h1 { (report.title) } }
                main {
                    @if headlines.is_empty() {
                        (verdicts(report, sections))
                    } @else {
                        (headline::table(report))
                        @for one in headlines { (headline::section(one)) }
                        details.appendix {
                            summary {
                                h2 { "Appendix" }
                                span { "every number by law, class and size" }
                            }
                            (verdicts(report, sections))
                        }
                    }
                }
                @if !report.provenance.is_empty() || !report.left_out.is_empty() {
                    footer {
                        @if !report.left_out.is_empty() {
                            h2 { "Left out" }
                            dl {
                                @for run in &report.left_out {
                                    div { dt { (run.study) } dd { (run.run) ": " (run.reason) } }
                                }
                            }
                        }
                        @if !report.provenance.is_empty() {
                            h2 { "Provenance" }
                            dl {
                                @for (name, value) in &report.provenance {
                                    div { dt { (name) } dd { (value) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    page.into_string()
}

/// What each claim says of each study: counts, a table, and a section each.
fn verdicts(report: &Report, sections: &[PreparedSection<'_>]) -> Markup {
    let any = report.verdicts().next().is_some();
    html! {
        @if any {
            section.summary aria-label="Verdicts" {
                (verdict::counts(report))
                div.scroll tabindex="0" role="region" aria-label="Verdicts" {
                    (verdict::table(sections))
                }
            }
        }
        @if sections.len() > 1 {
            nav aria-label="Sections" {
                ol {
                    @for section in sections {
                        li { a href={ "#section-" (section.id) } { (section.section.title) } }
                    }
                }
            }
        }
        @for section in sections { (section::section(section)) }
    }
}
