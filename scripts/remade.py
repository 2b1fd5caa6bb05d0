"""The runs of sweeps as pandas sees them: what the scripts share that make verdicts again."""

import json
import math
import tomllib

import numpy as np
import pandas as pd
from scipy import stats


def three_digits(x):
    return f"{x:.{max(0, 2 - math.floor(math.log10(x)))}f}"


def law(run):
    """What the report calls the law of a run."""
    frequency = tomllib.loads((run / "config.toml").read_text())["world"]["frequency"]
    if frequency["law"] == "zipf":
        return "Zipf " + three_digits(frequency["exponent"])
    return "Pitman-Yor " + three_digits(frequency["discount"]) if frequency["law"] == "pitman_yor" else frequency["law"]


class Sweep:
    """The runs of a sweep that are done, and their facts."""

    def __init__(self, folder):
        runs = pd.read_parquet(folder / "summary/runs.parquet")
        self.runs = runs[runs["state"] == "done"].copy()
        self.runs["path"] = [folder / "runs" / name for name in self.runs["id"]]
        self.runs["law"] = [law(path) for path in self.runs["path"]]
        evaluations = pd.read_parquet(folder / "summary/evaluations.parquet")
        self.evaluations = dict(list(evaluations.groupby("id")))
        self.name = folder.name

    def of(self, name):
        return self.runs[self.runs["law"] == name]


def config(run):
    return tomllib.loads((run["path"] / "config.toml").read_text())


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
    return rows[rows["step"] == rows["step"].max()]


def seeds(runs):
    return [seed for _, seed in runs.groupby("seed")]


def slope(runs, x, y):
    """-d ln y / d ln x."""
    return -np.polyfit(np.log(runs[x].astype(float)), np.log(runs[y].astype(float)), 1)[0]


def fisher(correlations):
    """The mean of rank correlations, one of each seed with its number of pairs, and Student's interval, by Fisher's z. One of -1 or 1 counts
    as half a step less than the next that there can be."""
    n = min(pairs for _, pairs in correlations)
    greatest = max(0, 1 - 6 / (n * (n * n - 1)))
    rho = np.clip([rho for rho, _ in correlations], -greatest, greatest)
    return tuple(np.tanh(student(np.arctanh(rho))))


def student(values):
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return np.mean(values), np.mean(values) - half, np.mean(values) + half
