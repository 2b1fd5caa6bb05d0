"""The runs of sweeps as pandas sees them."""

import functools
import json
import math
import re
import tomllib

import numpy as np
import pandas as pd

from checks import expect

from .estimates import between


def three_digits(x):
    return f"{x:.{max(0, 2 - math.floor(math.log10(x)))}f}"


def law(run):
    """What the report calls the law of a run."""
    frequency = config(run)["world"]["frequency"]
    if frequency["law"] == "zipf":
        return "Zipf " + three_digits(frequency["exponent"])
    return "Pitman-Yor " + three_digits(frequency["discount"]) if frequency["law"] == "pitman_yor" else frequency["law"]


class Sweep:
    """The runs of a sweep that are done: a row each, and what was measured of each at every evaluation."""

    def __init__(self, folder):
        self.folder = folder
        runs = pd.read_parquet(folder / "summary/runs.parquet")
        self.runs = runs[runs["state"] == "done"].sort_values("seed", kind="stable")
        self.runs["path"] = [folder / "runs" / name for name in self.runs["id"]]
        self.runs["law"] = [law(run) for run in rows(self.runs)]
        evaluations = pd.read_parquet(folder / "summary/evaluations.parquet")
        self.evaluations = dict(list(evaluations.groupby("id")))
        self.name = folder.name

    @property
    def asked(self):
        """What its sweep file asks: claims, headlines and ranges."""
        return asked(self.folder)

    def of(self, name):
        """The runs that the report calls `name`."""
        return named(self.runs, name)


def rows(runs):
    return [run for _, run in runs.iterrows()]


def of_each_run(runs, number):
    """The `number` of each run, as the mean of each seed, by seed."""
    numbers = pd.Series([number(run) for run in runs], index=[run["seed"] for run in runs], dtype=float)
    # A mean that leaves out what is not a number would hide it.
    return numbers.groupby(level=0).agg(lambda of_seed: of_seed.mean(skipna=False))


def of_each_seed(runs, number):
    """The `number` of the runs of each seed, by seed."""
    return pd.Series({seed: number(of_seed) for seed, of_seed in runs.groupby("seed")}, dtype=float)


def inside(runs, column, ends):
    """The runs that are within a range that the report has, which goes from one of them to another."""
    found = runs[runs[column].between(ends.lo, ends.hi)]
    is_whole = len(found) and np.allclose([found[column].min(), found[column].max()], [ends.lo, ends.hi], rtol=1e-9, atol=0)
    expect(is_whole, f"the report has a range of {ends.of} from {ends.lo} to {ends.hi}, and there is no run at one of its ends")
    return found


def named(runs, name):
    """The runs that the report calls `name`: of one law, and where it says so of one size, length or size of batches."""
    runs = runs[[name == law or name.startswith(f"{law}, ") for law in runs["law"]]]
    for key, column in (("parameters", "parameters"), ("documents", "final_documents")):
        found = re.search(rf"(\d+) {key}", name)
        if found:
            runs = runs[runs[column] == int(found[1])]
    batches = re.search(r"batches of (\d+)", name)
    if batches:
        runs = runs[[config(run)["train"]["batch_documents"] == int(batches[1]) for run in rows(runs)]]
    return runs


def longest(runs, back=0):
    """The runs of the greatest number of documents, or of that many numbers before it."""
    lengths = sorted(runs["final_documents"].unique())
    return runs[runs["final_documents"] == lengths[-1 - back]]


@functools.cache
def read_config(path):
    return tomllib.loads(path.read_text())


def asked(folder):
    """What the sweep file in the folder of a sweep asks; nothing of a folder that has none."""
    path = folder / "sweep.toml"
    return read_config(path).get("report", {}) if path.is_file() else {}


def config(run):
    return read_config(run["path"] / "config.toml")


def evaluations(run):
    """What was measured in a run, evaluation after evaluation."""
    return [json.loads(line) for line in (run["path"] / "evaluations.jsonl").read_text().splitlines()]


def facts(run):
    """The facts of a run with their class and the share that is missing of each, evaluation after evaluation."""
    rows = pd.read_parquet(run["path"] / "facts.parquet")
    made = config(run)
    values = {relation["name"]: math.log(relation["values"]) for relation in made["world"]["relations"]}
    count, most = made["eval"]["classes"], made["world"]["frequency"]["elements"]
    ends = np.unique(np.round(most ** (np.arange(1, count + 1) / count)))
    rows["class"] = np.searchsorted(ends, rows["subject"])
    rows["h"] = rows["relation"].map(values)
    rows["missing"] = np.minimum(rows["loss_nats"] / rows["h"], 1)
    return rows


def last(rows):
    """The facts as they are at the last evaluation."""
    return rows[rows["step"] == rows["step"].max()]


def half_learning(run):
    """The facts of a run at its end, with the documents until each was half learnt: infinite if never."""
    rows = facts(run)
    loss = rows.pivot(index=["subject", "relation"], columns="documents", values="loss_nats")
    n, half = loss.columns.to_numpy(float), rows["h"].iloc[0] / 2

    def time(y):
        low = np.append(y <= half, True)
        at = np.flatnonzero(low[:-1] & low[1:])
        if not len(at) or at[0] == 0:
            return n[0] if len(at) else np.inf
        return between(n, y, at[0], half)

    asked = last(rows).set_index(["subject", "relation"])
    at = loss.apply(lambda row: time(row.to_numpy()), axis=1)
    # What was never stated is a lucky guess.
    return asked.assign(time=at.where(asked["exposures"] > 0, np.inf))
