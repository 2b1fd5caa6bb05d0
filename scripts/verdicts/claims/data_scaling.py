"""`data_scaling`: the loss on facts against documents."""

from ..claim import Claim
from ..estimates import beside, exponent, slope, student
from ..runs import config, inside, of_each_seed
from ..worlds import MetAndKept, exponent_of, is_zipf

X, Y = "final_documents", "final_value_loss"

# What every fact that was not met leaves, in expectation, of the facts of the run's own world: laws that are drawn differ from seed to seed.
EXACT = "final_bayes_value_loss_expected"


def steepening(runs):
    """The exponent of the second half of the range less that of the first, through both ends and the middle."""
    runs = runs.sort_values(X).reset_index()
    ends = runs.loc[[0, len(runs) // 2, len(runs) - 1]]
    return slope(ends.iloc[1:], X, Y) - slope(ends.iloc[:2], X, Y)


def measured(sweep, verdict):
    runs = inside(sweep.of(verdict.of), X, verdict.range)
    if verdict.number == "no power law":
        return student(of_each_seed(runs, steepening))
    return exponent(runs, X, Y) if verdict.number == "1 - alpha" else beside(runs, X, Y, EXACT)[1]


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


# It is the curve at N documents that stands for the one at N over tau.
CLAIM = Claim("data_scaling", measured, predicted, approximate=("exact curve at N over tau",))
