//! Its redundancy over worlds drawn from its prior against the mutual information of documents and worlds, in closed form.

use kolmo_config::Discount;
use kolmo_theory::{BayesLearner, ByRole, Floor, PitmanYorParameters};
use kolmo_world::{World, WorldConfig, config::SyntaxConfig};
use statrs::function::gamma::{digamma, ln_gamma};

use crate::{
    common::{Mean, documents_of, pitman_yor},
    relation,
};

/// Mutual information of n draws of a Dirichlet-multinomial and its parameters, nats:
/// E[−ln P(draws)] − n E[H].
fn dirichlet_information(outcomes: usize, concentration: f64, draws: usize) -> f64 {
    let (k, a, n) = (outcomes as f64, concentration, draws as f64);
    // The count of one outcome is beta-binomial.
    let count = |c: f64| {
        let choose = ln_gamma(n + 1.0) - ln_gamma(c + 1.0) - ln_gamma(n - c + 1.0);
        let beta = |x: f64, y: f64| ln_gamma(x) + ln_gamma(y) - ln_gamma(x + y);
        (choose + beta(c + a, n - c + (k - 1.0) * a) - beta(a, (k - 1.0) * a)).exp()
    };
    let counts = (0..=draws).map(|c| c as f64);
    let rising: f64 = counts
        .map(|c| count(c) * (ln_gamma(a + c) - ln_gamma(a)))
        .sum();
    let code = ln_gamma(k * a + n) - ln_gamma(k * a) - k * rising;
    code - n * (digamma(k * a + 1.0) - digamma(a + 1.0))
}

/// Mutual information of n draws of a Pitman-Yor process with random names and its weights, nats, from
/// the distribution of K_n and the expected number of elements drawn j times.
fn element_information(alpha: f64, beta: f64, draws: usize, names: f64) -> f64 {
    let mut distinct = vec![0.0; draws + 2];
    distinct[1] = 1.0;
    for n in 1..draws {
        for k in (1..=n + 1).rev() {
            let (n, kf) = (n as f64, k as f64);
            let again = distinct[k] * (n - alpha * kf) / (n + beta);
            let new = distinct[k - 1] * (beta + alpha * (kf - 1.0)) / (n + beta);
            distinct[k] = again + if k > 1 { new } else { 0.0 };
        }
    }
    let n = draws as f64;
    // ln of the rising factorial x (x + 1) ... (x + m − 1).
    let rising = |x: f64, m: f64| ln_gamma(x + m) - ln_gamma(x);
    let alike = |j: f64| {
        let choose = ln_gamma(n + 1.0) - ln_gamma(j + 1.0) - ln_gamma(n - j + 1.0);
        let ways = rising(1.0 - alpha, j - 1.0) + rising(beta + alpha, n - j)
            - rising(beta + 1.0, n - 1.0);
        (choose + ways).exp()
    };
    let again: f64 = (1..=draws)
        .map(|j| alike(j as f64) * rising(1.0 - alpha, j as f64 - 1.0))
        .sum();
    let (mut at_most, mut new, mut named) = (0.0, 0.0, 0.0);
    for (k, exactly) in distinct.iter().enumerate().take(draws) {
        at_most += exactly;
        let more = 1.0 - at_most;
        named += more * (names - k as f64).ln();
        if k > 0 {
            new += more * (beta + k as f64 * alpha).ln();
        }
    }
    let code = rising(beta + 1.0, n - 1.0) - new - again + named;
    code - n * (digamma(beta + 1.0) - digamma(1.0 - alpha))
}

#[test]
fn on_its_own_prior_it_is_redundant_by_the_mutual_information() {
    // So flat a tail that 3000 sticks leave 10^-10 of the mass.
    let (alpha, beta, draws, templates) = (0.25, 2.0, 300, 4);
    let config = WorldConfig {
        frequency: pitman_yor(alpha, beta, 3000),
        relations: vec![relation("a", 16, 1.0)],
        syntax: SyntaxConfig {
            templates: Some(templates),
            filler_slots: Some(0),
            template_concentration: 0.8,
            ..SyntaxConfig::default()
        },
        ..WorldConfig::default()
    };
    let (mut total, mut value, mut wrong) = (Mean::default(), Mean::default(), Mean::default());
    let mut names = 0.0;
    for seed in 0..1500 {
        let world = World::new(&config, seed).unwrap();
        names = world.facts().subjects() as f64;
        let mut learner = BayesLearner::new(&world, Discount::Law);
        let mut other = BayesLearner::with_parameters(
            &world,
            PitmanYorParameters {
                discount: 0.7,
                concentration: beta,
            },
        );
        let mut floor = Floor::by_role(&world);
        let mut nats = Vec::new();
        let (mut code, mut truth, mut competitor) = (ByRole::default(), 0.0, 0.0);
        for document in documents_of(&world, 0, draws as u64) {
            code += learner.sum(&document, &mut nats);
            competitor += other.sum(&document, &mut nats).total();
            truth += floor.sum(&document, &mut nats).total();
        }
        total.add(code.total() - truth);
        value.add(code.value);
        wrong.add(competitor - code.total());
    }
    let process = PitmanYorParameters {
        discount: alpha,
        concentration: beta,
    };
    let values = 16f64.ln() * process.expected_distinct(draws as u64);
    let expected = element_information(alpha, beta, draws, names)
        + dirichlet_information(templates, 0.8, draws)
        + values;
    value.assert_near(values, "value");
    total.assert_near(expected, "total");
    // Another discount has the longer code: by more than chance.
    assert!(
        wrong.mean() > 4.0 * wrong.error(),
        "{} ± {}",
        wrong.mean(),
        wrong.error()
    );
}
