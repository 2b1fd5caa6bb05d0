"""`structure`: the two parts of a description of the data, beside the shortest that there are."""

import numpy as np
from scipy import stats

from ..claim import Claim, always
from ..codes import compressed
from ..estimates import Estimate, fisher, student
from ..runs import config, evaluations
from ..two_parts import Syntax, Values, least_left, saving_of_syntax
from ..worlds import contents, frequencies


def syntax_of(bits):
    return bits["syntax"] + bits["eos"]


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


def stored(run, of):
    """The share of the bits of all facts met that a run has, and of its classes."""
    world, at = config(run)["world"], evaluations(run)[-1]
    p, n = frequencies(world), of["documents"]
    met = sum(bits * -np.expm1(n * np.log1p(-p * inclusion)).sum() for inclusion, bits in contents(world))
    content = np.mean([bits for _, bits in contents(world)])
    shares = [(c["lo_rank"], c["bits_stored"] / (c["facts"] * content)) for c in at["classes"]]
    return at["bits_stored"] / met, np.round(shares, 6)


def above(runs):
    """The least distance from the curve, of all runs and countings, with the interval of the documents that it was measured on."""
    capacity = max(bits_stored(run, of) / run["parameters"] for run, of in runs)
    values = Values(config(runs[0][0])["world"], runs[0][1]["documents"])
    gap, half = min(gap for run, of in runs for gap in gaps(run, of, capacity, values))
    return Estimate(gap, gap - half, gap + half, len({run["seed"] for run, _ in runs}))


def measured(sweep, verdict):
    runs = compressed(sweep, verdict.of)
    if verdict.number == "above":
        return above(runs)
    by_seed = {}
    for run, of in runs:
        facts, shares = stored(run, of)
        # With room for all facts there is nothing to leave out.
        if facts >= 0.9:
            continue
        if verdict.number == "syntax first":
            number = 1 - syntax_of(of["weights"][0]["redundancy"]) / saving_of_syntax(run["path"] / "config.toml") - facts
        else:
            number = stats.spearmanr(*shares.T).statistic
        by_seed.setdefault(run["seed"], []).append(number)
    of_seeds = [np.mean(of) for of in by_seed.values()]
    if verdict.number == "syntax first":
        return student(of_seeds)
    return fisher(of_seeds, min(len(evaluations(run)[-1]["classes"]) for run, _ in runs))


# The curve of the syntax is straight between the points of it that kolmo prints.
CLAIM = Claim("structure", measured, always(0), approximate=("above",))
