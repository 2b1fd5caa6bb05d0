"""What claims about wrong answers and confidence measure, made again with pandas: a number for each seed."""

import math
import re

import numpy as np
import pandas as pd
from scipy import stats

from remade import config, evaluations, student
from tuned import answers


def group(sweep, name):
    """The runs alike but for the seed that the report calls `name`."""
    runs = sweep.runs.sort_values("seed")
    runs = runs[[name.startswith(law) for law in runs["law"]]]
    for key, column in (("parameters", "parameters"), ("documents", "final_documents")):
        found = re.search(rf"(\d[\d,]*) {key}", name)
        if found:
            runs = runs[runs[column] == int(found[1].replace(",", ""))]
    # Of several lengths the longest have verdicts.
    runs = runs[runs["final_documents"] == runs["final_documents"].max()]
    return [run for _, run in runs.iterrows()]


def stated(run, cohort):
    rows = answers(run)
    return rows[(rows["cohort"] == cohort) & (rows["wording"] == "statement")]


def unmet(run):
    rows = pd.concat([stated(run, "stated"), stated(run, "strangers")])
    return rows[rows["exposures"] == 0]


def shares(kind, runs):
    """What is so of the answers of each run: weights, and whether it is."""
    for run in runs:
        if kind == "guesses":
            rows = unmet(run)
            yield np.ones(len(rows)), ~rows["sampled_correct"].to_numpy()
        elif kind == "right type":
            rows = stated(run, "strangers")
            rows = rows[~rows["correct"]]
            yield np.ones(len(rows)), rows["answer_valid"].to_numpy()
        else:
            lo, _, hi = kind.removeprefix("ranks ").removeprefix("rank ").replace(",", "").partition("-")
            rows = stated(run, "stated")
            rows = rows[rows["subject"].between(int(lo), int(hi or lo))]
            yield rows["share"].to_numpy(), ~rows["correct"].to_numpy()


def hallucination(sweep, name, which, _):
    """An interval: Student's over seeds, no narrower than the exact binomial one of all answers, Kish's effective number of them."""
    means, counts = [], []
    for weights, is_so in shares(which, group(sweep, name)):
        means.append(np.average(is_so, weights=weights))
        counts.append(weights.sum() ** 2 / (weights**2).sum())
    n, mean = sum(counts), np.mean(means)
    so = n * mean
    half = stats.t.ppf(0.975, len(means) - 1) * stats.sem(means)
    exact = stats.beta.ppf([0.025, 0.975], [so, so + 1], [n - so + 1, n - so])
    lo, hi = np.nan_to_num(exact[0]), 1 if np.isnan(exact[1]) else exact[1]
    return mean, max(0, min(mean - half, lo)), min(1, max(mean + half, hi))


def calibration_error(rows):
    bins = np.minimum((rows["confidence"] * 10).astype(int), 9)
    parts = rows.groupby(bins)
    distance = (parts["correct"].mean() - parts["confidence"].mean()).abs()
    return (distance * parts.size()).sum() / len(rows)


def auroc(rows):
    right, wrong = (rows[rows["correct"] == is_right]["confidence"] for is_right in (True, False))
    return stats.mannwhitneyu(right, wrong).statistic / (len(right) * len(wrong)) if len(right) and len(wrong) else math.nan


def calibration(sweep, name, which, _):
    if which == "AUROC":
        areas = [auroc(stated(run, "stated")) for run in group(sweep, name)]
        values = [area for area in areas if not math.isnan(area)]
    else:
        values = [calibration_error(stated(run, which)) for run in group(sweep, name)]
    return tuple(np.clip(student(values), 0, 1)) if len(values) > 1 else values


def excess(run):
    rows = stated(run, "strangers")
    return (rows["loss_nats"] - rows["content_nats"]).mean()


def overconfidence(sweep, name, which, _):
    runs = sweep.of(name).copy()
    runs["excess"] = [excess(run) for _, run in runs.iterrows()]
    if not which.startswith("exponent"):
        size, documents = (int(x.replace(",", "")) for x in re.findall(r"\d[\d,]*", which)[:2])
        return runs[(runs["parameters"] == size) & (runs["final_documents"] == documents)]["excess"].to_list()
    exponents = []
    for _, seed in runs.groupby("seed"):
        x = np.log(seed[["parameters", "final_documents"]].astype(float))
        fit = np.linalg.lstsq(np.column_stack([np.ones(len(x)), x]), np.log(seed["excess"]), rcond=None)[0]
        exponents.append(fit[1 if which.endswith("parameters") else 2])
    return exponents


def predicted(sweep, claim, name, which):
    """What theory says, where it is a closed form; none elsewhere."""
    world = config(sweep.runs.iloc[0])["world"]
    wrong = np.mean([1 - 1 / relation["values"] for relation in world["relations"]])
    known = {"guesses": wrong, "right type": 1, "AUROC": 0.5}
    return 0 if claim == "overconfidence" else known.get(which)
