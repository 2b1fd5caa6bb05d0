//! A section: the question, what came out, figures, tables, configurations.

use maud::{Markup, html};

use super::figure;
use super::prepared::PreparedSection;
use super::verdict;
use crate::report::Table;

/// The section as HTML.
pub(super) fn section(prepared: &PreparedSection<'_>) -> Markup {
    let section = prepared.section;
    html! {
        section id={ "section-" (prepared.id) } {
            h2 { (section.title) }
            @if !section.question.is_empty() {
                p.question { (section.question) }
            }
            @for paragraph in &section.text {
                p { (paragraph) }
            }
            @if !section.verdicts.is_empty() {
                ul.cards {
                    @for verdict in &section.verdicts { (verdict::card(verdict)) }
                }
            }
            @if !prepared.figures.is_empty() {
                div.figures {
                    @for figure in &prepared.figures { (figure::figure(figure)) }
                }
            }
            @for table in &section.tables { (table_of(table)) }
            @if !section.configs.is_empty() { (configs(&section.configs)) }
        }
    }
}

fn table_of(table: &Table) -> Markup {
    html! {
        figure.table {
            figcaption { (table.caption) }
            // A box that scrolls must be reachable by keyboard.
            div.scroll tabindex="0" role="region" aria-label=(table.caption) {
                table {
                    thead {
                        tr {
                            @for (column, name) in table.head.iter().enumerate() {
                                th.number[column > 0] scope="col" { (name) }
                            }
                        }
                    }
                    tbody {
                        @for row in &table.rows {
                            tr {
                                @for (column, cell) in row.iter().enumerate() {
                                    @if column == 0 {
                                        th scope="row" { (cell) }
                                    } @else {
                                        td.number { (cell) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn configs(configs: &[(String, String)]) -> Markup {
    html! {
        details.configs {
            summary { "Configurations (" (configs.len()) ")" }
            @for (name, toml) in configs {
                details {
                    summary { (name) }
                    pre tabindex="0" { code { (toml) } }
                }
            }
        }
    }
}
