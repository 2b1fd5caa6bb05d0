//! What somebody who mistyped may have meant.

use super::key::{KeyPath, Step};

/// What is less alike than this is not suggested.
const ALIKE: f64 = 0.45;

/// Longer texts are no slip of the finger, and comparing them would take time and memory.
const LONGEST: usize = 100;

/// The key that resembles `unknown` most, wherever it is, with the places in arrays of `unknown`.
pub(super) fn nearest_key(unknown: &KeyPath, keys: &[KeyPath]) -> Option<KeyPath> {
    let wanted = names(unknown);
    let others = keys.iter().filter(|key| !key.leads_to(unknown));
    let distances = others.map(|key| (distance(&wanted, &names(key)), key));
    let (_, nearest) = distances
        .filter(|(distance, _)| *distance <= ALIKE)
        .min_by(|(a, _), (b, _)| a.total_cmp(b))?;
    let mut nearest = nearest.clone();
    for (step, given) in nearest.0.iter_mut().zip(&unknown.0) {
        match (&step, given) {
            (Step::Item(_), Step::Item(_)) => *step = given.clone(),
            _ if step == given => {}
            _ => break,
        }
    }
    Some(nearest)
}

/// The name that resembles `unknown` most.
pub(super) fn nearest_name<'a>(unknown: &str, names: &'a [String]) -> Option<&'a String> {
    let distances = names.iter().map(|name| (unlike(unknown, name), name));
    let near = distances.filter(|(distance, _)| *distance <= ALIKE);
    near.min_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

fn names(path: &KeyPath) -> Vec<&str> {
    let names = path.0.iter().filter_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Item(_) => None,
    });
    names.collect()
}

/// From 0 for the same to 1 for nothing in common.
fn distance(unknown: &[&str], known: &[&str]) -> f64 {
    let (Some((last, tables)), Some((known_last, known_tables))) =
        (unknown.split_last(), known.split_last())
    else {
        return 1.0;
    };
    let last = word_distance(last, known_last);
    if tables == known_tables {
        return last;
    }
    // A right name in the wrong table, or a slip in the name of a table.
    let names = unknown.iter().zip(known).map(|(a, b)| unlike(a, b));
    let slips = if unknown.len() == known.len() {
        names.fold(0.0, f64::max)
    } else {
        1.0
    };
    (last + 0.15).min(slips)
}

/// As [`unlike`], and kind to `lr` for `learning_rate` and to `batch_size` for `batch_documents`.
fn word_distance(unknown: &str, known: &str) -> f64 {
    let letters = unlike(unknown, known);
    let initials: String = known.split('_').filter_map(|w| w.chars().next()).collect();
    if initials.len() > 1 && unknown == initials {
        return letters.min(0.2);
    }
    let shares = |word: &str| word.len() > 2 && known.split('_').any(|other| other == word);
    if unknown.split('_').any(shares) {
        return letters.min(0.2 + 0.1 * letters);
    }
    letters
}

/// Slips of the finger (letters left out, added, changed or swapped) as a fraction of the letters.
fn unlike(a: &str, b: &str) -> f64 {
    if a.len().max(b.len()) > LONGEST {
        return 1.0;
    }
    let letters = a.chars().count().max(b.chars().count()).max(1);
    strsim::damerau_levenshtein(a, b) as f64 / letters as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RunConfig, file::shape::Shape};

    #[test]
    fn slips_find_what_was_meant_and_nonsense_finds_nothing() {
        let keys = Shape::of::<RunConfig>().keys();
        for (unknown, expected) in [
            ("lr", "train.learning_rate"),
            ("learning_rate", "train.learning_rate"),
            ("train.lr", "train.learning_rate"),
            ("train.lerning_rate", "train.learning_rate"),
            ("model.learning_rate", "train.learning_rate"),
            ("trian", "train"),
            ("trian.documents", "train.documents"),
            ("train.batch_size", "train.batch_documents"),
            ("model.n_layers", "model.layers"),
            ("exponent", "world.frequency.exponent"),
            ("world.exponent", "world.frequency.exponent"),
            ("world.frequency.exponnent", "world.frequency.exponent"),
            ("world.frequncy", "world.frequency"),
            ("world.relations[3].nmae", "world.relations[3].name"),
            (
                "world.frequency.groups[2].wight",
                "world.frequency.groups[2].weight",
            ),
            ("world.frequency.lwa", "world.frequency.law"),
            ("eval.bayes", "eval.bayes_discount"),
            ("sede", "seed"),
        ] {
            let nearest = nearest_key(&KeyPath::parse(unknown), &keys);
            let nearest = nearest.map(|key| key.to_string());
            assert_eq!(nearest.as_deref(), Some(expected), "{unknown}");
        }
        for nonsense in [
            "train.foo",
            "x",
            "train.x",
            "world.frequency.\u{e9}",
            "zzzz.qqqq",
            &"train".repeat(1000),
        ] {
            assert_eq!(
                nearest_key(&KeyPath::parse(nonsense), &keys),
                None,
                "{nonsense}"
            );
        }
    }
}
