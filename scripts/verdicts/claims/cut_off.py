"""`cut_off`: which facts a model without room for all of them keeps."""

import math

import numpy as np
from scipy import optimize

from ..claim import Claim
from ..estimates import between, exponent, student
from ..runs import config, facts, inside, last, longest, of_each_run, rows
from ..worlds import exponent_of


def shape_ratio(run):
    """ln of the squared error of the soft cut-off over that of the sharp one, each with its best threshold."""
    rows = last(facts(run))
    # Facts count in the mean of a class by how often they are stated, and frequencies by how many facts have them.
    sums = rows.assign(p=rows["probability"] * rows["stands_for"])
    sums = sums.assign(missing=sums["missing"] * sums["p"]).groupby("class")[["p", "missing", "stands_for"]].sum()
    p, missing = (sums["p"] / sums["stands_for"]).to_numpy(), (sums["missing"] / sums["p"]).to_numpy()
    width = np.log(p[0] / p[-1]) / (len(p) - 1)
    best = lambda shape: min(np.sum((missing - shape(t)) ** 2) for t in np.geomspace(p.min() / 100, p.max() * 100, 2000))
    sharp, soft = lambda t: np.clip(0.5 - np.log(p / t) / width, 0, 1), lambda t: np.minimum(t / p, 1)
    return math.log(best(soft) / best(sharp))


def threshold(run):
    """The frequency at which accuracy, made to rise with it, crosses 80 %."""
    rows = last(facts(run))
    at = rows.assign(w=rows["stands_for"], c=rows["correct"] * rows["stands_for"]).groupby("probability")[["w", "c"]].sum()
    rising = optimize.isotonic_regression(at["c"] / at["w"], weights=at["w"]).x
    if rising[-1] < 0.8:
        return np.nan
    above = max(np.argmax(rising >= 0.8), 1)
    return between(at.index, rising, above, 0.8) if rising[above] > rising[above - 1] else at.index[above]


def measured(sweep, verdict):
    runs = longest(sweep.of(verdict.of)).copy()
    if verdict.number != "threshold":
        return student(of_each_run(rows(runs), shape_ratio))
    runs["threshold"] = [threshold(run) for run in rows(runs)]
    return exponent(inside(runs[runs["threshold"].notna()], "parameters", verdict.range), "parameters", "threshold")


def predicted(sweep, verdict):
    if verdict.number != "threshold":
        return 0
    return 1 / exponent_of(config(sweep.of(verdict.of).iloc[0])["world"])


CLAIM = Claim("cut_off", measured, predicted)
