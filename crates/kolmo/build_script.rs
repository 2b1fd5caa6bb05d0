//! Tells the binary which revision it was built from.

// Cargo listens on standard output.
#![allow(clippy::print_stdout)]

use std::{path::Path, process::Command};

fn main() {
    let logs = ".git/logs/HEAD";
    // A build from an archive has no revision, and needs none.
    if !Path::new(logs).exists() {
        println!("cargo::rerun-if-changed=crates/kolmo/build_script.rs");
        return;
    }
    println!("cargo::rerun-if-changed={logs}");
    let revision = Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .output();
    if let Ok(output) = revision
        && output.status.success()
    {
        let revision = String::from_utf8_lossy(&output.stdout);
        println!("cargo::rustc-env=KOLMO_GIT_REVISION={}", revision.trim());
    }
}
