//! Estimates as text.

use kolmo_stats::{Estimate, Refusal};

use crate::{
    number::{NOTHING, interval, significant},
    quantity::Quantity,
};

/// An estimate with its interval, as text; why there is none.
pub fn text(estimate: &Result<Estimate, Refusal>) -> String {
    match estimate {
        Ok(estimate) => format!(
            "{} {}",
            significant(estimate.value),
            interval(estimate.ci95)
        ),
        Err(refusal) => refusal.to_string(),
    }
}

/// An estimate in a table.
pub fn cell(estimate: Result<Estimate, Refusal>) -> String {
    match estimate {
        Ok(_) => text(&estimate),
        Err(_) => NOTHING.to_owned(),
    }
}

/// An estimate of a share in a table.
pub fn share_cell(estimate: Result<Estimate, Refusal>) -> String {
    cell(estimate.map(|share| share.within(Quantity::Share.bounds())))
}
