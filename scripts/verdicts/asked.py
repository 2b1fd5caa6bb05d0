"""What the facts asked at an evaluation say of the classes."""

import functools
import math

import numpy as np
import pandas as pd

from checks import expect

from .known import fold, saved
from .runs import config, evaluations, last
from .worlds import mean_content, stated

# How near to what kolmo says is missing, nats of a fact. A parameter of the trust has to save a nat: where one saves just about that, two searches
# may decide otherwise, and the facts of a class are a few nats better or worse off.
NEAR = 0.02


def facts(run):
    """The facts of a run with their class and h, nats, evaluation after evaluation."""
    rows = pd.read_parquet(run["path"] / "facts.parquet")
    relations = config(run)["world"]["relations"]
    ends = [of["hi_rank"] for of in evaluations(run)[-1]["classes"]]
    place = {relation["name"]: place for place, relation in enumerate(relations)}
    values = {relation["name"]: math.log(relation["values"]) for relation in relations}
    return rows.assign(
        group=np.searchsorted(ends, rows["subject"]),
        h=rows["relation"].map(values),
        fold=[fold(rank, place[name]) for rank, name in zip(rows["subject"], rows["relation"])],
    )


def missing_of(of):
    """What is missing of the facts of a class without luck, nats of a fact: h less what the code saves that mixes the answers with the prior."""
    columns = [of[name].to_numpy(float) for name in ("stands_for", "h", "loss_nats", "confidence")]
    of_each = saved(of["fold"].to_numpy(), *columns)
    # Of facts that are stated most: as often as each.
    weights = of["probability"] * of["stands_for"]
    return np.average(of["h"], weights=weights) - max(np.average(of_each, weights=weights), 0)


@functools.cache
def classes_at(path):
    run = {"path": path}
    rows = last(facts(run))
    by_class = rows.groupby("group")
    found = pd.DataFrame({"missing": by_class.apply(missing_of, include_groups=False), "share": by_class["share"].sum()})
    said = evaluations(run)[-1]
    of_file = [of["missing_recalibrated"] for of in said["classes"]]
    apart = np.abs(found["missing"] - of_file).max()
    expect(apart < NEAR, f"{path}: of a class kolmo says that {apart:.4f} nats more or less are missing than its answers say")
    # The finer number is the one of the file.
    return found.assign(missing=of_file), said["missing_recalibrated"]


def missing(run):
    """What a run misses without luck, nats of a fact."""
    return classes_at(run["path"])[1]


def profile(run):
    """The frequency of a fact of each class, from the most frequent on, and the share that is missing of it."""
    world, classes = config(run)["world"], evaluations(run)[-1]["classes"]
    # A document is about one subject.
    of_subject = np.array([of["mass"] / of["facts"] for of in classes]) * len(world["relations"])
    left = classes_at(run["path"])[0]["missing"].to_numpy()
    return of_subject * stated(world) / len(world["relations"]), left / mean_content(world)
