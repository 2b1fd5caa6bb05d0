//! The documentation: its commands run, its TOML is what it says it is, its links lead somewhere, its tables are tables.
//! That every command is one that kolmo takes is a test of the binary, `crates/kolmo/documentation.rs`.

#![cfg(unix)]

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use kolmo_config::RunConfig;
use kolmo_report::{claims, headlines};
use kolmo_sweep::SweepFile;
use toml::Table;

use crate::util::{
    Place,
    documents::{Command, Page, pages, root},
    files,
};

/// The run of the README.
const RUN: &str = "runs/quickstart-1bc37c7e";

/// Commands that are not run here, by words that are all in them: they take minutes, or need what a test has not. Each has
/// tests of its own.
const NOT_RUN: &[&[&str]] = &[
    &["bench"],
    &["finetune"],
    &["devices", "--check"],
    &["reproduce"],
    &["report"],
    &["sweep", "run"],
    // Slurm.
    &["sweep", "submit"],
    // These trained for longer.
    &["eval", "--step"],
    &["train", "my.toml"],
    // Of a billion subjects.
    &["theory", "world.frequency.elements=1000000000"],
];

/// What those that are run have in place of a number that takes long.
const LESS: &[(&str, &str)] = &[("100000", "100"), ("1000000", "1000")];

/// What trains does so for a moment.
const BRIEFLY: &[&str] = &[
    "--set",
    "train.documents=2560",
    "--set",
    "eval.evaluations=1",
];

fn is_run(command: &Command) -> bool {
    let has = |word: &&str| command.arguments.iter().any(|argument| argument == word);
    // Three dots are whichever file it is.
    !has(&"...") && !NOT_RUN.iter().any(|words| words.iter().all(has))
}

#[test]
fn commands_that_are_quick_do_what_they_are_shown_to_do() {
    let shared = Place::new();
    symlink(root().join("configs"), shared.path().join("configs")).unwrap();
    // The mistake that docs/configuration.md explains is in line 12.
    shared.file(
        "run.toml",
        &format!("{}train.schedule = \"cosin\"\n", "\n".repeat(11)),
    );
    for run in [RUN, "runs/quick"] {
        let train = ["train", "configs/quickstart.toml", "--run-dir", run, "-q"];
        shared.kolmo(&[&train, BRIEFLY].concat()).exits(0);
    }
    let mut count = 0;
    for page in pages() {
        // What a page writes is its own.
        let place = Place::new();
        for name in ["configs", "run.toml"] {
            symlink(shared.path().join(name), place.path().join(name)).unwrap();
        }
        for (path, content) in files(&shared.path().join("runs")) {
            let copy = place.path().join(path.strip_prefix(shared.path()).unwrap());
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::write(copy, content).unwrap();
        }
        count += run(&page, &place);
    }
    assert!(count > 25, "{count}");
}

/// Runs what is quick of a page, and says how many commands that were.
fn run(page: &Page, place: &Place) -> usize {
    let commands = page.commands();
    let commands = commands.iter().filter(|command| is_run(command));
    let mut count = 0;
    for command in commands {
        count += 1;
        let less = |argument: &'_ String| {
            let mut less = LESS.iter().filter(|(much, _)| much == argument);
            less.next()
                .map_or(argument.clone(), |(_, less)| (*less).to_owned())
        };
        let arguments: Vec<String> = command.arguments.iter().map(less).collect();
        let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        if arguments[0] == "train" && command.says.is_none() {
            arguments.extend(BRIEFLY);
            // The one of the page is there, and was trained for as long.
            arguments.retain(|word| *word != "--run-dir" && *word != "runs/quick");
        }
        if arguments[..2] == ["world", "export"] && !arguments.contains(&"--documents") {
            arguments.extend(["--documents", "1000"]);
        }
        let ran = place.kolmo(&arguments);
        match &command.says {
            Some(says) => assert_eq!(ran.stderr().trim_end(), says, "{}", command.place),
            None => assert_eq!(ran.code(), Some(0), "{}: {}", command.place, ran.stderr()),
        }
        if let Some(output) = &command.output {
            place.file(output, &ran.stdout());
        }
    }
    count
}

