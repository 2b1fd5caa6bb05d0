"""`learning_time`: when a fact is learnt, counted from the end of the plateau, by its frequency."""

import numpy as np
import pandas as pd
from scipy import stats

from ..alike import fresh
from ..asked import facts
from ..estimates import log_slope
from ..headline import Answer, Headline
from ..runs import config, rows
from ..times import median, plateau, since, timed

# Facts that are in fewer than one batch of so many, and classes that a slope takes.
BATCHES, CLASSES = 20, 3


def exponent(run, asked, start):
    classes = asked.assign(time=since(asked["time"].to_numpy(), start)).groupby("group")
    at = pd.DataFrame({"p": classes["probability"].apply(stats.gmean), "t": classes["time"].apply(median)})
    rare = at["p"] < 1 / (BATCHES * config(run)["train"]["batch_documents"])
    at = at[rare & np.isfinite(at["t"])]
    return log_slope(at["p"], at["t"]) if len(at) >= CLASSES else np.nan


def answer(sweep):
    found, unfinished = {}, 0
    for run in rows(fresh(sweep)):
        asked = facts(run)
        start = plateau(asked)
        if np.isnan(start):
            unfinished += 1
            continue
        batch = run["law"], config(run)["train"]["batch_documents"]
        found.setdefault(batch, {})[run["seed"]] = exponent(run, timed(asked), start)
    if not found:
        return None
    # Batches that leave too few classes for every seed say nothing.
    known = [pd.Series(of_batch, dtype=float) for of_batch in found.values()]
    known = [of_batch for of_batch in known if of_batch.notna().any()]
    seeds = pd.concat(known) if known else pd.Series(dtype=float)
    return Answer(seeds, predicted=-1, undecided=unfinished > 0)


HEADLINE = Headline("learning_time", "exponent_since_plateau", "exponent", "equal", answer)
