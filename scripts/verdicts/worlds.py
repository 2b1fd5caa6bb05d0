"""What a world says of its facts, and what of them has a closed form."""

import math

import numpy as np

from checks import expect


def exponent_of(world):
    """alpha of a law with a power law for a tail: the discount of Pitman-Yor, one over the exponent of Zipf."""
    law = world["frequency"]
    return law.get("discount") or 1 / law["exponent"]


def is_zipf(world):
    return world["frequency"]["law"] == "zipf"


def frequencies(world):
    """Of the subjects."""
    law = world["frequency"]
    if law["law"] == "uniform":
        return np.full(law["elements"], 1 / law["elements"])
    expect(is_zipf(world), f"what follows from {law['law']} frequencies is not made again")
    p = (np.arange(1.0, law["elements"] + 1) + law.get("bias", 0)) ** -law["exponent"]
    return p / p.sum()


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


class MetAndKept:
    """What the best use of a capacity leaves after some documents: a fact that was met is kept whole, the most frequent ones first."""

    def __init__(self, world):
        self.p, relations = frequencies(world), contents(world)
        expect(len(set(relations)) == 1, "the best use of bits for relations that differ is not made again")
        self.inclusion, bits = relations[0]
        self.h, self.relations = bits * math.log(2), len(relations)

    def left(self, documents, nats=math.inf):
        """Nats of a fact stated in a document, on average, that so many nats about facts leave after so many documents."""
        unmet = (1 - self.p * self.inclusion) ** documents
        # Of the facts of a subject, in expectation, and of all those before it.
        own = self.h * self.relations * (1 - unmet)
        before = np.concatenate([[0], np.cumsum(own)[:-1]])
        # One that is never met costs nothing.
        kept = np.clip(np.divide(nats - before, own, out=np.ones_like(own), where=own > 0), 0, 1)
        return self.h * np.sum(self.p * (kept * unmet + 1 - kept))
