//! The structure function and the two-part code against codes written down.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use std::{collections::HashMap, f64::consts::LN_2};

use common::{Mean, documents_of, zipf};
use kolmo_theory::{
    expected_floor,
    structure::{
        Structure, StructurePoint, structure_function, syntax_bits, syntax_saving_bits,
        two_part_code,
    },
};
use kolmo_world::{
    Fact, Role, World, WorldConfig,
    config::{
        Family, FrequencyConfig, NamesConfig, RelationConfig, RelationCount, SyntaxConfig,
        UniformConfig,
    },
};

/// Relations of so many values and such weights; a syntax of one template without fillers unless `wordy`.
fn world(frequency: FrequencyConfig, relations: &[(usize, f64)], wordy: bool) -> World {
    let relation = |(r, (values, weight)): (usize, &(usize, f64))| RelationConfig {
        name: format!("r{r}"),
        values: Some(*values),
        weight: *weight,
    };
    let plain = SyntaxConfig {
        templates: Some(1),
        filler_slots: Some(0),
        ..SyntaxConfig::default()
    };
    let config = WorldConfig {
        frequency,
        relations: relations.iter().enumerate().map(relation).collect(),
        syntax: if wordy {
            SyntaxConfig::default()
        } else {
            plain
        },
        ..WorldConfig::default()
    };
    World::new(&config, 7).unwrap()
}

fn floor_bits(world: &World, documents: u64) -> f64 {
    documents as f64 * expected_floor(world).total() / LN_2
}

#[test]
fn either_curve_falls_and_is_convex() {
    let documents = 2000;
    let world = world(zipf(500, 1.4), &[(16, 1.0), (256, 2.0), (1, 1.0)], true);
    for mut structure in [
        Structure::bound(&world, documents),
        Structure::two_part(&world, documents),
    ] {
        let curve = structure.curve(40);
        assert!(curve.len() > 30);
        assert!(curve[0].model_bits < 1e-9 && curve[0].syntax_share < 1e-9);
        for pair in curve.windows(2) {
            let [one, next] = pair else { unreachable!() };
            assert!(one.facts <= next.facts && one.syntax_share <= next.syntax_share);
            assert!(one.least_mentions >= next.least_mentions);
            // What the model takes more, the documents take less by as much as the worst of it saves or more.
            let more = next.model_bits - one.model_bits;
            let less = one.data_bits - next.data_bits;
            assert!(more >= 0.0 && less >= 0.0);
            assert!(less >= more * next.saved_per_bit - 1e-4, "{pair:?}");
            assert!(less <= more * one.saved_per_bit + 1e-4, "{pair:?}");
        }
        // The tangents of the points are below the curve, and touch it there.
        for point in &curve {
            let at = structure.data_bits_at(point.model_bits);
            assert!((at / point.data_bits - 1.0).abs() < 1e-8, "{point:?} {at}");
            for model in [0.0, 100.0, 1e3, 3456.7, 1e4, 1e5] {
                let tangent = point.data_bits - point.saved_per_bit * (model - point.model_bits);
                assert!(structure.data_bits_at(model) >= tangent - 1e-3, "{point:?}");
            }
        }
    }
    let all_told = |curve: Vec<StructurePoint>| *curve.last().unwrap();
    let bound = all_told(structure_function(&world, documents, 40));
    let code = all_told(two_part_code(&world, documents, 40));
    assert_eq!((bound.saved_per_bit, bound.least_mentions), (1.0, Some(1)));
    assert_eq!(code.least_mentions, Some(1));
    assert!((bound.facts / code.facts - 1.0).abs() < 1e-12);
    // In the end only the floor is left, and of each choice what its precision leaves.
    let floor = floor_bits(&world, documents);
    for (left, most) in [
        (bound.data_bits - floor, 100.0),
        (code.data_bits - floor, 20.0),
    ] {
        assert!(left > 0.0 && left < most, "{left}");
    }
    let mut structure = Structure::bound(&world, documents);
    let more = structure.data_bits_at(bound.model_bits + 1e4);
    assert!((more / floor - 1.0).abs() < 1e-9, "{more} {floor}");
    // Nowhere else do model and documents together take less.
    let least = bound.model_bits + bound.data_bits;
    for point in structure.curve(300) {
        assert!(point.model_bits + point.data_bits >= least - 1e-6);
    }
    assert!(structure.data_bits_at(f64::NAN).is_nan());
}

