"""`learning_rate`: whether the rate that a size stores most with is inside the scan."""

import numpy as np

from ..claim import Claim, always
from ..estimates import student
from ..runs import config, longest, of_each_seed, rows


def share_inside(of_seed):
    """The share of the sizes of a seed that store less at both ends of the scan than somewhere between."""
    inner = []
    for _, size in of_seed.groupby("parameters"):
        stored = size.groupby("rate")["final_bits_stored"].mean().to_numpy()
        inner.append(0 < np.argmax(stored) < len(stored) - 1)
    return np.mean(inner)


def measured(sweep, verdict):
    runs = longest(sweep.of(verdict.of)).copy()
    runs["rate"] = [config(run)["train"]["learning_rate"] for run in rows(runs)]
    tried = runs.groupby("parameters")["rate"].transform("nunique")
    return student(of_each_seed(runs[tried >= 3], share_inside))


CLAIM = Claim("learning_rate", measured, always(1))
