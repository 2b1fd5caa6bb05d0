#!/usr/bin/env python3
"""Kill a run again and again, and check that it ends as if nothing had happened.

    python scripts/soak.py target/release/kolmo --kills 20 --signal both --threads 1,2

Trains a run in one go. Then trains it again, ended by a signal at random moments and taken up by the same
command until it is done: while it starts, between steps, while a checkpoint is written, during an evaluation,
while it finishes. The two must be the same: weights, moments, facts, evaluations and plots byte for byte, the
metrics line by line but for the clock, TensorBoard's points if the package is installed. After KILL a run may
repeat the steps since its checkpoint; after TERM, INT and USR1 it must exit with 75 and repeat none.

A run takes up to 40 of the kills; for more there are more runs. Prints a line a check and exits 1 at the
first failure, with the run directories left for a look.
"""

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import runs
from checks import Failure, expect, passed

STOPPED = 75
IN_A_RUN = 40
FINISHING = 3
MOMENTS = {"start": 3, "step": 3, "checkpoint": 3, "evaluation": 2}
# A moment that does not come within so many seconds is a hang.
PATIENCE = 120


class Reference:
    """A run that nobody disturbs: what the others must be like, and how long its parts take."""

    def __init__(self, binary, config, run, env):
        self.run = run
        begun = time.monotonic()
        process = subprocess.Popen(runs.command(binary, config, run), env=env)
        started = None
        saving, longest = None, 0.0
        while process.poll() is None:
            now = time.monotonic()
            if started is None and runs.newest_line(run) > 0:
                started = now
            if list(run.glob("checkpoints/.step-*")):
                saving = saving or now
            elif saving:
                longest, saving = max(longest, now - saving), None
            time.sleep(0.0005)
        expect(process.returncode == 0, f"{run}: exit code {process.returncode}")
        self.took = time.monotonic() - begun
        self.startup = (started or begun) - begun
        self.saving = max(longest, 0.001)
        self.evaluations = [
            json.loads(line)["step"] for line in runs.read(run / "evaluations.jsonl").splitlines()
        ]
        self.steps = self.evaluations[-1]
        self.step = (self.took - self.startup) / self.steps
        lines = len(runs.read(run / "metrics.jsonl").splitlines())
        expect(lines == self.steps, f"{run}: the configuration must have train.log_every = 1")


def schedule(kills, reference, rng):
    """(moment, step, delay): spread over the first nine tenths of the steps, so that none comes too late."""
    moments, weights = zip(*MOMENTS.items())
    for index in range(kills):
        moment = rng.choices(moments, weights)[0]
        step = 1 + int(0.9 * reference.steps * index / kills)
        if moment == "start":
            yield moment, 0, rng.uniform(0, 1.2 * reference.startup)
        elif moment == "step":
            yield moment, step, rng.uniform(0, 2 * reference.step)
        elif moment == "checkpoint":
            yield moment, step, rng.uniform(0, reference.saving)
        else:
            later = [one for one in reference.evaluations if step <= one < 0.95 * reference.steps]
            yield (moment, later[0], rng.uniform(0, 0.003)) if later else ("step", step, 0.0)
    for _ in range(FINISHING):
        yield "finish", reference.steps, rng.uniform(0, 0.02)


def reached(run, moment, step, found):
    """Whether the moment has come; `found` is the newest checkpoint that the process found."""
    if moment == "start":
        return True
    if moment == "finish":
        return runs.newest_checkpoint(run) >= step
    if moment == "checkpoint":
        # Not the half of one that the process before has left.
        own = runs.newest_checkpoint(run) > found
        return own and runs.newest_line(run) >= step and any((run / "checkpoints").glob(".step-*"))
    return runs.newest_line(run) >= step


def disturb(binary, config, run, env, sent, reference, kills, rng):
    """Trains `run` to its end with `kills` interruptions on the way. Gives the counts of what happened."""
    tally = Counter()
    for moment, step, delay in schedule(kills, reference, rng):
        before = runs.read(run / "manifest.json")
        found = runs.newest_checkpoint(run)
        log = (run.parent / "log.txt").open("w+", encoding="utf-8")
        process = subprocess.Popen(runs.command(binary, config, run), env=env, stdout=log, stderr=log)
        patience = time.monotonic() + PATIENCE
        while not reached(run, moment, step, found) and process.poll() is None:
            expect(time.monotonic() < patience, f"{run}: step {step} was not reached in {PATIENCE} s")
            time.sleep(0.0003)
        time.sleep(delay)
        alive = process.poll() is None
        finished = (run / "DONE").is_file()
        if alive:
            process.send_signal(sent)
        try:
            code = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Failure(f"{run}: {sent.name} did not end it in {PATIENCE} s") from None
        log.seek(0)
        said = log.read().strip()
        log.close()
        expect("panicked" not in said and "warning" not in said, f"{run}: {said}")
        if alive and not finished:
            check_exit(run, sent, code, said, before, tally)
            if code != 0:
                tally["kills"] += 1
                tally[moment] += 1
        else:
            expect(code in (0, -sent), f"{run}: exit code {code}: {said}")
        tally["half-written files left"] += bool(runs.remains(run))
        if (run / "DONE").is_file():
            break
    runs.finish(binary, config, run, env=env)
    return tally


