"""`cut_off`: the frequency of the facts of which half is missing, against the bits stored."""

import numpy as np

from ..asked import profile
from ..estimates import log_slope
from ..headline import Answer, Headline, together
from ..ladder import BITS, ladders
from ..runs import config, of_each_seed, rows
from ..worlds import exponent_of, has_tail


def half_missing(run):
    """Between two classes, evenly in the logarithm of the frequency; not a number where it is between no two."""
    p, left = profile(run)
    above = np.flatnonzero((left[:-1] < 0.5) & (left[1:] >= 0.5))
    if not len(above):
        return np.nan
    k = above[0]
    return p[k] * (p[k + 1] / p[k]) ** ((0.5 - left[k]) / (left[k + 1] - left[k]))


def answer(sweep):
    world = lambda ladder: config(ladder.runs.iloc[0])["world"]
    # Without a tail there are no rarest facts.
    of_laws = [ladder for ladder in ladders(sweep) if has_tail(world(ladder))]
    if not of_laws:
        return None
    seeds = []
    for ladder in of_laws:
        runs = ladder.runs.assign(half=[half_missing(run) for run in rows(ladder.runs)])
        seeds.append(of_each_seed(runs, lambda of: log_slope(of[BITS], of["half"])))
    predicted = np.mean([-1 / exponent_of(world(ladder)) for ladder in of_laws])
    return Answer(together(seeds), predicted=predicted, undecided=not all(ladder.enough for ladder in of_laws))


HEADLINE = Headline("cut_off", "threshold_exponent", "exponent", "equal", answer)
