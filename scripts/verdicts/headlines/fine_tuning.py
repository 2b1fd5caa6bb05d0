"""`fine_tuning`: bits about old facts that are lost for each bit about new ones that is learnt."""

import pandas as pd

from ..alike import groups, without
from ..claims.displacement import new_bits
from ..headline import Answer, Headline, together
from ..runs import config, rows
from ..tuning import bits_after


def is_plain(run):
    """New subjects in the old syntax, all weights, no replay."""
    tuned = config(run)["finetune"]
    lesson = tuned["lesson"]
    kind = lesson["task"], lesson.get("subjects", "new"), lesson.get("syntax", "old")
    return kind == ("injection", "new", "old") and tuned["method"] == "full" and tuned["replay"]["share"] == 0


def is_control(run):
    """It reads on in pre-training."""
    tuned = config(run)["finetune"]
    return tuned["lesson"]["task"] == "injection" and tuned["replay"]["share"] == 1 and tuned["replay"].get("of", "fresh") == "fresh"


def place(run):
    """What a fine-tuning and its control have in common."""
    made = config(run)
    return made["world"], made["model"], made["train"], made["finetune"]["method"], made["finetune"]["base"]["documents"]


def lesson(run):
    return place(run), without(config(run)["finetune"], "from", "base")


def rates(plain, controls):
    """Of each pair of a seed and a base."""
    base = lambda run: (run["seed"], config(run)["finetune"]["base"]["config_blake3"] if "config_blake3" in config(run)["finetune"]["base"] else None)
    control = {base(run): run for run in controls}
    pairs = [(run, control[base(run)]) for run in plain if base(run) in control]
    found = [(bits_after(other) - bits_after(run)) / new_bits(run) for run, other in pairs]
    return pd.Series(found, index=[run["seed"] for run, _ in pairs], dtype=float)


def answer(sweep):
    tuned = sweep.runs[["finetune" in config(run) for run in rows(sweep.runs)]]
    plain, controls = (tuned[[such(run) for run in rows(tuned)]] for such in (is_plain, is_control))
    of_controls = {str(place(runs.iloc[0])): rows(runs) for runs in groups(controls, place)}
    seeds = [rates(rows(runs), of_controls.get(str(place(runs.iloc[0])), [])) for runs in groups(plain, lesson)]
    seeds = [of for of in seeds if len(of)]
    return Answer(together(seeds)) if seeds else None


HEADLINE = Headline("fine_tuning", "bits_lost_per_bit", "rate", None, answer)
