"""What a world says of its facts, and what of them has a closed form."""

import functools
import json
import math

import numpy as np
from scipy import optimize

from checks import expect

# The ranks up to here are summed one by one, those beyond by Gauss and Legendre, at so many places of each factor of two.
COUNTED, PLACES = 2**18, 12


def exponent_of(world):
    """alpha of a law with a power law for a tail: the discount of Pitman-Yor, one over the exponent of Zipf."""
    law = world["frequency"]
    return law.get("discount") or 1 / law["exponent"]


def has_tail(world):
    """Whether frequencies fall as a power whose sum is finite."""
    law = world["frequency"]
    return is_zipf(world) and law["exponent"] > 1 or law["law"] == "pitman_yor" and law["discount"] > 0


def is_zipf(world):
    return world["frequency"]["law"] == "zipf"


def is_drawn(world):
    """Whether each seed has frequencies of its own, which are in no closed form."""
    return world["frequency"]["law"] == "pitman_yor"


def frequencies(world):
    """Of the subjects."""
    p, count = spectrum(world)
    expect((count == 1).all(), "a sum over each of so many subjects is not made again")
    return p


def spectrum(world):
    """The frequencies of subjects, falling, and how many have each."""
    law = world["frequency"]
    if law["law"] == "uniform":
        p, count = np.full(law["elements"], 1 / law["elements"]), np.ones(law["elements"])
    elif law["law"] == "grouped":
        groups = sorted(law["groups"], key=lambda group: -group["weight"] / group["elements"])
        weight, count = (np.array([group[key] for group in groups], float) for key in ("weight", "elements"))
        p = weight / count
    else:
        expect(is_zipf(world), f"what follows from {law['law']} frequencies is not made again")
        ranks, count = counted(law["elements"])
        p = (ranks + law.get("bias", 0)) ** -law["exponent"]
    return p / (p * count).sum(), count


def counted(elements):
    """Ranks, and how many each stands for: a sum of what is smooth from one rank to the next is its integral from half a rank before the first
    to half a rank after the last."""
    ranks, count = np.arange(1.0, min(elements, COUNTED) + 1), np.ones(min(elements, COUNTED))
    places, weights = np.polynomial.legendre.leggauss(PLACES)
    lo = COUNTED + 0.5
    while lo < elements + 0.5:
        hi = min(2 * lo, elements + 0.5)
        # The logarithm of the rank is what the places are even in.
        at = lo * (hi / lo) ** ((places + 1) / 2)
        ranks, count = np.append(ranks, at), np.append(count, weights / 2 * math.log(hi / lo) * at)
        lo = hi
    return ranks, count


def stated(world):
    """Relations in a document."""
    k = world.get("relations_per_document", 1)
    return len(world["relations"]) if k == "all" else k


def contents(world):
    """How often a document states each relation, and the bits of its values."""
    relations = world["relations"]
    alike = len({relation.get("weight", 1) for relation in relations}) == 1
    k = stated(world)
    expect(alike or k in (1, len(relations)), "relations of several weights, and a document states some: not made again")
    weights = np.array([relation.get("weight", 1) for relation in relations], float)
    inclusion = weights / weights.sum() if k == 1 else np.full(len(relations), k / len(relations))
    return list(zip(inclusion, np.log2([relation["values"] for relation in relations])))


def mean_content(world):
    """Nats of a fact that a document states, on average: what somebody loses who knows nothing."""
    return sum(inclusion * bits for inclusion, bits in contents(world)) * math.log(2) / stated(world)


# Of x, the frequency of a fact over a threshold: the share stored of it, and what that costs, over h. Of equal shares the threshold is one over
# the share, whatever the frequency.
RIVALS = {
    "water-filling": lambda x, _: (1 - 1 / np.maximum(x, 1), np.log(np.maximum(x, 1))),
    "logistic": lambda x, _: (x / (1 + x),) * 2,
    "steep logistic": lambda x, _: (1 / (1 + x**-2.0),) * 2,
    "proportional": lambda x, _: (np.minimum(x, 1),) * 2,
    "root": lambda x, _: (np.minimum(np.sqrt(x), 1),) * 2,
    "equal shares": lambda x, threshold: (np.full(len(x), min(1 / threshold, 1)),) * 2,
}


class MetAndKept:
    """What uses of a capacity leave after some documents. The best one keeps facts that were met whole, the most frequent ones first."""

    def __init__(self, world):
        p, count = spectrum(world)
        rates = [(p * inclusion, bits * math.log(2)) for inclusion, bits in contents(world)]
        self.rate = np.concatenate([rate for rate, _ in rates])
        self.h = np.concatenate([np.full(len(rate), h) for rate, h in rates])
        self.values = np.exp(self.h)
        # What each is stated more often, falling.
        order = np.argsort(-self.rate, kind="stable")
        self.rate, self.h, self.values = self.rate[order], self.h[order], self.values[order]
        self.count = np.tile(count, len(rates))[order]
        # The rank of its subject, where each is counted.
        self.rank = np.tile(np.arange(1, len(p) + 1), len(rates))[order]
        # How often a statement is of such a fact.
        self.mass = self.rate * self.count / stated(world)

    def unmet(self, documents):
        return np.exp(documents * np.log1p(-self.rate))

    def met(self, documents):
        """Nats of the facts that are met in so many documents, in expectation."""
        return (self.h * self.count * (1 - self.unmet(documents))).sum()

    def kept(self, documents, nats):
        """The share kept of each fact that was met."""
        own = self.h * self.count * (1 - self.unmet(documents))
        before = np.concatenate([[0], np.cumsum(own)[:-1]])
        # One that is never met costs nothing.
        return np.clip(np.divide(nats - before, own, out=np.ones_like(own), where=own > 0), 0, 1)

    def left(self, documents, nats=math.inf):
        """Nats of a fact stated in a document, on average, that so many nats about facts leave after so many documents."""
        unmet = self.unmet(documents)
        kept = self.kept(documents, nats) if nats < math.inf else 1
        return np.sum(self.mass * self.h * (kept * unmet + 1 - kept))

    def spread(self, rival, documents, nats):
        """The same of another use of as many nats, one of RIVALS."""
        unmet = self.unmet(documents)
        use = lambda log: RIVALS[rival](self.rate / math.exp(log), math.exp(log))
        over = lambda log: (self.h * self.count * (1 - unmet) * use(log)[1]).sum() - nats
        # The most is spent at the lowest threshold.
        lo, hi = math.log(self.rate.min() * 1e-6), math.log(1e12)
        # Of all that there is it is the lowest one, of nothing the highest.
        log = lo if over(lo) <= 0 else hi if over(hi) >= 0 else optimize.brentq(over, lo, hi, xtol=1e-9)
        return np.sum(self.mass * self.h * (unmet + (1 - unmet) * (1 - use(log)[0])))

    def wrong(self, documents, nats, lo, hi):
        """How often the most likely answer about a fact of the subjects of these ranks is wrong, as often as each is stated."""
        expect((self.count == 1).all(), "what is wrong about some of so many subjects is not made again")
        of = (lo <= self.rank) & (self.rank <= hi)
        unmet, kept = self.unmet(documents)[of], self.kept(documents, nats)[of]
        guess = 1 - 1 / self.values[of]
        return np.average(guess * (kept * unmet + 1 - kept), weights=self.mass[of])


@functools.lru_cache(maxsize=4)
def made(text):
    return MetAndKept(json.loads(text))


def met_and_kept(world):
    """That of `world`, which runs share."""
    return made(json.dumps(world, sort_keys=True))
