"""`relearning`: how fast what was forgotten comes back."""

import numpy as np

from ..claim import Claim, always
from ..estimates import student
from ..runs import evaluations, of_each_run, rows
from ..tuning import base, crossing, how, model


def ratio(run):
    """Documents until half of what was forgotten is back, over those that pre-training took between the same numbers of bits."""
    first = base(run)
    while base(first) is not None:
        first = base(first)
    at = [[(e["documents"], e["bits_stored"]) for e in evaluations(of)] for of in (run, first)]
    again, learnt = (np.array(points, float).T for points in at)
    left = again[1][0]
    goal = left + 0.5 * (learnt[1][-1] - left)
    return (crossing(*again, goal) - crossing(*again, left)) / (crossing(*learnt, goal) - crossing(*learnt, left))


def measured(sweep, verdict):
    which, after = verdict.of.split(", ", 1)
    runs = [run for run in rows(sweep.runs) if base(run) is not None and model(sweep, run) == which and how(base(run)) == after]
    return student(of_each_run(runs, ratio))


CLAIM = Claim("relearning", measured, always(1))
