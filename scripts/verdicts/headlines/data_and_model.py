"""`data_and_model`: facts that were met and fit, against a sum of two power laws with as many constants."""

import itertools
import math

import numpy as np
from scipy import interpolate, optimize

from ..alike import between, but_size, fresh, groups
from ..asked import missing
from ..claim import OTHER
from ..headline import Answer, Headline, together
from ..runs import config, of_each_seed, rows
from ..worlds import met_and_kept

# Sizes, and lengths, of which one can be left out.
LEAST = 4

# tau and bits per parameter, where they are tried at the middle of the runs; how they grow with documents and parameters.
TAU, KAPPA, SLOWER, DENSER = (1, 1000), (5e-3, 5), (-0.5, 0.5), (-0.6, 0.6)

POINTS, ROUNDS, PER_DECADE = 7, 7, 8


def axis(x, lowest, highest):
    lo, hi = math.log(x.min() * lowest), math.log(x.max() * highest)
    return np.linspace(lo, hi, math.ceil(PER_DECADE * (hi - lo) / math.log(10)) + 1)


class Theory:
    """ln L of facts met and fit, between places of a table."""

    def __init__(self, world, sizes, lengths):
        facts = met_and_kept(world)
        self.axes = axis(lengths, 1 / TAU[1], 1 / TAU[0]), axis(sizes * math.log(2), *KAPPA)
        table = [[facts.left(math.exp(n), math.exp(nats)) for nats in self.axes[1]] for n in self.axes[0]]
        self.between = interpolate.RegularGridInterpolator(self.axes, np.log(table))
        self.middle = np.log(lengths).mean(), np.log(sizes).mean()

    def __call__(self, sizes, lengths, constants):
        """A row for each of several sets of constants."""
        tau, slower, kappa, denser = (constants[:, [k]] for k in range(4))
        tau = np.maximum(tau + slower * (np.log(lengths) - self.middle[0]), 0)
        kappa = kappa + denser * (np.log(sizes) - self.middle[1])
        at = np.log(lengths) - tau, kappa + np.log(sizes) + math.log(math.log(2))
        return self.between(np.stack([np.clip(x, ends[0], ends[-1]) for x, ends in zip(at, self.axes)], axis=-1))

    def fit(self, sizes, lengths, y):
        """By least absolute error, around the best point of a grid a finer one."""
        limits = np.array([np.log(TAU), SLOWER, np.log(KAPPA), DENSER])
        ends = limits
        for _ in range(ROUNDS):
            tried = np.array(list(itertools.product(*np.linspace(ends[:, 0], ends[:, 1], POINTS).T)))
            best = tried[np.abs(self(sizes, lengths, tried) - y).sum(axis=1).argmin()]
            step = (ends[:, 1] - ends[:, 0]) / (POINTS - 1)
            ends = np.clip(np.stack([best - step, best + step], axis=1), limits[:, :1], limits[:, 1:])
        return best[None]


# ln A, a, ln B, b, where a search begins.
STARTS = list(itertools.product((0, 3, 6), (0.2, 0.6, 1.2), (0, 3, 6), (0.2, 0.6, 1.2)))


def two_laws(theta, sizes, lengths):
    """ln of A/P^a + B/N^b."""
    return np.logaddexp(theta[0] - theta[1] * np.log(sizes), theta[2] - theta[3] * np.log(lengths))


def fitted(sizes, lengths, y, starts):
    """The constants of the least Huber loss."""
    residual = lambda theta: two_laws(theta, sizes, lengths) - y
    fits = [optimize.least_squares(residual, start, loss="huber", f_scale=1e-3, max_nfev=300) for start in starts]
    return min(fits, key=lambda fit: fit.cost).x


def error(runs):
    """The mean error of ln L on sizes and lengths left out whole, of the theory less that of two power laws."""
    cells = runs.groupby(["parameters", "given"])["missing"].apply(lambda of: np.log(of).mean()).reset_index()
    sizes, lengths, y = (cells[column].to_numpy(float) for column in ("parameters", "given", "missing"))
    theory = Theory(config(runs.iloc[0])["world"], sizes, lengths)
    # Without a size or a length the best fit is near that with all of them, or to be found from elsewhere.
    starts = [fitted(sizes, lengths, y, STARTS), *STARTS[::8]]
    errors = []
    for of in (sizes, lengths):
        for value in np.unique(of):
            left, known = of == value, of != value
            constants = theory.fit(sizes[known], lengths[known], y[known])
            laws = fitted(sizes[known], lengths[known], y[known], starts)
            apart = theory(sizes[left], lengths[left], constants)[0], two_laws(laws, sizes[left], lengths[left])
            errors += list(np.abs(apart[0] - y[left]) - np.abs(apart[1] - y[left]))
    return np.mean(errors)


def answer(sweep):
    within = [between(runs, "parameters", sweep.asked.get("parameters")) for runs in groups(fresh(sweep), but_size)]
    grids = [runs for runs in within if min(runs["parameters"].nunique(), runs["given"].nunique()) >= LEAST]
    seeds = [of_each_seed(runs.assign(missing=[missing(run) for run in rows(runs)]), error) for runs in grids]
    return Answer(together(seeds), predicted=0) if seeds else None


# Two power laws are fitted by another search.
HEADLINE = Headline("data_and_model", "held_out_error", "difference", "below", answer, OTHER)
