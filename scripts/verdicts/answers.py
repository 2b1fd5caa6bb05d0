"""What models answered: the runs that a claim about answers is of, and their answers to facts in the words of the documents."""

import numpy as np
import pandas as pd

from .runs import config, longest, named, rows


def answers(run, cohort, wording):
    """The answers about a cohort of facts, asked in one wording."""
    of = pd.read_parquet(run["path"] / "answers.parquet")
    return of[(of["cohort"] == cohort) & (of["wording"] == wording)]


def stated(run, cohort):
    """Those asked as documents state them."""
    return answers(run, cohort, "statement")


def group(sweep, name):
    """The runs alike but for the seed that the report calls `name`."""
    # Of several lengths the longest have verdicts.
    return rows(longest(named(sweep.runs, name)))


def wrong_by_chance(sweep):
    """The share of guesses that are wrong."""
    world = config(sweep.runs.iloc[0])["world"]
    return np.mean([1 - 1 / relation["values"] for relation in world["relations"]])