#[test]
fn the_code_with_names_is_above_the_bound() {
    let biography = WorldConfig {
        family: Family::Biography,
        frequency: zipf(300, 1.5),
        relations_per_document: RelationCount::Exactly(2),
        ..WorldConfig::default()
    };
    for world in [
        world(zipf(500, 1.4), &[(16, 1.0), (256, 2.0)], true),
        world(
            FrequencyConfig::Uniform(UniformConfig { elements: 30 }),
            &[(4, 1.0)],
            true,
        ),
        // Nothing but syntax, and next to no name.
        world(zipf(100, 1.1), &[(1, 1.0), (1, 1e-3), (1, 0.5)], true),
        world(
            FrequencyConfig::Uniform(UniformConfig { elements: 1 }),
            &[(64, 1.0), (2, 9.0)],
            true,
        ),
        World::new(&biography, 1).unwrap(),
    ] {
        for documents in [1, 50, 10_000] {
            let mut bound = Structure::bound(&world, documents);
            let mut code = Structure::two_part(&world, documents);
            let mut sizes: Vec<f64> = (0..30).map(|k| 1.5f64.powi(k)).collect();
            for curve in [bound.curve(50), code.curve(50)] {
                sizes.extend(curve.iter().map(|point| point.model_bits));
            }
            for model in sizes {
                let (least, found) = (bound.data_bits_at(model), code.data_bits_at(model));
                assert!(found >= least * (1.0 - 1e-9), "{model}: {found} {least}");
            }
            for point in code.curve(50) {
                let least = bound.data_bits_at(point.model_bits);
                assert!(point.data_bits >= least * (1.0 - 1e-9), "{point:?} {least}");
            }
        }
    }
}

#[test]
fn they_are_those_of_the_best_codes_of_documents_drawn() {
    let documents = 2000;
    // No syntax to learn.
    let world = world(zipf(500, 1.4), &[(16, 1.0), (256, 1.0)], false);
    let name = (world.facts().subjects() as f64).ln();
    let floor = floor_bits(&world, documents) * LN_2;
    let curves = [
        (0.0, structure_function(&world, documents, 40)),
        (name, two_part_code(&world, documents, 40)),
    ];
    let repeated: Vec<HashMap<Fact, u64>> = (0..40)
        .map(|repetition| {
            let mut counts = HashMap::new();
            for document in documents_of(&world, repetition << 32, documents) {
                *counts.entry(document.facts[0]).or_default() += 1;
            }
            counts
        })
        .collect();
    for (name, curve) in curves {
        for point in &curve {
            let mut measured = [(); 3].map(|()| Mean::default());
            for counts in &repeated {
                let (mut facts, mut spent, mut left) = (0.0, 0.0, floor);
                let mut least = u64::MAX;
                for (fact, count) in counts {
                    let content = world.relations()[fact.relation as usize].mean_content();
                    let saving = *count as f64 * content;
                    if saving / (name + content) >= point.saved_per_bit * (1.0 - 1e-9) {
                        facts += 1.0;
                        spent += name + content;
                        least = least.min(*count);
                    } else {
                        left += saving;
                    }
                }
                assert!(Some(least) >= point.least_mentions);
                for (mean, value) in measured.iter_mut().zip([facts, spent / LN_2, left / LN_2]) {
                    mean.add(value);
                }
            }
            // What happens in fewer than 1 of 5 streams can go unseen in 40 of them (0.8^40 = 10^-4), and
            // then has no standard error: a fifth of a fact is allowed for it.
            let fact = 0.2 * (name + 256f64.ln()) / LN_2;
            measured[0].assert_within(point.facts, 0.2, "facts");
            measured[1].assert_within(point.model_bits, fact, "model bits");
            measured[2].assert_within(point.data_bits, fact * point.saved_per_bit, "data bits");
        }
    }
}

