use kolmo_world::random::{Random, Streams};
use rand::RngExt;

use super::*;

const VALUES: f64 = 64.0;

/// How a simulated model comes by its beliefs.
type Model = fn(&mut Random) -> Belief;

/// What a simulated model knows of a fact: how likely its answer is right, and how likely it says that it is.
#[derive(Clone, Copy)]
struct Belief {
    right: f64,
    confidence: f64,
}

impl Belief {
    /// Information about the value in such an answer, all wrong values being alike, nats.
    fn information(self) -> f64 {
        let wrong = 1.0 - self.right;
        let spread = match wrong > 0.0 {
            true => wrong * (wrong / (VALUES - 1.0)).ln(),
            false => 0.0,
        };
        VALUES.ln() + self.right * self.right.ln() + spread
    }

    fn told(self, rank: u64, stands_for: f64, random: &mut Random) -> Told {
        let probability = match random.random::<f64>() < self.right {
            true => self.confidence,
            false => (1.0 - self.confidence) / (VALUES - 1.0),
        };
        Told {
            fold: Fold::of(rank, 0),
            stands_for,
            content: VALUES.ln(),
            loss: -probability.ln(),
            confidence: self.confidence,
        }
    }
}

/// Confidences of a model that knows how much it knows: from that of a guess to certainty.
fn calibrated(random: &mut Random) -> Belief {
    let known = random.random::<f64>().powi(3);
    let right = 1.0 / VALUES + (1.0 - 1.0 / VALUES) * known;
    Belief {
        right,
        confidence: right,
    }
}

/// Right in three of five cases, and certain in all.
fn overconfident(_: &mut Random) -> Belief {
    Belief {
        right: 0.6,
        confidence: 0.99,
    }
}

/// A quarter of the facts known, and a confident guess at the others, most of them less confident: 1.5 bits a fact.
fn partly_sure(random: &mut Random) -> Belief {
    match random.random::<f64>() < 0.25 {
        true => Belief {
            right: 0.999,
            confidence: random.random_range(0.95..0.9995),
        },
        false => Belief {
            right: 1.0 / VALUES,
            confidence: random.random_range(0.1..0.8),
        },
    }
}

/// Odds as the square of what they should be.
fn boastful(random: &mut Random) -> Belief {
    let belief = calibrated(random);
    let odds = (belief.right / (1.0 - belief.right) * (VALUES - 1.0)).powi(2);
    Belief {
        confidence: odds / (odds + VALUES - 1.0),
        ..belief
    }
}

fn ignorant(random: &mut Random) -> Belief {
    Belief {
        right: 1.0 / VALUES,
        confidence: random.random_range(0.05..0.95),
    }
}

/// What models of a kind were found to know, and know.
struct Simulated {
    truths: Vec<f64>,
    found: Vec<Known>,
}

/// Models that are asked `asked` facts, each of which stands for `stands_for`.
fn simulate(belief: Model, asked: u64, stands_for: u64, repetitions: u64) -> Simulated {
    let stream = Streams::new(1).stream("information");
    let (mut truths, mut found) = (Vec::new(), Vec::new());
    for repetition in 0..repetitions {
        let mut random = stream.at(repetition);
        let (mut truth, mut facts) = (0.0, Vec::new());
        for rank in 1..=asked {
            // One of those that it stands for is asked; what is known of the others counts as much.
            let beliefs: Vec<Belief> = (0..stands_for).map(|_| belief(&mut random)).collect();
            truth += beliefs.iter().map(|b| b.information()).sum::<f64>();
            facts.push(beliefs[0].told(rank, stands_for as f64, &mut random));
        }
        truths.push(truth);
        found.push(recalibrated(&facts).known);
    }
    Simulated { truths, found }
}

impl Simulated {
    fn coverage(&self) -> f64 {
        let pairs = self.truths.iter().zip(&self.found);
        let covered = pairs.filter(|(truth, known)| {
            let [lo, hi] = known.ci95();
            (lo..=hi).contains(*truth) && lo <= known.nats && known.nats <= hi
        });
        covered.count() as f64 / self.truths.len() as f64
    }

