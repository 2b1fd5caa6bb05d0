"""What claims about code lengths measure, made again from compression.json and evaluations.jsonl."""

import json
import re

import numpy as np

from remade import config, evaluations

LEARNERS = ("model", "bayes", "bayes_untrained")


def group(sweep, name):
    """The runs that the report calls `name`: of one law, and where it says so of one size or length."""
    runs = sweep.runs[[name == law or name.startswith(f"{law}, ") for law in sweep.runs["law"]]]
    for key, column in (("parameters", "parameters"), ("documents", "final_documents")):
        found = re.search(rf"(\d+) {key}", name)
        if found:
            runs = runs[runs[column] == int(found[1])]
    return [run for _, run in runs.sort_values(["parameters", "seed"]).iterrows()]


def record(run):
    """What a run is as a compressor; none of one that was not measured so."""
    path = run["path"] / "compression.json"
    return json.loads(path.read_text()) if path.is_file() else None


def compressed(sweep, name):
    runs = [(run, record(run)) for run in group(sweep, name)]
    return [(run, of) for run, of in runs if of]


def prequential(sweep, name, role, _):
    """What the model's code is longer than the floor, over the same of the Bayes learner's."""
    codes = [evaluations(run)[-1]["code_bits"] for run in group(sweep, name)]
    return [(code["model"][role] - code["floor"][role]) / (code["bayes"][role] - code["floor"][role]) for code in codes]


def lengths(of):
    return {compressor["name"]: compressor for compressor in of["text"]["compressors"]}


def compressors(sweep, name, which, _):
    codes = [lengths(of) for _, of in compressed(sweep, name)]
    if which == "shortest":
        general = [min(code["bits"] for name, code in of.items() if name not in LEARNERS) for of in codes]
        return [of["model"]["bits"] / best for of, best in zip(codes, general)]
    written, said = np.array([[of[which]["coded_bits"], of[which]["information_bits"]] for of in codes]).T
    worst = np.max(np.abs(written / said - 1) if which == "bayes" else (written - said - 64) / said)
    # Counted, not estimated.
    return worst, worst, worst
