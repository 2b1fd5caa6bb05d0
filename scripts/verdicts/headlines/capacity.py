"""`capacity`: the bits stored against the parameters, over sizes at capacity."""

from ..estimates import log_slope
from ..headline import Answer, Headline, together
from ..ladder import BITS, ladders
from ..runs import of_each_seed


def answer(sweep):
    of_laws = ladders(sweep)
    if not of_laws:
        return None
    seeds = [of_each_seed(ladder.runs, lambda of: log_slope(of["parameters"], of[BITS])) for ladder in of_laws]
    return Answer(together(seeds), predicted=1, undecided=not all(ladder.enough for ladder in of_laws))


HEADLINE = Headline("capacity", "bits_exponent", "exponent", "equal", answer)
