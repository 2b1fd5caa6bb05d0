//! How far answers are to be trusted: the weight of the model's answer in a mixture with the uniform one.

use super::Told;

/// Logits beyond ±16 are as good as certain: a weight of 1 − 10⁻⁷ loses 10⁻⁷ nats a fact.
const CERTAIN: f64 = 16.0;

/// Steps of Newton's method, of which some ten are needed.
const STEPS: usize = 30;

/// The greatest b, beyond which trust is all but a threshold of the confidence.
const STEEPEST: f64 = 20.0;

/// Of fewer answers one parameter is chosen, whatever little it saves: they are of classes whose few facts are all asked, and known or not.
const FEW: usize = 10;

/// How often a step is shortened.
const SHORTER: usize = 12;

/// Where the search of a and b begins, beside b = 0: at confidences of logit −a/b, where trust is half, and with slopes.
const STARTS: [(f64, f64); 4] = [(-2.0, 1.0), (2.0, 1.0), (4.0, 1.0), (3.0, 4.0)];

/// An answer as the mixture sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    /// How much it counts, 1 on average.
    weight: f64,
    /// e^{h − ℓ}.
    ratio: f64,
    /// The logit of its confidence.
    logit: f64,
    /// e^h.
    values: f64,
}

/// The answers to facts of one class.
#[derive(Debug)]
pub(super) struct Answers(Vec<Answer>);

impl Answers {
    pub fn of(facts: &[Told]) -> Self {
        let population: f64 = facts.iter().map(|fact| fact.stands_for).sum();
        let mean = population / facts.len() as f64;
        let answer = |fact: &Told| {
            let odds = fact.confidence / (1.0 - fact.confidence);
            let logit = odds.ln();
            Answer {
                weight: fact.stands_for / mean,
                ratio: (fact.content - fact.loss).exp(),
                // A confidence that is none says nothing.
                logit: if logit.is_nan() {
                    0.0
                } else {
                    logit.clamp(-CERTAIN, CERTAIN)
                },
                values: fact.content.exp(),
            }
        };
        Self(facts.iter().map(answer).collect())
    }

    pub fn all(&self) -> impl Iterator<Item = &Answer> {
        self.0.iter()
    }

    pub fn get(&self, place: usize) -> &Answer {
        &self.0[place]
    }

    /// Those in places that are `such`.
    fn such(&self, such: impl Fn(usize) -> bool) -> Vec<Answer> {
        let all = self.0.iter().enumerate();
        let chosen = all.filter(|(place, _)| such(*place));
        chosen.map(|(_, answer)| *answer).collect()
    }
}

/// How many parameters may be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parameters {
    /// a.
    One,
    /// a and b.
    Two,
}

/// How far answers are trusted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Trust {
    /// Not at all.
    Nothing,
    /// By their confidence: the logit of the weight is a + b times that of the confidence.
    Logistic { a: f64, b: f64 },
}

/// The objective with its first and second derivatives in (a, b).
#[derive(Debug, Clone, Copy)]
struct Slope {
    saved: f64,
    first: [f64; 2],
    /// Of a twice, of both, of b twice.
    second: [f64; 3],
}

impl Trust {
    /// With no b, and as much weight as 1 − 10⁻⁷.
    const WHOLE: Self = Self::Logistic { a: CERTAIN, b: 0.0 };

    /// What is best for the answers that are `such`, where every parameter has to save a nat or more: as much as its choice is
    /// expected to cost (Akaike 1974). Of [`FEW`] answers one is chosen without, and the answers are trusted wholly where there are none
    /// to choose by.
    pub fn chosen(answers: &Answers, such: impl Fn(usize) -> bool, parameters: Parameters) -> Self {
        let answers = answers.such(such);
        if answers.is_empty() {
            return Self::WHOLE;
        }
        let saved = |trust: &Self| -> f64 {
            let nats = answers
                .iter()
                .map(|answer| answer.weight * trust.saves(answer));
            nats.sum()
        };
        let alike = alike(&answers);
        let mut best = (0.0, Self::Nothing);
        let are_few = answers.len() < FEW;
        let one = (saved(&alike) - if are_few { 0.0 } else { 1.0 }, alike);
        if one.0 > best.0 {
            best = one;
        }
        match parameters {
            Parameters::Two if !are_few => {
                let trust = by_confidence(&answers, alike);
                let two = (saved(&trust) - 2.0, trust);
                if two.0 > best.0 {
                    best = two;
                }
            }
            Parameters::One | Parameters::Two => {}
        }
        best.1
    }

    /// What is best for the answers that are `such`, whatever it costs to choose it.
    pub fn best(answers: &Answers, such: impl Fn(usize) -> bool) -> Self {
        let answers = answers.such(such);
        if answers.is_empty() {
            return Self::WHOLE;
        }
        let alike = alike(&answers);
        by_confidence(&answers, alike)
    }

    /// The weight of the model's answer.
    fn weight(self, answer: &Answer) -> f64 {
        match self {
            Self::Nothing => 0.0,
            Self::Logistic { a, b } => {
                let logit = (a + b * answer.logit).clamp(-CERTAIN, CERTAIN);
                1.0 / (1.0 + (-logit).exp())
            }
        }
    }

