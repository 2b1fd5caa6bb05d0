//! The checks that every law passes. A tolerance of what is drawn is 4.5 standard errors; of what is computed it is rounding.

use std::collections::{HashMap, HashSet};

use kolmo_world::{
    Document, Frequency, World, WorldConfig,
    frequency::Law,
    random::{Random, Streams},
};

const DRAWS: u64 = 200_000;
const SEEDS: [u64; 3] = [1, 2, 3];
/// Ranks that are looked at one by one.
const COUNTED: u64 = 20_000;

/// Everything that must hold for `law`.
pub fn check<L: Law + Clone + PartialEq + 'static>(law: &L) {
    let built = SEEDS.map(|seed| build(law, seed));
    for frequency in &built {
        ranks_fall_and_name_every_element_once(frequency);
        sums_are_those_of_counting(frequency);
        groups_are_of_equal_frequency(frequency);
        draws_are_as_frequent_as_probabilities_say(frequency);
    }
    the_label_has_numbers_as_they_are_asked_for(law);
    seeds_differ_where_the_law_says_so(law, &built);
    equal_frequencies_are_what_the_law_says(law, &built);
    a_process_is_drawn_and_has_the_tail(law, &built);
    the_tail_is_what_a_count_shows(law, &built);
    another_number_of_elements_is_the_same_law(law);
    documents_are_about_its_elements(law);
}

fn build<L: Law + Clone + 'static>(law: &L, seed: u64) -> Frequency {
    Frequency::of(Box::new(law.clone()), &Streams::new(seed)).unwrap()
}

fn random(name: &str) -> Random {
    Streams::new(7).stream(name).at(0)
}

/// |measured − expected| within 4.5 standard errors.
fn assert_near(what: &str, measured: f64, expected: f64, variance: f64) {
    let error = variance.sqrt() + 1e-9 * expected.abs().max(1e-9);
    assert!(
        (measured - expected).abs() < 4.5 * error,
        "{what}: measured {measured}, expected {expected} ± {error}"
    );
}

fn ranks_fall_and_name_every_element_once(law: &Frequency) {
    let last = law.elements();
    assert!((1..=law.max_elements()).contains(&last));
    let mut elements = HashSet::new();
    let mut before = 1.0;
    for rank in 1..=last.min(COUNTED) {
        let (p, element) = (law.probability(rank), law.element(rank));
        assert!(0.0 < p && p <= before, "rank {rank}: {p} after {before}");
        assert!(element < law.max_elements());
        assert!(elements.insert(element), "element {element} has two ranks");
        assert_eq!(law.rank(element), rank);
        before = p;
    }
    let p = law.probability(last);
    assert!(0.0 < p && p <= before);
    assert_eq!(law.rank(law.element(last)), last);

    // Ranks are found by their probability.
    for rank in [1, 2, 7, last / 2, last] {
        let p = law.probability(rank.clamp(1, last));
        for (such, is_inside) in [
            (law.leading(|other| other >= p), true),
            (law.leading(|other| other > p), false),
        ] {
            let holds = |q: f64| if is_inside { q >= p } else { q > p };
            assert!(such == 0 || holds(law.probability(such)));
            assert!(such == last || !holds(law.probability(such + 1)));
        }
    }
    assert_eq!(law.leading(|p| p > 1.0), 0);
    assert_eq!(law.leading(|p| p > 0.0), last);
}