#[test]
fn toml_blocks_are_files_that_kolmo_takes() {
    let place = Place::new();
    let folder = place.path().join("configs/sweeps");
    fs::create_dir_all(&folder).unwrap();
    let shipped = |name: &str| fs::read_to_string(root().join("configs").join(name)).unwrap();
    place.file("configs/quickstart.toml", &shipped("quickstart.toml"));
    place.file(
        "configs/sweeps/finetuning.toml",
        &shipped("finetune/injection.toml"),
    );
    place.file(
        "configs/sweeps/pretraining.toml",
        "base = '../quickstart.toml'\n",
    );
    let mut count = 0;
    for page in pages() {
        for block in page.blocks() {
            if block.language == "json" {
                let value: Result<serde_json::Value, _> = serde_json::from_str(&block.text);
                assert!(value.is_ok(), "{}: {value:?}", block.place);
            }
            if block.language != "toml" {
                continue;
            }
            count += 1;
            let table: Table = toml::from_str(&block.text).unwrap();
            let config = Table::try_from(RunConfig::default()).unwrap();
            let of_run = |key: &String| {
                config.contains_key(key) || ["finetune", "compression"].contains(&key.as_str())
            };
            if table.keys().all(of_run) {
                let problem = RunConfig::load(&block.text, &[]).err();
                assert!(problem.is_none(), "{}: {problem:?}", block.place);
            } else if table.contains_key("base") {
                place.file("configs/sweeps/example.toml", &block.text);
                let ran = place.kolmo(&[
                    "sweep",
                    "plan",
                    "configs/sweeps/example.toml",
                    "--no-benchmark",
                ]);
                assert_eq!(ran.code(), Some(0), "{}: {}", block.place, ran.stderr());
            } else {
                // A part of a sweep file.
                let problem = SweepFile::parse(
                    &format!("base = 'a'\n{}", block.text),
                    &kolmo_report::choices(),
                );
                let problem = problem.err();
                assert!(problem.is_none(), "{}: {problem:?}", block.place);
            }
        }
    }
    assert!(count >= 6, "{count}");
}

/// The anchor of a heading, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// What links in `text` point to, code spans left out.
fn links(text: &str) -> Vec<String> {
    let plain: String = text.split('`').step_by(2).collect::<Vec<_>>().join("``");
    let targets = plain.split("](").skip(1);
    targets
        .filter_map(|rest| Some(rest.split_once(')')?.0.to_owned()))
        .collect()
}

#[test]
fn relative_links_lead_to_a_file_and_a_heading() {
    let pages = pages();
    let mut anchors: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for page in &pages {
        let prose = page.prose().into_iter();
        let headings = prose.filter(|(_, line)| line.starts_with('#'));
        anchors.insert(
            page.name.clone(),
            headings.map(|(_, line)| anchor(line)).collect(),
        );
    }
    let mut count = 0;
    for page in &pages {
        let lines: Vec<&str> = page.prose().into_iter().map(|(_, line)| line).collect();
        for target in links(&lines.join("\n")) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            count += 1;
            let (file, heading) = target.split_once('#').unwrap_or((&target, ""));
            let folder = Path::new(&page.name).parent().unwrap();
            let path = match file.is_empty() {
                true => root().join(&page.name),
                false => root().join(folder).join(file),
            };
            let path = fs::canonicalize(&path)
                .unwrap_or_else(|_| panic!("{}: {target} is not there", page.name));
            if heading.is_empty() {
                continue;
            }
            let name = path
                .strip_prefix(fs::canonicalize(root()).unwrap())
                .unwrap();
            let there = &anchors[name.to_str().unwrap()];
            let is_there = there.iter().any(|anchor| anchor == heading);
            assert!(is_there, "{}: {target}: there are {there:?}", page.name);
        }
    }
    assert!(count > 60, "{count}");
}

#[test]
fn files_that_are_named_are_there() {
    let mut count = 0;
    for page in pages() {
        for word in page
            .text
            .split(|c: char| !(c.is_alphanumeric() || "/._-".contains(c)))
        {
            let word = word.trim_end_matches(['.', '/']);
            let folders = ["configs/", "scripts/", "crates/", "docs/", "tests/"];
            let is_ours = folders.iter().any(|folder| word.starts_with(folder));
            let (stem, ending) = (Path::new(word).file_stem(), Path::new(word).extension());
            let (Some(stem), Some(_)) = (stem, ending) else {
                continue;
            };
            // ID.toml is one of many.
            let stem = stem.to_str().unwrap();
            let is_name = stem.contains(char::is_lowercase) || stem == "README";
            if is_ours && is_name {
                count += 1;
                assert!(
                    root().join(word).exists(),
                    "{}: {word} is not there",
                    page.name
                );
            }
        }
    }
    assert!(count > 60, "{count}");
}

/// Cells of a row of a table.
fn cells(line: &str) -> usize {
    line.replace("\\|", "")
        .trim()
        .trim_matches('|')
        .split('|')
        .count()
}

/// What is wrong with the tables of a page: lines and reasons.
fn table_mistakes(page: &Page) -> Vec<(usize, &'static str)> {
    let mut mistakes = Vec::new();
    let mut rows: Vec<(usize, &str)> = Vec::new();
    let prose = page.prose().into_iter().chain([(usize::MAX, "")]);
    for (number, line) in prose {
        let follows = rows.last().is_none_or(|(last, _)| last + 1 == number);
        if line.trim_start().starts_with('|') && follows {
            rows.push((number, line));
            continue;
        }
        let is_rule = |line: &str| line.contains("---") && line.chars().all(|c| "|-: ".contains(c));
        if let [(first, head), rest @ ..] = rows.as_slice() {
            if !rest.first().is_some_and(|(_, line)| is_rule(line)) {
                mistakes.push((*first, "a table begins without a head: was it cut?"));
            }
            let unequal = rest.iter().filter(|(_, row)| cells(row) != cells(head));
            mistakes.extend(unequal.map(|(number, _)| (*number, "another number of columns")));
        }
        rows.clear();
        if line.trim_start().starts_with('|') {
            rows.push((number, line));
        }
    }
    mistakes
}

