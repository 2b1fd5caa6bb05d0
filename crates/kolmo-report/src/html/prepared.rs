//! A report ready to be shown: its figures drawn, and names that are fit for addresses and files.

use std::collections::HashSet;

use crate::error::Result;
use crate::files::plain_name;
use crate::report::{Figure, Headline, Report, Section};

/// A report.
pub(super) struct Prepared<'a> {
    pub headlines: Vec<PreparedHeadline<'a>>,
    pub sections: Vec<PreparedSection<'a>>,
}

/// A headline that runs answer.
pub(super) struct PreparedHeadline<'a> {
    pub headline: &'a Headline,
    pub figure: Option<PreparedFigure<'a>>,
}

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

impl<'a> Prepared<'a> {
    /// Its figures, in the order of the page.
    pub fn figures(&self) -> impl Iterator<Item = &PreparedFigure<'a>> {
        let headlines = self.headlines.iter().filter_map(|one| one.figure.as_ref());
        headlines.chain(self.sections.iter().flat_map(|section| &section.figures))
    }
}

/// Draws every figure of `report`.
pub(super) fn prepare(report: &Report) -> Result<Prepared<'_>> {
    let (mut sections, mut figures) = (Names::default(), Names::default());
    let mut figure = |figure| -> Result<PreparedFigure<'_>> {
        let Figure { id, drawing, .. }: &Figure = figure;
        Ok(PreparedFigure {
            id: figures.name(id),
            figure,
            svg: drawing.svg()?,
        })
    };
    let answered = report
        .headlines
        .iter()
        .filter(|headline| headline.study.is_some());
    let headlines = answered.map(|headline| {
        let figure = headline.figure.as_ref().map(&mut figure);
        Ok(PreparedHeadline {
            headline,
            figure: figure.transpose()?,
        })
    });
    let headlines = headlines.collect::<Result<_>>()?;
    let mut section = |section| {
        let Section { id, figures, .. }: &Section = section;
        Ok(PreparedSection {
            id: sections.name(id),
            section,
            figures: figures.iter().map(&mut figure).collect::<Result<_>>()?,
        })
    };
    let sections = report.sections.iter().map(&mut section);
    let sections = sections.collect::<Result<_>>()?;
    Ok(Prepared {
        headlines,
        sections,
    })
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
