"""What claims about code lengths measure, made again from compression.json and evaluations.jsonl."""

import functools
import json
import math
import re
import subprocess
import tomllib
from pathlib import Path

import numpy as np
from scipy import optimize, stats

from checks import expect
from remade import config, evaluations, fisher

LEARNERS = ("model", "bayes", "bayes_untrained")


def group(sweep, name):
    """The runs that the report calls `name`: of one law, and where it says so of one size or length."""
    runs = sweep.runs[[name == law or name.startswith(f"{law}, ") for law in sweep.runs["law"]]]
    for key, column in (("parameters", "parameters"), ("documents", "final_documents")):
        found = re.search(rf"(\d+) {key}", name)
        if found:
            runs = runs[runs[column] == int(found[1])]
    return [run for _, run in runs.sort_values(["parameters", "seed"]).iterrows()]


def record(run):
    """What a run is as a compressor; none of one that was not measured so."""
    path = run["path"] / "compression.json"
    return json.loads(path.read_text()) if path.is_file() else None


def compressed(sweep, name):
    runs = [(run, record(run)) for run in group(sweep, name)]
    return [(run, of) for run, of in runs if of]


def class_sums(run):
    """The model's code lengths of values and names, as its classes have them; none of a run whose classes have none."""
    stated_facts = stated(config(run)["world"])
    classes = [of for at in evaluations(run) for of in at["classes"] if of["stream_documents"]]
    if not all(of.get("stream_value_loss") is not None for of in classes):
        return {}
    of_role = lambda key, each: sum(of["stream_documents"] * each * of[key] for of in classes) / math.log(2)
    return {"value": of_role("stream_value_loss", stated_facts), "subject": of_role("stream_subject_loss", 1)}


def prequential(sweep, name, role, _):
    """What the model's code is longer than the floor, over the same of the Bayes learner's."""
    runs = group(sweep, name)
    codes = [evaluations(run)[-1]["code_bits"] for run in runs]
    for run, code in zip(runs, codes):
        for of, bits in class_sums(run).items():
            found = code["model"][of]
            expect(not bits or math.isclose(bits, found, rel_tol=1e-6), f"{run['id']}: {of} takes {found} bits, by class {bits}")
    bits = lambda of: of["syntax"] + of["subject"] if role == "syntax and names" else of[role]
    return [(bits(code["model"]) - bits(code["floor"])) / (bits(code["bayes"]) - bits(code["floor"])) for code in codes]


def lengths(of):
    return {compressor["name"]: compressor for compressor in of["text"]["compressors"]}


def compressors(sweep, name, which, _):
    codes = [lengths(of) for _, of in compressed(sweep, name)]
    if which == "shortest":
        general = [min(code["bits"] for name, code in of.items() if name not in LEARNERS) for of in codes]
        return [of["model"]["bits"] / best for of, best in zip(codes, general)]
    written, said = np.array([[of[which]["coded_bits"], of[which]["information_bits"]] for of in codes]).T
    worst = np.max(np.abs(written / said - 1) if which == "bayes" else (written - said - 64) / said)
    # Counted, not estimated.
    return worst, worst, worst


# The structure function, with binomials from scipy. What the templates of a world are is in no file of a run: what knowing its syntax
# saves is taken from `kolmo theory`, which check_theory.py checks, and told of as if it were one choice. The bits told of it hardly depend
# on that.


@functools.cache
def saving_of_syntax(path):
    """Bits a document that knowing the syntax saves: what the empty model leaves, without values and floor."""
    kolmo = Path(__file__).parent.parent / "target/release/kolmo"
    said = subprocess.run([kolmo, "theory", path, "--json", "-q"], check=True, capture_output=True, text=True).stdout
    theory = json.loads(said)
    values = sum(inclusion * bits for inclusion, bits in contents(tomllib.loads(path.read_text())["world"]))
    empty = theory["structure_function"][0]["data_bits"] / theory["structure_documents"]
    return max(empty - theory["entropy_nats"]["document"] / math.log(2) - values, 1e-9)


def frequencies(world):
    law = world["frequency"]
    if law["law"] == "uniform":
        return np.full(law["elements"], 1 / law["elements"])
    expect(law["law"] == "zipf", f"the structure function of {law['law']} frequencies is not made again")
    p = (np.arange(1.0, law["elements"] + 1) + law.get("bias", 0)) ** -law["exponent"]
    return p / p.sum()


def stated(world):
    """Relations in a document."""
    k = world.get("relations_per_document", 1)
    return len(world["relations"]) if k == "all" else k


def contents(world):
    """How often a document states each relation, and the bits of its values."""
    relations = world["relations"]
    alike = len({relation.get("weight", 1) for relation in relations}) == 1
    k = stated(world)
    expect(alike or k in (1, len(relations)), "relations of several weights, and a document states some: not made again")
    weights = np.array([relation.get("weight", 1) for relation in relations], float)
    inclusion = weights / weights.sum() if k == 1 else np.full(len(relations), k / len(relations))
    return list(zip(inclusion, np.log2([relation["values"] for relation in relations])))


