"""`instruction`: what questions about some subjects do for questions about the others."""

import numpy as np
import pandas as pd

from ..answers import answers
from ..claim import Claim
from ..estimates import student
from ..runs import evaluations, of_each_run, rows
from ..tuning import crossing, difference, model, templates, variant

PLAIN = "50.0 % taught, no replay"


def known_before(run):
    """Of the facts answered before fine-tuning, the share that is answered in questions after it, about subjects of which nothing was
    taught."""
    facts = pd.read_parquet(run["path"] / "facts.parquet")
    before = facts[(facts["step"] == 0) & facts["correct"]][["subject", "relation"]]
    of = answers(run, "untaught", "question").merge(before, on=["subject", "relation"])
    return np.average(of["correct"], weights=of["stands_for"])


def sentences(run):
    """Sentences until nine answers of ten to questions about those taught are values."""
    at = evaluations(run)
    valid = [next(i["answer_valid"] for i in e["interviews"] if (i["cohort"], i["wording"]) == ("taught", "question")) for e in at]
    return crossing(np.array([e["documents"] for e in at], float), np.array(valid), 0.9)


def measured(sweep, verdict):
    if verdict.number == "templates":
        models = {templates(run): model(sweep, run) for run in rows(sweep.runs)}
        most, least = (variant(sweep, models[count], PLAIN) for count in (max(models), min(models)))
        return student(difference(most, least, known_before))
    runs = variant(sweep, *verdict.of.split(", ", 1))
    return student(of_each_run(runs, known_before if verdict.number == "others" else sentences))


def predicted(_sweep, verdict):
    return {"others": 0.9, "sentences": 1000, "templates": 0}[verdict.number]


CLAIM = Claim("instruction", measured, predicted)
