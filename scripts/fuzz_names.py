#!/usr/bin/env python3
"""Feeds kolmo sweep files, names and labels that nobody would think of, and looks at what it says.

    scripts/fuzz_names.py target/release/kolmo --cases 200 --seed 1

Of each case kolmo plans the sweep, prints its commands and writes its job scripts; it trains nothing. It has to end with 0 or 2 and
without a panic, to say nothing that a terminal obeys, and every command it prints has to be one line that a shell takes apart into the
arguments that train the run.
"""

import argparse
import collections
import json
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from runs import write_config

PIECES = (
    ["a", "B", "seed", "0", "é", "ß", "日本", "😀", "\u202e", "\u0301", "ﷺ"]
    + [" ", "  ", "'", '"', "`", "$", "$(id)", "${HOME}", "\\", "*", "?", "[a]", "{a,b}", "~", "!", "#", "%", "%j", "&", "|", ";", "<", ">", "(", "="]
    + ["..", ".", "-", "--", "-rf", "--help", ",", ":", "@", "+"]
    + ["\n", "\r", "\t", "\b", "\a", "\x1b[2J", "\x1b]0;x\x07", "\x7f", "\x9b31m", "\x01"]
)
# Keys with values that they take, in more than one spelling.
TAKEN = {
    "model.arch": ['"gpt"', '"llama"'],
    "model.layers": ["1", "2.0", "3e0"],
    "train.learning_rate": ["1e-3", "0.002", "3e-3"],
    "train.optimizer.weight_decay": ["0", "0.0", "-0.0", "0.1"],
    "train.documents": ["512", "1e3", "640.0"],
    "world.frequency.exponent": ["1.3", "2"],
}
# Others, and what no key takes.
VALUES = ["1", "0", "-1", "-0.0", "1e3", "4e2", ".5", "inf", "nan", "true", '"gpt"', '"llama"', "[]", "{}", "99999999999999999999"]
KEYS = [
    "seed",
    "model.arch",
    "model.layers",
    "train.learning_rate",
    "train.optimizer.weight_decay",
    "train.documents",
    "train.steps",
    "eval.classes",
    "world.frequency.exponent",
    "world.frequency.law",
    "lr",
]
CONTROL = {chr(c) for c in [*range(32), *range(127, 160)]} - {"\n"}


def text(rng, most=6):
    """Any text; now and then a very long one."""
    if rng.random() < 0.03:
        return rng.choice(PIECES[:3]) * rng.choice([100, 240, 300, 5000])
    return "".join(rng.choice(PIECES) for _ in range(rng.randint(1, most)))


def name(rng):
    """The name of a file, as far as a file can have it."""
    plain = text(rng).replace("/", "_").replace("\0", "_")
    return plain if rng.random() < 0.8 else rng.choice(["many", "-many", "--dir", ".hidden", "..many", " "])


def quoted(value):
    """A basic string of TOML."""
    return json.dumps(value).replace("\x7f", "\\u007f")


def values(rng, count):
    """A key, and so many values of it: mostly what it takes. Names of relations are any text, and stand in labels."""
    kind = rng.random()
    if kind < 0.5:
        key = rng.choice(list(TAKEN))
        return key, [rng.choice(TAKEN[key]) for _ in range(count)]
    if kind < 0.9:
        return "world.relations", [f"[{{ name = {quoted(text(rng))}, values = {rng.randint(2, 9)} }}]" for _ in range(count)]
    key = rng.choice(KEYS) if rng.random() < 0.5 else ".".join(quoted(text(rng, 3)) for _ in range(rng.randint(1, 3)))
    return key, [rng.choice(VALUES) if rng.random() < 0.6 else quoted(text(rng)) for _ in range(count)]


def sweep(rng):
    lines = [f"base = {quoted('base.toml') if rng.random() < 0.95 else quoted(text(rng))}"]
    if rng.random() < 0.5:
        lines.append(f"seeds = {rng.choice(['[1, 2]', '[1]', '[1e3, 2]'] * 4 + ['[3, 3]', '[-1]', '[]'])}")
    if rng.random() < 0.3:
        key, [value] = values(rng, 1)
        lines += ["[set]", f"{key} = {value}"]
    if rng.random() < 0.2:
        lines += ["[report]", f"title = {quoted(text(rng))}", f"question = {quoted(text(rng))}"]
    if rng.random() < 0.2:
        key, *rest = rng.choice([("time", ""), ("gres", ""), ("device", ""), ("options", "[", "]")])
        lines += ["[slurm]", f"{key} = {quoted(text(rng)).join(rest) if len(rest) > 1 else quoted(text(rng))}"]
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        kind = rng.choice(["product", "zip", "list"])
        key, both = values(rng, 2)
        points = ", ".join(f"{{ {key} = {value} }}" for value in both)
        lines += ["[[axes]]", f"list = [{points}]" if kind == "list" else f"{kind} = {{ {key} = [{', '.join(both)}] }}"]
    if rng.random() < 0.02:
        lines.append(text(rng))
    return "\n".join(lines) + "\n"


