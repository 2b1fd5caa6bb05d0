"""`compression`: how far the largest model is from the structure function."""

from ..alike import but_size, fresh, groups
from ..claim import OTHER
from ..claims.structure import bits_stored
from ..codes import record
from ..headline import Answer, Headline, together
from ..runs import config, of_each_run, rows
from ..two_parts import Syntax, Values, least_left


def distance(run):
    """Bits of a document beyond the best description of as many bits."""
    of = record(run)
    values = Values(config(run)["world"], of["documents"])
    return of["weights"][0]["redundancy"]["total"] - least_left(bits_stored(run, of), values, Syntax(run, of))


def answer(sweep):
    runs = fresh(sweep)
    runs = runs[[record(run) is not None for run in rows(runs)]]
    families = groups(runs, lambda run: (but_size(run), int(run["given"])))
    seeds = [of_each_run(rows(of[of["parameters"] == of["parameters"].max()]), distance) for of in families]
    return Answer(together(seeds)) if seeds else None


# The curve of the syntax is straight between the points of it that kolmo prints.
HEADLINE = Headline("compression", "distance_to_structure", "difference", None, answer, OTHER)
