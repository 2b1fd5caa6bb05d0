"""The run that is disturbed, and calls of its that are made to fail."""

import itertools
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import runs

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
