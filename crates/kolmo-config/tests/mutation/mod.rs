//! Ways to break a configuration.

mod tree;

use std::sync::LazyLock;

use kolmo_config::RunConfig;
use proptest::{prelude::*, sample::Index};
use toml::Value;
use tree::{Way, delete, is_list, leaves, rename, replace, show};

/// A broken configuration.
#[derive(Debug, Clone)]
pub struct Mutant {
    pub text: String,
    pub overrides: Vec<String>,
    /// The keys that were broken, one of which a refusal must name; none where it was the text.
    pub keys: Vec<String>,
}

/// Keys of every table, whether a file has them or not: those of the default configuration, and others.
static KEYS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let others = [
        "world",
        "world.digest",
        "world.frequency",
        "world.frequency.discount",
        "world.frequency.concentration",
        "world.frequency.groups",
        "world.names",
        "world.names.pools",
        "world.syntax.classes",
        "world.syntax.templates",
        "world.syntax.words",
        "world.syntax.filler_slots",
        "world.syntax.filler_words",
        "train",
    ];
    let config = RunConfig::default().flatten().unwrap();
    let keys = config.into_iter().map(|(key, _)| key);
    keys.chain(others.map(str::to_owned)).collect()
});

/// Values that are right for some key and wrong for most, as TOML.
const VALUES: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "7",
    "64",
    "100",
    "1000",
    "16384",
    "1000000",
    "1048576",
    "67108864",
    "4294967296",
    "1099511627776",
    "1000000000000000000",
    "9223372036854775807",
    "-9223372036854775808",
    "-1",
    "-5",
    "0x10",
    "0.0",
    "-0.0",
    "0.5",
    "0.999",
    "0.9999999999999999",
    "1.0",
    "1.5",
    "-0.25",
    "-0.9999",
    "1e-320",
    "5e-324",
    "1e12",
    "1e308",
    "nan",
    "-nan",
    "inf",
    "-inf",
    "400000.0",
    "true",
    "false",
    "''",
    "'two'",
    "'all'",
    "'zipf'",
    "'pitman_yor'",
    "'uniform'",
    "'grouped'",
    "'abstract'",
    "'biography'",
    "'gpt'",
    "'llama'",
    "'cosine'",
    "'wsd'",
    "'fit'",
    "'64'",
    "'1e3'",
    "'\u{e9}\u{1f600}'",
    "\"a\\nb\\u0000\"",
    "[]",
    "[3, 3]",
    "[20000, 20000, 20000, 20000]",
    "[400, 400, 1000]",
    "[1, -1, 0]",
    "['a', 1, 2.5]",
    "[[[[[[[[1]]]]]]]]",
    "{}",
    "{ x = 1 }",
    "{ law = 'uniform' }",
    "{ law = 'uniform', elements = 9 }",
    "{ a = { b = { c = { d = 1 } } } }",
    "[{ name = 'a' }, { name = 'a' }]",
    "[{ name = 'major', values = 67200 }]",
    "[{ elements = 1000000000, weight = 1 }, { elements = 1, weight = 1e-6 }]",
    "[{ elements = 3, weight = 1e6 }]",
    "1979-05-27",
    "07:32:00",
];

/// Values that are right for their key in most configurations.
const GOOD: &[(&str, &str)] = &[
    ("seed", "9223372036854775807"),
    ("world.relations_per_document", "all"),
    ("world.frequency.law", "uniform"),
    ("world.frequency.elements", "15"),
    ("world.frequency.law", "zipf"),
    ("world.frequency.exponent", "0.001"),
    (
        "world.frequency",
        "{law='pitman_yor', discount=0.9, concentration=50.0, elements=1000000}",
    ),
    (
        "world.frequency",
        "{law='grouped', groups=[{elements=3, weight=1}]}",
    ),
    (
        "world.relations",
        "[{name='major', values=3}, {name='university'}]",
    ),
    ("world.names", "{}"),
    ("world.syntax.template_concentration", "0.001"),
    ("model.arch", "llama"),
    ("model.heads", "1"),
    ("train.documents", "1099511627776"),
    ("train.batch_documents", "640"),
    ("train.learning_rate", "5e-324"),
    ("train.clip_norm", "inf"),
    ("train.optimizer.epsilon", "1e-30"),
    ("train.schedule", "cosine"),
    ("train.optimizer.weight_decay", "-0.0"),
    ("eval.evaluations", "1000"),
];

