"""`hallucination`: which answers are wrong, by frequency and by exposures."""

import numpy as np
import pandas as pd
from scipy import stats

from ..answers import group, stated, wrong_by_chance
from ..claim import Claim
from ..estimates import Estimate, student


def unmet(run):
    rows = pd.concat([stated(run, "stated"), stated(run, "strangers")])
    return rows[rows["exposures"] == 0]


def answers_of(run, number):
    """What is so of the answers of a run: their weights, and whether it is."""
    if number == "guesses":
        rows = unmet(run)
        return np.ones(len(rows)), ~rows["sampled_correct"].to_numpy()
    if number == "right type":
        rows = stated(run, "strangers")
        rows = rows[~rows["correct"]]
        return np.ones(len(rows)), rows["answer_valid"].to_numpy()
    lo, _, hi = number.removeprefix("ranks ").removeprefix("rank ").replace(",", "").partition("-")
    rows = stated(run, "stated")
    rows = rows[rows["subject"].between(int(lo), int(hi or lo))]
    return rows["share"].to_numpy(), ~rows["correct"].to_numpy()


def measured(sweep, verdict):
    """Student's interval over seeds, no narrower than the exact binomial one of all answers, Kish's effective number of them."""
    means, counts = [], []
    for run in group(sweep, verdict.of):
        weights, is_so = answers_of(run, verdict.number)
        means.append(np.average(is_so, weights=weights))
        counts.append(weights.sum() ** 2 / (weights**2).sum())
    n, mean = sum(counts), np.mean(means)
    so = n * mean
    of_seeds = student(means)
    if of_seeds is None:
        return None
    exact = stats.beta.ppf([0.025, 0.975], [so, so + 1], [n - so + 1, n - so])
    lo, hi = np.nan_to_num(exact[0]), 1 if np.isnan(exact[1]) else exact[1]
    return Estimate(mean, min(of_seeds.lo, lo), max(of_seeds.hi, hi), len(means))


def predicted(sweep, verdict):
    return {"guesses": wrong_by_chance(sweep), "right type": 1}.get(verdict.number)


CLAIM = Claim("hallucination", measured, predicted)
