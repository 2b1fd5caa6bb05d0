"""Several verdicts at once: the intervals that all together are right 95 times of a hundred (Holm 1979).

The second version of it: kolmo's is holm.rs of the crate kolmo-stats.
"""

import math

import numpy as np
from scipy import stats

from . import rule
from .quantity import quantity

LEVEL = 0.05


def widened(verdict, estimate, errors):
    """The estimate with so many standard errors to each side, of correlations on the scale of Fisher's z."""
    there, back = (np.arctanh, np.tanh) if verdict.quantity == "correlation" else (np.asarray, np.asarray)
    wider = errors / stats.t.ppf(1 - LEVEL / 2, estimate.seeds - 1)
    lo, hi = (float(back(there(estimate.value) + wider * (there(end) - there(estimate.value)))) for end in (estimate.lo, estimate.hi))
    kind = quantity(verdict.quantity)
    return estimate._replace(lo=lo, hi=hi).within(kind.least, kind.greatest)


def least_level(verdict, estimate):
    """The least level at which there is a verdict; 1 where there is at none."""

    def is_decided(errors):
        return rule.outcome(verdict, widened(verdict, estimate, errors)) != "inconclusive"

    if estimate.seeds < rule.SEEDS or not is_decided(0):
        return 1
    lo, hi = 0, 1e9
    if is_decided(hi):
        return 0
    for _ in range(100):
        middle = (lo + hi) / 2
        lo, hi = (middle, hi) if is_decided(middle) else (lo, middle)
    return 2 * stats.t.sf(lo, estimate.seeds - 1)


def holm(rows):
    """The level and the corrected estimate of each of `rows`, pairs of a verdict and its estimate."""
    least = [least_level(*row) for row in rows]
    levels, left = [LEVEL] * len(rows), len(rows)
    for place in sorted(range(len(rows)), key=least.__getitem__):
        levels[place] = LEVEL / left
        if least[place] <= levels[place] and left > 1:
            left -= 1
    found = []
    for (verdict, estimate), level in zip(rows, levels):
        is_same = estimate.seeds < 2 or level == LEVEL or math.isnan(estimate.lo)
        errors = None if is_same else stats.t.ppf(1 - level / 2, estimate.seeds - 1)
        found.append((level, estimate if is_same else widened(verdict, estimate, errors)))
    return found
