"""The structure function, with binomials from scipy: what a description of so many bits leaves of the data.

What the templates of a world are is in no file of a run: what knowing its syntax saves is taken from `kolmo theory`, which
check_theory.py checks, and told of as if it were one choice. The bits told of it hardly depend on that.
"""

import functools
import json
import math
import subprocess
from pathlib import Path

import numpy as np
from scipy import optimize, stats

from .runs import config, read_config
from .worlds import contents, frequencies

KOLMO = Path(__file__).parents[2] / "target/release/kolmo"


@functools.cache
def saving_of_syntax(path):
    """Bits a document that knowing the syntax saves: what the empty model leaves, without values and floor."""
    said = subprocess.run([KOLMO, "theory", path, "--json", "-q"], check=True, capture_output=True, text=True).stdout
    theory = json.loads(said)
    values = sum(inclusion * bits for inclusion, bits in contents(read_config(path)["world"]))
    empty = theory["structure_function"][0]["data_bits"] / theory["structure_documents"]
    return max(empty - theory["entropy_nats"]["document"] / math.log(2) - values, 1e-9)


class Values:
    """What the values of facts cost at least, against bits about them: facts by how often they are stated."""

    def __init__(self, world, documents):
        self.p, self.relations, self.documents = frequencies(world), contents(world), documents
        self.known = {}

    def at(self, count):
        """Bits of all facts stated `count` times or more, and of all mentions of the others."""
        if count not in self.known:
            n, stored, left = self.documents, 0.0, 0.0
            for inclusion, bits in self.relations:
                f = self.p * inclusion
                stored += bits * stats.binom.sf(count - 1, n, f).sum()
                left += bits * (n * f * stats.binom.cdf(count - 2, n - 1, f)).sum()
            self.known[count] = stored, left
        return self.known[count]

    def left(self, bits):
        """Bits of the mentions that are left where so many bits tell the facts stated most often; bits a document."""
        lo, hi = 1, int(self.documents) + 1
        if bits >= self.at(lo)[0]:
            return 0.0
        while hi - lo > 1:
            middle = (lo + hi) // 2
            lo, hi = (middle, hi) if self.at(middle)[0] > bits else (lo, middle)
        # Facts stated hi times or more fit, and some of those that are stated once less.
        stored, left = self.at(hi)
        return (left - lo * (bits - stored)) / self.documents


class Syntax:
    """What the syntax costs at least above its floor, against bits about it: so many Gaussian parameters."""

    def __init__(self, run, of):
        world = config(run)["world"]
        relations = len(world["relations"])
        defaults = (20, 2, 8) if world.get("family") == "biography" else (4, 1, 4)
        keys = ("templates", "filler_slots", "filler_words")
        templates, slots, words = (world["syntax"].get(key, default) for key, default in zip(keys, defaults))
        classes = world["syntax"].get("classes", relations)
        self.free = classes * (templates - 1 + slots * (words - 1)) + relations - 1
        self.saving = saving_of_syntax(run["path"] / "config.toml")
        # Where a bit saves a bit no more is told.
        self.least = self.free / 2 / math.log(2) / of["documents"]

    def left(self, bits):
        return self.saving * 2 ** (-2 * bits / self.free)

    def bits(self, redundancy):
        return self.free / 2 * math.log2(max(self.saving / max(redundancy, self.least), 1))


def least_left(bits, values, syntax):
    """What a description of so many bits leaves above the floor, at the best of all ways to share them; bits a document."""
    most = min(bits, 50 * syntax.free)
    told = optimize.minimize_scalar(lambda s: syntax.left(s) + values.left(bits - s), bounds=(0, most), method="bounded", options={"xatol": 0.1})
    return told.fun