#[test]
fn a_list_of_values_is_below_the_code_with_names_and_not_below_the_bound() {
    let (documents, values) = (4000, 16);
    let mut config = world(
        FrequencyConfig::Uniform(UniformConfig { elements: 64 }),
        &[(values, 1.0)],
        false,
    )
    .config()
    .clone();
    config.names = NamesConfig {
        pools: Some(vec![8, 8]),
    };
    let world = World::new(&config, 3).unwrap();
    let (relation, names) = (&world.relations()[0], world.facts());
    // Every name there is, and the value of who is called so: nothing says whose it is but its place.
    let words = |begun: &[u32]| -> Vec<u32> {
        let next = names.next_words(begun).into_iter();
        next.map(|(word, _)| word).collect()
    };
    let first = words(&[]);
    let last = words(&first[..1]);
    let all = first
        .iter()
        .flat_map(|one| last.iter().map(|two| [*one, *two]));
    let list: Vec<u32> = all
        .map(|name| names.value(names.subject(&name).unwrap(), 0))
        .collect();
    assert_eq!(list.len(), 64);
    // With it the values of documents cost nothing.
    for document in documents_of(&world, 0, 300) {
        let of = |role| {
            let tokens = document.tokens.iter().zip(&document.roles);
            let tokens = tokens.filter(|(_, r)| **r == role);
            tokens.map(|(token, _)| *token).collect::<Vec<_>>()
        };
        let name = of(Role::Subject);
        let place = |pool: &[u32], word| pool.iter().position(|w| *w == word).unwrap();
        let place = place(&first, name[0]) * last.len() + place(&last, name[1]);
        assert_eq!(of(Role::Value), relation.tokens(list[place]));
    }
    let bits = list.len() as f64 * (values as f64).log2();
    let floor = floor_bits(&world, documents);
    let half = floor + documents as f64 / 2.0 * (values as f64).log2();
    let mut code = Structure::two_part(&world, documents);
    let mut bound = Structure::bound(&world, documents);
    // With names, so many bits hold 26 of the 64 facts: more than half of the values are still to be paid.
    assert!(code.data_bits_at(bits) > half);
    assert!((bound.data_bits_at(bits) / floor - 1.0).abs() < 1e-9);
    // Half of the list leaves half of the values to be paid.
    let least = bound.data_bits_at(bits / 2.0);
    assert!(least < half && least > 0.8 * half, "{least} {half}");
}

/// P(X = k) of n draws, by Pascal's rule.
fn binomial(n: usize, p: f64) -> Vec<f64> {
    let mut mass = vec![1.0];
    for _ in 0..n {
        let mut next = vec![0.0; mass.len() + 1];
        for (k, m) in mass.iter().enumerate() {
            next[k] += m * (1.0 - p);
            next[k + 1] += m * p;
        }
        mass = next;
    }
    mass
}

/// The learner's choices of n of the bound: every one to 16, and then every tenth part more.
fn draws() -> impl Iterator<Item = usize> {
    std::iter::successors(Some(1usize), |n| match n {
        n if *n < 16 => Some(n + 1),
        n => Some((*n as f64 * 1.1).ceil() as usize),
    })
}

/// The nats a draw that are left of a choice of two, of probability `q`, to who was told so many nats: the greatest line of all n up to some.
fn syntax_left(q: f64, saving: f64, told: f64) -> f64 {
    thread_local! {
        static PAID: std::cell::RefCell<HashMap<u64, Vec<(f64, f64)>>> = std::cell::RefCell::default();
    }
    PAID.with_borrow_mut(|paid| {
        let lines = paid.entry(q.to_bits()).or_insert_with(|| {
            let of = |n: usize| {
                (
                    n as f64,
                    paid_by_the_best_learner(n, q).min(n as f64 * saving),
                )
            };
            draws().take_while(|n| *n < 2000).map(of).collect()
        });
        let lines = lines.iter().map(|(n, paid)| (paid - told) / n);
        lines.fold(0.0, f64::max)
    })
}

/// What a learner loses in `n` draws of two outcomes to who knows their probabilities, with the best of eleven priors.
fn paid_by_the_best_learner(n: usize, q: f64) -> f64 {
    let mass = binomial(n, q);
    let priors = (0..=10).map(|k| 0.5f64.powi(k));
    let pays = priors.map(|c| {
        let rising = |c: f64, k: usize| -> f64 { (0..k).map(|j| (c + j as f64).ln()).sum() };
        let paid = mass.iter().enumerate().map(|(k, m)| {
            let code = rising(2.0 * c, n) - rising(c, k) - rising(c, n - k);
            m * (code + k as f64 * q.ln() + (n - k) as f64 * (1.0 - q).ln())
        });
        paid.sum::<f64>()
    });
    pays.fold(f64::INFINITY, f64::min)
}

