"""Code lengths: the runs that a claim about them is of, and compression.json, in which they are."""

import json
import re

from .runs import rows


def group(sweep, name):
    """The runs that the report calls `name`: of one law, and where it says so of one size or length."""
    runs = sweep.runs[[name == law or name.startswith(f"{law}, ") for law in sweep.runs["law"]]]
    for key, column in (("parameters", "parameters"), ("documents", "final_documents")):
        found = re.search(rf"(\d+) {key}", name)
        if found:
            runs = runs[runs[column] == int(found[1])]
    return rows(runs.sort_values(["parameters", "seed"]))


def record(run):
    """What a run is as a compressor; None of one that was not measured so."""
    path = run["path"] / "compression.json"
    return json.loads(path.read_text()) if path.is_file() else None


def compressed(sweep, name):
    runs = [(run, record(run)) for run in group(sweep, name)]
    return [(run, of) for run, of in runs if of]
