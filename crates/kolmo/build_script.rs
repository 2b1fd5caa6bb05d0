//! Tells the binary what it is built from and with.

// Cargo listens on standard output.
#![allow(clippy::print_stdout)]

use std::{env, path::Path, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=crates/kolmo/build_script.rs");
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
        return;
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
        ];
        let changed = output("git", &sources).is_some_and(|changes| !changes.is_empty());
        let dirty = if changed { "-dirty" } else { "" };
        println!("cargo::rustc-env=KOLMO_GIT_REVISION={revision}{dirty}");
    }
}

/// What a command prints, if it can be run and succeeds.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    output.status.success().then(|| text.trim().to_owned())
}