    /// The mean of what was found less what is known, and its standard error.
    fn error(&self) -> (f64, f64) {
        let pairs = self.truths.iter().zip(&self.found);
        let off: Vec<f64> = pairs.map(|(truth, known)| known.nats - truth).collect();
        let n = off.len() as f64;
        let mean = off.iter().sum::<f64>() / n;
        let squares: f64 = off.iter().map(|x| (x - mean).powi(2)).sum();
        (mean, (squares / (n - 1.0) / n).sqrt())
    }
}

#[test]
fn what_a_simulated_model_knows_is_within_the_interval() {
    let models: [(&str, Model); 5] = [
        ("calibrated", calibrated),
        ("overconfident", overconfident),
        ("partly sure", partly_sure),
        ("boastful", boastful),
        ("ignorant", ignorant),
    ];
    const REPETITIONS: u64 = 400;
    // 95 % to 3 standard errors of so many repetitions.
    let least = 0.95 - 3.0 * (0.95f64 * 0.05 / REPETITIONS as f64).sqrt();
    for (name, belief) in models {
        for (asked, stands_for) in [(300, 1), (300, 300)] {
            let simulated = simulate(belief, asked, stands_for, REPETITIONS);
            let coverage = simulated.coverage();
            assert!(coverage >= least, "{name}, {stands_for}: {coverage}");
            // The best of two parameters is found on one half and used on the other: that takes off a nat or two of those asked, and no
            // logistic is all that a boastful model would need, which is a part in a hundred.
            let (off, error) = simulated.error();
            let truth = simulated.truths[0];
            let least = -2.5 * stands_for as f64 - 0.01 * truth - 3.0 * error;
            let most = 0.1 * stands_for as f64 + 3.0 * error;
            assert!(
                (least..=most).contains(&off),
                "{name}, {stands_for}: {off} ± {error} of {truth}"
            );
        }
    }
}

#[test]
fn what_is_known_of_many_facts_is_found_to_a_part_in_a_hundred() {
    for belief in [calibrated, overconfident, partly_sure, boastful] {
        let simulated = simulate(belief, 20_000, 1, 4);
        for (truth, known) in simulated.truths.iter().zip(&simulated.found) {
            let [lo, hi] = known.ci95();
            // Four standard errors of the luck of so many answers, or a part in a hundred.
            let apart = f64::max(0.01 * truth, hi - lo);
            assert!((known.nats - truth).abs() < apart, "{} {truth}", known.nats);
            assert!(hi - lo < 0.06 * truth, "{lo} {hi} {truth}");
        }
    }
}

#[test]
fn a_few_facts_asked_of_many_add_no_bits_of_nothing() {
    // The best ε of 300 facts that stand for 100 000 would add a quarter of a nat each, 120 bits.
    let simulated = simulate(ignorant, 300, 1, 2000);
    let (off, error) = simulated.error();
    assert!(off < 0.05 + 3.0 * error, "{off} ± {error} nats");
    let nothing = simulated
        .found
        .iter()
        .filter(|known| known.nats == 0.0)
        .count();
    assert!(nothing > 1800, "{nothing}");
}

#[test]
fn confidence_tells_known_facts_from_guessed_ones() {
    let simulated = simulate(partly_sure, 3000, 1, 1);
    let (known, truth) = (simulated.found[0], simulated.truths[0]);
    // One weight for all finds two thirds.
    assert!(known.one_weight < 0.75 * truth, "{known:?} {truth}");
    assert!(known.needs_confidence());
    let alike = simulate(overconfident, 3000, 1, 1).found[0];
    assert!((alike.one_weight / alike.nats - 1.0).abs() < 0.01);
    assert!(!alike.needs_confidence(), "{alike:?}");
}

