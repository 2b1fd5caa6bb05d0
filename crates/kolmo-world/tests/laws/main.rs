//! What must hold for every law of frequencies, whoever wrote it.

#![allow(clippy::unwrap_used, missing_docs)]

mod suite;
mod two_step;

use kolmo_world::config::{
    FrequencyConfig, GroupConfig, GroupedConfig, PitmanYorConfig, UniformConfig, ZipfConfig,
};
use suite::check;

/// A law that is added to the list is to be added here, and to the tests below.
#[test]
fn every_law_of_the_list_is_checked() {
    let error = toml::from_str::<FrequencyConfig>("law = 'none'").unwrap_err();
    let checked = "expected one of `zipf`, `pitman_yor`, `uniform`, `grouped`";
    assert!(error.message().ends_with(checked), "{error}");
}

fn zipf(elements: u64, exponent: f64, bias: f64) -> ZipfConfig {
    ZipfConfig {
        elements,
        exponent,
        bias,
    }
}

#[test]
fn zipf_is_a_law() {
    check(&zipf(2_000_000, 1.5, 0.0));
    check(&zipf(100_000_000, 1.2, 0.0));
    check(&zipf(2_000_000, 1.5, 3.0));
}

#[test]
fn zipf_without_a_finite_sum_is_a_law() {
    check(&zipf(3000, 1.0, 0.0));
    check(&zipf(3000, 0.5, 20.0));
    check(&zipf(1, 0.9, 0.0));
}

#[test]
fn pitman_yor_is_a_law() {
    for (discount, concentration) in [(0.4, 2.0), (0.6, 1.0)] {
        check(&PitmanYorConfig {
            discount,
            concentration,
            elements: 1 << 19,
        });
    }
}

#[test]
fn pitman_yor_without_a_discount_is_a_law() {
    check(&PitmanYorConfig {
        discount: 0.0,
        concentration: 200.0,
        elements: 5000,
    });
}

#[test]
fn uniform_is_a_law() {
    check(&UniformConfig { elements: 3000 });
    check(&UniformConfig { elements: 1 });
}

#[test]
fn grouped_is_a_law() {
    let group = |elements, weight| GroupConfig { elements, weight };
    check(&GroupedConfig {
        groups: vec![group(1000, 2.0), group(10, 4.0), group(2000, 1.0)],
    });
}
