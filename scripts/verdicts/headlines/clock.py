"""`clock`: how fast the documents that a model needs for one of the exact Bayes learner grow."""

import math

import numpy as np
from scipy import optimize

from ..asked import facts, missing
from ..claim import OTHER
from ..estimates import log_slope
from ..headline import Answer, Headline, together
from ..runs import config, last, of_each_seed, rows
from ..worlds import is_drawn, mean_content, met_and_kept
from .data_law import laws

# The Bayes learner is asked about no more than so many times the documents of the run.
MOST = 10


def curve(sweep, runs, run):
    """What the Bayes learner is expected to lose, against documents. Of frequencies that each seed draws it is what the facts asked say, times
    what kolmo's numbers at the evaluations of all runs of the seed are of that, which is near to 1."""
    world = config(run)["world"]
    if not is_drawn(world):
        return met_and_kept(world).left
    asked = last(facts(run))
    sampled = lambda n: (asked["share"] * asked["h"] * np.exp(n * np.log1p(-asked["probability"]))).sum()
    of_seed = [sweep.evaluations[other["id"]] for other in rows(runs[runs["seed"] == run["seed"]])]
    known = {n: y for of in of_seed for n, y in zip(of["documents"], of["bayes_value_loss_expected"]) if n > 0}
    at = np.array(sorted(known), float)
    off = [known[n] / sampled(n) for n in at]
    return lambda n: sampled(n) * np.interp(math.log(n), np.log(at), off)


def tau(sweep, runs, run):
    """Not a number where the run loses more than a learner that knows nothing, or misses less than the Bayes learner ever will."""
    if run["final_value_loss"] >= mean_content(config(run)["world"]):
        return np.nan
    exact, goal, documents = curve(sweep, runs, run), math.log(missing(run)), run["final_documents"]
    over = lambda log: math.log(exact(math.exp(log))) - goal
    ends = 0, math.log(MOST * documents)
    return documents / math.exp(optimize.brentq(over, *ends)) if over(ends[0]) > 0 > over(ends[1]) else np.nan


def answer(sweep):
    seeds = []
    for runs in laws(sweep):
        timed = runs.assign(tau=[tau(sweep, runs, run) for run in rows(runs)])
        timed = timed[timed["tau"].notna()]
        if timed["given"].nunique() > 1:
            seeds.append(of_each_seed(timed, lambda of: log_slope(of["given"], of["tau"])))
    return Answer(together(seeds)) if seeds else None


# Of laws that are drawn the curve is between two evaluations.
HEADLINE = Headline("clock", "clock_slope", "exponent", None, answer, OTHER)
