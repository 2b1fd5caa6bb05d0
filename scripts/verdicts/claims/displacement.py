"""`displacement`: whether new facts push old ones out bit for bit."""

import math

import numpy as np
import pandas as pd

from ..answers import answers
from ..claim import Claim
from ..estimates import fisher, student
from ..known import fold, known
from ..runs import config, last, of_each_run
from ..tuning import bits_after, bits_before, difference, variant

# With so much of all facts stored a model has room for them.
ROOM = 0.9


def new_bits(run):
    """Bits that the answers about new facts say that the run knows of them."""
    made = config(run)
    syntax = "statement" if made["finetune"]["lesson"]["syntax"] == "old" else "question"
    of = answers(run, "injected", syntax)
    places = {relation["name"]: place for place, relation in enumerate(made["world"]["relations"])}
    folds = np.array([fold(rank, places[relation]) for rank, relation in zip(of["subject"], of["relation"])])
    columns = [of[name].to_numpy(float) for name in ("stands_for", "content_nats", "loss_nats", "confidence")]
    return known(folds, *columns) / math.log(2)


def risen(run, control):
    """The facts known before that both runs asked about, with what the loss has risen beyond that in the control."""
    of, other = (pd.read_parquet(of["path"] / "facts.parquet") for of in (run, control))
    before = of[(of["step"] == 0) & of["correct"]][["subject", "relation"]]
    asked = last(of).merge(before, on=["subject", "relation"]).merge(last(other), on=["subject", "relation"])
    return asked.assign(rise=asked["loss_nats_x"] - asked["loss_nats_y"])


def measured(sweep, verdict):
    runs, controls = variant(sweep, verdict.of, "old syntax, no replay"), variant(sweep, verdict.of, "control")
    if verdict.number == "bit for bit":
        return student(difference(controls, runs, bits_after) / of_each_run(runs, new_bits))
    both = [risen(run, control) for run, control in zip(runs, controls, strict=True)]
    correlations = [of["probability_x"].corr(of["rise"], method="spearman") for of in both]
    return fisher(correlations, min(map(len, both)))


def predicted(sweep, verdict):
    if verdict.number != "bit for bit":
        return 0
    world = config(sweep.runs.iloc[0])["world"]
    # All of them are met.
    bits = sum(math.log2(relation["values"]) for relation in world["relations"]) * world["frequency"]["elements"]
    before = np.mean([bits_before(run) for run in variant(sweep, verdict.of, "old syntax, no replay")])
    return 0 if before >= ROOM * bits else 1


CLAIM = Claim("displacement", measured, predicted)
