"""`learning_time`: how long a fact takes to be learnt, by its frequency."""

import numpy as np
import pandas as pd
from scipy import stats

from ..claim import Claim, always
from ..estimates import slope, student
from ..runs import half_learning, of_each_run, rows


def exponent(run, verdict):
    """The exponent of the median time of the classes that are in the range, against their frequency."""
    classes = half_learning(run).groupby("class")
    at = pd.DataFrame({"p": classes["probability"].apply(stats.gmean), "t": classes["time"].median()})
    if verdict.number == "slope after the first":
        at["t"] = (at["t"] - at["t"].iloc[0]).where(lambda t: t > 0)
    # The ends of the range are such means too.
    is_inside = at["p"].between(verdict.range.lo * (1 - 1e-9), verdict.range.hi * (1 + 1e-9))
    return -slope(at[np.isfinite(at["t"]) & is_inside], "p", "t")


def measured(sweep, verdict):
    return student(of_each_run(rows(sweep.of(verdict.of)), lambda run: exponent(run, verdict)))


CLAIM = Claim("learning_time", measured, always(-1))
