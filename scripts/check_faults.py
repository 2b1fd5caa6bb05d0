#!/usr/bin/env python3
"""Let a run meet every failure a disk can have, and check that it says so and resumes.

    python scripts/check_faults.py target/release/kolmo            every call
    python scripts/check_faults.py target/release/kolmo --every 9  every ninth

Enumerated faults: scripts/faults.c, compiled here with gcc, lets the k-th call fail that a run makes in its
directory, for each k: once, or this and all later ones, with "No space left on device" or "Input/output error";
calls that write, then calls that read; of a run that starts, and of one that was killed and resumes. In a last
pass the process is killed at the k-th call. Each time the exit code must be 1, with a message that names the
file and the cause, or 0 where only an event file or a plot failed; and the same command without the fault must
go on from the newest checkpoint and end with the same bits as a run that nothing happened to.

Then real disasters: a disk that fills up, folders that are read-only or vanish, damaged checkpoints, files in
the way, terminals that are gone. Linux on x86-64; what needs more (root for mounts) is skipped with a word.
Prints a line a check and exits 1 at the first failure, with the run directories left for a look.
"""

import argparse
import errno
import itertools
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import runs
from runs import Failure, expect, passed, skipped

NOBODY = 65534
STEPS = 6
TEMPORARY = re.compile(r"^\.(.+?)(\.[A-Za-z0-9]{6})?\.kolmo-tmp$")


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a call: which, and how."""

    error: int
    on: bool = False
    reads: bool = False
    events: bool = False

    def title(self):
        if self.error == 0:
            return "the process is killed at a call"
        what = "a read fails" if self.reads else "an event file fails" if self.events else "a write fails"
        return f"{what}{', and all that follow' if self.on else ''}: {os.strerror(self.error)}"

    def environment(self, run, log, at):
        events = run / "tensorboard"
        variables = {
            "FAULTS_DIR": str(events if self.events else run),
            "FAULTS_LOG": str(log),
            "FAULTS_AT": str(at),
            "FAULTS_ERRNO": str(self.error),
        }
        if not self.events:
            # They are written by a thread of their own: the order of the calls would not be the same twice.
            variables["FAULTS_BUT"] = str(events)
        if self.on:
            variables["FAULTS_ON"] = "1"
        if self.reads:
            variables["FAULTS_READS"] = "1"
        return variables


@dataclass(frozen=True)
class Call:
    """A call that a run made in its directory."""

    name: str
    path: str
    failed: bool

    def part(self, run):
        """The file or folder at the top of the run directory that it is about."""
        inside = Path(self.path).relative_to(run).parts
        return inside[0] if inside else "."

    def told(self):
        """The call, short, the same whatever the step and the names of temporary files."""
        path = Path(self.path)
        name = TEMPORARY.sub(r"\1", path.name)
        for pattern, word in ((r"events\.out.*", "event file"), (r"step-\d+", "step"), (r"run-\d+-\w+", "run")):
            name = re.sub(pattern, word, name)
        return f"{self.name} {name}"


class Bench:
    """The binary, the shim, the configuration, and what a run should be like."""

    def __init__(self, arguments, folder):
        self.binary = arguments.binary
        self.folder = folder
        self.jobs = arguments.jobs
        self.every = arguments.every
        self.numbers = itertools.count(1)
        # A checkpoint after every step; the old ones go, but for the fourth.
        self.config = runs.write_config(
            folder / "tiny.toml", STEPS, evaluations=2, every_s=0.0, keep_last=1, keep_every=4
        )
        self.env = runs.environment(1)
        self.reference = folder / "undisturbed"
        self.finish(self.reference)
        self.shim = folder / "faults.so"

    def compile(self):
        source = Path(__file__).with_name("faults.c")
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", self.shim, source], check=True)

    def train(self, run, *more, config=None, **options):
        return runs.train(self.binary, config or self.config, run, *more, env=self.env, **options)

    def finish(self, run, **options):
        return runs.finish(self.binary, self.config, run, env=self.env, **options)

    def faulted(self, run, at, fault):
        """Runs kolmo with the call `at` at fault. Gives the process and the calls that it made."""
        log = run.with_name(f"{run.name}.log")
        variables = fault.environment(run, log, at)
        env = dict(self.env, LD_PRELOAD=str(self.shim), **variables)
        result = runs.train(self.binary, self.config, run, env=env)
        calls = []
        for line in log.read_text(encoding="utf-8").splitlines() if log.exists() else []:
            _, name, path = line.removesuffix(" !").split(" ", 2)
            calls.append(Call(name, path, line.endswith(" !")))
        log.unlink(missing_ok=True)
        return result, calls

    def folder_for(self, start, word):
        """A run directory to begin with: none yet, or a copy of `start`."""
        run = self.folder / f"run-{next(self.numbers)}-{word}"
        if start:
            shutil.copytree(start, run)
        return run


def names_of(run, path):
    """What a message may call the file of a failing call: itself, the file it is to become, its folder."""
    path = Path(path)
    parts = [match.group(1) if (match := TEMPORARY.match(part)) else part for part in path.parts]
    target = Path(*parts)
    folders = (one for one in (target.parent, path.parent) if one.is_relative_to(run))
    return {str(one) for one in (target, path, *folders)}


def outcome_of(run, fault, result, failed):
    """What came of a fault, in a word; fails if that is not as it should be."""
    said, code = result.stdout.strip(), result.returncode
    expect("panicked" not in said, said)
    if not failed:
        expect(code == 0, f"no call failed, and the exit code is {code}: {said}")
        return "not reached"
    if fault.error == 0:
        expect(code == -9, f"exit code {code}: {said}")
        return "killed"
    cause = os.strerror(fault.error)
    if code == 0:
        expect((run / "DONE").is_file(), f"exit code 0 and no DONE: {said}")
        if "warning" in said:
            expect(cause in said, f"the warning does not say {cause}: {said}")
            return "warned"
        # What a run does without, and nobody would miss: see the list that is printed.
        beside = all(call.part(run) in ("tensorboard", "figures") for call in failed)
        expect(fault.reads or not beside, f"exit code 0 and no word: {said}")
        return "unnoticed"
    expect(code == 1, f"exit code {code}: {said}")
    removing = failed[0].name in ("rmdir", "unlink")
    expect(not fault.events or removing, f"a failing event file ended the run: {said}")
    expect(cause in said, f"the message does not say {cause}: {said}")
    names = set().union(*(names_of(run, call.path) for call in failed))
    expect(any(name in said for name in names), f"the message does not name the file: {said}")
    return "failed"


def one_fault(bench, start, fault, at):
    """Lets the call `at` fail, resumes, compares. Gives what came of it, in a word, and the call."""
    run = bench.folder_for(start, str(at))
    result, calls = bench.faulted(run, at, fault)
    failed = [call for call in calls if call.failed]
    place = f"{failed[0].name} {failed[0].path}" if failed else "no call"
    try:
        outcome = outcome_of(run, fault, result, failed)
        found, was_done = runs.newest_checkpoint(run), (run / "DONE").is_file()
        said = bench.finish(run)
        if not was_done and found:
            begun = runs.sessions(run)[-1]["from_step"]
            expect(
                begun == found,
                f"of two runs, the first said: {result.stdout.strip()}\nThe second resumed from step {begun}, "
                f"though there was a checkpoint of step {found}: {said}",
            )
        plots = outcome == "warned" and any(call.part(run) == "figures" for call in failed)
        runs.compare(bench.reference, run, figures=not plots)
    except Failure as failure:
        raise Failure(f"call {at}, {place}: {failure}") from failure
    shutil.rmtree(run)
    return outcome, failed[0] if failed else None


def enumerate_faults(bench, start, fault, findings):
    """Lets every call fail in turn. Gives how many."""
    title = f"{start.name if start else 'a new run'}, {fault.title()}"
    run = bench.folder_for(start, "count")
    result, calls = bench.faulted(run, 0, fault)
    expect(result.returncode == 0 and calls, f"{title}: exit code {result.returncode}: {result.stdout}")
    runs.compare(bench.reference, run)
    shutil.rmtree(run)
    tally, bad, survived = Counter(), [], {"warned": Counter(), "unnoticed": Counter()}

    def one(at):
        try:
            return one_fault(bench, start, fault, at)
        except Failure as failure:
            return failure, None

    with ThreadPoolExecutor(bench.jobs) as pool:
        for outcome, call in pool.map(one, range(1, len(calls) + 1, bench.every)):
            if isinstance(outcome, Failure):
                bad.append(outcome)
                continue
            tally[outcome] += 1
            if outcome in survived:
                survived[outcome][call.told()] += 1
    count = tally.total() + len(bad)
    words = ", ".join(f"{number} {outcome}" for outcome, number in sorted(tally.items()))
    if bad:
        findings += [f"{title}: {failure}" for failure in bad]
        print(f"FAILED {title}: {len(bad)} of {count}; {words}", flush=True)
    else:
        passed(f"{title}: {count} of {len(calls)} calls, {words}")
    for outcome, told in survived.items():
        if told:
            print(f"      {outcome}: {', '.join(f'{call} ({number})' for call, number in sorted(told.items()))}")
    return count


def enumerated(bench, quick, findings):
    if sys.platform != "linux" or platform.machine() != "x86_64" or not shutil.which("gcc"):
        skipped("enumerated faults: they need gcc, and Linux on x86-64")
        return 0
    bench.compile()
    resumed = bench.folder / "a killed run"
    kill = Fault(0)
    # Where the run has written past its last checkpoint, while it writes the next one.
    _, calls = bench.faulted(bench.folder / "probe", 0, kill)
    shutil.rmtree(bench.folder / "probe")
    last = max(at for at, call in enumerate(calls, start=1) if ".step-00000006" in call.path and call.name == "write")
    bench.faulted(resumed, last, kill)
    expect(runs.newest_checkpoint(resumed) == STEPS - 1, f"{resumed}: not killed where it should be")

    run = bench.folder_for(bench.reference, "again")
    result, calls = bench.faulted(run, 0, Fault(errno.ENOSPC))
    expect(result.returncode == 0 and not calls, f"a finished run is written to: {calls}")
    passed("a finished run: exit code 0, and nothing is written")
    shutil.rmtree(run)

    full, broken = errno.ENOSPC, errno.EIO
    faults = [Fault(full, on=True), Fault(broken), Fault(broken, reads=True), kill]
    events = [Fault(full, on=True, events=True)]
    if not quick:
        faults += [Fault(full), Fault(broken, on=True), Fault(broken, on=True, reads=True)]
        faults += [Fault(errno.EROFS, on=True)]
        events += [Fault(broken, events=True)]
    return sum(
        enumerate_faults(bench, start, fault, findings) for start in (None, resumed) for fault in faults + events
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=runs.executable, metavar="BINARY")
    parser.add_argument("--every", type=int, default=1, metavar="K", help="only every K-th call (1)")
    parser.add_argument("--quick", action="store_true", help="fewer kinds of faults, and every ninth call")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time (2)")
    parser.add_argument("--dir", type=Path, help="where the runs go: a folder of /dev/shm, or a temporary one")
    arguments = parser.parse_args()
    if arguments.quick and arguments.every == 1:
        arguments.every = 9
    begun = time.monotonic()
    memory = Path("/dev/shm")
    place = arguments.dir or (memory if os.access(memory, os.W_OK) else None)
    folder = Path(tempfile.mkdtemp(prefix="kolmo-faults-", dir=place)).resolve()
    folder.chmod(0o755)

    def check():
        bench, findings = Bench(arguments, folder), []
        count = enumerated(bench, arguments.quick, findings)
        print(f"{count} calls failed one after another, in {time.monotonic() - begun:.0f} s")
        if findings:
            raise Failure("\n".join(findings))

    code = runs.ended(check)
    if code == 0:
        shutil.rmtree(folder)
    else:
        print(f"the runs are in {folder}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
