"""`fine_tuning`: bits about old facts that are lost for each bit about new ones, in the cheapest of the fine-tunings that learn much."""

import numpy as np
import pandas as pd

from ..alike import groups, without
from ..claims.displacement import new_bits
from ..headline import Answer, Headline, together
from ..runs import config, rows
from ..tuning import bits_after, bits_before

# A fine-tuning that learns less than this share of the most that any of them learns does not count.
LEARNT = 0.8


def is_way(run):
    """New subjects in the old syntax, all weights, and not replay alone."""
    tuned = config(run)["finetune"]
    lesson = tuned["lesson"]
    kind = lesson["task"], lesson.get("subjects", "new"), lesson.get("syntax", "old")
    return kind == ("injection", "new", "old") and tuned["method"] == "full" and tuned["replay"]["share"] < 1


def model(run):
    """What the ways of one front have in common."""
    made = config(run)
    return run["parameters"], made["world"]["syntax"]["templates"]


def way(run):
    made = config(run)
    return made["train"], without(made["finetune"], "from", "base")


def prices(runs):
    """Bits gained and lost, a row a seed; several runs of one count as their mean."""
    found = [{"seed": run["seed"], "gained": new_bits(run), "lost": bits_before(run) - bits_after(run)} for run in runs]
    return pd.DataFrame(found).groupby("seed").mean()


def rate(ways, seed, seeds):
    """What the way costs in a seed that is cheapest in the others."""
    others = [other for other in seeds if other != seed] or [seed]
    means = [of.reindex(others).mean() for of in ways]
    most = max(of["gained"] for of in means)
    cheap = [of["lost"] / of["gained"] if of["gained"] > 0 and of["gained"] >= LEARNT * most else np.inf for of in means]
    chosen = ways[int(np.argmin(cheap))]
    return chosen.loc[seed, "lost"] / chosen.loc[seed, "gained"] if seed in chosen.index else None


def cheapest(ways):
    seeds = sorted({seed for of in ways for seed in of.index})
    found = {seed: rate(ways, seed, seeds) for seed in seeds}
    return pd.Series({seed: of for seed, of in found.items() if of is not None}, dtype=float)


def answer(sweep):
    tuned = sweep.runs[["finetune" in config(run) for run in rows(sweep.runs)]]
    tuned = tuned[[is_way(run) for run in rows(tuned)]]
    seeds = []
    for of_model in groups(tuned, model):
        if len({config(run)["train"]["learning_rate"] for run in rows(of_model)}) > 1:
            seeds.append(cheapest([prices(rows(runs)) for runs in groups(of_model, way)]))
    return Answer(together(seeds)) if seeds else None


HEADLINE = Headline("fine_tuning", "bits_lost_per_bit", "rate", None, answer)
