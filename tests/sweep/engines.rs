//! Sweeps that other engines run: shell commands, and Slurm with stand-ins for its programs.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use super::{directories, place, results, results_alone, states};
use crate::util::{Place, jsonl};

fn shell(place: &Place, script: &str, variables: &[(&str, &str)]) -> Output {
    Command::new("bash")
        .args(["-c", script])
        .envs(variables.iter().copied())
        .current_dir(place.path())
        .output()
        .unwrap()
}

#[test]
fn every_run_is_a_command_that_can_be_repeated() {
    let place = place("seeds = [1, 2]");
    let arguments = [
        "sweep",
        "commands",
        "many.toml",
        "--device",
        "flex",
        "--pending",
    ];
    let commands = place.kolmo(&arguments).exits(0).stdout();
    assert_eq!(commands.lines().count(), 2);
    // From anywhere.
    for line in commands.lines() {
        for _ in 0..2 {
            let output = shell(&place, &format!("cd / && {line}"), &[]);
            assert!(output.status.success(), "{line}: {output:?}");
        }
    }
    assert_eq!(states(&place), ["done", "done"]);
    for run in directories(&place) {
        let manifest: serde_json::Value =
            serde_json::from_str(&read(&run.join("manifest.json"))).unwrap();
        assert_eq!(
            manifest["sessions"].as_array().unwrap().len(),
            1,
            "trained again"
        );
    }
    let left = place.kolmo(&arguments).exits(0).says("every run is done");
    assert_eq!(left.stdout(), "");
}

