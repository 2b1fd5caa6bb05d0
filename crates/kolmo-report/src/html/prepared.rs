//! A report ready to be shown: its figures drawn, and names that are fit for addresses and files.

use std::collections::HashSet;

use crate::error::Result;
use crate::files::plain_name;
use crate::report::{Figure, Report, Section};

/// A section.
pub(super) struct PreparedSection<'a> {
    pub id: String,
    pub section: &'a Section,
    pub figures: Vec<PreparedFigure<'a>>,
}

/// A figure.
pub(super) struct PreparedFigure<'a> {
    pub id: String,
    pub figure: &'a Figure,
    pub svg: String,
}

/// Draws every figure of `report`.
pub(super) fn prepare(report: &Report) -> Result<Vec<PreparedSection<'_>>> {
    let (mut sections, mut figures) = (Names::default(), Names::default());
    let mut figure = |figure| -> Result<PreparedFigure<'_>> {
        let Figure { id, drawing, .. }: &Figure = figure;
        Ok(PreparedFigure {
            id: figures.name(id),
            figure,
            svg: drawing.svg()?,
        })
    };
    let mut section = |section| {
        let Section { id, figures, .. }: &Section = section;
        Ok(PreparedSection {
            id: sections.name(id),
            section,
            figures: figures.iter().map(&mut figure).collect::<Result<_>>()?,
        })
    };
    report.sections.iter().map(&mut section).collect()
}

/// Names so far.
#[derive(Default)]
struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// A name like `wanted`, of lower case letters, digits and dashes, that was not given before.
    fn name(&mut self, wanted: &str) -> String {
        /// File systems end names at 255 bytes.
        const LONGEST: usize = 100;
        let plain: String = plain_name(wanted).chars().take(LONGEST).collect();
        let plain = match plain.trim_matches('-') {
            "" => "unnamed",
            plain => plain,
        };
        let mut name = plain.to_owned();
        let mut number = 2_u64;
        while !self.taken.insert(name.clone()) {
            name = format!("{plain}-{number}");
            number += 1;
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_given_once() {
        let mut names = Names::default();
        for (wanted, given) in [
            ("data-scaling", "data-scaling"),
            ("data-scaling", "data-scaling-2"),
            ("Data scaling", "data-scaling-3"),
            ("data-scaling-2", "data-scaling-2-2"),
            ("../../etc/passwd", "etc-passwd"),
            ("\" onload=\"x", "onload--x"),
            ("", "unnamed"),
            ("λ", "unnamed-2"),
        ] {
            assert_eq!(names.name(wanted), given);
        }
        assert_eq!(names.name(&"x".repeat(1000)).len(), 100);
    }
}
