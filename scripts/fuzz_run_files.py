#!/usr/bin/env python3
"""Put something else in the place of a file of a run, and see what kolmo makes of it.

    python scripts/fuzz_run_files.py target/release/kolmo --cases 300 --seed 1

A sweep of two runs that are done and of one that was killed is made once. Each case is a copy of it in which one file is changed by
chance: bytes are turned, its end is cut off, it is emptied or grown by zeros that take no disk, it is swapped with the same file of
another run, or a folder, a named pipe or a link is in its place. Then `sweep status`, `report`, `eval` and `train` look at it.

None of them may panic or end by a signal, take more than 10 seconds or 500 MB more than undisturbed, or end with a code that is not
documented. One that ends with 0 has to say what it says of the sweep that nothing happened to, and `train` has to leave the weights,
facts, evaluations and losses of a run that nothing happened to. Figures and event files are left out: nothing reads them. Prints how the
commands ended and every case that should not be; the same seed makes the same cases. Linux; needs Python 3.11.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import runs
from checks import expect, passed

STEPS = 20
DEVICE = ("--device", "flex")
DOCUMENTED = (0, 1, 2, 3, 75)
SECONDS = 10
KILOBYTES = 500 * 1024
SWEEP = """\
base = "tiny.toml"
seeds = [1, 2, 3]
"""


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    said: str
    kilobytes: int
    is_late: bool


def start(binary, place, *arguments):
    """Runs kolmo in `place` to its end, or to the end of its time."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [binary, *arguments], cwd=place, stdin=subprocess.DEVNULL, stdout=out, stderr=said, env=runs.environment(1)
        )
        late = threading.Event()

        def end():
            late.set()
            process.kill()

        timer = threading.Timer(SECONDS, end)
        timer.start()
        # Not wait(): the largest memory is that of this child alone.
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (out, said):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
        return Ended(process.returncode, *texts, usage.ru_maxrss, late.is_set())


class Bench:
    """The sweep that nothing happened to, and what is said of it."""

    def __init__(self, binary, folder):
        self.binary = str(binary.resolve())
        self.sound = folder / "sound"
        self.sound.mkdir()
        runs.write_config(self.sound / "tiny.toml", STEPS, evaluations=4)
        (self.sound / "many.toml").write_text(SWEEP, encoding="utf-8")
        lines = start(self.binary, self.sound, "sweep", "commands", "many.toml", *DEVICE)
        expect(lines.code == 0, f"the sweep could not be planned: {lines.said}")
        self.ids = json.loads((self.sound / "runs/many/plan.json").read_text())["runs"]
        for run in self.ids[:2]:
            ended = start(self.binary, self.sound, *self.train(run))
            expect(ended.code == 0, f"a run failed: {ended.said}")
        self.unfinished = self.ids[2]
        self.kill()
        # What the third one ends like, elsewhere.
        self.whole = folder / "whole"
        shutil.copytree(self.sound, self.whole, symlinks=True)
        ended = start(self.binary, self.whole, *self.train(self.unfinished))
        expect(ended.code == 0, f"the killed run did not go on: {ended.said}")
        self.results = {run: self.result(self.whole, run) for run in self.ids}
        place = folder / "undisturbed"
        self.expected = {}
        for run in self.ids:
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(self.sound, place, symlinks=True)
            self.expected[run] = {name: start(self.binary, place, *how) for name, how in self.commands(run)}
            for name, ended in self.expected[run].items():
                expect(ended.code == 0, f"{name} of the sound sweep ended with {ended.code}: {ended.said}")

    def train(self, run):
        """The command that trains `run` of the sweep."""
        config, directory = f"runs/many/configs/{run}.toml", f"runs/many/runs/{run}"
        return ("-q", "train", config, "--run-dir", directory, *DEVICE)

    def kill(self):
        """Kills the last run once it has some checkpoints."""
        directory = self.sound / "runs/many/runs" / self.unfinished
        process = subprocess.Popen(
            [self.binary, *self.train(self.unfinished)], cwd=self.sound, env=runs.environment(1), stderr=subprocess.DEVNULL
        )
        while process.poll() is None and not (directory / f"checkpoints/step-{STEPS // 2:08}").exists():
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
        expect(not (directory / "DONE").exists(), "the run was done before it could be killed: try again")

    def commands(self, run):
        """What looks at a sweep, and at `run` of it; `train` is the last, since it changes something."""
        directory = f"runs/many/runs/{run}"
        done = [f"runs/many/runs/{id}" for id in self.ids[:2]]
        return (
            ("status", ("sweep", "status", "many.toml", "--json")),
            ("report", ("-q", "report", *done, "-o", "report.html", "--json")),
            ("sweep report", ("-q", "report", "runs/many", "-o", "sweep.html", "--json")),
            ("eval", ("-q", "eval", directory, "--json", *DEVICE)),
            ("train", self.train(run)),
        )

    def result(self, place, run):
        """What a run has computed, but for the wall clock."""
        directory = place / "runs/many/runs" / run
        last = directory / f"checkpoints/step-{STEPS:08}"
        files = [last / "model.safetensors", last / "optimizer.safetensors"]
        files += [directory / name for name in ("facts.parquet", "evaluations.jsonl")]
        metrics = runs.CLOCK_FIELD.sub(b"", (directory / "metrics.jsonl").read_bytes())
        return [path.read_bytes() for path in files] + [metrics]


