//! A report as one HTML file, with its figures and numbers as files beside it.

#[cfg(test)]
mod examples;
mod figure;
mod headline;
mod page;
mod prepared;
mod section;
mod verdict;
mod write;

pub use write::{Place, write};

use crate::error::Result;
use crate::report::Report;

/// `report` as one HTML file. It loads nothing and runs nothing, follows the reader's choice of light or dark,
/// and is fit for telephones and for paper. Whatever the report's texts hold is shown as text.
///
/// # Errors
/// [`Error::Draw`](crate::Error::Draw) if the plotting library refuses a figure, whose fault it is.
pub fn page(report: &Report) -> Result<String> {
    Ok(page::page(report, &prepared::prepare(report)?))
}

#[cfg(test)]
mod tests;