/// Puts stand-ins for the programs of Slurm into `bin/`. `sbatch` counts jobs from 100 and keeps what it is given,
/// `squeue` says what is in `queue`, `scontrol` keeps what it is asked and has arrays of three elements.
fn stand_ins(place: &Place) -> String {
    let bin = place.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let root = place.path().display();
    for (name, body) in [
        (
            "sbatch",
            format!(
                "echo \"$@\" >> {root}/sbatch.log; n=$(wc -l < {root}/sbatch.log); echo $((99 + n))"
            ),
        ),
        ("squeue", format!("cat {root}/queue")),
        (
            "scontrol",
            format!(
                "echo \"$@\" >> {root}/scontrol.log\n[ \"$1\" = show ] && echo 'MaxArraySize            = 3'"
            ),
        ),
        ("sleep", "exit 0".to_owned()),
    ] {
        let path = bin.join(name);
        fs::write(&path, format!("#!/bin/bash\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::write(place.path().join("queue"), "").unwrap();
    let path = std::env::var("PATH").unwrap();
    format!("{}:{path}", bin.display())
}

const SUBMIT: [&str; 5] = ["sweep", "submit", "many.toml", "--engine", "slurm"];

/// The script of the array that was submitted as the `number`-th.
fn script(place: &Place, number: usize) -> PathBuf {
    let submitted = jsonl(&place.path().join("runs/many/slurm/submitted.jsonl"));
    PathBuf::from(submitted[number]["script"].as_str().unwrap())
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn unfinished_runs_are_submitted_in_arrays_and_once() {
    let place = place(
        "seeds = [1, 2, 3, 4, 5]\n[slurm]\ntime = '1:00:00'\ngres = 'gpu:1'\nmemory = '2G'\n\
         at_once = 2\noptions = ['--partition=long']",
    );
    let path = stand_ins(&place);
    let dry = place
        .start(&[&SUBMIT[..], &["--dry-run"]].concat(), &[])
        .wait()
        .exits(0);
    assert!(
        dry.stdout().starts_with("sbatch '--output="),
        "{}",
        dry.stdout()
    );
    assert!(!place.path().join("sbatch.log").exists());

    let variables = [("PATH", path.as_str())];
    let first = place.start(&SUBMIT, &variables).wait().exits(0);
    assert_eq!(first.stdout(), "100\n101\n");
    let text = read(&script(&place, 0));
    for option in [
        "--array=0-2%2",
        "--time=1:00:00",
        "--signal=B:USR1@120",
        "--requeue",
        "--open-mode=append",
        "--gres=gpu:1",
        "--mem=2G",
        "--partition=long",
    ] {
        assert!(
            text.contains(&format!("#SBATCH {option}\n")),
            "{option} in {text}"
        );
    }
    assert!(read(&script(&place, 1)).contains("#SBATCH --array=0-1%2\n"));

    // One element of the first array and one of the second still wait.
    fs::write(place.path().join("queue"), "100_1\n101_0\n").unwrap();
    let again = place.start(&SUBMIT, &variables).wait().exits(0);
    assert_eq!(again.stdout(), "102\n");
    let commands = read(&script(&place, 2).with_extension("commands"));
    let ids: Vec<&str> = commands
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    let runs = directories(&place);
    let expected: Vec<_> = [0, 2, 4]
        .map(|k: usize| runs[k].file_name().unwrap().to_str().unwrap())
        .into();
    assert_eq!(ids, expected);
}

#[test]
fn an_element_trains_its_run_and_says_how_it_ended() {
    let place = place("seeds = [1, 2]\n[slurm]\ndevice = 'fl$REST'");
    let path = stand_ins(&place);
    place.start(&SUBMIT, &[("PATH", &path)]).wait().exits(0);
    let script = script(&place, 0);
    let run = |element: &str, more: &str| {
        let line = format!("{more} bash {}", script.display());
        let variables = [
            ("PATH", path.as_str()),
            ("SLURM_ARRAY_TASK_ID", element),
            ("SLURM_ARRAY_JOB_ID", "100"),
            ("REST", "ex"),
        ];
        shell(&place, &line, &variables)
    };
    assert!(run("1", "").status.success());
    assert_eq!(states(&place), ["pending", "done"]);

    // One that fails leaves its code.
    let first = &directories(&place)[0];
    fs::remove_dir_all(first).unwrap();
    fs::write(first, "").unwrap();
    assert_eq!(run("0", "").status.code(), Some(1));
    assert_eq!(states(&place)[0], "failed");
    fs::remove_file(first).unwrap();

    // One that is warned saves, and asks to be put back, itself alone.
    let warned = "slow() { until [ $(wc -l 2>/dev/null < $1) -gt 5 ]; do command -p sleep 0.01; done; kill -USR1 $2; }; ";
    let metrics = first.join("metrics.jsonl");
    let wrapped = format!(
        "{warned} bash {} & job=$!; slow {} $job; wait $job; exit $?; :",
        script.display(),
        metrics.display()
    );
    let output = run("0", &wrapped);
    assert_eq!(output.status.code(), Some(75), "{output:?}");
    assert_eq!(states(&place)[0], "preempted");
    assert!(read(&place.path().join("scontrol.log")).contains("requeue 100_0\n"));
    assert!(run("0", "").status.success());
    assert_eq!(states(&place), ["done", "done"]);

    assert!(results(first) == results_alone(&place, first), "other bits");
}

#[test]
fn without_slurm_there_is_nobody_to_submit_to() {
    let place = place("seeds = [1]");
    let ran = place.start(&SUBMIT, &[("PATH", "/nowhere")]).wait();
    ran.exits(1).says("it belongs to Slurm");
}

#[test]
fn runs_that_leave_a_trunk_wait_for_its_job() {
    let sweep = |sizes: &str| {
        format!(
            "base = 'base.toml'\n[set]\ntrain.warmup_documents = 320\n\
             [data]\ndocuments = [{sizes}]\nbranches = true"
        )
    };
    let place = place("");
    place.file("many.toml", &sweep("1920, 1280"));
    let path = stand_ins(&place);
    let variables = [("PATH", path.as_str())];
    let submitted = |expected: &str| {
        assert_eq!(
            place.start(&SUBMIT, &variables).wait().exits(0).stdout(),
            expected
        );
        let log = read(&place.path().join("sbatch.log"));
        log.lines().last().unwrap().to_owned()
    };
    let last = submitted("100\n101\n");
    assert!(last.contains("--dependency=afterany:100 "), "{last}");
    // One more, while the others wait.
    fs::write(place.path().join("queue"), "100_0\n101_0\n").unwrap();
    place.file("many.toml", &sweep("1920, 1280, 640"));
    let last = submitted("102\n");
    assert!(last.contains("--dependency=afterany:100 "), "{last}");
    // What is wanted of the trunk by now, and before.
    let configs = fs::read_dir(place.path().join("runs/many/configs")).unwrap();
    let texts = configs.map(|file| read(&file.unwrap().path()));
    assert_eq!(
        texts
            .filter(|text| text.contains("keep_at = [16, 32]"))
            .count(),
        1
    );
}

#[test]
fn a_name_that_would_be_a_line_of_its_own_is_refused_before_anything_is_made() {
    let place = place("seeds = [1]");
    let text = read(&place.path().join("many.toml"));
    place.file("a\ntouch hurt\n.toml", &text);
    let before = crate::util::files(place.path());
    let verbs: [&[&str]; 6] = [
        &["submit", "--engine", "slurm", "--dry-run"],
        &["commands"],
        &["plan", "--no-benchmark"],
        &["status"],
        &["summary"],
        &["run"],
    ];
    for verb in verbs {
        for names in [
            &["a\ntouch hurt\n.toml"][..],
            &["many.toml", "--dir", "a\ntouch hurt\n"],
            &["many.toml", "--dir", "a\u{1b}[2J/b"],
        ] {
            let arguments = [&["sweep", verb[0]], names, &verb[1..]].concat();
            let ran = place.kolmo(&arguments).exits(2).says("control character");
            assert_eq!(ran.stdout(), "");
        }
    }
    assert!(
        crate::util::files(place.path()) == before,
        "something was made"
    );
}

#[test]
fn a_name_that_slurm_would_read_as_more_than_a_name_is_kept_from_it() {
    let place = place("seeds = [1]");
    let name = "it's \"50 %j\" # x;y.toml";
    let text = read(&place.path().join("many.toml"));
    place.file(name, &text);
    let submit = ["sweep", "submit", name, "--engine", "slurm", "--dry-run"];
    let said = place.kolmo(&submit).exits(0).stdout();
    let folder = place.path().join("runs/it's \"50 %j\" # x;y/slurm");
    let script = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let script = script
        .into_iter()
        .find(|path| path.extension().unwrap() == "sh");
    let script = script.unwrap();
    // A shell gives sbatch the pattern with the percent sign of the folder doubled.
    let line = said.trim().replacen("sbatch", "printf '%s\\n'", 1);
    let words = String::from_utf8(shell(&place, &line, &[]).stdout).unwrap();
    let words: Vec<&str> = words.lines().collect();
    let folder = folder.to_str().unwrap();
    let pattern = format!("--output={}/%A_%a.log", folder.replace('%', "%%"));
    assert_eq!(words, [pattern.as_str(), script.to_str().unwrap()]);
    let options = read(&script);
    assert!(
        options.contains("#SBATCH --job-name=it_s__50__j____x_y\n"),
        "{options}"
    );
    let element = [("SLURM_ARRAY_TASK_ID", "0"), ("SCRIPT", words[1])];
    let output = shell(&place, "bash \"$SCRIPT\"", &element);
    assert!(output.status.success(), "{output:?}");

    let backslash = ["--dir", "back\\slash"];
    let ran = place.kolmo(&[&SUBMIT[..], &backslash, &["--dry-run"]].concat());
    ran.exits(2).says("backslash");
}