def candidates(place, run):
    """The files that are read again."""
    sweep = place / "runs/many"
    directory = sweep / "runs" / run
    files = [path for path in sorted(directory.rglob("*")) if path.is_file()]
    views = ("tensorboard", "figures", "eval")
    files = [path for path in files if path.relative_to(directory).parts[0] not in views]
    return files + [sweep / "plan.json", sweep / "sweep.toml", sweep / "configs" / f"{run}.toml"]


def turn(path, other, chance):
    content = bytearray(path.read_bytes())
    for _ in range(chance.choice((1, 1, 1, 3, 20))):
        if content:
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def digit(path, other, chance):
    """Another digit: still a file of its kind, if it is a text."""
    content = bytearray(path.read_bytes())
    places = [k for k, byte in enumerate(content) if chr(byte).isdigit()]
    if places:
        content[chance.choice(places)] = ord(chance.choice("0123456789"))
    path.write_bytes(content)


def cut(path, other, chance):
    content = path.read_bytes()
    path.write_bytes(content[: chance.randrange(len(content) + 1)])


def line(path, other, chance):
    """A line less, or one twice."""
    lines = path.read_bytes().splitlines(keepends=True)
    if lines:
        k = chance.randrange(len(lines))
        lines[k : k + 1] = chance.choice(([], [lines[k]] * 2))
    path.write_bytes(b"".join(lines))


def empty(path, other, chance):
    path.write_bytes(b"")


def missing(path, other, chance):
    path.unlink()


def grow(path, other, chance):
    with path.open("r+b") as file:
        file.truncate(chance.choice((path.stat().st_size + 1, 1 << 20, 100 << 30)))


def swap(path, other, chance):
    if other.is_file():
        path.write_bytes(other.read_bytes())


def folder(path, other, chance):
    path.unlink()
    path.mkdir()


def pipe(path, other, chance):
    path.unlink()
    os.mkfifo(path)


def nowhere(path, other, chance):
    path.unlink()
    path.symlink_to("nowhere")


def device(path, other, chance):
    path.unlink()
    path.symlink_to("/dev/zero")


CHANGES = (turn, turn, turn, digit, digit, cut, line, empty, missing, grow, swap, folder, pipe, nowhere, device)


def problems(bench, place, name, run, ended):
    """What is wrong with how a command ended."""
    expected = bench.expected[run][name]
    if ended.is_late:
        yield f"took more than {SECONDS} s"
    elif ended.code not in DOCUMENTED:
        yield f"ended with {ended.code}"
    if "panicked" in ended.said:
        yield "panicked"
    if ended.kilobytes > expected.kilobytes + KILOBYTES:
        yield f"took {ended.kilobytes // 1024} MB, undisturbed {expected.kilobytes // 1024}"
    if ended.code != 0:
        if not ended.said.strip():
            yield "failed and said nothing"
        return
    if name == "status":
        # It tells how each run stands; what it calls done has to be as it was.
        pairs = zip(json.loads(ended.out)["runs"], json.loads(expected.out)["runs"])
        if any(there != sound and there["state"] == "done" for there, sound in pairs):
            yield "says another thing of a run that is done"
    elif name == "train" and run == bench.unfinished:
        if bench.result(place, run) != bench.results[run]:
            yield "ended with other bits"
    elif ended.out != expected.out:
        yield "says another thing and no word of it"


def case(bench, place, number, seed):
    """One case: its problems, each with the command, and the codes that the commands ended with."""
    chance = random.Random(f"{seed} {number}")
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(bench.sound, place, symlinks=True)
    run = chance.choice(bench.ids[1:])
    files = candidates(place, run)
    # The files of a run are many, those of a sweep few.
    path = chance.choice(chance.choice((files, files, files[-3:])))
    other = Path(str(path).replace(run, bench.ids[0]))
    change = chance.choice(CHANGES)
    if change is pipe and path.parent.name == "configs":
        # Who names a pipe as a configuration on the command line means it.
        change = folder
    change(path, other, chance)
    told = f"case {number}: {change.__name__} {path.relative_to(place / 'runs/many')}"
    wrong, codes = [], []
    for name, how in bench.commands(run):
        ended = start(bench.binary, place, *how)
        codes.append((name, ended.code))
        last = ended.said.strip().splitlines()
        for problem in problems(bench, place, name, run, ended):
            wrong.append(f"{told}: {name} {problem}{': ' + last[-1] if last else ''}")
    return wrong, codes


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=Path)
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="the number of one case, which is left for a look")
    arguments = parser.parse_args()

    def check(folder):
        bench = Bench(arguments.binary, folder)
        numbers = [arguments.only] if arguments.only is not None else range(arguments.cases)
        wrong, codes = [], Counter()
        for number in numbers:
            found, ended = case(bench, folder / "case", number, arguments.seed)
            wrong += found
            codes.update(ended)
            for line in found:
                print(f"wrong {line}", flush=True)
        for (name, code), count in sorted(codes.items()):
            print(f"      {name:13} ended with {code:3} {count:5} times")
        expect(not wrong and arguments.only is None, f"{len(wrong)} times something that should not be")
        passed(f"{len(numbers)} cases of seed {arguments.seed}")

    return runs.ended_in("kolmo-fuzz-", check, arguments.binary)


if __name__ == "__main__":
    sys.exit(main())
