//! The program of a sweep: replaced, gone, with the threads it is given.

use std::{fs, os::unix::fs::PermissionsExt};

use super::{place, states};
use crate::{
    resume::wait_until,
    util::{Place, Running},
};

/// A sweep of four runs, one after another, by a copy of `kolmo` that is made anything else by `replace` once the first has begun.
fn replaced(replace: impl FnOnce(&Place)) {
    let place = place("seeds = [1, 2, 3, 4]");
    let kolmo = place.path().join("kolmo");
    fs::copy(env!("CARGO_BIN_EXE_kolmo"), &kolmo).unwrap();
    let mut command = place.shell("", &kolmo);
    command.args(["sweep", "run", "many.toml", "--devices", "flex"]);
    command.args(["--jobs", "1", "--retry", "0", "-v"]);
    let mut running = Running::new(&mut command);
    let logs = place.path().join("runs/many/logs");
    wait_until(&mut running, || {
        fs::read_dir(&logs).is_ok_and(|mut logs| logs.next().is_some())
    });
    replace(&place);
    running.wait().exits(0).says("4 of 4 runs done");
    assert_eq!(states(&place), ["done"; 4]);
}

#[test]
fn a_sweep_goes_on_with_the_program_that_it_began_with() {
    replaced(|place| fs::remove_file(place.path().join("kolmo")).unwrap());
    // As a build does it.
    replaced(|place| {
        let other = place.file("other", "#!/bin/sh\nexit 1\n");
        fs::set_permissions(&other, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(other, place.path().join("kolmo")).unwrap();
    });
}

#[test]
fn the_threads_that_are_asked_for_are_those_of_a_sweep() {
    let place = place("seeds = [1]");
    let run = "sweep run many.toml --devices flex --jobs 1 -v";
    let run: Vec<&str> = run.split(' ').collect();
    let ran = place.start(&run, &[("RAYON_NUM_THREADS", "3")]).wait();
    ran.exits(0).says("on flex, threads: 3");
}
