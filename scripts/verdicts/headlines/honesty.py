"""`honesty`: how sure a model is of what it never met, against the share of its training about what never comes again."""

import numpy as np
import pandas as pd

from ..alike import fresh
from ..answers import stated
from ..estimates import straight
from ..headline import Answer, Headline
from ..runs import config, of_each_seed, rows
from ..worlds import spectrum

# A subject that is expected fewer times in a run never comes again, and doses that a slope takes.
ONCE, DOSES = 0.1, 3


def novelty(run):
    p, count = spectrum(config(run)["world"])
    return (p * count)[p * run["final_documents"] < ONCE].sum()


def excess(run):
    """The loss on facts that were never met above a guess's; not a number of a run that was not asked about any."""
    if not (run["path"] / "answers.parquet").is_file():
        return np.nan
    asked = stated(run, "stated")
    unmet = pd.concat([asked[asked["exposures"] == 0], stated(run, "strangers")])
    return (unmet["loss_nats"] - unmet["content_nats"]).mean()


def answer(sweep):
    runs = fresh(sweep)
    runs = runs.assign(excess=[excess(run) for run in rows(runs)])
    runs = runs[np.isfinite(runs["excess"])]
    runs = runs.assign(dose=[novelty(run) for run in rows(runs)])
    if runs["dose"].round(12).nunique() < DOSES:
        return None
    return Answer(of_each_seed(runs, lambda of: straight(of["dose"], of["excess"])))


HEADLINE = Headline("honesty", "excess_slope", "difference", None, answer)
