#!/usr/bin/env python3
"""kolmo and PyTorch in turns on eight shapes: tokens/s of a training step, and their ratio.

Called by bench_against_torch.sh, which finds or makes what is needed. In each round kolmo and PyTorch are
timed one right after the other, so that a machine that slows down or is used by others slows all of them. The
ratio is of each round by itself; its median is given with the least and the greatest.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

from checks import Failure, ended

PEER = Path(__file__).with_name("torch_peer.py")

# d_model, layers, heads, rows of a batch, tokens of a row, vocabulary, steps of a round
SHAPES = (
    (16, 2, 2, 8, 8, 300, 2000),
    (16, 2, 2, 32, 8, 300, 1000),
    (16, 2, 2, 256, 16, 300, 200),
    (64, 2, 4, 256, 16, 1024, 40),
    (128, 4, 4, 128, 32, 2048, 20),
    (256, 6, 8, 16, 128, 4096, 12),
    (384, 6, 6, 16, 128, 4096, 8),
    (512, 8, 8, 4, 512, 8192, 4),
)
FLAGS = ("d-model", "layers", "heads", "batch", "seq", "vocab", "steps")


def report(command):
    """What `command` prints: one line of JSON."""
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise Failure(f"{' '.join(map(str, command))}\n{ran.stderr.strip()}")
    return json.loads(ran.stdout.strip().splitlines()[-1])


def sides(arguments):
    """The command of each side, to which the shape is added."""
    common = ["--arch", arguments.arch, "--threads", str(arguments.threads)]
    commands = {"kolmo": [arguments.kolmo, "bench", "train", "--device", "flex", "--json", *common]}
    peer = [arguments.torch_python, str(PEER), *common]
    if arguments.peer in ("eager", "both"):
        commands["eager"] = peer
    if arguments.peer in ("compile", "both"):
        commands["compiled"] = [*peer, "--compile"]
    return commands


def measure(commands, shape, rounds):
    """The reports of every round, by side."""
    flags = [word for flag, value in zip(FLAGS, shape) for word in (f"--{flag}", str(value))]
    reports = {side: [] for side in commands}
    for number in range(rounds):
        order = list(commands)
        # Nobody always comes first.
        for side in order if number % 2 == 0 else reversed(order):
            reports[side].append(report([*commands[side], *flags]))
    sizes = {side: found[0]["parameters"] for side, found in reports.items()}
    if len(set(sizes.values())) > 1:
        raise Failure(f"not the same model: parameters {sizes}")
    return reports


def name(shape):
    width, layers, _, batch, seq, vocabulary, _ = shape
    return f"{width}/{layers}/{batch}x{seq}/{vocabulary}"


def row(shape, reports):
    rates = {side: [one["tokens_per_s"] for one in found] for side, found in reports.items()}
    cells = [name(shape)]
    cells += [f"{median(rates[side]):.0f}" for side in rates]
    for side in list(rates)[1:]:
        ratios = [ours / theirs for ours, theirs in zip(rates["kolmo"], rates[side])]
        cells.append(f"{median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})")
    fraction = median(one["sgemm_fraction"] for one in reports["kolmo"])
    peak = median(one["sgemm_gflops"] for one in reports["kolmo"])
    return [*cells, f"{100 * fraction:.0f} % of {peak:.0f} GFLOP/s"]


def heads(commands):
    names = {"kolmo": "kolmo", "eager": "PyTorch eager", "compiled": "PyTorch compiled"}
    cells = ["d/layers/batch x seq/vocabulary"]
    cells += [f"{names[side]}, tokens/s" for side in commands]
    cells += [f"ratio to {side} (min-max)" for side in list(commands)[1:]]
    return [*cells, "kolmo of sgemm peak"]


def show(cells):
    print("| " + " | ".join(cells) + " |", flush=True)


def parse():
    parser = argparse.ArgumentParser(
        prog="bench_against_torch.sh", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--rounds", type=int, default=5, help="of every side and shape")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--shapes", default="", help="only those whose name begins with one of these, as 16/2,64/2")
    parser.add_argument("--arch", choices=("gpt", "llama"), default="gpt")
    peers = parser.add_mutually_exclusive_group()
    for peer in ("compile", "eager", "both"):
        text = f"PyTorch: {peer}" if peer != "both" else "PyTorch compiled and eager, the default"
        peers.add_argument(f"--{peer}", dest="peer", action="store_const", const=peer, help=text)
    parser.set_defaults(peer="both")
    parser.add_argument("--raw", type=Path, help="a file for the reports of all rounds, as JSON lines")
    arguments = parser.parse_args()
    if arguments.rounds < 1 or arguments.threads < 1:
        parser.error("--rounds and --threads are at least 1")
    arguments.kolmo = os.environ.get("KOLMO", "target/release/kolmo")
    arguments.torch_python = os.environ.get("TORCH_PYTHON", sys.executable)
    return arguments


def compare(arguments):
    commands = sides(arguments)
    raw = arguments.raw.open("w", encoding="utf-8") if arguments.raw else None
    wanted = tuple(arguments.shapes.split(","))
    shapes = [shape for shape in SHAPES if name(shape).startswith(wanted)]
    for number, shape in enumerate(shapes):
        reports = measure(commands, shape, arguments.rounds)
        if number == 0:
            one = reports["kolmo"][0]
            print(f"{one['processor']}, {one['instructions']}, {one['threads']} threads\n")
            show(heads(commands))
            show(["---"] * len(heads(commands)))
        show(row(shape, reports))
        for side, found in reports.items() if raw else ():
            for one in found:
                raw.write(json.dumps({"shape": shape, "side": side, **one}) + "\n")


def main():
    arguments = parse()
    return ended(lambda: compare(arguments))


if __name__ == "__main__":
    sys.exit(main())
