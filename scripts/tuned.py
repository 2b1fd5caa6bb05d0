"""What claims about wordings and fine-tuning measure, made again with pandas: a number for each seed."""

import math

import numpy as np
import pandas as pd

from remade import config, evaluations, fisher, last, seeds


def percent(share):
    x = 100 * share
    return f"{x:.{max(0, 2 - math.floor(math.log10(x)))}f} %"


def how(run):
    """How a run is tuned, as the report calls it."""
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
    """The model that is tuned, as the report calls it."""
    counts = {templates(other) for _, other in sweep.runs.iterrows()}
    if len(counts) > 1:
        return f"{templates(run)} template" + ("s" if templates(run) > 1 else "")
    return f"{run['parameters']} parameters"


def variant(sweep, which, tuned):
    """The runs of a model tuned in one way, by seed."""
    of = [run for _, run in sweep.runs.iterrows() if model(sweep, run) == which and how(run) == tuned]
    return sorted(of, key=lambda run: run["seed"])


def lost(run):
    at = evaluations(run)
    return 1 - at[-1]["bits_stored"] / at[0]["bits_stored"]


def answers(run):
    return pd.read_parquet(run["path"] / "answers.parquet")


def accuracy(run, cohort, wording):
    rows = answers(run)
    rows = rows[(rows["cohort"] == cohort) & (rows["wording"] == wording)]
    return (rows["share"] * rows["correct"]).sum()


def wording(sweep, name, which, _):
    def share(run):
        return accuracy(run, "stated", name) / accuracy(run, "stated", "statement")

    by_count = {}
    for _, run in sweep.runs.sort_values("seed").iterrows():
        by_count.setdefault(templates(run), []).append(share(run))
    if which == "gain":
        return np.subtract(by_count[max(by_count)], by_count[min(by_count)])
    return by_count[int(which.split()[0])]


def known_before(run, cohort):
    """Of the facts answered before fine-tuning, the share that is answered in questions after it."""
    facts = pd.read_parquet(run["path"] / "facts.parquet")
    before = facts[(facts["step"] == 0) & facts["correct"]][["subject", "relation"]]
    rows = answers(run)
    rows = rows[(rows["cohort"] == cohort) & (rows["wording"] == "question")].merge(before, on=["subject", "relation"])
    return np.average(rows["correct"], weights=rows["stands_for"])


def crossing(n, y, level):
    """Where y reaches a level for the first time, on straight lines between points."""
    reached = np.flatnonzero(y >= level)
    if not len(reached) or reached[0] == 0:
        return n[0] if len(reached) else np.nan
    k = reached[0]
    return n[k - 1] + (n[k] - n[k - 1]) * (level - y[k - 1]) / (y[k] - y[k - 1])


def sentences(run):
    at = evaluations(run)
    valid = [next(i["answer_valid"] for i in e["interviews"] if (i["cohort"], i["wording"]) == ("taught", "question")) for e in at]
    return crossing(np.array([e["documents"] for e in at], float), np.array(valid), 0.9)


def instruction(sweep, name, which, _):
    if which == "templates":
        plain = "50.0 % taught, no replay"
        of = {templates(run): model(sweep, run) for _, run in sweep.runs.iterrows()}
        most, least = (variant(sweep, of[k], plain) for k in (max(of), min(of)))
        return np.subtract(*[[known_before(run, "untaught") for run in runs] for runs in (most, least)])
    runs = variant(sweep, *name.split(", ", 1))
    return [known_before(run, "untaught") if which == "others" else sentences(run) for run in runs]


def forgetting(sweep, name, which, _):
    kind, rest = which.split(", ", 1)
    if kind == "replay":
        pair = [f"{rest}, no replay", f"{rest}, 50.0 % replayed"]
    else:
        share = "no replay" if rest == "no replay" else "50.0 % replayed"
        pair = [f"new syntax, {share}", f"old syntax, {share}"]
    return np.subtract(*[[lost(run) for run in variant(sweep, name, tuned)] for tuned in pair])


def new_bits(run):
    """Bits of the best mixture of answers and prior, by a search over its weight."""
    syntax = "statement" if config(run)["finetune"]["lesson"]["syntax"] == "old" else "question"
    rows = answers(run)
    rows = rows[(rows["cohort"] == "injected") & (rows["wording"] == syntax)]
    ratio = np.exp(rows["content_nats"] - rows["loss_nats"]).to_numpy()[:, None]
    weight = np.concatenate([[0], np.geomspace(1e-6, 1, 4000)])
    return (rows["stands_for"].to_numpy()[:, None] * np.log2((1 - weight) * ratio + weight)).sum(axis=0).max()


def displacement(sweep, name, which, _):
    runs, controls = variant(sweep, name, "old syntax, no replay"), variant(sweep, name, "control")
    if which == "bit for bit":
        gone = [evaluations(control)[-1]["bits_stored"] - evaluations(run)[-1]["bits_stored"] for run, control in zip(runs, controls)]
        return np.divide(gone, [new_bits(run) for run in runs])
    correlations = []
    for run, control in zip(runs, controls):
        rows, other = (pd.read_parquet(of["path"] / "facts.parquet") for of in (run, control))
        before = rows[(rows["step"] == 0) & rows["correct"]][["subject", "relation"]]
        known = last(rows).merge(before, on=["subject", "relation"]).merge(last(other), on=["subject", "relation"])
        rise = known["loss_nats_x"] - known["loss_nats_y"]
        correlations.append((known["probability_x"].corr(rise, method="spearman"), len(known)))
    return fisher(correlations)


def relearning(sweep, name, _, __):
    model_name, after = name.split(", ", 1)
    ratios = []
    for _, run in sweep.runs.sort_values("seed").iterrows():
        lesson = base(run)
        if lesson is None or model(sweep, run) != model_name or how(lesson) != after:
            continue
        first = lesson
        while base(first) is not None:
            first = base(first)
        at = [[(e["documents"], e["bits_stored"]) for e in evaluations(of)] for of in (run, first)]
        again, learnt = (np.array(points, float).T for points in at)
        left = again[1][0]
        goal = left + 0.5 * (learnt[1][-1] - left)
        ratios.append((crossing(*again, goal) - crossing(*again, left)) / (crossing(*learnt, goal) - crossing(*learnt, left)))
    return ratios


def base(run):
    """The run that one fine-tunes."""
    tuned = config(run).get("finetune")
    if tuned is None:
        return None
    path = type(run["path"])(tuned["from"])
    return {"path": path, "parameters": run["parameters"]}


def predicted(sweep, claim, name, which):
    """What theory says, where it is a closed form; none elsewhere."""
    if claim == "displacement" and which == "bit for bit":
        world = config(sweep.runs.iloc[0])["world"]
        # All of them are met.
        bits = sum(math.log2(relation["values"]) for relation in world["relations"]) * world["frequency"]["elements"]
        has_room = evaluations(variant(sweep, name, "control")[0])[0]["bits_stored"] >= 0.9 * bits
        return 0 if has_room else 1
    simple = {"forgetting": 0, "displacement": 0, "relearning": 1, "wording": 0 if which == "gain" else 1}
    return {"others": 0.9, "sentences": 1000, "templates": 0}.get(which, simple.get(claim))
