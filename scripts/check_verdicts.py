#!/usr/bin/env python3
"""Makes every verdict of a report again from the files of its sweeps, with nothing of kolmo's but what the syntax of a
world saves (coded.py).

    python3 scripts/check_verdicts.py report.json SWEEP_DIR...
    python3 scripts/check_verdicts.py --misreport KOLMO SWEEP_DIR

What was measured comes from summary/*.parquet and runs/*/facts.parquet (the syntax, which is in neither, from
metrics.jsonl, and code lengths from evaluations.jsonl and compression.json), what was predicted, with its margin, from report.json.
Exponents are fitted by least squares seed by seed, intervals are Student's over seeds, of rank correlations by Fisher's z, and the rule
is: agrees where the whole interval is within the margin of the prediction, disagrees where all of it is outside, and else inconclusive;
inconclusive too of fewer than three seeds, and of exponents over less than a decade. A verdict may be another one only where an end of the
interval is within half of the half-width of where the rule turns. With --misreport the law of the worlds is changed in a copy of the
sweep, and theory has to disagree.
"""

import json
import math
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import optimize, stats

import answered
import coded
import tuned
from checks import ended, expect, passed
from remade import Sweep, config, facts, fisher, last, seeds, slope, student

EDGE = 0.5


# What was measured, claim by claim: a number for each seed.


