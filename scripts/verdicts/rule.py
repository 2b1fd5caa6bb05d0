"""From an interval to a verdict.

A number agrees with what is predicted where the whole interval is within the margin, disagrees where all of it is outside, and is else
inconclusive. One that should be above or below the prediction agrees where the whole interval is on that side, and disagrees where all of
it is on the other one. Fewer than three seeds are inconclusive, and so are exponents over less than a decade and what is not known.
"""

import math

from .quantity import quantity

SEEDS = 3


def turns(verdict):
    """Where an end of an interval makes it another verdict: on both sides of a number that should be the same."""
    margin = verdict.margin if verdict.relation == "equal" else 0
    return verdict.predicted - margin, verdict.predicted + margin


def outcome(verdict, estimate):
    """The verdict on `estimate`, by the relation, the prediction, the margin and the range of `verdict`."""
    lo, hi = estimate.lo, estimate.hi
    least, greatest = turns(verdict)
    is_short = quantity(verdict.quantity).needs_decade and verdict.range is not None and verdict.range.decades < 1
    if any(map(math.isnan, (lo, hi, least, greatest))) or estimate.seeds < SEEDS or is_short:
        return "inconclusive"
    is_inside, is_outside = {
        "equal": (least <= lo and hi <= greatest, hi < least or greatest < lo),
        "above": (lo > greatest, hi <= greatest),
        "below": (hi < least, lo >= least),
    }[verdict.relation]
    return "agrees" if is_inside else "disagrees" if is_outside else "inconclusive"


def is_near(verdict, estimate, tolerance):
    """Whether an end of the interval is so near to where the verdict turns, in half-widths of it, that another one is as good."""
    within = tolerance * (estimate.hi - estimate.lo) / 2
    return any(abs(end - turn) <= within for end in (estimate.lo, estimate.hi) for turn in turns(verdict))
