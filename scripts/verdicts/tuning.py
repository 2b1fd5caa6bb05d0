"""Runs that are fine-tuned, as the report calls them: a model, and how it is tuned."""

import numpy as np

from .runs import config, evaluations, of_each_run, rows, three_digits


def percent(share):
    return three_digits(100 * share) + " %"


def how(run):
    """How a run is tuned."""
    tuned = config(run)["finetune"]
    lesson, replay = tuned["lesson"], tuned["replay"]
    if replay["share"] == 1:
        return "control"
    if lesson["task"] == "instruction":
        said = f"{percent(lesson['fraction'])} taught"
    else:
        said = f"{lesson['syntax']} syntax" + (", known subjects" if lesson["subjects"] == "old" else "")
    share = percent(replay["share"]) + " replayed" if replay["share"] else "no replay"
    said += f", {share}" + (" of those seen" if replay["share"] and replay["of"] == "seen" else "")
    return said + (f", rank {tuned['rank']}" if tuned["method"] == "lora" else "")


def templates(run):
    return config(run)["world"]["syntax"]["templates"]


def model(sweep, run):
    """The model that is tuned."""
    counts = {templates(other) for other in rows(sweep.runs)}
    if len(counts) > 1:
        return f"{templates(run)} template" + ("s" if templates(run) > 1 else "")
    return f"{run['parameters']} parameters"


def variant(sweep, which, tuned):
    """The runs of a model tuned in one way, in the order of their seeds."""
    return [run for run in rows(sweep.runs) if model(sweep, run) == which and how(run) == tuned]


def difference(runs, others, number):
    """The `number` of runs less that of others, seed by seed."""
    return (of_each_run(runs, number) - of_each_run(others, number)).dropna()


def crossing(n, y, level):
    """Where y reaches a level for the first time, on straight lines between points."""
    reached = np.flatnonzero(y >= level)
    if not len(reached) or reached[0] == 0:
        return n[0] if len(reached) else np.nan
    k = reached[0]
    return n[k - 1] + (n[k] - n[k - 1]) * (level - y[k - 1]) / (y[k] - y[k - 1])


def base(run):
    """The run that one fine-tunes; None of one that begins with nothing."""
    tuned = config(run).get("finetune")
    if tuned is None:
        return None
    return {"path": type(run["path"])(tuned["from"]), "parameters": run["parameters"]}


def bits_before(run):
    """The bits of old facts that a run has before it is tuned."""
    return evaluations(run)[0]["bits_stored"]


def bits_after(run):
    return evaluations(run)[-1]["bits_stored"]
