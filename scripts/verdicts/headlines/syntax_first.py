"""`syntax_first`: which of two redundancies is first below a twentieth of what it begins with."""

import math

import numpy as np
import pandas as pd

from ..alike import fresh
from ..asked import facts
from ..claims.syntax_first import windows
from ..estimates import between
from ..headline import Answer, Headline
from ..runs import of_each_run, rows

LEFT = 0.05


def first_below(n, y):
    """None if never, or at once."""
    below = np.flatnonzero(y < LEFT * y[0]) if len(y) else []
    return between(n, y, below[0], LEFT * y[0]) if len(below) and below[0] > 0 else None


def values(run):
    """Documents, and the loss on the values of all classes but the most frequent one, as often as they are stated, over h."""
    rows = facts(run)
    others = rows[(rows["group"] > 0) & (rows["documents"] > 0)]
    left = others.assign(w=others["share"], lost=others["share"] * others["loss_nats"], h=others["share"] * others["h"])
    at = left.groupby("documents")[["w", "lost", "h"]].sum()
    return at.index.to_numpy(float), (at["lost"] / at["h"]).to_numpy()


def log_ratio(run):
    """None of a run that does not learn the syntax. The end of a run stands for when it would learn the values, so that it is no less."""
    syntax = first_below(*windows(pd.read_json(run["path"] / "metrics.jsonl", lines=True)))
    if syntax is None:
        return None
    return math.log((first_below(*values(run)) or run["final_documents"]) / syntax)


def answer(sweep):
    runs = [(run, log_ratio(run)) for run in rows(fresh(sweep))]
    timed = [run for run, ratio in runs if ratio is not None]
    ratios = {run["id"]: ratio for run, ratio in runs}
    return Answer(of_each_run(timed, lambda run: ratios[run["id"]]), predicted=0) if timed else None


HEADLINE = Headline("syntax_first", "log_ratio_of_times", "difference", "above", answer)
