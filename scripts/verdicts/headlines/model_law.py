"""`model_law`: what a model at capacity misses, over what the best use of its bits would miss."""

import math

from ..asked import missing
from ..estimates import student
from ..headline import Answer, Headline, together
from ..ladder import BITS, ladders
from ..runs import config, of_each_run, rows
from ..worlds import RIVALS, met_and_kept

# As good as the best use, to what is measured.
BOUND = 1.08


def over(runs, use):
    """What is missing over what `use` says of the facts of a world, documents and nats, seed by seed."""

    def ratio(run):
        facts = met_and_kept(config(run)["world"])
        return missing(run) / use(facts, run["final_documents"], run[BITS] * math.log(2))

    return of_each_run(rows(runs), ratio)


def is_told_from(runs, rival):
    """Whether runs miss less than with another use of their bits."""
    beside = student(over(runs, lambda facts, documents, nats: facts.spread(rival, documents, nats)))
    return beside is not None and beside.hi < 1


def answer(sweep):
    of_laws = ladders(sweep)
    if not of_laws:
        return None
    seeds = [over(ladder.runs, lambda facts, documents, nats: facts.left(documents, nats)) for ladder in of_laws]
    decides = all(ladder.enough and all(is_told_from(ladder.runs, rival) for rival in RIVALS) for ladder in of_laws)
    return Answer(together(seeds), predicted=BOUND, undecided=not decides)


HEADLINE = Headline("model_law", "missing_over_best_use", "ratio", "below", answer)