class Wrong(Exception):
    """What kolmo must not do."""


def run(kolmo, folder, arguments):
    # Nothing here takes longer than reading a file.
    ran = subprocess.run([kolmo, *arguments], cwd=folder, capture_output=True, timeout=120)
    said = ran.stderr.decode("utf-8", "replace")
    if ran.returncode not in (0, 2) or "panicked" in said:
        raise Wrong(f"it ended with {ran.returncode} and said {said[:500]!r}")
    obeyed = CONTROL.intersection(said)
    if obeyed:
        raise Wrong(f"it says {sorted(obeyed)!r} in {said[:500]!r}")
    return ran.returncode, ran.stdout.decode()


def read_commands(kolmo, folder, lines, runs):
    """Every line of a sweep's commands is one run's, to a shell as to shlex."""
    if len(lines) != runs:
        raise Wrong(f"there are {len(lines)} lines for {runs} runs: {lines!r}")
    for line in lines:
        checked = subprocess.run(["sh", "-n", "-c", line], capture_output=True)
        if checked.returncode != 0:
            raise Wrong(f"sh does not take {line!r}: {checked.stderr!r}")
        words = shlex.split(line)
        # The shell itself, with a program in place of kolmo that gives its arguments back.
        printed = subprocess.run(
            ["sh", "-c", f"set -- {line}\nprintf '%s\\0' \"$@\""], cwd=folder, capture_output=True, check=True
        ).stdout
        if [word.decode() for word in printed.split(b"\0")[:-1]] != words:
            raise Wrong(f"sh makes {printed!r} of {line!r}, and shlex {words!r}")
        if words[:2] != [str(kolmo), "train"] or words[3] != "--run-dir":
            raise Wrong(f"it is no command of kolmo train: {words!r}")
        config, directory = Path(words[2]), Path(words[4])
        if not config.is_file() or config.stem != directory.name:
            raise Wrong(f"there is no configuration {config}, or it is not of {directory}")


def case(kolmo, folder, rng):
    """One sweep; says how it went."""
    write_config(folder / "base.toml", 16)
    file = name(rng) + ".toml"
    try:
        (folder / file).write_text(sweep(rng))
    except OSError:
        return "no file can be called so"
    where = ["--dir", name(rng)] if rng.random() < 0.4 else []
    if where and where[1].startswith("-"):
        where = [f"--dir={where[1]}"]
    # What begins with a dash is a file only behind two.
    which = [*where, "--", file]
    code, said = run(kolmo, folder, ["sweep", "plan", "--no-benchmark", "--json", *which])
    if code == 2:
        return "refused"
    obeyed = CONTROL.intersection(said)
    if obeyed:
        raise Wrong(f"the plan has {sorted(obeyed)!r}")
    runs = len(json.loads(said)["runs"])
    for arguments in (["sweep", "plan", "--no-benchmark"], ["sweep", "status"]):
        code, said = run(kolmo, folder, [*arguments, *which])
        if code != 0 or CONTROL.intersection(said):
            raise Wrong(f"{arguments} ended with {code} and said {said[:500]!r}")
    code, said = run(kolmo, folder, ["sweep", "commands", "--device", "flex", *which])
    if code == 2:
        # What has no form in a line has none in a script.
        if run(kolmo, folder, ["sweep", "submit", "--engine", "slurm", "--dry-run", *which])[0] == 0:
            raise Wrong("it has job scripts and no commands")
        return "planned, and no commands"
    read_commands(kolmo, folder, said.removesuffix("\n").split("\n"), runs)
    code, said = run(kolmo, folder, ["sweep", "submit", "--engine", "slurm", "--dry-run", *which])
    if code == 2:
        return "planned, and no jobs"
    for line in said.removesuffix("\n").split("\n"):
        words = shlex.split(line)
        script = Path(words[-1])
        checked = subprocess.run(["bash", "-n", script], capture_output=True)
        if words[0] != "sbatch" or checked.returncode != 0:
            raise Wrong(f"no job of {line!r}: {checked.stderr!r}")
        commands = script.with_suffix(".commands").read_text().removesuffix("\n").split("\n")
        read_commands(kolmo, folder, [line.split(" ", 1)[1] for line in commands], runs)
    return "planned, commands and jobs"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kolmo", type=Path)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    kolmo = options.kolmo.resolve()
    outcomes = collections.Counter()
    for number in range(options.cases):
        folder = Path(tempfile.mkdtemp(prefix="kolmo-names-"))
        try:
            outcomes[case(kolmo, folder, random.Random(f"{options.seed} {number}"))] += 1
        except (Wrong, ValueError, subprocess.SubprocessError) as problem:
            outcomes["wrong"] += 1
            print(f"seed {options.seed}, case {number}, left in {folder}: {problem}")
            continue
        shutil.rmtree(folder)
    for outcome, count in outcomes.most_common():
        print(f"{count:6} {outcome}")
    return 1 if outcomes["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
