"""`syntax_first`: whether the syntax is learnt before the facts."""

import math

import numpy as np
import pandas as pd

from ..claim import Claim, always
from ..estimates import between, student
from ..runs import config, of_each_run, rows

# Documents are averaged over until they have grown by this factor.
WINDOW = 1.3

# Learnt is what stays within so much of the floor.
LEVEL = 0.05


def below(n, y):
    """From where y stays below the level; the end where it does not."""
    above = np.flatnonzero(y > LEVEL)
    if not len(above) or above[-1] + 1 == len(y):
        return n[0] if not len(above) else n[-1]
    return between(n, y, above[-1] + 1, LEVEL)


def windows(steps):
    """Documents, and the redundancy of the syntax over its floor, window after window; the last one, if it is not full, is left out."""
    steps = steps.dropna(subset=["redundancy_syntax", "floor_syntax"])
    n, y, first = [], [], 0
    for k, documents in enumerate(steps["documents"]):
        begun = steps["documents"].iloc[first]
        if documents >= WINDOW * begun:
            of = steps.iloc[first : k + 1]
            n.append(math.sqrt(begun * documents))
            y.append(of["redundancy_syntax"].sum() / of["floor_syntax"].sum())
            first = k + 1
    return np.array(n), np.array(y)


def log_ratio(sweep, run):
    """ln of the documents until the values were learnt over those until the syntax was."""
    syntax = below(*windows(pd.read_json(run["path"] / "metrics.jsonl", lines=True)))
    values = sweep.evaluations[run["id"]]
    h = math.log(config(run)["world"]["relations"][0]["values"])
    return math.log(below(values["documents"].to_numpy(float), values["value_loss"].to_numpy() / h) / syntax)


def measured(sweep, verdict):
    return student(of_each_run(rows(sweep.of(verdict.of)), lambda run: log_ratio(sweep, run)))


CLAIM = Claim("syntax_first", measured, always(0))
