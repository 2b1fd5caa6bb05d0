"""What a model knows of facts, made again from its answers: what a code saves that mixes them with the prior.

The weight of an answer is logistic in the logit of its confidence, by what is best for the other half of the facts; parameters that save less
than a nat each are left out, and what saves nothing on the whole is 0.
"""

import numpy as np
from scipy.optimize import minimize

# Logits beyond are as good as certain.
CERTAIN = 16

# Of fewer answers one parameter is chosen, whatever little it saves.
FEW = 10

# Where the search of the two parameters begins, at the best few: the confidence of half the trust, as a logit, and the slope.
STARTS = [(half, slope) for slope in (0.3, 1, 4) for half in (-4, -2, 0, 2, 4, 6)]
BEST = 3


def fold(rank, relation):
    """Whether rank - 1 and the place of the relation have an even or an odd number of ones in binary."""
    return (int(rank - 1).bit_count() + int(relation).bit_count()) % 2


def logit(confidence):
    with np.errstate(divide="ignore"):
        found = np.log(confidence) - np.log1p(-confidence)
    return np.clip(np.nan_to_num(found, nan=0.0, posinf=CERTAIN, neginf=-CERTAIN), -CERTAIN, CERTAIN)


def saves(trust, ratio, x):
    """Nats saved on each fact, whose value the model takes to be `ratio` times as likely as it is without the model."""
    if trust is None:
        return np.zeros(len(ratio))
    weight = 1 / (1 + np.exp(-np.clip(trust[0] + trust[1] * x, -CERTAIN, CERTAIN)))
    return np.log(weight * ratio + 1 - weight)


def alike(weights, ratio):
    """The best trust of all answers alike."""
    shares = 1 / (1 + np.exp(-np.linspace(-CERTAIN, CERTAIN, 2001)))[:, None]
    saved = (np.log(shares * ratio + 1 - shares) * weights).sum(axis=1)
    return np.linspace(-CERTAIN, CERTAIN, 2001)[saved.argmax()], 0


def by_confidence(weights, ratio, x, one):
    """The best trust by confidence; `one` is the best of all answers alike."""

    def loss(trust):
        z = trust[0] + trust[1] * x
        weight = 1 / (1 + np.exp(-np.clip(z, -CERTAIN, CERTAIN)))
        mixed = weight * ratio + 1 - weight
        slope = weights * (ratio - 1) / mixed * weight * (1 - weight) * (np.abs(z) < CERTAIN)
        return -(weights * np.log(mixed)).sum(), -np.array([slope.sum(), (slope * x).sum()])

    starts = sorted([(-b * half, b) for half, b in STARTS], key=lambda start: loss(start)[0])
    starts = [one, *starts[:BEST]]
    found = [minimize(loss, start, method="L-BFGS-B", jac=True, bounds=[(-100, 100), (0, 20)]) for start in starts]
    return min(found, key=lambda one: one.fun).x


def chosen(weights, ratio, x, parameters):
    """What is best for these answers, where every parameter has to save a nat or more."""
    if not len(ratio):
        return CERTAIN, 0
    if len(ratio) < FEW:
        trusts = [(None, 0), (alike(weights, ratio), 0)]
    else:
        one = alike(weights, ratio)
        trusts = [(None, 0), (one, 1)] + [(by_confidence(weights, ratio, x, one), 2)] * (parameters == 2)
    return max(trusts, key=lambda of: (weights * saves(of[0], ratio, x)).sum() - of[1])[0]


def saved(folds, stands_for, content, loss, confidence, parameters=2):
    """Nats that the code saves on each fact of a class; all 0 where it saves nothing on the whole."""
    weights, ratio, x = stands_for / stands_for.mean(), np.exp(content - loss), logit(confidence)
    of_each = np.zeros(len(loss))
    for tested in (0, 1):
        here, there = folds == tested, folds != tested
        trust = chosen(weights[there], ratio[there], x[there], parameters)
        of_each[here] = saves(trust, ratio[here], x[here])
    return of_each if (stands_for * of_each).sum() > 0 else np.zeros(len(loss))


def known(folds, stands_for, content, loss, confidence, parameters=2):
    """Nats known of a class."""
    return (stands_for * saved(folds, stands_for, content, loss, confidence, parameters)).sum()