#[test]
fn the_bound_is_the_best_division_between_facts_and_syntax() {
    let (documents, q) = (60, 0.2);
    let world = world(zipf(12, 1.3), &[(16, q), (5, 1.0 - q)], false);
    let n = documents as f64;
    // Expected facts of each count and content; the only choice is that of the relation.
    let mut facts: Vec<(f64, f64, f64)> = Vec::new();
    for rank in 1..=12 {
        for (content, q) in [(16f64.ln(), q), (5f64.ln(), 1.0 - q)] {
            let mass = binomial(documents, world.frequency().probability(rank) * q);
            facts.extend(
                mass.iter()
                    .zip(0..)
                    .map(|(m, c)| (f64::from(c), *m, content)),
            );
        }
    }
    facts.sort_by(|a, b| b.0.total_cmp(&a.0));
    let with_facts = |mut model: f64| {
        let mut left = 0.0;
        for (count, number, content) in &facts {
            let told = (number * content).min(model);
            model -= told;
            left += count * (number * content - told);
        }
        left
    };
    let saving = n * (LN_2 + q * q.ln() + (1.0 - q) * (1.0 - q).ln());
    let floor = floor_bits(&world, documents as u64);
    let mut bound = Structure::bound(&world, documents as u64);
    for bits in [0.0, 0.3, 1.0, 2.5, 4.0, 7.7, 12.0, 20.0, 35.0] {
        // As much for the syntax as leaves the least of both, out of many divisions.
        let total = bits * LN_2;
        let divided = (0..=20_000).map(|k| {
            let syntax = total * f64::from(k) / 20_000.0;
            n * syntax_left(q, saving / n, syntax) + with_facts(total - syntax)
        });
        let least = floor + divided.fold(f64::INFINITY, f64::min) / LN_2;
        let found = bound.data_bits_at(bits);
        assert!(found <= least * (1.0 + 1e-9), "{bits}: {found} {least}");
        assert!(found > least * (1.0 - 1e-5), "{bits}: {found} {least}");
    }
}

#[test]
fn the_syntax_takes_so_many_bits_as_its_redundancy_asks_for() {
    let (documents, q) = (1000, 0.2f64);
    let n = documents as f64;
    // One choice of one parameter.
    let one = world(zipf(12, 1.3), &[(16, q), (5, 1.0 - q)], false);
    let saving = LN_2 + q * q.ln() + (1.0 - q) * (1.0 - q).ln();
    let found = syntax_saving_bits(&one, documents) * LN_2 / n;
    assert!((found / saving - 1.0).abs() < 1e-12);
    for redundancy in [0.15, 0.05, 0.02, 0.01, 0.005] {
        let bits = syntax_bits(&one, documents, redundancy);
        let left = syntax_left(q, saving, bits * LN_2);
        assert!(
            (left / redundancy - 1.0).abs() < 1e-6,
            "{left} {redundancy}"
        );
    }
    // Where a nat saves less than a nat no more is told: the learner's whole price is told and left.
    let most = syntax_bits(&one, documents, 0.0);
    let left = n * syntax_left(q, saving, most * LN_2);
    let all = paid_by_the_best_learner(documents as usize, q);
    assert!(
        (most * LN_2 + left - all).abs() < 0.01,
        "{most} {left} {all}"
    );
    for redundancy in [1e-4, -1.0] {
        assert_eq!(syntax_bits(&one, documents, redundancy), most);
    }
    assert_eq!(syntax_bits(&one, documents, saving * (1.0 + 1e-9)), 0.0);
    assert!(syntax_bits(&one, documents, f64::NAN).is_nan());

    // Of many choices: as many bits as the bound takes where so much is left and there are no facts.
    let many = world(zipf(12, 1.3), &[(1, q), (1, 1.0 - q)], true);
    let mut bound = Structure::bound(&many, documents);
    let floor = floor_bits(&many, documents);
    for point in bound.curve(30) {
        let redundancy = (point.data_bits - floor) * LN_2 / n;
        let found = syntax_bits(&many, documents, redundancy);
        assert!((found - point.model_bits).abs() < 1e-4, "{point:?} {found}");
        assert_eq!((point.facts, point.least_mentions), (0.0, None));
    }
    let alike = world(zipf(12, 1.3), &[(4, 1.0), (4, 1.0)], false);
    assert_eq!(syntax_saving_bits(&alike, documents), 0.0);
    assert_eq!(syntax_bits(&alike, documents, 0.1), 0.0);
}