/// Names that are no keys, or keys of another place.
const NAMES: &[&str] = &[
    "lr",
    "x",
    "",
    "a b",
    "\u{e9}",
    "learning_rate",
    "values",
    "law",
    "seed",
    "0",
    "[0]",
    "a\"b",
    "name",
];

#[derive(Debug, Clone)]
enum Mutation {
    /// A value of the file, that is there or not.
    File(&'static str, String),
    /// A value that is there.
    Replace(Index, String),
    Rename(Index, Slip),
    Delete(Index),
    Set(&'static str, String),
    /// `--set` of a key that may not be one.
    SetOdd(&'static str, &'static str, String),
    Text(Edit),
}

#[derive(Debug, Clone)]
enum Slip {
    Drop(Index),
    Double(Index),
    Become(&'static str),
}

#[derive(Debug, Clone)]
enum Edit {
    Truncate(Index),
    Insert(Index, String),
    Duplicate(Index),
    DeleteLine(Index),
    Swap(Index, Index),
    Random(String),
    Deep(usize, usize),
    Override(String),
}

/// Mutants of the configurations in `texts`.
pub fn mutants(texts: Vec<String>) -> impl Strategy<Value = Mutant> {
    let mutations = prop::collection::vec(mutation(), 1..=2);
    (prop::sample::select(texts), mutations).prop_map(|(text, mutations)| {
        let mut mutant = Mutant {
            text,
            overrides: Vec::new(),
            keys: Vec::new(),
        };
        // Edits of the text last: what they leave may be no TOML.
        let (edits, others): (Vec<_>, Vec<_>) = mutations
            .into_iter()
            .partition(|m| matches!(m, Mutation::Text(_)));
        others.into_iter().for_each(|m| apply(&mut mutant, m));
        for edit in edits {
            apply(&mut mutant, edit);
            mutant.keys.clear();
        }
        mutant
    })
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        20 => prop::sample::select(VALUES).prop_map(str::to_owned),
        4 => (1u32..300).prop_map(|n| n.to_string()),
        2 => any::<i64>().prop_map(|n| n.to_string()),
        2 => any::<f64>().prop_map(|x| Value::Float(x).to_string()),
        1 => "\\PC{0,20}".prop_map(|text| Value::String(text).to_string()),
        1 => (1usize..100_000).prop_map(|n| format!("'{}'", "x".repeat(n))),
        1 => (1usize..20_000).prop_map(|n| format!("[{}]", "1,".repeat(n))),
        1 => (1usize..3000).prop_map(|n| format!("[{}]", "{elements=1,weight=1},".repeat(n))),
    ]
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let key = || prop::sample::select(KEYS.iter().map(String::as_str).collect::<Vec<_>>());
    let index = any::<Index>;
    let slip = prop_oneof![
        index().prop_map(Slip::Drop),
        index().prop_map(Slip::Double),
        prop::sample::select(NAMES).prop_map(Slip::Become),
    ];
    prop_oneof![
        4 => (key(), value()).prop_map(|(key, value)| Mutation::File(key, value)),
        4 => (index(), value()).prop_map(|(at, value)| Mutation::Replace(at, value)),
        2 => (index(), slip).prop_map(|(at, slip)| Mutation::Rename(at, slip)),
        2 => index().prop_map(Mutation::Delete),
        3 => prop::sample::select(GOOD).prop_map(|(key, value)| Mutation::Set(key, value.to_owned())),
        4 => (key(), value()).prop_map(|(key, value)| Mutation::Set(key, value)),
        1 => (key(), prop::sample::select(NAMES), value())
            .prop_map(|(key, name, value)| Mutation::SetOdd(key, name, value)),
        2 => edit().prop_map(Mutation::Text),
    ]
}

fn edit() -> impl Strategy<Value = Edit> {
    let index = any::<Index>;
    prop_oneof![
        index().prop_map(Edit::Truncate),
        (index(), "\\PC{1,3}|[\\[\\]{}=\"'#,.\n]{1,3}").prop_map(|(at, s)| Edit::Insert(at, s)),
        index().prop_map(Edit::Duplicate),
        index().prop_map(Edit::DeleteLine),
        (index(), index()).prop_map(|(a, b)| Edit::Swap(a, b)),
        prop::collection::vec(any::<u8>(), 0..200)
            .prop_map(|bytes| Edit::Random(String::from_utf8_lossy(&bytes).into_owned())),
        (1usize..5, 1usize..20_000).prop_map(|(kind, depth)| Edit::Deep(kind, depth)),
        "\\PC{0,20}=?\\PC{0,20}".prop_map(Edit::Override),
    ]
}

fn apply(mutant: &mut Mutant, mutation: Mutation) {
    match mutation {
        Mutation::Text(edit) => edit_text(mutant, edit),
        Mutation::Set(key, value) => {
            mutant.overrides.push(format!("{key}={value}"));
            mutant.keys.push(key.to_owned());
        }
        Mutation::SetOdd(key, name, value) => {
            mutant.overrides.push(format!("{key}.{name}={value}"));
            mutant.keys.push(key.to_owned());
        }
        Mutation::File(key, value) => in_tree(mutant, |tree| {
            let way = key
                .split('.')
                .map(|key| Way::Key(key.to_owned()))
                .collect::<Vec<_>>();
            replace(tree, &way, value.parse().ok()?);
            Some(vec![key.to_owned()])
        }),
        Mutation::Replace(at, value) => in_tree(mutant, |tree| {
            let way = pick(at, &leaves(tree))?.clone();
            replace(tree, &way, value.parse().ok()?);
            Some(vec![show(&way)])
        }),
        Mutation::Delete(at) => in_tree(mutant, |tree| {
            let way = pick(at, &leaves(tree))?.clone();
            delete(tree, &way);
            Some(vec![show(&way)])
        }),
        Mutation::Rename(at, slip) => in_tree(mutant, |tree| {
            let mut named = leaves(tree);
            named.retain(|way| !is_list(way));
            let way = pick(at, &named)?.clone();
            let Some(Way::Key(old)) = way.last() else {
                return None;
            };
            if old.is_empty() || !old.is_ascii() {
                return None;
            }
            let mut new = old.clone();
            match slip {
                Slip::Drop(at) => drop(new.remove(at.index(old.len()))),
                Slip::Double(at) => {
                    new.insert_str(at.index(old.len()), &old[at.index(old.len())..][..1])
                }
                Slip::Become(name) => name.clone_into(&mut new),
            }
            rename(tree, &way, &new);
            // Without the key its table may lack something.
            let mut renamed = way.clone();
            renamed.pop();
            renamed.push(Way::Key(new));
            Some(vec![show(&renamed), show(&way)])
        }),
    }
}

fn pick<T>(at: Index, of: &[T]) -> Option<&T> {
    (!of.is_empty()).then(|| at.get(of))
}

/// Changes the file as a tree; `change` gives the keys it broke. A file that is no tree stays.
fn in_tree(mutant: &mut Mutant, change: impl FnOnce(&mut Value) -> Option<Vec<String>>) {
    let table: toml::Table = mutant.text.parse().unwrap();
    let mut tree = Value::Table(table);
    if let Some(keys) = change(&mut tree) {
        mutant.text = toml::to_string(&tree).unwrap();
        mutant.keys.extend(keys);
    }
}

fn edit_text(mutant: &mut Mutant, edit: Edit) {
    let text = &mut mutant.text;
    let place = |text: &str, at: Index| {
        let mut place = at.index(text.len() + 1);
        while !text.is_char_boundary(place) {
            place -= 1;
        }
        place
    };
    let mut lines: Vec<&str> = text.lines().collect();
    let count = lines.len().max(1);
    match edit {
        Edit::Truncate(at) => text.truncate(place(text, at)),
        Edit::Insert(at, what) => text.insert_str(place(text, at), &what),
        Edit::Random(random) => *text = random,
        Edit::Override(given) => mutant.overrides.push(given),
        Edit::Deep(kind, depth) => {
            let line = match kind {
                1 => format!("\nx = {}1{}\n", "[".repeat(depth), "]".repeat(depth)),
                2 => format!("\n[{}x]\n", "a.".repeat(depth)),
                3 => format!("\nx = {}", "{a=".repeat(depth)),
                _ => {
                    let path = "a.".repeat(depth);
                    return mutant.overrides.push(format!("{path}a=1"));
                }
            };
            text.push_str(&line);
        }
        _ if lines.is_empty() => {}
        Edit::Duplicate(at) => {
            lines.insert(at.index(count), lines[at.index(count)]);
            *text = lines.join("\n");
        }
        Edit::DeleteLine(at) => {
            lines.remove(at.index(count));
            *text = lines.join("\n");
        }
        Edit::Swap(a, b) => {
            lines.swap(a.index(count), b.index(count));
            *text = lines.join("\n");
        }
    }
}
