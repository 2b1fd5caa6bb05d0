"""`data_law`: how fast the loss on facts falls, over how fast the exact sum says."""

import math

from ..alike import between, fresh, groups, training
from ..estimates import log_slope
from ..headline import Answer, Headline, together
from ..runs import config, of_each_seed, rows
from ..worlds import has_tail, is_drawn, met_and_kept

# Laws that a mean over laws takes, and decades that an exponent takes.
LAWS, DECADES = 4, 1

X, Y = "final_documents", "final_value_loss"


def exact(run):
    """What the Bayes learner is expected to lose. Of frequencies that each seed draws there is no closed form, and kolmo's number is taken."""
    world = config(run)["world"]
    return run["final_bayes_value_loss_expected"] if is_drawn(world) else met_and_kept(world).left(run[X])


def laws(sweep):
    """The runs of each law with a tail, over the range of the sweep file; of two lengths or more."""
    within = [between(runs, "given", sweep.asked.get("documents")) for runs in groups(fresh(sweep), training)]
    return [runs for runs in within if runs["given"].nunique() > 1 and has_tail(config(runs.iloc[0])["world"])]


def answer(sweep):
    of_laws = laws(sweep)
    if not of_laws:
        return None
    seeds = []
    for runs in of_laws:
        runs = runs.assign(exact=[exact(run) for run in rows(runs)])
        seeds.append(of_each_seed(runs, lambda of: log_slope(of[X], of[Y]) / log_slope(of[X], of["exact"])))
    decades = min(math.log10(runs["given"].max() / runs["given"].min()) for runs in of_laws)
    return Answer(together(seeds), predicted=1, undecided=len(of_laws) < LAWS or decades < DECADES)


HEADLINE = Headline("data_law", "exponent_over_exact", "ratio", "equal", answer)
