"""What models answered: the runs that a claim about answers is of, and their answers to facts in the words of the documents."""

import re

import numpy as np
import pandas as pd

from .runs import config, rows


def answers(run):
    return pd.read_parquet(run["path"] / "answers.parquet")


def stated(run, cohort):
    """The answers about a cohort of facts, asked as documents state them."""
    of = answers(run)
    return of[(of["cohort"] == cohort) & (of["wording"] == "statement")]


def group(sweep, name):
    """The runs alike but for the seed that the report calls `name`."""
    runs = sweep.runs
    runs = runs[[name.startswith(law) for law in runs["law"]]]
    for key, column in (("parameters", "parameters"), ("documents", "final_documents")):
        found = re.search(rf"(\d[\d,]*) {key}", name)
        if found:
            runs = runs[runs[column] == int(found[1].replace(",", ""))]
    # Of several lengths the longest have verdicts.
    return rows(runs[runs["final_documents"] == runs["final_documents"].max()])


def wrong_by_chance(sweep):
    """The share of guesses that are wrong."""
    world = config(sweep.runs.iloc[0])["world"]
    return np.mean([1 - 1 / relation["values"] for relation in world["relations"]])
