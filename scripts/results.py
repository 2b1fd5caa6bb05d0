#!/usr/bin/env python3
"""Puts the report of the experiments into docs/results: the table of verdicts, the figures and their numbers.

    python3 scripts/results.py runs/reproduce docs/results

The table goes into README.md between its two marks; what is written around them stays.
"""
import json
import math
import shutil
import sys
from pathlib import Path

MARKS = ("<!-- verdicts -->", "<!-- end of verdicts -->")
SIGN = {"equal": "", "above": "> ", "below": "< "}


def number(x):
    if x is None:
        return "n/a"
    if x == 0:
        return "0"
    return f"{x:.{max(0, 2 - math.floor(math.log10(abs(x))))}f}" if 1e-4 <= abs(x) < 1e7 else f"{x:.2e}"


def between(lo, hi):
    return lo if lo == hi else f"{lo} to {hi}"


def table(verdicts):
    head = ["claim", "predicted", "measured", "95 % interval", "seeds", "range", "verdict"]
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    for verdict in verdicts:
        ends, over = verdict["ci95"] or (None, None), verdict["range"]
        cells = [
            verdict["claim"],
            SIGN[verdict["relation"]]
            + number(verdict["predicted"])
            + (f" ± {number(verdict['margin'])}" if verdict["margin"] is not None else ""),
            number(verdict["measured"]),
            between(number(ends[0]), number(ends[1])),
            number(verdict["seeds"]) if verdict["seeds"] is None else str(verdict["seeds"]),
            f"{between(number(over['lo']), number(over['hi']))} {over['of']}" if over else "",
            verdict["verdict"],
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(report, results):
    verdicts = json.loads((report / "report.json").read_text())["verdicts"]
    page = results / "README.md"
    before, rest = page.read_text().split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    page.write_text(f"{before}{MARKS[0]}\n{table(verdicts)}\n{MARKS[1]}{after}")
    figures = results / "figures"
    shutil.rmtree(figures, ignore_errors=True)
    figures.mkdir(parents=True)
    for path in sorted((report / "figures").iterdir()):
        if path.suffix in (".svg", ".csv"):
            shutil.copy(path, figures)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