/// The words of a sentence that a Dirichlet prior of little concentration drew.
fn sparse(concentration: f64, seed: u64) -> World {
    let config = WorldConfig {
        frequency: zipf(100, 1.5),
        syntax: SyntaxConfig {
            templates: Some(24),
            filler_slots: Some(1),
            filler_words: Some(32),
            template_concentration: concentration,
            filler_concentration: concentration,
            ..SyntaxConfig::default()
        },
        ..WorldConfig::default()
    };
    World::new(&config, seed).unwrap()
}

/// Nats of a code that names the `named` most likely outcomes of a choice and gives to each what is left of the others' `doubt`, by a
/// share in quarters; and the redundancy that it leaves a draw.
fn named(probabilities: &[f64], named: usize, doubt: f64) -> (f64, f64) {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|a, b| probabilities[*b].total_cmp(&probabilities[*a]));
    let (outcomes, likely) = (probabilities.len(), &order[..named]);
    // In the order of what they have, so that none is named twice.
    let cost: f64 = (0..named).map(|k| ((outcomes - k) as f64).ln()).sum();
    let total: f64 = likely.iter().map(|k| probabilities[*k]).sum();
    let quarters = |k: &usize| (4.0 * probabilities[*k] / total).round().max(0.25);
    let of_all: f64 = likely.iter().map(quarters).sum();
    let mut code = vec![doubt / outcomes as f64; outcomes];
    likely
        .iter()
        .for_each(|k| code[*k] += (1.0 - doubt) * quarters(k) / of_all);
    let terms = probabilities.iter().zip(&code).filter(|(p, _)| **p > 0.0);
    let redundancy = terms.map(|(p, q)| p * (p / q).ln()).sum();
    // Five values of a share each.
    (
        cost + (named.saturating_sub(1)) as f64 * 5f64.ln(),
        redundancy,
    )
}

#[test]
fn no_code_written_down_is_below_the_bound_where_the_syntax_is_sparse() {
    for concentration in [0.02, 0.1, 0.5, 1.0] {
        for seed in 1..=6 {
            let world = sparse(concentration, seed);
            let syntax = world.syntax();
            for documents in [30u64, 1000, 100_000] {
                let n = documents as f64;
                let mut bound = Structure::bound(&world, documents);
                // All facts are told as well, and their bits are what the bound has of them.
                let empty = bound.curve(2)[0].data_bits;
                let all_syntax = syntax_saving_bits(&world, documents);
                let values = empty - floor_bits(&world, documents) - all_syntax;
                for likely in 0..=3 {
                    for doubt in [0.3, 0.1, 0.03, 0.01, 0.001] {
                        let (mut model, mut data) = (0.0, floor_bits(&world, documents) + values);
                        for (c, class) in syntax.classes().iter().enumerate() {
                            let of_class = (0..world.relations().len())
                                .filter(|r| syntax.class_index(*r) == c);
                            let sentences: f64 =
                                of_class.map(|r| world.relation_draw().inclusion(r)).sum();
                            let templates = class.template_probabilities();
                            let mut tell = |probabilities: &[f64], made: f64| {
                                // Nothing named is all alike.
                                let doubt = if likely == 0 { 1.0 } else { doubt };
                                let (cost, left) = named(probabilities, likely, doubt);
                                model += cost / LN_2;
                                data += n * made * left / LN_2;
                            };
                            tell(templates, sentences);
                            for (s, slot) in class.slots().iter().enumerate() {
                                let with = class.templates().iter().zip(templates);
                                let with = with.filter(|(t, _)| t.slots().any(|used| used == s));
                                let used: f64 = with.map(|(_, p)| p).sum();
                                tell(slot.probabilities(), sentences * used);
                            }
                        }
                        let least = bound.data_bits_at(model);
                        assert!(
                            data >= least * (1.0 - 1e-9),
                            "{concentration} {seed} {documents} {likely} {doubt}: {model} + {data} is below {least}"
                        );
                    }
                }
            }
        }
    }
}
