"""What kinds of numbers there are: how near to a prediction each is the same, and between which ends it lies.

This is the second table of it: kolmo's is quantity.rs of the crate kolmo-report, and both have to say the same.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from checks import Failure


def of_exponent(predicted):
    """A tenth of the predicted one, and no more than 0.1; of an exponent that should be 0 there is no tenth."""
    return 0.05 if predicted == 0 else min(0.1, 0.1 * abs(predicted))


def always(margin):
    return lambda predicted: margin


@dataclass(frozen=True)
class Quantity:
    # Of a prediction; not a number where nothing of the kind is predicted to be a number.
    margin: Callable
    least: float = -math.inf
    greatest: float = math.inf
    # Whether a range of less than a decade says nothing.
    needs_decade: bool = False


QUANTITIES = {
    "exponent": Quantity(of_exponent, needs_decade=True),
    "share": Quantity(always(0.05), least=0, greatest=1),
    "correlation": Quantity(always(0.1), least=-1, greatest=1),
    "ratio": Quantity(always(0.15), least=0),
    "rate": Quantity(always(0.15)),
    "nats": Quantity(always(0.1)),
    "count": Quantity(always(math.nan), least=0),
    "difference": Quantity(always(math.nan)),
}


def quantity(name):
    if name not in QUANTITIES:
        raise Failure(f"the report has a quantity `{name}`, of which scripts/verdicts/quantity.py knows neither margin nor bounds")
    return QUANTITIES[name]
