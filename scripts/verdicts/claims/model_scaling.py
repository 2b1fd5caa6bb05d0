"""`model_scaling`: what is missing of the facts against parameters and bits stored."""

import math

from ..claim import Claim
from ..estimates import beside, exponent
from ..runs import config, inside, longest, rows
from ..worlds import MetAndKept, exponent_of, is_zipf

Y = "final_missing"


def runs_of(sweep, verdict):
    """The longest runs in the range, the column that it is of, and their world."""
    x = "parameters" if verdict.number == "parameters" else "final_bits_stored"
    runs = inside(longest(sweep.of(verdict.of)), x, verdict.range)
    return runs, x, config(runs.iloc[0])["world"]


def beside_the_best(runs, x, world):
    """The exponents of the best use of as many bits on as many documents, and of what is missing beside it."""
    facts = MetAndKept(world)
    exact = [facts.left(run["final_documents"], run[x] * math.log(2)) for run in rows(runs)]
    return beside(runs.assign(exact=exact), x, Y, "exact")


def measured(sweep, verdict):
    runs, x, world = runs_of(sweep, verdict)
    return beside_the_best(runs, x, world)[1] if verdict.number == "exact curve" and is_zipf(world) else exponent(runs, x, Y)


def predicted(sweep, verdict):
    runs, x, world = runs_of(sweep, verdict)
    if verdict.number != "exact curve":
        return 1 / exponent_of(world) - 1
    return beside_the_best(runs, x, world)[0] if is_zipf(world) else None


CLAIM = Claim("model_scaling", measured, predicted, approximate=("exact curve",))