    /// The nats that it saves on a fact.
    pub fn saves(self, answer: &Answer) -> f64 {
        let weight = self.weight(answer);
        // An impossible answer that is not trusted at all is 0 · 0 + 1.
        (weight * answer.ratio + (1.0 - weight)).ln()
    }

    /// The variance of what it saves on a fact, nats²: the most likely answer is right as often as the mixture says, and saves ln(π V);
    /// all others are alike.
    pub fn luck(self, answer: &Answer) -> f64 {
        let (weight, values) = (self.weight(answer), answer.values);
        let confidence = 1.0 / (1.0 + (-answer.logit).exp());
        let right = weight * confidence + (1.0 - weight) / values;
        if right <= 0.0 || right >= 1.0 || values <= 1.0 {
            return 0.0;
        }
        let apart = (right * (values - 1.0) / (1.0 - right)).ln();
        right * (1.0 - right) * apart * apart
    }
}

/// The best a where b = 0.
fn alike(answers: &[Answer]) -> Trust {
    // Concave in the weight, so its slope tells on which side of a point the best one is.
    let slope = |weight: f64| -> f64 {
        let terms = answers
            .iter()
            .map(|x| x.weight * (x.ratio - 1.0) / (weight * x.ratio + 1.0 - weight));
        terms.sum()
    };
    let (mut lo, mut hi) = (0.0, 1.0);
    for _ in 0..40 {
        let middle = f64::midpoint(lo, hi);
        match slope(middle) > 0.0 {
            true => lo = middle,
            false => hi = middle,
        }
    }
    let weight = f64::midpoint(lo, hi);
    let logit = (weight / (1.0 - weight)).ln().clamp(-CERTAIN, CERTAIN);
    Trust::Logistic { a: logit, b: 0.0 }
}

/// The best a and b found from several starts, `alike` among them.
fn by_confidence(answers: &[Answer], alike: Trust) -> Trust {
    let first = match alike {
        Trust::Logistic { a, b } => (a, b),
        Trust::Nothing => (-CERTAIN, 0.0),
    };
    let others = STARTS.iter().map(|(half, b)| (-b * half, *b));
    let mut best = (first, slope(answers, first));
    for start in [first].into_iter().chain(others) {
        let found = climb(answers, start);
        if found.1.saved > best.1.saved {
            best = found;
        }
    }
    let (a, b) = best.0;
    Trust::Logistic { a, b }
}

/// Newton's method uphill, with steps shortened like Marquardt's.
fn climb(answers: &[Answer], start: (f64, f64)) -> ((f64, f64), Slope) {
    let (mut place, mut here) = (start, slope(answers, start));
    // Curvatures that the objective cannot exceed by much: those of a logistic regression.
    let scale = answers.iter().fold([0.0; 2], |[a, b], answer| {
        let quarter = 0.25 * answer.weight;
        [a + quarter, b + quarter * answer.logit * answer.logit]
    });
    let mut damping = 1e-3;
    for _ in 0..STEPS {
        let mut found = None;
        for _ in 0..SHORTER {
            if let Some(step) = step(&here, scale, damping, place.1) {
                let a = (place.0 + step[0]).clamp(-100.0, 100.0);
                let b = (place.1 + step[1]).clamp(0.0, STEEPEST);
                let there = slope(answers, (a, b));
                if there.saved > here.saved {
                    found = Some(((a, b), there));
                    break;
                }
            }
            damping = 4.0 * damping + 1e-3;
        }
        let Some((next, there)) = found else { break };
        let more = there.saved - here.saved;
        (place, here) = (next, there);
        damping /= 8.0;
        if more < 1e-9 * (1.0 + here.saved.abs()) {
            break;
        }
    }
    (place, here)
}

/// A step from where b is so large; none where the damped second derivatives are not those of a hill.
fn step(here: &Slope, scale: [f64; 2], damping: f64, b: f64) -> Option<[f64; 2]> {
    let [aa, ab, bb] = here.second.map(|second| -second);
    let (aa, bb) = (aa + damping * scale[0], bb + damping * scale[1]);
    let [da, db] = here.first;
    if aa <= 0.0 {
        return None;
    }
    // At b = 0 and pushed below, or where all are alike confident, a moves alone.
    if (b <= 0.0 && db <= 0.0) || scale[1] <= 0.0 {
        return Some([da / aa, 0.0]);
    }
    let determinant = aa * bb - ab * ab;
    (determinant > 0.0).then(|| {
        [
            (bb * da - ab * db) / determinant,
            (aa * db - ab * da) / determinant,
        ]
    })
}

fn slope(answers: &[Answer], (a, b): (f64, f64)) -> Slope {
    let trust = Trust::Logistic { a, b };
    let mut sum = Slope {
        saved: 0.0,
        first: [0.0; 2],
        second: [0.0; 3],
    };
    for answer in answers {
        let weight = trust.weight(answer);
        let mixed = weight * answer.ratio + (1.0 - weight);
        sum.saved += answer.weight * mixed.ln();
        // The share that the model's answer has of the mixture, which is the weight after the value is known.
        let after = weight * answer.ratio / mixed;
        let first = answer.weight * (after - weight);
        let second = answer.weight * (after * (1.0 - after) - weight * (1.0 - weight));
        let x = answer.logit;
        sum.first[0] += first;
        sum.first[1] += first * x;
        sum.second[0] += second;
        sum.second[1] += second * x;
        sum.second[2] += second * x * x;
    }
    sum
}
