#!/usr/bin/env python3
"""Run a sweep by a real Slurm, and by GNU parallel, and check that its runs are those of a local sweep.

    scripts/check_slurm.py target/release/kolmo

Brings up a Slurm of one node with two GPUs that are none (scripts/slurm_node.sh; needs root on Debian). Of four runs
two are warned while they train: each saves, exits with 75, is put back and finishes, and the others are left alone. Then
the node fails under the next ones, and Slurm begins them again. All must end with the bits of the same sweep run by kolmo
itself, and so must those that GNU parallel runs from `kolmo sweep commands`. Prints a line a check and exits 1 at the
first failure.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import runs
from checks import expect, passed

HERE = Path(__file__).parent
RUNS = 4
STEPS = 700
PATIENCE = 120
SLURM = """
[slurm]
time = "10:00"
gres = "gpu:1"
cpus = 1
device = "flex"
"""


def ask(*command, **options):
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)
    expect(result.returncode == 0, f"{' '.join(map(str, command))}: {result.stderr.strip() or result.stdout.strip()}")
    return result.stdout


def wait(what, happened):
    begun = time.monotonic()
    while not happened():
        expect(time.monotonic() - begun < PATIENCE, f"it did not happen in {PATIENCE} s: {what}")
        time.sleep(0.05)


class Sweep:
    """The same sweep, in a folder of its own."""

    def __init__(self, binary, place, name):
        self.binary, self.file, self.folder = binary, place / "many.toml", place / name

    def kolmo(self, verb, *more):
        return ask(self.binary, "sweep", verb, self.file, "--dir", self.folder, *more)

    def runs(self):
        return json.loads(self.kolmo("status", "--json"))["runs"]

    def states(self):
        return [run["state"] for run in self.runs()]

    def directory(self, k):
        return self.folder / "runs" / Path(self.runs()[k]["dir"]).name

    def check_same(self, other):
        expect(self.states() == ["done"] * RUNS, f"{self.folder}: {self.states()}")
        for run in self.runs():
            name = Path(run["dir"]).name
            runs.compare(other.folder / "runs" / name, self.folder / "runs" / name)


def element(job, k):
    """State and restarts of an element."""
    text = ask("scontrol", "-o", "show", "job", f"{job}_{k}")
    fields = dict(field.split("=", 1) for field in text.split() if "=" in field)
    return fields["JobState"], int(fields["Restarts"])


def warn(job, k):
    # With others pending, the signal is delivered and scancel tries again for ever (Slurm 22.05).
    command = ["timeout", "3", "scancel", "--signal=USR1", "--batch", f"{job}_{k}"]
    subprocess.run(command, capture_output=True, check=False)


def check_slurm(binary, place, local):
    sweep = Sweep(binary, place, "slurm")
    sweep.kolmo("submit", "--engine", "slurm", "--dry-run")
    job = sweep.kolmo("submit", "--engine", "slurm").strip()
    expect(sweep.kolmo("submit", "--engine", "slurm") == "", "what is in the queue is submitted again")
    first = [sweep.directory(k) for k in range(2)]
    wait("two runs at work", lambda: all(runs.newest_line(run) > 20 for run in first))
    expect(element(job, 2)[0] == "PENDING", "there are two GPUs, and three runs at work")
    for k in range(2):
        warn(job, k)
    for k, run in enumerate(first):
        wait(f"run {k} to be stopped", lambda run=run: runs.sessions(run)[-1]["state"] == "stopped")
    wait("two elements to be put back", lambda: all(element(job, k)[1] == 1 for k in range(2)))
    passed(f"two elements warned: saved after {[runs.newest_checkpoint(run) for run in first]} of {STEPS} steps, put back")

    others = [sweep.directory(k) for k in range(2, 4)]
    wait("the next two at work", lambda: all(runs.newest_line(run) > 20 for run in others))
    expect([element(job, k)[1] for k in (2, 3)] == [0, 0], "elements that were not warned were put back")
    node = socket.gethostname().split(".")[0]
    ask("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
    # It comes back by itself (ReturnToService=2).
    wait("all to end", lambda: sweep.states() == ["done"] * RUNS)
    restarts = [element(job, k)[1] for k in range(RUNS)]
    expect(all(count >= 1 for count in restarts), f"restarts after the node failed: {restarts}")
    wait("an empty queue", lambda: not ask("squeue", "-h").strip())
    sweep.check_same(local)
    expect(sweep.kolmo("submit", "--engine", "slurm") == "", "what is done is submitted again")
    passed(f"the node failed: restarts {restarts}; {RUNS} runs with the bits of a local sweep")


def check_parallel(binary, place, local):
    sweep = Sweep(binary, place, "parallel")
    commands = sweep.kolmo("commands", "--pending", "--device", "flex")
    expect(len(commands.splitlines()) == RUNS, commands)
    for _ in range(2):
        ask("parallel", "--jobs", "2", "--halt", "now,fail=1", input=commands)
    sweep.check_same(local)
    counts = [len(runs.sessions(sweep.directory(k))) for k in range(RUNS)]
    expect(counts == [1] * RUNS, f"the second time runs were trained again: {counts}")
    passed(f"GNU parallel: {RUNS} runs with the bits of a local sweep, and the same commands again do nothing")


def check(binary, place):
    runs.write_config(place / "base.toml", STEPS, evaluations=5)
    seeds = ", ".join(str(seed) for seed in range(RUNS))
    (place / "many.toml").write_text(f'base = "base.toml"\nseeds = [{seeds}]\n{SLURM}', encoding="utf-8")
    local = Sweep(binary, place, "local")
    local.kolmo("run", "--devices", "flex", "--jobs", "2")
    passed(f"a local sweep of {RUNS} runs")
    check_parallel(binary, place, local)
    node = place / "node"
    subprocess.run([HERE / "slurm_node.sh", "up", node], check=True)
    os.environ["SLURM_CONF"] = str(node / "slurm.conf")
    try:
        check_slurm(binary, place, local)
    finally:
        subprocess.run(["scancel", "--user=root"], capture_output=True, check=False)
        subprocess.run([HERE / "slurm_node.sh", "down", node], check=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=runs.executable)
    options = parser.parse_args()
    return runs.ended_in("kolmo-slurm-", lambda place: check(options.binary, place), options.binary)


if __name__ == "__main__":
    sys.exit(main())