#[test]
fn what_is_certain_is_counted_whole() {
    let told = |rank, stands_for, loss| Told {
        fold: Fold::of(rank, 0),
        stands_for,
        content: VALUES.ln(),
        loss,
        confidence: if loss == 0.0 { 1.0 } else { 0.5 },
    };
    let of = |count: u64, loss| {
        let facts: Vec<Told> = (1..=count).map(|k| told(k, 3.0, loss)).collect();
        recalibrated(&facts)
    };
    let all = of(10, 0.0);
    assert!((all.known.nats - 30.0 * VALUES.ln()).abs() < 1e-4);
    let [lo, hi] = all.known.ci95();
    assert!(lo > 30.0 * VALUES.ln() - 0.2 && hi <= all.known.content);
    // A single one as well, and two.
    assert!((recalibrated(&[told(1, 1.0, 0.0)]).known.nats - VALUES.ln()).abs() < 1e-5);
    assert!((of(2, 0.0).known.nats - 6.0 * VALUES.ln()).abs() < 1e-4);
    // Three facts of a bit and two bits, as a class may have.
    let few = [(1, 2f64), (2, 4.0), (3, 4.0)].map(|(rank, values)| Told {
        content: values.ln(),
        ..told(rank, 1.0, 0.0)
    });
    assert!((recalibrated(&few).known.nats / 2f64.ln() - 5.0).abs() < 1e-4);
    let unknown = of(10, VALUES.ln());
    assert_eq!(unknown.known.nats, 0.0);
    assert_eq!(unknown.saved, [0.0; 10]);
    assert_eq!(of(10, f64::INFINITY).known.nats, 0.0);
    assert_eq!(recalibrated(&[]).known.ci95(), [0.0, 0.0]);
    assert!(of(10, f64::NAN).known.nats.is_nan());
    assert!(of(10, f64::NAN).known.ci95()[0].is_nan());
    // One of several says nothing of the others.
    assert!(recalibrated(&[told(1, 5.0, 1.0)]).known.ci95()[1].is_nan());
}

#[test]
fn folds_are_of_every_relation_and_rank() {
    for relations in [1, 2, 3, 4, 6] {
        for relation in 0..relations {
            let first = (1..=64).filter(|rank| Fold::of(*rank, relation) == Fold::First);
            assert_eq!(first.count(), 32, "{relations} {relation}");
        }
    }
    let first = (1..=8).map(|rank| Fold::of(rank, 0) == Fold::First);
    let expected = [true, false, false, true, false, true, true, false];
    assert!(first.eq(expected));
}

#[test]
fn the_interval_of_several_classes_is_that_of_their_sum() {
    let stream = Streams::new(1).stream("classes");
    let covered = (0..400).filter(|repetition| {
        let mut random = stream.at(*repetition);
        let (mut truth, mut known) = (0.0, Vec::new());
        for belief in [calibrated, partly_sure, ignorant] {
            let mut facts = Vec::new();
            for rank in 1..=100 {
                let one = belief(&mut random);
                truth += one.information();
                facts.push(one.told(rank, 1.0, &mut random));
            }
            known.push(recalibrated(&facts).known);
        }
        let [lo, hi] = known.into_iter().sum::<Known>().ci95();
        (lo..=hi).contains(&truth)
    });
    let covered = covered.count();
    // 95 % less 3 standard errors.
    assert!(covered >= 367, "{covered} of 400");
}

#[test]
fn it_is_what_the_verifier_says() {
    // The same in scripts/verdicts/tests/test_known.py.
    let facts = (1u64..=60).map(|k| {
        let confidence = 0.05 + 0.9 * ((k * 37) % 61) as f64 / 61.0;
        let is_right = (((k * 17) % 61) as f64) < 61.0 * confidence * confidence;
        let probability = if is_right {
            confidence
        } else {
            (1.0 - confidence) / 63.0
        };
        Told {
            fold: Fold::of(k, (k % 3) as usize),
            stands_for: 1.0 + (k % 2) as f64,
            content: VALUES.ln(),
            loss: -probability.ln(),
            confidence,
        }
    });
    let known = recalibrated(&facts.collect::<Vec<_>>()).known;
    assert!((known.nats - 78.8693).abs() < 1e-3, "{known:?}");
    assert!((known.one_weight - 75.9741).abs() < 1e-3, "{known:?}");
}
