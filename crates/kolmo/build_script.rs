//! Tells the binary what it is built from and with.

// Cargo listens on standard output.
#![allow(clippy::print_stdout)]

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// The experiments of `kolmo reproduce`, with the configurations that they vary.
const EXPERIMENTS: &str = "configs/reproduce";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=crates/kolmo/build_script.rs");
    embed_experiments()?;
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let rustc = output(&variable("RUSTC"), &["--version"]).unwrap_or_default();
    let flags = variable("CARGO_ENCODED_RUSTFLAGS").replace('\x1f', " ");
    for (name, value) in [
        ("RUSTC", &rustc),
        ("TARGET", &variable("TARGET")),
        ("OPT_LEVEL", &variable("OPT_LEVEL")),
        ("RUSTFLAGS", &flags),
    ] {
        println!("cargo::rustc-env=KOLMO_{name}={value}");
    }

    // A build from an archive has no revision, and needs none.
    let logs = ".git/logs/HEAD";
    if !Path::new(logs).exists() {
        return Ok(());
    }
    println!("cargo::rerun-if-changed={logs}");
    // The sources, too: a revision whose files were changed is not that revision.
    for path in ["Cargo.toml", "Cargo.lock", "crates"] {
        println!("cargo::rerun-if-changed={path}");
    }
    if let Some(revision) = output("git", &["rev-parse", "--short=12", "HEAD"]) {
        let sources = [
            "status",
            "--porcelain",
            "--",
            "Cargo.toml",
            "Cargo.lock",
            "crates",
            EXPERIMENTS,
        ];
        let changed = output("git", &sources).is_some_and(|changes| !changes.is_empty());
        let dirty = if changed { "-dirty" } else { "" };
        println!("cargo::rustc-env=KOLMO_GIT_REVISION={revision}{dirty}");
    }
    Ok(())
}

/// Writes `experiments.rs`: a slice of the path of each experiment's file, below their folder and with `/`, and its text.
fn embed_experiments() -> io::Result<()> {
    println!("cargo::rerun-if-changed={EXPERIMENTS}");
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?);
    let folder = root.join(EXPERIMENTS);
    let mut files = Vec::new();
    let mut folders = vec![folder.clone()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "toml") {
                files.push(path);
            }
        }
    }
    files.sort();
    let mut list = String::from("&[\n");
    for file in files {
        let below = file.strip_prefix(&folder).map_err(io::Error::other)?;
        let parts = below.iter().map(|part| part.to_string_lossy());
        let name = parts.collect::<Vec<_>>().join("/");
        let path = file.display().to_string();
        list += &format!("    ({name:?}, include_str!({path:?})),\n");
    }
    list += "]\n";
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("experiments.rs"), list)
}

/// What a command prints, if it can be run and succeeds.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    output.status.success().then(|| text.trim().to_owned())
}