fn sums_are_those_of_counting(law: &Frequency) {
    let last = law.elements();
    let mass = law.mass(1..=last);
    assert!((mass - 1.0).abs() < 1e-9, "all probabilities sum to {mass}");
    assert!((law.sum(1..=last, |_| 1.0) / last as f64 - 1.0).abs() < 1e-9);
    assert_eq!(law.mass(0..=last), 0.0);
    assert_eq!(law.mass(last + 1..=last + 1), 0.0);

    let unseen = |p: f64| p * (1000.0 * (-p).ln_1p()).exp();
    let content = |p: f64| -p * p.ln();
    for (lo, hi) in [(1, last), (1, 1), (2, last / 2), (last / 3 + 1, last)] {
        let hi = hi.min(lo + COUNTED);
        if lo > hi {
            continue;
        }
        for f in [&unseen as &dyn Fn(f64) -> f64, &content, &|p| p] {
            let counted: f64 = (lo..=hi).rev().map(|rank| f(law.probability(rank))).sum();
            let sum = law.sum(lo..=hi, f);
            assert!(
                (sum - counted).abs() <= 1e-9 * counted + 1e-18,
                "ranks {lo} to {hi}: {sum}, counted {counted}"
            );
        }
    }
}

fn groups_are_of_equal_frequency(law: &Frequency) {
    let Some(ends) = law.group_ends() else {
        return;
    };
    assert_eq!(ends.last(), Some(&law.elements()));
    let mut start = 1;
    for end in ends {
        assert!(start <= end, "groups overlap at rank {start}");
        assert_eq!(law.probability(start), law.probability(end));
        start = end + 1;
    }
}

fn draws_are_as_frequent_as_probabilities_say(law: &Frequency) {
    let mut random = random("draws");
    let n = DRAWS as f64;
    let mut counts: HashMap<u64, u64> = HashMap::new();
    let (mut content, mut squares) = (0.0, 0.0);
    for _ in 0..DRAWS {
        let rank = law.rank(law.sample(&mut random));
        assert!((1..=law.elements()).contains(&rank));
        *counts.entry(rank).or_default() += 1;
        let nats = -law.probability(rank).ln();
        content += nats / n;
        squares += nats * nats / n;
    }
    let count = |lo: u64, hi: u64| -> f64 {
        let inside = counts.iter().filter(|(rank, _)| (lo..=hi).contains(*rank));
        inside.map(|(_, count)| *count as f64).sum()
    };
    for rank in 1..=law.elements().min(20) {
        let p = law.probability(rank);
        let variance = n * p * (1.0 - p);
        assert_near(&format!("rank {rank}"), count(rank, rank), n * p, variance);
    }
    let mut lo = 1;
    while lo <= law.elements() {
        let hi = (lo * 4 - 1).min(law.elements());
        let p = law.mass(lo..=hi).min(1.0);
        let what = format!("ranks {lo} to {hi}");
        assert_near(&what, count(lo, hi), n * p, n * p * (1.0 - p));
        lo = hi + 1;
    }
    let variance = (squares - content * content).max(0.0) / n;
    assert_near("the mean of -ln p", content, law.entropy(), variance);
}

fn the_label_has_numbers_as_they_are_asked_for(law: &impl Law) {
    let label = law.label(&|_| "x".to_owned());
    assert!(!label.is_empty());
    assert!(
        !label.chars().any(|c| c.is_ascii_digit()),
        "{label:?} has a number that was not written as asked for"
    );
    assert!(law.elements_key().starts_with("world.frequency."));
}

fn seeds_differ_where_the_law_says_so<L: Law + Clone + 'static>(law: &L, built: &[Frequency]) {
    let first = |frequency: &Frequency| -> Vec<(u64, u64)> {
        let ranks = 1..=frequency.elements().min(100);
        let of = |rank| {
            (
                frequency.element(rank),
                frequency.probability(rank).to_bits(),
            )
        };
        ranks.map(of).collect()
    };
    for (seed, frequency) in SEEDS.into_iter().zip(built) {
        assert_eq!(
            first(frequency),
            first(&build(law, seed)),
            "seed {seed} differs from itself"
        );
    }
    let is_drawn = built[1..]
        .iter()
        .all(|other| first(other) != first(&built[0]));
    assert_eq!(law.is_drawn_by_seed(), is_drawn);
}

/// A law may be uniform for some parameters; one that says that it always is must be.
fn equal_frequencies_are_what_the_law_says(law: &impl Law, built: &[Frequency]) {
    for frequency in built {
        let are_equal = frequency.probability(1) == frequency.probability(frequency.elements());
        assert!(are_equal || !law.is_uniform());
    }
}

