"""`plateau`: how long no fact is learnt, by the number of subjects."""

import math

import numpy as np

from ..claim import Claim, always
from ..estimates import between, exponents
from ..runs import config, inside, rows

SUBJECTS = "world.frequency.elements"


def end(sweep, run):
    """Documents until the loss on values falls below nine tenths of what it is without any knowledge."""
    at = sweep.evaluations[run["id"]]
    n, y = at["documents"].to_numpy(float), at["value_loss"].to_numpy()
    level = 0.9 * math.log(config(run)["world"]["relations"][0]["values"])
    return between(n, y, np.argmax(y < level), level) if (y < level).any() else np.nan


def measured(sweep, verdict):
    runs = sweep.of(verdict.of).copy()
    runs["end"] = [end(sweep, run) for run in rows(runs)]
    # A number of subjects counts if the plateau of every seed ends.
    ended = runs.groupby(SUBJECTS)["end"].transform(lambda ends: ends.notna().all())
    return exponents(inside(runs[ended], SUBJECTS, verdict.range), [SUBJECTS], "end")[0]


CLAIM = Claim("plateau", measured, always(1))