def data_scaling(sweep, name, which, verdict):
    inside = verdict["range"]
    runs = sweep.of(name)
    runs = runs[(runs["final_documents"] >= inside["lo"]) & (runs["final_documents"] <= inside["hi"])]
    if which != "no power law":
        return [slope(seed, "final_documents", "final_value_loss") for seed in seeds(runs)]
    steepening = []
    for seed in seeds(runs):
        seed = seed.sort_values("final_documents").reset_index()
        ends = seed.loc[[0, len(seed) // 2, len(seed) - 1]]
        halves = [slope(ends.iloc[k : k + 2], "final_documents", "final_value_loss") for k in (0, 1)]
        steepening.append(halves[1] - halves[0])
    return steepening


def longest(runs, back=0):
    lengths = sorted(runs["final_documents"].unique())
    return runs[runs["final_documents"] == lengths[-1 - back]]


def model_scaling(sweep, name, which, _):
    x = "parameters" if which == "parameters" else "final_bits_stored"
    return [slope(seed, x, "final_missing") for seed in seeds(longest(sweep.of(name)))]


def bits_per_parameter(sweep, name, _, __):
    return [-slope(seed, "parameters", "final_bits_stored") for seed in seeds(longest(sweep.of(name)))]


def shape_ratio(run):
    """ln of the squared error of the soft cut-off over that of the sharp one, each with its best threshold."""
    classes = last(facts(run)).groupby("class")
    p, missing = classes["probability"].mean().to_numpy(), classes["missing"].mean().to_numpy()
    width = np.log(p[0] / p[-1]) / (len(p) - 1)
    best = lambda shape: min(np.sum((missing - shape(t)) ** 2) for t in np.geomspace(p.min() / 100, p.max() * 100, 2000))
    sharp, soft = lambda t: np.clip(0.5 - np.log(p / t) / width, 0, 1), lambda t: np.minimum(t / p, 1)
    return math.log(best(soft) / best(sharp))


def threshold(run):
    """The frequency at which accuracy, made to rise with it, crosses 80 %."""
    rows = last(facts(run))
    at = rows.assign(w=rows["stands_for"], c=rows["correct"] * rows["stands_for"]).groupby("probability")[["w", "c"]].sum()
    rising = optimize.isotonic_regression(at["c"] / at["w"], weights=at["w"]).x
    if rising[-1] < 0.8:
        return np.nan
    above = max(np.argmax(rising >= 0.8), 1)
    (p0, p1), (y0, y1) = np.log(at.index[above - 1 : above + 1]), rising[above - 1 : above + 1]
    return np.exp(p0 + (p1 - p0) * (0.8 - y0) / (y1 - y0)) if y1 > y0 else np.exp(p1)


def cut_off(sweep, name, which, _):
    runs = longest(sweep.of(name)).copy()
    if which == "threshold":
        runs["threshold"] = [threshold(run) for _, run in runs.iterrows()]
        runs = runs[runs["threshold"].notna()]
        return [slope(seed, "parameters", "threshold") for seed in seeds(runs)]
    return [np.mean([shape_ratio(run) for _, run in seed.iterrows()]) for seed in seeds(runs)]


def longer_training(sweep, name, _, __):
    exponents = [[slope(seed, "parameters", "final_missing") for seed in seeds(longest(sweep.of(name), back))] for back in (0, 1)]
    return np.subtract(*exponents)


def surface(sweep, name, _, __):
    """How much nearer the facts that were met and fit come than two power laws."""
    return [np.mean(nearer(seed)) for seed in seeds(sweep.of(name))]


def nearer(runs):
    """The difference of the errors of both forms at every cell, left out in turn."""
    logs = np.log(runs["final_missing"]).groupby([runs["parameters"], runs["final_documents"]]).mean()
    size, documents = (np.array(logs.index.get_level_values(k), float) for k in (0, 1))
    y = logs.to_numpy()
    world = config(runs.iloc[0])["world"]
    p = np.arange(1.0, world["frequency"]["elements"] + 1) ** -world["frequency"]["exponent"]
    p /= p.sum()
    relations = len(world["relations"])
    h = math.log(world["relations"][0]["values"])

    def met_and_fit(tau, kappa):
        left = []
        for n, c in zip(documents / tau, kappa * size * math.log(2)):
            unseen = (1 - p) ** n
            spent = np.cumsum(h * relations * (1 - unseen))
            kept = np.clip((c - np.concatenate([[0], spent[:-1]])) / (h * relations * (1 - unseen)), 0, 1)
            left.append(math.log(h * np.sum(p * (kept * unseen + 1 - kept))))
        return np.array(left)

    grid = [met_and_fit(tau, kappa) for tau in np.geomspace(1, 1000, 40) for kappa in np.geomspace(5e-3, 5, 60)]

    def power_laws(known, starts):
        def residual(theta):
            e, a, alpha, b, beta = theta
            return np.logaddexp.reduce([e + 0 * y, a - alpha * np.log(size), b - beta * np.log(documents)]) - y

        fits = [optimize.least_squares(lambda t: residual(t)[known], s, loss="soft_l1", f_scale=1e-2) for s in starts]
        best = min(fits, key=lambda fit: fit.cost).x
        return best, residual(best)

    starts = [(e, a, alpha, b, beta) for e in (-3, -6) for a in (2, 5) for alpha in (0.4, 0.8) for b in (2, 6) for beta in (0.4, 0.8)]
    # Without one cell the best fit is near that with all of them.
    starts = [power_laws(slice(None), starts)[0], *starts[::8]]

    differences = []
    for k in range(len(y)):
        known = np.arange(len(y)) != k
        theory = min(grid, key=lambda logs: np.sum(np.abs(logs - y)[known]))[k] - y[k]
        differences.append(abs(power_laws(known, starts)[1][k]) - abs(theory))
    return differences


def below(n, y, level):
    """Where y stays below a level, between two points in the logarithm of n; the end where it does not."""
    above = np.flatnonzero(y > level)
    if not len(above) or above[-1] + 1 == len(y):
        return n[0] if not len(above) else n[-1]
    k = above[-1]
    return n[k] * (n[k + 1] / n[k]) ** ((y[k] - level) / (y[k] - y[k + 1]))


def syntax_first(sweep, name, _, __):
    ratios = []
    for _, run in sweep.of(name).iterrows():
        steps = pd.read_json(run["path"] / "metrics.jsonl", lines=True)
        window = np.floor(np.log(steps["documents"]) / math.log(1.3))
        at = steps.groupby(window)[["documents", "redundancy_syntax", "floor_syntax"]].mean()
        syntax = below(at["documents"].to_numpy(), (at["redundancy_syntax"] / at["floor_syntax"]).to_numpy(), 0.05)
        values = sweep.evaluations[run["id"]]
        h = math.log(config(run)["world"]["relations"][0]["values"])
        values = below(values["documents"].to_numpy(float), values["value_loss"].to_numpy() / h, 0.05)
        ratios.append(math.log(values / syntax))
    return ratios


def times(run):
    """When each fact is half learnt, with its class: infinite if never."""
    rows = facts(run)
    loss = rows.pivot(index=["subject", "relation"], columns="documents", values="loss_nats")
    n, half = loss.columns.to_numpy(float), rows["h"].iloc[0] / 2

    def time(y):
        low = np.append(y <= half, True)
        at = np.flatnonzero(low[:-1] & low[1:])
        if not len(at) or at[0] == 0:
            return n[0] if len(at) else np.inf
        k = at[0]
        return n[k - 1] * (n[k] / n[k - 1]) ** ((y[k - 1] - half) / (y[k - 1] - y[k]))

    asked = last(rows).set_index(["subject", "relation"])
    at = loss.apply(lambda row: time(row.to_numpy()), axis=1)
    # What was never stated is a lucky guess.
    return asked.assign(time=at.where(asked["exposures"] > 0, np.inf))


def learning_time(sweep, name, which, verdict):
    slopes = []
    for _, run in sweep.of(name).iterrows():
        classes = times(run).groupby("class")
        at = pd.DataFrame({"p": classes["probability"].apply(stats.gmean), "t": classes["time"].median()})
        if which == "slope after the first":
            at["t"] = (at["t"] - at["t"].iloc[0]).where(lambda t: t > 0)
        at = at[np.isfinite(at["t"]) & (at["p"] >= verdict["range"]["lo"]) & (at["p"] <= verdict["range"]["hi"])]
        slopes.append(-slope(at, "p", "t"))
    return slopes


def collapse(sweep, name, which, _):
    runs = [[run] for _, run in sweep.of(name).iterrows()]
    if which == "at the end":
        runs = [[run for _, run in seed.iterrows()] for seed in seeds(sweep.of(name))]
    left = []
    for alike in runs:
        rows = pd.concat([last(facts(run)) if which == "at the end" else facts(run) for run in alike])
        of = rows.assign(w=rows["probability"] * rows["stands_for"]).groupby(["documents", "class"])
        k = of.apply(lambda c: np.average(c["exposures"], weights=c["stands_for"]), include_groups=False)
        y = of.apply(lambda c: np.average(c["loss_nats"] / c["h"], weights=c["w"]), include_groups=False)
        x, y = np.log(k[k >= 0.3]), y[k >= 0.3]
        curve = np.poly1d(np.polyfit(x, y, 9))
        left.append(np.var(y - curve(x)) / np.var(y))
    return left


def order(sweep, name, _, __):
    correlations = []
    for _, run in sweep.of(name).iterrows():
        at = times(run)
        correlations.append((stats.spearmanr(-at["probability"], at["time"]).statistic, len(at)))
    return fisher(correlations)


def plateau(sweep, name, _, __):
    runs = sweep.of(name).copy()

    def end(run):
        at = sweep.evaluations[run["id"]]
        n, y = at["documents"].to_numpy(float), at["value_loss"].to_numpy()
        level = 0.9 * math.log(config(run)["world"]["relations"][0]["values"])
        k = np.argmax(y < level)
        return n[k - 1] * (n[k] / n[k - 1]) ** ((y[k - 1] - level) / (y[k - 1] - y[k])) if (y < level).any() else np.nan

    runs["end"] = [end(run) for _, run in runs.iterrows()]
    left = runs.groupby("world.frequency.elements")["end"].transform(lambda ends: ends.notna().all())
    runs = runs[left]
    return [-slope(seed, "world.frequency.elements", "end") for seed in seeds(runs)]


def predicted(sweep, claim, name, which, verdict):
    """What theory says, where it is a closed form; none elsewhere."""
    if of_module(claim):
        return of_module(claim).predicted(sweep, claim, name, which)
    runs = sweep.of(name)
    world = config(runs.iloc[0])["world"]
    law = world["frequency"]
    if which in ("1 - alpha", "1/alpha - 1", "parameters"):
        alpha = law.get("discount") or 1 / law["exponent"]
        return 1 - alpha if which == "1 - alpha" else 1 / alpha - 1
    if (claim, which, law["law"]) == ("data_scaling", "exact curve", "zipf"):
        p = np.arange(1.0, law["elements"] + 1) ** -law["exponent"]
        p /= p.sum()
        inside = verdict["range"]
        runs = runs[(runs["final_documents"] >= inside["lo"]) & (runs["final_documents"] <= inside["hi"])]
        exact = [np.sum(p * (1 - p) ** n) for n in runs["final_documents"]]
        return slope(runs.assign(exact=exact), "final_documents", "exact")
    return {"bits_per_parameter": 1, "learning_time": -1, "plateau": 1}.get(claim)


def of_module(claim):
    """The module that has a claim about answers, fine-tuning or codes."""
    return next((module for module in (answered, tuned, coded) if hasattr(module, claim)), None)


def is_exponent(verdict):
    """Whether its range can be too short."""
    claim, _, which = verdict["claim"].split("/", 2)
    return which.startswith("exponent") or not of_module(claim) and claim != "order"


def rule(verdict, interval):
    """The verdict, and whether an end of the interval is so near to where it turns that another is as good."""
    mean, lo, hi = interval
    predicted, half = verdict["predicted"], (hi - lo) / 2
    is_equal = verdict["relation"] == "equal"
    margin = verdict["margin"] if is_equal else 0
    turns = {predicted - margin, predicted + margin}
    is_near = min(abs(end - turn) for end in (lo, hi) for turn in turns) < EDGE * half
    ends = verdict["range"]
    if verdict["seeds"] < 3 or is_equal and is_exponent(verdict) and ends["hi"] / ends["lo"] < 10:
        return "inconclusive", False
    if is_equal:
        if min(turns) <= lo and hi <= max(turns):
            return "agrees", is_near
        return ("disagrees" if hi < min(turns) or max(turns) < lo else "inconclusive"), is_near
    above = verdict["relation"] == "above"
    if lo > predicted if above else hi < predicted:
        return "agrees", is_near
    return ("disagrees" if (hi <= predicted if above else lo >= predicted) else "inconclusive"), is_near


def check(report, folders):
    verdicts = json.loads(Path(report).read_text())["verdicts"]
    expect(verdicts, f"{report} has no verdicts")
    sweeps = [Sweep(Path(folder)) for folder in folders]
    made = 0
    for verdict in verdicts:
        claim, name, which = verdict["claim"].split("/", 2)
        sweep = next((sweep for sweep in sweeps if sweep.name == verdict["study"]), None)
        expect(sweep, f"no sweep is called {verdict['study']}")
        expected = predicted(sweep, claim, name, which, verdict)
        close = expected is None or math.isclose(expected, verdict["predicted"], rel_tol=1e-3)
        expect(close, f"{verdict['claim']}: {verdict['predicted']} is predicted, again {expected}")
        measure = globals().get(claim) or getattr(of_module(claim), claim)
        measured = measure(sweep, name, which, verdict)
        if verdict["seeds"] is None:
            expect(verdict["verdict"] == "inconclusive", f"{verdict['claim']}: {verdict['verdict']}, and nothing was measured")
            continue
        if not isinstance(measured, tuple) and len(measured) < 2:
            expect(verdict["verdict"] == "inconclusive", f"{verdict['claim']}: {verdict['verdict']} of {len(measured)} seeds")
            continue
        interval = measured if isinstance(measured, tuple) else student(measured)
        lo, hi = verdict["ci95"]
        expect(lo <= verdict["measured"] <= hi, f"{verdict['claim']}: {verdict['measured']} is not in its interval, {lo} to {hi}")
        found, is_near = rule(verdict, interval)
        again = "{:.4g} [{:.4g}, {:.4g}]".format(*interval)
        text = f"{verdict['claim']}: {verdict['verdict']}; measured {verdict['measured'] or math.nan:.4g}, again {again}"
        expect(found == verdict["verdict"] or is_near, f"{text}, which is {found}")
        made += 1
        print(f"      {text}")
    passed(f"{made} verdicts of {report}, made again")


def identity(kolmo, config):
    """The hash that kolmo knows a configuration by: that of the manifest of its run, which is killed as soon as it has one."""
    with tempfile.TemporaryDirectory() as place:
        manifest = Path(place, "run/manifest.json")
        command = [kolmo, "train", config, "--run-dir", manifest.parent, "--device", "flex", "--quiet"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
            while not manifest.is_file() and run.poll() is None:
                time.sleep(0.01)
            run.kill()
            expect(manifest.is_file(), f"{config} cannot be run: {run.stderr.read()}")
        return json.loads(manifest.read_text())["config_blake3"]


def misreport(kolmo, folder):
    """A copy of the sweep in which theory is told another exponent, by configurations that the runs seem to be made with, has to
    disagree."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place, "misreported")
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("checkpoints", "tensorboard"))
        plan = json.loads(Path(copy, "plan.json").read_text())
        before = list(plan["runs"])
        for k, name in enumerate(before):
            run = copy / "runs" / name
            config, manifest = run / "config.toml", run / "manifest.json"
            text = config.read_text()
            if "exponent = 1.5" not in text:
                continue
            config.write_text(text.replace("exponent = 1.5", "exponent = 4.0"))
            made = json.loads(manifest.read_text())
            made["config_blake3"] = identity(kolmo, config)
            manifest.write_text(json.dumps(made))
            # A run of a sweep is called by its hash.
            plan["runs"][k] = made["config_blake3"][: len(name)]
            run.rename(run.with_name(plan["runs"][k]))
        Path(copy, "plan.json").write_text(json.dumps(plan))
        expect(plan["runs"] != before, f"{folder} has no world of exponent 1.5")
        output = subprocess.run([kolmo, "report", copy, "--json", "-q"], check=True, capture_output=True, text=True).stdout
        verdicts = {v["claim"]: v["verdict"] for v in json.loads(output)["verdicts"]}
        for which in ("exact curve", "1 - alpha"):
            found = verdicts[f"data_scaling/Zipf 4.00/{which}"]
            expect(found == "disagrees", f"told an exponent of 4 for 1.5, {which} {found}")
    passed("a law that is misreported to the theory disagrees")


if __name__ == "__main__":
    if sys.argv[1] == "--misreport":
        sys.exit(ended(lambda: misreport(sys.argv[2], sys.argv[3])))
    sys.exit(ended(lambda: check(sys.argv[1], sys.argv[2:])))
