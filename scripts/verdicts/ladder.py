"""Ladders of sizes, and which sizes are at capacity: what they store has all but stopped to grow with the documents."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .alike import between, but_size, fresh, groups
from .estimates import student

# Growth of the bits in a doubling of the documents, and sizes that a ladder takes.
GROWTH, SIZES = 0.02, 3

BITS = "final_bits_stored"


def growth(lengths):
    """ln of the bits of the longest runs of a size over those of runs half as long, seed by seed."""
    given = sorted(lengths["given"].unique())
    half = [n for n in given[:-1] if abs(2 * n / given[-1] - 1) < 0.01]
    if not half:
        return pd.Series(dtype=float)
    at = lengths.pivot(index="seed", columns="given", values=BITS)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(at[given[-1]] / at[half[0]]).loc[at[given[-1]].notna() & at[half[0]].notna()]


def is_at_capacity(lengths):
    grows = student(growth(lengths))
    return grows is not None and grows.hi < math.log1p(GROWTH)


@dataclass(frozen=True)
class Ladder:
    """The longest runs of each size, and whether so many sizes are at capacity that only these count."""

    runs: pd.DataFrame
    enough: bool


def ladder(runs):
    sizes = [of for _, of in runs.groupby("parameters")]
    full = [of for of in sizes if is_at_capacity(of)]
    counted = full if len(full) >= SIZES else sizes
    return Ladder(pd.concat([of[of["given"] == of["given"].max()] for of in counted]), len(full) >= SIZES)


def ladders(sweep):
    """Of each law and training."""
    within = [between(runs, "parameters", sweep.asked.get("parameters")) for runs in groups(fresh(sweep), but_size)]
    return [ladder(runs) for runs in within if runs["parameters"].nunique() > 1]
