"""`collapse`: whether the loss of all classes is one curve over exposures."""

import math

import numpy as np
import pandas as pd

from ..claim import Claim, always
from ..estimates import jackknife, student
from ..runs import facts, last, of_each_run, of_each_seed, rows

# Classes that were met less often have hardly begun.
LEAST_EXPOSURES = 0.3


def points(rows):
    """ln of the exposures of each class at each evaluation, and its loss over that of a guess."""
    of = rows.assign(w=rows["probability"] * rows["stands_for"]).groupby(["documents", "class"])
    k = of.apply(lambda c: np.average(c["exposures"], weights=c["stands_for"]), include_groups=False)
    y = of.apply(lambda c: np.average(c["loss_nats"] / c["h"], weights=c["w"]), include_groups=False)
    met = k >= LEAST_EXPOSURES
    return pd.DataFrame({"x": np.log(k[met]), "y": y[met]}).reset_index()


def bins(x):
    """The first x of each bin but the first, of about as many bins as points in each; equal x share a bin."""
    x, size = np.sort(x), math.ceil(math.sqrt(len(x)))
    firsts, begun = [], 0
    for k in range(1, len(x)):
        if k - begun >= size and x[k] > x[k - 1]:
            firsts.append(x[k])
            begun = k
    # A small rest at the end is no bin of its own.
    return firsts[:-1] if len(x) - begun < size // 2 else firsts


def share_left(points, firsts):
    """The share of the variance of y, for each degree of freedom, that straight lines from the mean of a bin to that of the next leave."""
    knots = points.groupby(np.searchsorted(firsts, points["x"], side="right"))[["x", "y"]].mean().to_numpy()
    k = np.clip(np.searchsorted(knots[:, 0], points["x"]), 1, len(knots) - 1)
    (x0, y0), (x1, y1) = knots[k - 1].T, knots[k].T
    left = points["y"] - (y0 + (points["x"] - x0) / (x1 - x0) * (y1 - y0))
    return (left**2).sum() / (len(points) - len(knots)) / points["y"].var()


def variance_left(points, group):
    """The share that is left, by the pseudo-values of its logarithm without each group."""
    firsts = bins(points["x"])
    without = [share_left(points[points[group] != one], firsts) for one in points[group].unique()]
    return math.exp(jackknife(math.log(share_left(points, firsts)), np.log(without)).value)


def measured(sweep, verdict):
    runs = sweep.of(verdict.of)
    if verdict.number == "at the end":
        ends = lambda of_seed: pd.concat([points(last(facts(run))) for run in rows(of_seed)])
        return student(of_each_seed(runs, lambda of_seed: variance_left(ends(of_seed), "documents")))
    return student(of_each_run(rows(runs), lambda run: variance_left(points(facts(run)), "class")))


CLAIM = Claim("collapse", measured, always(0.1))