#[test]
fn tables_are_whole() {
    let cut = |text: &str| {
        let (name, text) = ("a.md".to_owned(), text.to_owned());
        table_mistakes(&Page { name, text }).len()
    };
    assert_eq!(cut("| a | b |\n| --- | --- |\n| 1 | 2 |\n"), 0);
    assert_eq!(cut("| a | b |\n| --- | --- |\n\n| 1 | 2 |\n"), 1);
    assert_eq!(cut("| a | b |\n| --- | --- |\n| 1 |\n| 2 | 3 |"), 1);
    for page in pages() {
        assert_eq!(table_mistakes(&page), [], "{}", page.name);
    }
}

#[test]
fn the_diagram_has_every_crate_in_a_line_of_its_own() {
    let text = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let diagram = text.split("```").nth(1).unwrap();
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_it = |line: &&str| {
            line.split([' ', '│', '┤', '├', '─', '└', '┘'])
                .any(|word| word == name)
        };
        let lines: Vec<&str> = diagram.lines().filter(is_it).collect();
        let [line] = lines.as_slice() else {
            panic!("{name}: {lines:?}");
        };
        assert_eq!(line.matches("kolmo").count(), 1, "{line}");
    }
}

/// The crates of the workspace that each crate of it depends on, tests aside, and whether it depends on Burn itself.
fn manifests() -> BTreeMap<String, (Vec<String>, bool)> {
    let folders = fs::read_dir(root().join("crates")).unwrap();
    let mut manifests: Vec<_> = folders
        .map(|entry| entry.unwrap().path().join("Cargo.toml"))
        .filter(|path| path.exists())
        .collect();
    manifests.push(root().join("Cargo.toml"));
    let read = |path: PathBuf| {
        let table: Table = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let name = table["package"]["name"].as_str().unwrap().to_owned();
        let on = table["dependencies"].as_table().unwrap();
        let is_burn = on.keys().any(|name| name.starts_with("burn"));
        let ours = on.keys().filter(|name| name.starts_with("kolmo-"));
        (name, (ours.cloned().collect(), is_burn))
    };
    manifests.into_iter().map(read).collect()
}

#[test]
fn the_diagram_says_which_crates_reach_burn() {
    let all = manifests();
    let text = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let diagram = text.split("```").nth(1).unwrap();
    let sentence = text.split("Burn lives in").nth(1).unwrap();
    let sentence = sentence.split("nowhere else").next().unwrap();
    fn reaches(all: &BTreeMap<String, (Vec<String>, bool)>, name: &str) -> bool {
        let (on, is_burn) = &all[name];
        *is_burn || on.iter().any(|name| reaches(all, name))
    }
    let has_name = |line: &&str, name: &str| line.split(' ').any(|word| word == name);
    for name in all.keys() {
        let mut lines = diagram.lines();
        let line = lines.find(|line| has_name(line, name)).unwrap_or_default();
        // The binary is above everything.
        let is_marked = line.contains("(Burn)") || name == "kolmo";
        assert_eq!(reaches(&all, name), is_marked, "{name}: {line}");
        let is_named = sentence.contains(&format!("`{name}`")) || name == "kolmo";
        assert_eq!(is_named, is_marked, "{name}: Burn lives in{sentence}");
    }
}

#[test]
fn in_the_diagram_each_crate_stands_above_those_it_depends_on() {
    let text = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let diagram = text.split("```").nth(1).unwrap();
    let line_of = |name: &str| {
        let mut lines = diagram.lines();
        lines.position(|line| line.split(' ').any(|word| word == name))
    };
    let mut count = 0;
    for (name, (on, _)) in manifests() {
        for other in on {
            let [above, below] = [&name, &other].map(|name| line_of(name).unwrap());
            assert!(above < below, "{name} depends on {other}");
            count += 1;
        }
    }
    assert!(count > 40, "{count}");
}

#[test]
fn the_claims_and_headlines_of_the_documentation_are_those_of_a_report() {
    let page = fs::read_to_string(root().join("docs/reproduce.md")).unwrap();
    for table in claims::tables().into_iter().chain([headlines::table()]) {
        assert!(
            page.contains(&format!("\n\n{table}\n")),
            "docs/reproduce.md has another table, in place of which this one belongs there:\n\n{table}"
        );
    }
}
