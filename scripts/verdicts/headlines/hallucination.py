"""`hallucination`: one deviance of wrong answers over all frequency classes, over that without a prediction."""

import math

import numpy as np
import pandas as pd
from scipy import special

from ..alike import but_seed, fresh, groups, training
from ..answers import stated
from ..headline import Answer, Headline, together
from ..ladder import BITS
from ..runs import config, evaluations, rows
from ..worlds import met_and_kept

# A share of the deviance that is noise and rounding, and the share of the facts met of which a model is taken to have room for all.
LEFT, ROOM = 0.1, 0.9


def deviance(wrong, expected, answers):
    """Twice the nats that a code with a rate that is expected costs more, of all answers of a class; no rate is nearer to 0 or 1 than they tell."""
    least = 0.5 / (answers + 1)
    expected = np.clip(expected, least, 1 - least)
    return np.sum(2 * answers * (special.rel_entr(wrong, expected) + special.rel_entr(1 - wrong, 1 - expected)))


def expected(runs, classes):
    """The share of wrong answers about each class of a learner that keeps all that it met, where these runs have room for that, and else the best
    use of the bits that they have stored; means over the runs."""
    of_runs = [(met_and_kept(config(run)["world"]), run["final_documents"], run[BITS] * math.log(2)) for run in runs]
    has_room = np.mean([nats for *_, nats in of_runs]) >= ROOM * np.mean([facts.met(n) for facts, n, _ in of_runs])
    wrong = [[facts.wrong(n, math.inf if has_room else nats, *ends) for ends in classes] for facts, n, nats in of_runs]
    return np.mean(wrong, axis=0)


def wrong_of(run, classes):
    """Of each class of which something was asked: its place, the share of wrong answers, and of how many equal ones it is (Kish)."""
    asked = stated(run, "stated")
    for place, ends in enumerate(classes):
        of = asked[asked["subject"].between(*ends)]
        if len(of):
            yield place, np.average(~of["correct"], weights=of["share"]), of["share"].sum() ** 2 / (of["share"] ** 2).sum()


def left(runs):
    """Of each seed the deviance from what is expected over that from one rate for all classes."""
    classes = [(of["lo_rank"], of["hi_rank"]) for of in evaluations(runs[0])[-1]["classes"]]
    predicted, found = expected(runs, classes), {}
    for run in runs:
        places, wrong, answers = (np.array(column) for column in zip(*wrong_of(run, classes)))
        rate = np.average(wrong, weights=answers)
        with np.errstate(divide="ignore", invalid="ignore"):
            found[run["seed"]] = deviance(wrong, predicted[places], answers) / deviance(wrong, rate, answers)
    seeds = pd.Series(found, dtype=float)
    return seeds[np.isfinite(seeds)]


def answer(sweep):
    asked = fresh(sweep)
    # How often a fact is met follows from the frequencies where each document is read once.
    asked = asked[[(run["path"] / "answers.parquet").is_file() and "repeat" not in config(run)["train"] for run in rows(asked)]]
    longest = [runs[runs["given"] == runs["given"].max()] for runs in groups(asked, training)]
    seeds = [left(rows(runs)) for of in longest for runs in groups(of, but_seed)]
    seeds = together(seeds) if seeds else []
    return Answer(seeds, predicted=LEFT) if len(seeds) else None


HEADLINE = Headline("hallucination", "deviance_left", "ratio", "below", answer)