class Values:
    """What the values of facts cost at least, against bits about them: facts by how often they are stated."""

    def __init__(self, world, documents):
        self.p, self.relations, self.documents = frequencies(world), contents(world), documents
        self.known = {}

    def at(self, count):
        """Bits of all facts stated `count` times or more, and of all mentions of the others."""
        if count not in self.known:
            n, stored, left = self.documents, 0.0, 0.0
            for inclusion, bits in self.relations:
                f = self.p * inclusion
                stored += bits * stats.binom.sf(count - 1, n, f).sum()
                left += bits * (n * f * stats.binom.cdf(count - 2, n - 1, f)).sum()
            self.known[count] = stored, left
        return self.known[count]

    def left(self, bits):
        """Bits of the mentions that are left where so many bits tell the facts stated most often; bits a document."""
        lo, hi = 1, int(self.documents) + 1
        if bits >= self.at(lo)[0]:
            return 0.0
        while hi - lo > 1:
            middle = (lo + hi) // 2
            lo, hi = (middle, hi) if self.at(middle)[0] > bits else (lo, middle)
        # Facts stated hi times or more fit, and some of those that are stated once less.
        stored, left = self.at(hi)
        return (left - lo * (bits - stored)) / self.documents


class Syntax:
    """What the syntax costs at least above its floor, against bits about it: so many Gaussian parameters."""

    def __init__(self, run, of):
        world = config(run)["world"]
        relations = len(world["relations"])
        defaults = (20, 2, 8) if world.get("family") == "biography" else (4, 1, 4)
        keys = ("templates", "filler_slots", "filler_words")
        templates, slots, words = (world["syntax"].get(key, default) for key, default in zip(keys, defaults))
        classes = world["syntax"].get("classes", relations)
        self.free = classes * (templates - 1 + slots * (words - 1)) + relations - 1
        self.saving = saving_of_syntax(run["path"] / "config.toml")
        # Where a bit saves a bit no more is told.
        self.least = self.free / 2 / math.log(2) / of["documents"]

    def left(self, bits):
        return self.saving * 2 ** (-2 * bits / self.free)

    def bits(self, redundancy):
        return self.free / 2 * math.log2(max(self.saving / max(redundancy, self.least), 1))


def syntax_of(bits):
    return bits["syntax"] + bits["eos"]


def least_left(bits, values, syntax):
    """What a description of so many bits leaves above the floor, at the best of all ways to share them; bits a document."""
    most = min(bits, 50 * syntax.free)
    told = optimize.minimize_scalar(lambda s: syntax.left(s) + values.left(bits - s), bounds=(0, most), method="bounded", options={"xatol": 0.1})
    return told.fun


def bits_stored(run, of):
    """What a run knows of facts and of the syntax."""
    syntax = Syntax(run, of)
    return evaluations(run)[-1]["bits_stored"] + syntax.bits(syntax_of(of["weights"][0]["redundancy"]))


def gaps(run, of, capacity, values):
    """What a run lies above the curve, bits a document, and the half width of that, counting after counting."""
    syntax, finest = Syntax(run, of), of["weights"][0]
    countings = [(bits_stored(run, of), finest), (capacity * run["parameters"], finest)]
    countings += [(weights["description_bits"], weights) for weights in of["weights"]]
    for bits, weights in countings:
        yield weights["redundancy"]["total"] - least_left(bits, values, syntax), weights["redundancy_half_width"]


def stored(run):
    """The share of the bits of all facts met that a run has, and of its classes."""
    world, at = config(run)["world"], evaluations(run)[-1]
    p, n = frequencies(world), record(run)["documents"]
    met = sum(bits * -np.expm1(n * np.log1p(-p * inclusion)).sum() for inclusion, bits in contents(world))
    content = np.mean([bits for _, bits in contents(world)])
    shares = [(c["lo_rank"], c["bits_stored"] / (c["facts"] * content)) for c in at["classes"]]
    return at["bits_stored"] / met, np.round(shares, 6)


def structure(sweep, name, which, verdict):
    runs = compressed(sweep, name)
    if which == "above":
        capacity = max(bits_stored(run, of) / run["parameters"] for run, of in runs)
        values = Values(config(runs[0][0])["world"], runs[0][1]["documents"])
        gap, half = min(gap for run, of in runs for gap in gaps(run, of, capacity, values))
        said = verdict["measured"]
        expect(math.isclose(gap, said, rel_tol=0.1, abs_tol=0.05), f"{verdict['claim']}: {said} bits a document, made again {gap}")
        return gap, gap - half, gap + half
    by_seed = {}
    for run, of in runs:
        facts, shares = stored(run)
        if facts >= 0.9:
            continue
        if which == "syntax first":
            number = 1 - syntax_of(of["weights"][0]["redundancy"]) / saving_of_syntax(run["path"] / "config.toml") - facts
        else:
            number = stats.spearmanr(*shares.T).statistic
        by_seed.setdefault(run["seed"], []).append(number)
    of_seeds = [np.mean(of) for of in by_seed.values()]
    if which == "syntax first":
        return of_seeds
    pairs = min(len(evaluations(run)[-1]["classes"]) for run, _ in runs)
    return fisher([(rho, pairs) for rho in of_seeds])


def predicted(sweep, claim, name, which):
    """What the numbers are held against."""
    return {"prequential": 1, "structure": 0}.get(claim, 1 if which == "shortest" else 1e-3)
