"""Takes what a page of results needs from a report and the runs behind it."""

import json
import shutil
from pathlib import Path

from .results import FIGURES, MADE, REPORT

KEPT = ("headlines", "verdicts")


def collect(report, sweeps, folder):
    """Copies the numbers and the headlines' figures of `report` into `folder`, with who made the runs of `sweeps`."""
    numbers = json.loads((report / REPORT).read_text())
    (folder / REPORT).write_text(json.dumps({key: numbers[key] for key in KEPT}, indent=1, ensure_ascii=False) + "\n")
    (folder / MADE).write_text(json.dumps(made(sweeps, left_out(numbers)), indent=1, ensure_ascii=False) + "\n")
    figures = folder / FIGURES
    shutil.rmtree(figures, ignore_errors=True)
    figures.mkdir(parents=True)
    for path in sorted((report / FIGURES).glob("headline-*")):
        if path.suffix in (".svg", ".csv"):
            shutil.copy(path, figures)


def left_out(numbers):
    """The runs that the report does not count, by sweep and name."""
    return {tuple(Path(one["run"]).parts[-3::2]) for one in numbers["left_out"]}


def made(sweeps, uncounted):
    """Who made the runs that count: how many, on how many tokens, by which versions, on which processors."""
    manifests, tokens = [], 0
    for run in sorted(run for sweep in sweeps for run in sweep.glob("runs/*")):
        if not (run / "DONE").exists() or (run.parts[-3], run.name) in uncounted:
            continue
        manifests.append(json.loads((run / "manifest.json").read_text()))
        last = (run / "metrics.jsonl").read_text().rstrip().rsplit("\n", 1)[-1]
        tokens += json.loads(last)["tokens"]
    return {
        "experiments": ", ".join(sweep.name for sweep in sweeps),
        "runs": len(manifests),
        "tokens": tokens,
        "processors": alike(one["machine"]["processor"] for one in manifests),
        "versions": alike(f"{one['kolmo_version']} ({one['git_revision']})" for one in manifests),
        "first": min((one["started"][:10] for one in manifests), default=""),
        "last": max((one["ended"][:10] for one in manifests), default=""),
    }


def alike(names):
    return ", ".join(sorted(set(names)))
