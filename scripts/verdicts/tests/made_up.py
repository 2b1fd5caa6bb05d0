"""A made-up sweep and its report, whose numbers are known: the loss of each seed falls as an exact power law."""

import json
import math

import pandas as pd

from verdicts.headlines import HEADLINES

DOCUMENTS = (1000, 4000, 16000, 64000)

# Runs of so many documents are outside the range, and not on the power law.
TOO_FEW = 100

# The exponent of each seed: their mean is one third, which Zipf 1.5 predicts, and their standard error 0.001.
EXPONENTS = {1: 1 / 3 - 0.001 * math.sqrt(3), 2: 1 / 3, 3: 1 / 3 + 0.001 * math.sqrt(3)}

# The 97.5 % quantile of Student's t with two degrees of freedom, which has a closed form.
QUANTILE = 0.95 / math.sqrt(2 * 0.975 * 0.025)
HALF = 0.001 * QUANTILE

CONFIG = """
[world]
relations = [{ name = "home", values = 16 }]
frequency = { law = "zipf", exponent = 1.5, elements = 1000 }
"""


def write_sweep(folder, exponents=EXPONENTS):
    """A folder as that of a sweep, with what `data_scaling` needs of it."""
    runs = []
    for seed, exponent in exponents.items():
        for documents in (TOO_FEW, *DOCUMENTS):
            name = f"{seed}-{documents}"
            loss = seed * documents**-exponent if documents in DOCUMENTS else seed
            runs.append({"id": name, "state": "done", "seed": seed, "final_documents": documents, "final_value_loss": loss})
            (folder / "runs" / name).mkdir(parents=True)
            (folder / "runs" / name / "config.toml").write_text(CONFIG)
    # One that is not done counts nowhere.
    runs.append({**runs[0], "state": "failed", "final_value_loss": 1e9})
    (folder / "summary").mkdir()
    pd.DataFrame(runs).to_parquet(folder / "summary/runs.parquet")
    pd.DataFrame({"id": [run["id"] for run in runs], "documents": 0}).to_parquet(folder / "summary/evaluations.parquet")


def verdict(**changes):
    """What report.json says of the sweep, with `changes`."""
    said = {
        "study": "made_up",
        "claim": "data_scaling/Zipf 1.50/1 - alpha",
        "statement": "It is so.",
        "sort": "law",
        "quantity": "exponent",
        "relation": "equal",
        "predicted": 1 / 3,
        "measured": 1 / 3,
        "ci95": [1 / 3 - HALF, 1 / 3 + HALF],
        "margin": 1 / 30,
        "seeds": 3,
        "range": {"of": "documents", "lo": min(DOCUMENTS), "hi": max(DOCUMENTS)},
        "verdict": "agrees",
        "reason": "",
    }
    return {**said, **changes}


def headline(of, **changes):
    """What report.json says of a headline that no runs answer, with `changes`."""
    is_tested = of.relation is not None
    said = {
        "number": 1 + HEADLINES.index(of),
        "name": of.name,
        "statistic": of.statistic,
        "sort": "law" if is_tested else "finding",
        "quantity": of.quantity,
        "relation": of.relation,
        "study": None,
        "predicted": None,
        "measured": None,
        "ci95": None,
        "ci_holm": None,
        "margin": None,
        "seeds": None,
        "verdict": "inconclusive" if is_tested else None,
        "reason": "",
    }
    return {**said, **changes}


def headlines(**changes):
    """What it says of all, of which none is answered, with changes of some, by name."""
    return [headline(of, **changes.get(of.name, {})) for of in HEADLINES]


def write_report(path, *verdicts, headlines=None):
    rows = [headline(of) for of in HEADLINES] if headlines is None else headlines
    path.write_text(json.dumps({"headlines": rows, "verdicts": verdicts, "left_out": []}))
