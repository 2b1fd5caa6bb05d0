"""`data_scaling`: the loss on facts against documents."""

from ..claim import Claim
from ..estimates import exponent, slope, student
from ..runs import config, inside, of_each_seed
from ..worlds import MetAndKept, exponent_of, is_zipf

X, Y = "final_documents", "final_value_loss"


def steepening(runs):
    """The exponent of the second half of the range less that of the first, through both ends and the middle."""
    runs = runs.sort_values(X).reset_index()
    ends = runs.loc[[0, len(runs) // 2, len(runs) - 1]]
    return slope(ends.iloc[1:], X, Y) - slope(ends.iloc[:2], X, Y)


def measured(sweep, verdict):
    runs = inside(sweep.of(verdict.of), X, verdict.range)
    return student(of_each_seed(runs, steepening)) if verdict.number == "no power law" else exponent(runs, X, Y)


def predicted(sweep, verdict):
    if verdict.number == "no power law":
        return 0
    runs = inside(sweep.of(verdict.of), X, verdict.range)
    world = config(runs.iloc[0])["world"]
    if verdict.number == "1 - alpha":
        return 1 - exponent_of(world)
    if verdict.number == "exact curve" and is_zipf(world):
        facts = MetAndKept(world)
        return slope(runs.assign(exact=[facts.left(n) for n in runs[X]]), X, "exact")
    return None


# Beside curves that differ from seed to seed, intervals are a little wider.
CLAIM = Claim("data_scaling", measured, predicted, approximate=("exact curve", "exact curve at N over tau"))
