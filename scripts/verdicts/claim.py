"""What a claim is here: the number that kolmo measured and the number that theory predicts, made again."""

from collections.abc import Callable
from dataclasses import dataclass

# How far an end of kolmo's interval may be from that of the one made again, in half-widths of the latter: where both are of the same
# estimator, and where they are not.
SAME, OTHER = 0.005, 0.5


def from_report(_sweep, _verdict):
    """No prediction: there is no closed form, and the one of the report is taken."""
    return None


def always(number):
    """A prediction that is the same of all worlds."""
    return lambda _sweep, _verdict: number


@dataclass(frozen=True)
class Claim:
    """A claim of the report, by the name that kolmo has for it.

    `measured(sweep, verdict)` is an Estimate made from the files of the sweep, or None where it has too few seeds; `predicted(sweep,
    verdict)` a number, or None where only kolmo can say it. `approximate` are its numbers that are of another estimator than kolmo's.
    """

    name: str
    measured: Callable
    predicted: Callable = from_report
    approximate: tuple[str, ...] = ()

    def tolerance(self, number):
        return OTHER if number in self.approximate else SAME