fn a_process_is_drawn_and_has_the_tail(law: &impl Law, built: &[Frequency]) {
    let Some(process) = law.process() else {
        return;
    };
    assert!(law.is_drawn_by_seed());
    assert!((0.0..1.0).contains(&process.discount) && process.concentration > -process.discount);
    for frequency in built {
        let tail = frequency.tail().map_or(0.0, |tail| tail.discount);
        assert_eq!(tail, process.discount);
    }
}

/// Distinct elements among n draws grow as n^α with a power law of discount α, and as no power of n with none, for
/// a law of few elements that every draw is of in the end.
fn the_tail_is_what_a_count_shows(law: &impl Law, built: &[Frequency]) {
    const READ: [u64; 3] = [1000, 14_142, 200_000];
    let label = law.label(&|x| x.to_string());
    for frequency in built {
        let mut random = random("count");
        let mut met = HashSet::new();
        let mut distinct = Vec::new();
        for n in 1..=READ[2] {
            met.insert(frequency.sample(&mut random));
            if READ.contains(&n) {
                distinct.push(met.len() as f64);
            }
        }
        let slope = |k: usize| {
            (distinct[k + 1] / distinct[k]).ln() / (READ[k + 1] as f64 / READ[k] as f64).ln()
        };
        let (early, late) = (slope(0), slope(1));
        let Some(tail) = frequency.tail() else {
            let is_bent = late < 0.7 * early || frequency.elements() == 1;
            assert!(
                is_bent,
                "{label} has no tail, but grows as n^{early}, n^{late}"
            );
            continue;
        };
        let alpha = tail.discount;
        assert!(0.0 < alpha && alpha < 1.0);
        assert!(
            (late - alpha).abs() < 0.05,
            "{label} has discount {alpha}, but grows as n^{early}, n^{late}"
        );
        if let Some(scale) = tail.scale {
            let rank = frequency.elements() / 2;
            let power = scale * (rank as f64).powf(-1.0 / alpha);
            let p = frequency.probability(rank);
            assert!(
                (p / power - 1.0).abs() < 1e-3,
                "{label}: {p} is not {power}"
            );
        }
    }
}

fn another_number_of_elements_is_the_same_law<L: Law + Clone + PartialEq + 'static>(law: &L) {
    let elements = build(law, 1).max_elements();
    let Some(larger) = law.with_elements(2 * elements) else {
        return;
    };
    assert_eq!(build(&larger, 1).elements(), 2 * elements);
    assert_eq!(larger.with_elements(elements).as_ref(), Some(law));
    let label = |law: &L| law.label(&|x| x.to_string());
    assert_eq!(label(&larger), label(law));
}

fn documents_are_about_its_elements<L: Law + Clone + 'static>(law: &L) {
    const DOCUMENTS: u64 = 3000;
    let of = Box::new(law.clone());
    let world = World::with_law(&WorldConfig::default(), of, 1).unwrap();
    let frequency = world.frequency();
    let drawn = build(law, 1);
    let (mut document, mut first) = (Document::default(), 0.0);
    for n in 0..DOCUMENTS {
        world.write_document(n, &mut document);
        let rank = frequency.rank(document.facts[0].element);
        assert_eq!(frequency.probability(rank), drawn.probability(rank));
        first += f64::from(u8::from(rank == 1));
    }
    let (n, p) = (DOCUMENTS as f64, frequency.probability(1));
    assert_near("documents of rank 1", first, n * p, n * p * (1.0 - p));
    let name = |element| {
        let mut name = Vec::new();
        world.facts().write_name(element, &mut name);
        name
    };
    let stranger = name(world.stranger(0));
    let ranks = 1..=frequency.elements().min(COUNTED);
    assert!(
        world.strangers() == 0
            || !ranks
                .map(|r| name(frequency.element(r)))
                .any(|n| n == stranger)
    );
}
