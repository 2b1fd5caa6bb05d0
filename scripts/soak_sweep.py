#!/usr/bin/env python3
"""Kill a sweep again and again, and check that it ends as if nothing had happened.

    python scripts/soak_sweep.py target/release/kolmo --kills 10

Runs a sweep of 12 runs in one go. Then runs it again, its parent ended by SIGKILL at random moments and then some of
its orphans, and taken up by the same command until it is done. All 12 runs must be the same: weights, moments, facts,
evaluations and plots byte for byte, the metrics line by line but for the clock. Prints a line a check and exits 1 at
the first failure, with the directories left for a look.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import runs
from checks import expect, passed

RUNS = 12
STEPS = 150


def write_sweep(folder):
    runs.write_config(folder / "base.toml", STEPS, evaluations=6)
    seeds = ", ".join(str(seed) for seed in range(RUNS))
    sweep = folder / "many.toml"
    sweep.write_text(f'base = "base.toml"\nseeds = [{seeds}]\n', encoding="utf-8")
    return sweep


def command(binary, sweep, folder, *more):
    return [str(binary), "-q", "sweep", *more, str(sweep), "--dir", str(folder)]


def run(binary, sweep, folder):
    return [*command(binary, sweep, folder, "run"), "--devices", "flex", "--jobs", "2", "--retry", "0"]


def finish(binary, sweep, folder):
    """Runs the sweep to its end. Runs that failed since they were killed are begun again by the next call."""
    result = subprocess.run(run(binary, sweep, folder), capture_output=True, text=True, timeout=900, check=False)
    expect(result.returncode == 0, f"{folder}: exit code {result.returncode}: {result.stderr.strip()}")


def status(binary, sweep, folder):
    said = subprocess.run([*command(binary, sweep, folder, "status"), "--json"], capture_output=True, check=True)
    return json.loads(said.stdout)["runs"]


def alive(process):
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def orphans(folder):
    """Processes that still work on a run."""
    for manifest in folder.glob("runs/*/manifest.json"):
        session = json.loads(manifest.read_text(encoding="utf-8"))["sessions"][-1]
        if session["state"] == "running" and alive(session["process"]):
            yield session["process"]


def kill(binary, sweep, folder, wait, rng):
    """Runs the sweep for a while, and kills it. Gives how many processes, 0 if it was done before."""
    parent = subprocess.Popen(run(binary, sweep, folder), stderr=subprocess.PIPE)
    try:
        parent.wait(wait)
    except subprocess.TimeoutExpired:
        parent.kill()
        parent.wait()
    else:
        expect(parent.returncode == 0, f"the sweep ended by itself: {parent.stderr.read().decode().strip()}")
        return 0
    killed = 1
    time.sleep(rng.uniform(0, 0.1))
    for process in orphans(folder):
        if rng.random() < 0.6:
            time.sleep(rng.uniform(0, 0.05))
            try:
                os.kill(process, signal.SIGKILL)
                killed += 1
            except ProcessLookupError:
                pass
    return killed


def soak(options, place):
    rng = random.Random(options.seed)
    sweep = write_sweep(place)
    whole, disturbed = place / "whole", place / "disturbed"
    begun = time.monotonic()
    finish(options.binary, sweep, whole)
    took = time.monotonic() - begun
    passed(f"a sweep of {RUNS} runs in one go: {took:.1f} s")
    parents = children = 0
    while parents < options.kills:
        # Half of what an undisturbed one takes in all, so that none comes too late.
        wait = rng.uniform(0.2, 1.0) * took / options.kills
        killed = kill(options.binary, sweep, disturbed, wait, rng)
        expect(killed, f"the sweep was done after {parents} kills")
        parents += 1
        children += killed - 1
    expect(children, "no child was killed")
    finish(options.binary, sweep, disturbed)
    for one in status(options.binary, sweep, disturbed):
        expect(one["state"] == "done", f"{one['dir']}: {one['state']}")
        name = Path(one["dir"]).name
        runs.compare(whole / "runs" / name, disturbed / "runs" / name, clean=False)
    if options.leave:
        shutil.rmtree(options.leave, ignore_errors=True)
        shutil.move(disturbed, options.leave)
    passed(f"{parents} kills of the parent and {children} of its children: {RUNS} runs with the same bits")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=runs.executable)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--leave", type=Path, metavar="DIR", help="leave the sweep there, in place of what is there")
    options = parser.parse_args()
    return runs.ended_in("kolmo-sweep-", lambda place: soak(options, place), options.binary)


if __name__ == "__main__":
    sys.exit(main())
