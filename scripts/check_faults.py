#!/usr/bin/env python3
"""Let a run meet every failure a disk can have, and check that it says so and resumes.

    python scripts/check_faults.py target/release/kolmo            every call
    python scripts/check_faults.py target/release/kolmo --every 9  every ninth

Enumerated faults: scripts/faults.c, compiled here with gcc, lets the k-th call fail that a run makes in its
directory, for each k: once, or this and all later ones, with "No space left on device", "Input/output error"
or "Read-only file system"; calls that write, then calls that read; of a run that starts, and of one that was
killed and resumes. In another pass the process is killed at the k-th call, and in a last one the power is cut
there: what was not forced to disk is gone. Each time the exit code must be 1, with a message that names the
file and the cause, or 0 where a run can do without (an event file, a plot, removing an old checkpoint); and
the same command without the fault must go on from the newest checkpoint and end with the same bits as a run
that nothing happened to.

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
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import runs
from checks import Failure, expect, passed, skipped

NOBODY = 65534
STEPS = 6
# So many failures are shown in full.
SHOWN = 20
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
        for pattern, word in (
            (r"events\.out.*", "event file"),
            (r"step-\d+", "step"),
            (r"run-\d+-\w+", "run"),
        ):
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
        removing = failed[0].name in ("rmdir", "unlink")
        expect(fault.reads or removing or not beside, f"exit code 0 and no word: {said}")
        return "unnoticed"
    expect(code == 1, f"exit code {code}: {said}")
    removing = failed[0].name in ("rmdir", "unlink")
    expect(not fault.events or removing, f"a failing event file ended the run: {said}")
    # Who asks whether a file is there is told no, and says what follows from that.
    asked = any(call.name == "stat" for call in failed) and ("File exists" in said or "vanished" in said)
    expect(cause in said or asked, f"the message does not say {cause}: {said}")
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
                f"the first run said: {result.stdout.strip()}\nThe second resumed from step {begun}, "
                f"though there was a checkpoint of step {found}: {said}",
            )
        # Done all the same, with a warning: without a plot, or with an old checkpoint that could not go.
        spared = {call.part(run) for call in failed} if outcome == "warned" else set()
        runs.compare(bench.reference, run, figures="figures" not in spared, clean="checkpoints" not in spared)
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
            print(
                f"      {outcome}: {', '.join(f'{call} ({number})' for call, number in sorted(told.items()))}"
            )
    return count


def enumerated(bench, quick, findings):
    if sys.platform != "linux" or platform.machine() != "x86_64" or not shutil.which("gcc"):
        skipped("enumerated faults: they need gcc, and Linux on x86-64")
        return 0
    bench.compile()
    resumed = bench.folder / "a killed run"
    kill = Fault(0)
    # Where the run has written past its last checkpoint, while it writes the next one.
    result, calls = bench.faulted(bench.folder / "probe", 0, kill)
    expect(result.returncode == 0 and calls, f"the faults do not load: {result.returncode}: {result.stdout}")
    shutil.rmtree(bench.folder / "probe")
    last = max(
        at for at, call in enumerate(calls, start=1) if ".step-00000006" in call.path and call.name == "write"
    )
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
    starts = (None, resumed)
    count = sum(
        enumerate_faults(bench, start, fault, findings) for start in starts for fault in faults + events
    )
    return count + sum(power_cuts(bench, start, findings) for start in starts)


def power_cut(bench, start, image, at):
    """The machine stops at the call `at`: the disk holds what was forced to it, and not more."""
    place = bench.folder / f"power-{next(bench.numbers)}"
    disk, again, platter = place / "disk", place / "again", place / "platter"
    for folder in (disk, again):
        folder.mkdir(parents=True)
    # As hard as ext4 can be on those who rename without forcing the content to disk first.
    options = "loop,noauto_da_alloc,data=writeback"
    subprocess.run(["cp", "--sparse=always", image, platter], check=True)
    mounted = []

    def mount(what, where):
        subprocess.run(["mount", "-o", options, what, where], check=True)
        mounted.append(where)

    try:
        mount(platter, disk)
        if start:
            shutil.copytree(start, disk / "run")
            subprocess.run(["sync", "-f", disk], check=True)
        bench.faulted(disk / "run", at, Fault(0))
        # What is in the system's memory is not in the file behind the disk.
        subprocess.run(["cp", "--sparse=always", platter, place / "after"], check=True)
        before = runs.newest_checkpoint(disk / "run")
        mount(place / "after", again)
        found = runs.newest_checkpoint(again / "run")
        expect(found >= before - 1, f"a checkpoint of step {before} was there, and {found} is what is left")
        bench.finish(again / "run")
        runs.compare(bench.reference, again / "run")
    except Failure as failure:
        raise Failure(
            f"a power cut at call {at} of {start.name if start else 'a new run'}: {failure}"
        ) from failure
    finally:
        for where in reversed(mounted):
            subprocess.run(["umount", where], check=True)
    shutil.rmtree(place)


def power_cuts(bench, start, findings):
    """Cuts the power at every call. Gives how many."""
    image, probe = bench.folder / "blank", bench.folder / "probe disk"
    probe.mkdir(exist_ok=True)
    with image.open("wb") as file:
        file.truncate(8 << 20)
    made = (
        shutil.which("mkfs.ext4") and subprocess.run(["mkfs.ext4", "-q", image], check=False).returncode == 0
    )
    quiet = {"stderr": subprocess.DEVNULL, "check": False}
    if not made or subprocess.run(["mount", "-o", "loop", image, probe], **quiet).returncode != 0:
        skipped("power cuts: they need mkfs.ext4, and to be let mount")
        return 0
    subprocess.run(["umount", probe], check=True)
    run = bench.folder_for(start, "count")
    _, calls = bench.faulted(run, 0, Fault(0))
    shutil.rmtree(run)
    places = range(1, len(calls) + 1, bench.every)
    bad = []
    for at in places:
        try:
            power_cut(bench, start, image, at)
        except Failure as failure:
            bad.append(str(failure))
    findings += bad
    title = start.name if start else "a new run"
    text = f"{title}, the power is cut at a call: {len(places)} of {len(calls)} calls"
    if bad:
        print(f"FAILED {text}: {len(bad)} bad", flush=True)
    else:
        passed(text)
    return len(places)


# Disasters. Each check has a folder of its own; `long` is a run of some hundred milliseconds to be disturbed.


class Disasters:
    def __init__(self, bench):
        self.bench = bench
        self.config = runs.write_config(
            bench.folder / "long.toml", 100, evaluations=4, every_s=0.0, keep_last=3
        )
        self.reference = bench.folder / "undisturbed long"
        self.finish(self.reference)
        self.mounted = []
        self.numbers = itertools.count(1)
        self.as_nobody = {}
        if os.geteuid() == 0:
            self.as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []}

    def place(self):
        folder = self.bench.folder / f"disaster-{next(self.numbers)}"
        folder.mkdir()
        folder.chmod(0o777)
        return folder

    def start(self, run, **options):
        command = runs.command(self.bench.binary, self.config, run)
        return subprocess.Popen(
            command,
            env=self.bench.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )

    def train(self, run, *more, config=None, **options):
        return self.bench.train(run, *more, config=config or self.config, **options)

    def finish(self, run, **options):
        return runs.finish(self.bench.binary, self.config, run, env=self.bench.env, **options)

    def at_work(self, run, step=20):
        """A process that has trained `step` steps and goes on."""
        process = self.start(run)
        while runs.newest_checkpoint(run) < step:
            expect(process.poll() is None, f"{run}: it ended before it could be disturbed")
            time.sleep(0.0005)
        return process

    def killed(self, folder, step=20):
        run = folder / "run"
        process = self.at_work(run, step)
        process.kill()
        process.communicate()
        expect(not (run / "DONE").exists(), f"{run}: it was done before it was killed")
        return run

    def compare(self, run):
        runs.compare(self.reference, run)

    def mount(self, *arguments):
        done = subprocess.run(["mount", *map(str, arguments)], stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode == 0:
            self.mounted.append(arguments[-1])
        return done.returncode == 0

    def unmount(self, place, *lazily):
        subprocess.run(["umount", *lazily, str(place)], check=True)
        self.mounted.remove(place)

    def close(self):
        for place in reversed(self.mounted):
            subprocess.run(["umount", "-l", str(place)], check=False)

    def refused(self, result, *words, codes=(1,)):
        """A failure that is told as it should be."""
        said = result.stdout.strip() if isinstance(result.stdout, str) else ""
        expect(result.returncode in codes, f"exit code {result.returncode}, not {codes}: {said}")
        expect("panicked" not in said, said)
        for word in words:
            expect(str(word) in said, f"the message does not say {word}: {said}")
        return said

    def full_disk(self):
        """A small disk fills up; then it has room."""
        disk = self.place()
        if not self.mount("-t", "tmpfs", "-o", "size=64m", "kolmo-faults", disk):
            skipped("a full disk: mounting is not permitted")
            return
        self.bench.finish(disk / "run")
        state = os.statvfs(disk)
        need = (state.f_blocks - state.f_bfree) * state.f_frsize // 1024
        self.unmount(disk)
        failed = 0
        sizes = list(range(4, need + 64, 8 if self.bench.every == 1 else 32))
        for size in sizes:
            run = disk / "run"
            self.mount("-t", "tmpfs", "-o", f"size={size}k", "kolmo-faults", disk)
            for _ in range(2):
                result = self.bench.train(run)
                if result.returncode != 0:
                    self.refused(result, os.strerror(errno.ENOSPC), run)
                    failed += 1
            self.mount("-o", "remount,size=64m", disk)
            self.mounted.remove(disk)
            if result.returncode != 0 or "warning" not in result.stdout:
                self.bench.finish(run)
                runs.compare(self.bench.reference, run)
            self.unmount(disk)
        passed(
            f"a full disk: {len(sizes)} disks of {sizes[0]} to {sizes[-1]} KiB, {failed} attempts failed and "
            "said why, and all runs went on when there was room"
        )

    def read_only(self):
        """A folder that may not be written."""
        place = self.place()
        try:
            subprocess.run(
                [self.bench.binary, "--version"], stdout=subprocess.PIPE, check=True, **self.as_nobody
            )
        except (OSError, subprocess.CalledProcessError):
            skipped("read-only folders: the program is not for everyone to run")
            return
        denied = os.strerror(errno.EACCES)
        shut = place / "shut"
        shut.mkdir(mode=0o555)
        self.refused(self.train(shut / "run", **self.as_nobody), denied, shut / "run")

        run = self.killed(place)
        before = {path: runs.read(path) for path in run.rglob("*") if path.is_file()}
        set_modes(run, 0o555, 0o444)
        self.refused(self.train(run, **self.as_nobody), denied, run)
        found = {path: runs.read(path) for path in run.rglob("*") if path.is_file()}
        expect(found == before, f"{run}: a read-only run was changed")
        set_modes(run, 0o755, 0o644)
        self.finish(run)
        self.compare(run)
        set_modes(run, 0o555, 0o444)
        expect(
            self.train(run, **self.as_nobody).returncode == 0,
            f"{run}: a finished read-only run cannot be shown",
        )
        # Or whoever is not root cannot tidy up.
        set_modes(run, 0o755, 0o644)
        passed(
            "read-only folders: refused with the cause, unchanged, resumed when writable; "
            "a finished run is shown"
        )

        disk = self.place()
        run = self.killed(disk)
        if not (self.mount("--bind", disk, disk) and self.mount("-o", "remount,bind,ro", disk)):
            skipped("a read-only file system: mounting is not permitted")
            return
        self.mounted.remove(disk)
        self.refused(self.train(run), os.strerror(errno.EROFS), run)
        self.unmount(disk)
        self.finish(run)
        self.compare(run)
        passed("a read-only file system: refused with the cause, resumed when writable")

    def vanished(self):
        """The run directory goes while it trains."""
        place = self.place()
        run, away = place / "run", place / "away"
        process = self.at_work(run)
        run.rename(away)
        said, _ = process.communicate(timeout=60)
        process.stdout = said
        self.refused(process, run, "vanished")
        expect(not run.exists(), f"{run}: a folder that was gone was made again: {list(place.rglob('*'))}")
        away.rename(run)
        self.finish(run)
        self.compare(run)
        passed("a run directory that vanishes: said so, not made again, resumed when it is back")

    def vanished_disk(self):
        self.vanished_mount("with the run in it", "run")

    def vanished_root(self):
        self.vanished_mount("that is the run directory", "")

    def vanished_mount(self, title, inner):
        disk, view = self.place(), self.place()
        if not self.mount("--bind", disk, view):
            skipped("a disk that vanishes: mounting is not permitted")
            return
        process = self.at_work(view / inner)
        self.unmount(view, "-l")
        said, _ = process.communicate(timeout=60)
        process.stdout = said
        left = sorted(str(path.relative_to(view)) for path in view.rglob("*"))
        self.finish(disk / inner)
        self.compare(disk / inner)
        self.refused(process, view / inner)
        expect(
            not left, f"a disk {title} vanished, and in the folder it was mounted on there is {left}: {said}"
        )
        passed(f"a disk {title} vanishes: said so, nothing left behind, resumed when it is back")

    def unreadable_configuration(self):
        place = self.place()
        wrong = place / "wrong.toml"
        cases = [
            ("missing", os.strerror(errno.ENOENT)),
            ("a folder", "directory"),
            ("not text", "UTF-8"),
        ]
        if self.as_nobody or os.geteuid() != 0:
            cases.append(("shut", os.strerror(errno.EACCES)))
        for case, word in cases:
            if case == "a folder":
                wrong.mkdir()
            elif case == "not text":
                wrong.rmdir()
                wrong.write_bytes(b"seed = 1 # \xff\n")
            elif case == "shut":
                wrong.chmod(0)
            options = self.as_nobody if case == "shut" else {}
            try:
                result = self.train(place / "run", config=wrong, **options)
            except PermissionError:
                continue
            self.refused(result, wrong, word, codes=(1, 2))
            expect(not (place / "run").exists(), f"a configuration that is {case} made a run directory")
        passed(f"a configuration that is {', '.join(case for case, _ in cases)}: refused with the cause")

    def event_files_and_plots(self):
        """What a run can do without is a file where a folder should be."""
        wrong = []
        for name in ("tensorboard", "figures"):
            for begun in (False, True):
                place = self.place()
                run = self.killed(place) if begun else place / "run"
                run.mkdir(exist_ok=True)
                shutil.rmtree(run / name, ignore_errors=True)
                (run / name).write_text("a file\n")
                result = self.train(run)
                try:
                    self.refused(result, "warning", run / name, codes=(0,))
                    runs.compare(self.reference, run, figures=name != "figures")
                except Failure as failure:
                    wrong.append(f"a file named {name}, {'resumed' if begun else 'new'} run: {failure}")
        expect(not wrong, "\n".join(wrong))
        passed("a file where tensorboard/ or figures/ should be: a warning, and the run is done")

    def in_the_way(self):
        for name in ("checkpoints", "metrics.jsonl", "facts.parquet", "manifest.json", ".lock", "DONE"):
            run = self.place() / "run"
            run.mkdir()
            if name == "checkpoints":
                (run / name).write_text("a file\n")
            else:
                (run / name / "full").mkdir(parents=True)
            result = self.train(run)
            self.refused(result, run / name, "is in the way", codes=(2,))
            expect((run / name).exists(), f"{run / name} was removed, and is not kolmo's")
            shutil.rmtree(run / name) if (run / name).is_dir() else (run / name).unlink()
            expect(not os.listdir(run), f"{run}: refused, and yet there is {os.listdir(run)}")
            self.finish(run)
            self.compare(run)
        passed("other files and folders in the way: named, and the run begins without them")

    def no_terminal(self):
        for stream in ("full", "closed"):
            run = self.place() / "run"
            command = [
                str(self.bench.binary),
                "train",
                str(self.config),
                "--device",
                "flex",
                "--run-dir",
                str(run),
            ]
            if stream == "full":
                with open("/dev/full", "w", encoding="utf-8") as full:
                    process = subprocess.Popen(
                        [*command, "--json"], env=self.bench.env, stdout=full, stderr=full
                    )
            else:
                process = subprocess.Popen(
                    command, env=self.bench.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
                )
                process.stdout.close()
            code = process.wait(60)
            expect(
                (run / "DONE").is_file(),
                f"output to what is {stream}: exit code {code}, and the run is not done",
            )
            self.compare(run)
        passed("nobody reads the messages (/dev/full, a closed pipe): the run is done all the same")

    def two_at_once(self):
        run = self.place() / "run"
        process = self.at_work(run, 5)
        second = self.train(run)
        process.communicate(timeout=60)
        if second.returncode != 0:
            self.refused(second, run, f"process {process.pid}")
        expect(process.returncode == 0, f"{run}: the first of two processes ended with {process.returncode}")
        self.compare(run)
        passed("a second process in the same directory: refused, and told which is there")

    def impatient(self):
        """Ctrl-C twice: the second one does not wait for the step."""
        config = runs.write_config(
            self.bench.folder / "slow.toml", 4, batch=16384, evaluations=1, every_s=0.0
        )
        undisturbed = self.place() / "run"
        runs.finish(self.bench.binary, config, undisturbed, env=self.bench.env)
        for _ in range(10):
            run = self.place() / "run"
            process = subprocess.Popen(
                runs.command(self.bench.binary, config, run),
                env=self.bench.env,
                stderr=subprocess.PIPE,
                text=True,
            )
            while runs.newest_checkpoint(run) < 1:
                time.sleep(0.0005)
            process.send_signal(signal.SIGINT)
            time.sleep(0.005)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
            runs.finish(self.bench.binary, config, run, env=self.bench.env)
            runs.compare(undisturbed, run)
            if process.returncode == -signal.SIGINT:
                passed("Ctrl-C twice: gone at once, and resumed")
                return
            # The step was over before the second one.
            expect(process.returncode == 75, f"Ctrl-C twice: exit code {process.returncode}")
        raise Failure("Ctrl-C twice: it has never left at once")

    def damaged(self):
        """Checkpoints that are not what they were."""

        def flip(path):
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 16
            path.write_bytes(content)

        ways = {
            "changed": flip,
            "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
            "removed": os.unlink,
        }
        start = self.killed(self.place())
        newest = runs.newest_checkpoint(start)
        older = runs.checkpoints(start)[-2]
        count = 0
        for name in sorted(os.listdir(start / f"checkpoints/step-{newest:08}")):
            for word, way in ways.items():
                run = self.place() / "run"
                shutil.copytree(start, run)
                way(run / f"checkpoints/step-{newest:08}" / name)
                result = self.train(run)
                self.refused(result, "warning", f"step-{newest:08}", codes=(0,))
                begun = runs.sessions(run)[-1]["from_step"]
                expect(begun == older, f"{name} was {word}, and the run went on from {begun}, not {older}")
                self.compare(run)
                shutil.rmtree(run)
                count += 1
        run = self.place() / "run"
        shutil.copytree(start, run)
        for step in runs.checkpoints(run):
            flip(run / f"checkpoints/step-{step:08}" / "model.safetensors")
        self.refused(self.train(run), run, "--resume never")
        expect(self.train(run, "--resume", "never").returncode == 0, f"{run}: --resume never does not help")
        self.compare(run)
        passed(
            f"damaged checkpoints: {count} kinds of damage noticed, the older one taken; "
            "none left: --resume never"
        )

    def damaged_for_a_while(self):
        """Files that are damaged, and then restored: no step is lost."""
        start = self.killed(self.place())
        newest = runs.newest_checkpoint(start)
        for name in ("metrics.jsonl", "evaluations.jsonl", "facts.parquet"):
            run = self.place() / "run"
            shutil.copytree(start, run)
            sound = runs.read(run / name)
            (run / name).write_bytes(b"{}\n" + sound[40:])
            self.refused(self.train(run), run / name)
            (run / name).write_bytes(sound)
            said = self.finish(run)
            begun = runs.sessions(run)[-1]["from_step"]
            expect(
                begun == newest,
                f"{name} was damaged for a while, and the run went on from {begun}, not {newest}: {said}",
            )
            self.compare(run)
        passed(
            "a damaged metrics.jsonl, evaluations.jsonl or facts.parquet: named, and once restored resumed where "
            "it was"
        )


def set_modes(folder, folders, files):
    for path in [folder, *folder.rglob("*")]:
        path.chmod(folders if path.is_dir() else files)


def disasters(bench, findings):
    all_of_them = Disasters(bench)
    try:
        for name in (
            "full_disk",
            "read_only",
            "vanished",
            "vanished_disk",
            "vanished_root",
            "unreadable_configuration",
            "event_files_and_plots",
            "in_the_way",
            "no_terminal",
            "two_at_once",
            "impatient",
            "damaged",
            "damaged_for_a_while",
        ):
            try:
                getattr(all_of_them, name)()
            except Failure as failure:
                print(f"FAILED {name.replace('_', ' ')}", flush=True)
                findings.append(str(failure))
    finally:
        all_of_them.close()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("binary", type=runs.executable, metavar="BINARY")
    parser.add_argument(
        "--every", type=int, default=1, metavar="K", help="only every K-th call (1); 0 for none"
    )
    parser.add_argument("--quick", action="store_true", help="fewer kinds of faults, and every ninth call")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time (2)")
    parser.add_argument(
        "--dir", type=Path, help="where the runs go: a folder of /dev/shm, or a temporary one"
    )
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
        disasters(bench, findings)
        count = enumerated(bench, arguments.quick, findings) if arguments.every else 0
        print(f"{count} calls failed one after another, in {time.monotonic() - begun:.0f} s")
        if findings:
            more = [f"and {len(findings) - SHOWN} more"] if len(findings) > SHOWN else []
            raise Failure("\n".join(findings[:SHOWN] + more))

    code = runs.ended(check, arguments.binary)
    if code == 0:
        shutil.rmtree(folder)
    else:
        print(f"the runs are in {folder}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
