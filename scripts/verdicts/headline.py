"""What a headline is here: what decides it, and what the runs of a sweep answer, made again."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from .claim import SAME
from .estimates import student


@dataclass(frozen=True)
class Answer:
    """`seeds` has a number for each of `index`, the seeds, several of one seed counting as their mean. `undecided` are runs that cannot
    decide whatever they say: too few, too short, not at capacity."""

    seeds: pd.Series
    predicted: float | None = None
    undecided: bool = False

    @property
    def of_each(self):
        # A mean that leaves out what is not a number would hide it.
        return self.seeds.groupby(level=0).agg(lambda of_seed: of_seed.mean(skipna=False))

    @property
    def estimate(self):
        return student(self.of_each)


@dataclass(frozen=True)
class Headline:
    """A headline of the report, by the name that kolmo has for it.

    `relation` is what its number should be to the predicted one; None of a finding. `answer(sweep)` is None where the sweep has no runs for
    it. `tolerance` is how far an end of kolmo's interval may be from that of the one made again, in half-widths of the latter.
    """

    name: str
    statistic: str
    quantity: str
    relation: str | None
    answer: Callable
    tolerance: float = SAME


def together(seeds):
    """The numbers of several laws, or models, seed by seed."""
    return pd.concat(list(seeds))