def check_exit(run, sent, code, said, before, tally):
    if sent == signal.SIGKILL:
        expect(code in (-sent, 0), f"{run}: exit code {code}: {said}")
    elif code == -sent:
        # Before kolmo listens a signal does what it does to any program.
        expect(runs.read(run / "manifest.json") == before, f"{run}: {sent.name} ended it at work")
        tally["before it listened"] += 1
    else:
        expect(code in (STOPPED, 0), f"{run}: exit code {code}: {said}")


def check_sessions(run, sent, steps):
    """The processes that worked on the run, as its manifest tells them."""
    sessions = runs.sessions(run)
    expect(sessions[0]["from_step"] == 0, f"{run}: the first session began late")
    last = sessions[-1]
    expect((last["state"], last["to_step"]) == ("done", steps), f"{run}: the last session ended as {last}")
    for before, after in zip(sessions, sessions[1:]):
        expect(
            before["from_step"] <= after["from_step"], f"{run}: a session fell back to {after['from_step']}"
        )
        if sent != signal.SIGKILL:
            expect(before["state"] == "stopped", f"{run}: a session is {before['state']}, not stopped")
            expect(
                before["to_step"] == after["from_step"],
                f"{run}: a session ended at {before['to_step']}, the next began at {after['from_step']}",
            )
    return len(sessions)


def soak(binary, config, folder, sent, threads, kills, seed, leave):
    begun = time.monotonic()
    env = runs.environment(threads)
    reference = Reference(binary, config, folder / f"one-go-{threads}", env)
    rng = random.Random(f"{seed} {sent.name} {threads}")
    tally, points, count = Counter(), None, 0
    while tally["kills"] < kills:
        count += 1
        run = folder / f"{sent.name}-{threads}-{count}"
        part = min(IN_A_RUN, kills - tally["kills"])
        tally += disturb(binary, config, run, env, sent, reference, part, rng)
        runs.compare(reference.run, run)
        points = runs.compare_events(reference.run, run)
        tally["sessions"] += check_sessions(run, sent, reference.steps)
        if leave:
            shutil.rmtree(leave, ignore_errors=True)
            shutil.move(run, leave)
        else:
            shutil.rmtree(run)
        expect(count < 5 + kills, "the runs end before they can be killed: give them more steps")
    shutil.rmtree(reference.run)
    moments = ", ".join(f"{tally[name]} {name}" for name in [*MOMENTS, "finish"] if tally[name])
    rest = [f"{tally['half-written files left']} left half-written files"]
    if tally["before it listened"]:
        rest.append(f"{tally['before it listened']} came before it listened")
    seen = "TensorBoard is not installed" if points is None else f"{points} TensorBoard points the same"
    passed(
        f"{sent.name}, {threads} thread{'s' * (threads > 1)}: {tally['kills']} kills survived in {count} "
        f"run{'s' * (count > 1)} of {reference.steps} steps ({moments}; {', '.join(rest)}); "
        f"{seen}; {time.monotonic() - begun:.0f} s"
    )
    return tally["kills"]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("binary", type=runs.executable, metavar="BINARY")
    parser.add_argument(
        "--config", type=Path, help="a configuration with train.log_every = 1; a tiny one by default"
    )
    parser.add_argument("--kills", type=int, default=20, help="for each signal and number of threads (20)")
    parser.add_argument("--signal", choices=["KILL", "TERM", "INT", "USR1", "both"], default="both")
    parser.add_argument("--threads", default="1,2", help="RAYON_NUM_THREADS, one or several (1,2)")
    parser.add_argument("--seed", type=int, default=1, help="of the moments (1)")
    parser.add_argument("--dir", type=Path, help="where the runs go: a temporary folder")
    parser.add_argument(
        "--leave", type=Path, metavar="DIR", help="leave the last run there, in place of what is there"
    )
    arguments = parser.parse_args()
    names = ["KILL", "TERM"] if arguments.signal == "both" else [arguments.signal]
    begun = time.monotonic()

    def check(folder):
        config = arguments.config
        if config is None:
            config = runs.write_config(folder / "soak.toml", steps=200, every_s=0.01)
        kills = 0
        for threads in map(int, arguments.threads.split(",")):
            for name in names:
                sent = signal.Signals[f"SIG{name}"]
                kills += soak(
                    arguments.binary,
                    config,
                    folder,
                    sent,
                    threads,
                    arguments.kills,
                    arguments.seed,
                    arguments.leave,
                )
        print(f"{kills} kills survived in {time.monotonic() - begun:.0f} s")

    return runs.ended_in("kolmo-soak-", check, arguments.binary, within=arguments.dir)


if __name__ == "__main__":
    sys.exit(main())
