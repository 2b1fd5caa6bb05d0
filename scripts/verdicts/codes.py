"""Code lengths: the runs that a claim about them is of, and compression.json, in which they are."""

import json

from .runs import named, rows


def group(sweep, name):
    return rows(named(sweep.runs, name).sort_values(["parameters", "seed"]))


def record(run):
    """What a run is as a compressor; None of one that was not measured so."""
    path = run["path"] / "compression.json"
    return json.loads(path.read_text()) if path.is_file() else None


def compressed(sweep, name):
    runs = [(run, record(run)) for run in group(sweep, name)]
    return [(run, of) for run, of in runs if of]
