"""Numbers with their 95 % intervals: means over seeds and exponents."""

from typing import NamedTuple

import numpy as np
from scipy import stats


class Estimate(NamedTuple):
    """A number, the ends of its interval, and how many seeds it is of."""

    value: float
    lo: float
    hi: float
    seeds: int

    def within(self, least, greatest):
        """The same with an interval that goes no further than such a number can."""
        lo, hi = np.clip([self.lo, self.hi], least, greatest)
        return self._replace(lo=lo, hi=hi)

    def __str__(self):
        return f"{self.value:.4g} [{self.lo:.4g}, {self.hi:.4g}]"


def student(values):
    """The mean of `values`, one of each seed, with Student's interval; None of fewer than two or of one that is not a number."""
    values = np.asarray(values, float)
    if len(values) < 2 or not np.isfinite(values).all():
        return None
    mean, half = values.mean(), stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return Estimate(mean, mean - half, mean + half, len(values))


def fisher(correlations, pairs):
    """The mean of rank correlations, one of each seed and of so many pairs, with Student's interval, by Fisher's z. One of -1 or 1 counts
    as half a step less than the next that there can be."""
    greatest = max(0, 1 - 6 / (pairs * (pairs * pairs - 1)))
    of_z = student(np.arctanh(np.clip(correlations, -greatest, greatest)))
    return of_z and Estimate(*np.tanh(of_z[:3]), of_z.seeds)


def slope(rows, x, y):
    """-d ln y / d ln x by least squares: the exponent with which the column y falls with the column x."""
    return -np.polyfit(np.log(rows[x].astype(float)), np.log(rows[y].astype(float)), 1)[0]


def straight(x, y):
    """dy / dx by least squares; not a number where a y is none, or all x are one."""
    x, y = (np.asarray(of, float) - np.mean(of) for of in (x, y))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sum(x * y) / np.sum(x * x)


def log_slope(x, y):
    """d ln y / d ln x by least squares; not a number where a y is 0, or none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return straight(np.log(np.asarray(x, float)), np.log(np.asarray(y, float)))


def slopes(rows, xs, y):
    """d ln y / d ln x of each column x of `xs`, by least squares over all of them, with a factor of y for each seed."""
    logs = np.log(rows[[*xs, y]].astype(float))
    logs -= logs.groupby(rows["seed"]).transform("mean")
    return np.linalg.lstsq(logs[xs].to_numpy(), logs[y].to_numpy(), rcond=None)[0]


def jackknife(whole, without):
    """The mean of the pseudo-values (Tukey 1958) of what was found of the whole and without each part, with Student's interval."""
    return student([len(without) * whole - (len(without) - 1) * other for other in without])


def exponents(rows, xs, y):
    """The slopes with the interval of those without one seed each; none of fewer than two seeds."""
    seeds = rows["seed"].unique()
    if len(seeds) < 2:
        return [None for _ in xs]
    without = [slopes(rows[rows["seed"] != seed], xs, y) for seed in seeds]
    return [jackknife(*found) for found in zip(slopes(rows, xs, y), zip(*without))]


def beside(rows, x, y, exact):
    """The exponent of the column `exact`, which bends, and that of y: the former and the exponent of their ratio, which does not."""
    curve = slope(rows, x, exact)
    ratio = exponent(rows.assign(ratio=rows[y] / rows[exact]), x, "ratio")
    return curve, ratio and ratio._replace(value=curve + ratio.value, lo=curve + ratio.lo, hi=curve + ratio.hi)


def exponent(rows, x, y):
    """The exponent with which y falls with x."""
    found = exponents(rows, [x], y)[0]
    return found and found._replace(value=-found.value, lo=-found.hi, hi=-found.lo)


def between(n, y, k, level):
    """Where y crosses a level between its points k - 1 and k, which lie on a straight line over the logarithm of n."""
    return n[k - 1] * (n[k] / n[k - 1]) ** ((y[k - 1] - level) / (y[k - 1] - y[k]))
