"""`calibration`: whether a model is right as often as it says."""

import math

import numpy as np
from scipy import stats

from ..answers import group, stated
from ..claim import Claim
from ..estimates import student
from ..runs import of_each_run


def calibration_error(rows):
    """The distance of confidence and accuracy, in ten bins of confidence."""
    bins = np.minimum((rows["confidence"] * 10).astype(int), 9)
    parts = rows.groupby(bins)
    distance = (parts["correct"].mean() - parts["confidence"].mean()).abs()
    return (distance * parts.size()).sum() / len(rows)


def auroc(rows):
    """How often a right answer has the greater confidence, beside a wrong one."""
    right, wrong = (rows[rows["correct"] == is_right]["confidence"] for is_right in (True, False))
    return stats.mannwhitneyu(right, wrong).statistic / (len(right) * len(wrong)) if len(right) and len(wrong) else math.nan


def measured(sweep, verdict):
    runs = group(sweep, verdict.of)
    if verdict.number == "AUROC":
        return student(of_each_run(runs, lambda run: auroc(stated(run, "stated"))).dropna())
    return student(of_each_run(runs, lambda run: calibration_error(stated(run, verdict.number))))


def predicted(_sweep, verdict):
    return 0.5 if verdict.number == "AUROC" else None


CLAIM = Claim("calibration", measured, predicted)
