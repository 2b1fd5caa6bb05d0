"""The structure function, with binomials from scipy: what a description of so many bits leaves of the data.

What the templates of a world are is in no file of a run: what the syntax takes at least is read off the points of `kolmo theory`, whose bound check_theory.py
checks.
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
def theory_of(path):
    """What `kolmo theory` says of the configuration at `path`."""
    said = subprocess.run([KOLMO, "theory", path, "--json", "-q"], check=True, capture_output=True, text=True).stdout
    return json.loads(said)


def saving_of_syntax(path):
    """Bits a document that knowing the syntax saves: what the empty model leaves, without values and floor."""
    theory = theory_of(path)
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
    """What the syntax costs at least above its floor, against bits about it: the points of the exact curve without their facts."""

    def __init__(self, run, of):
        path = run["path"] / "config.toml"
        points, documents = theory_of(path)["structure_function"], theory_of(path)["structure_documents"]
        values = Values(config(run)["world"], documents)
        self.saving = saving_of_syntax(path)
        self.told = [point["model_bits"] - values.at(point["least_mentions"])[0] for point in points]
        self.leaves = [self.saving * (1 - point["syntax_share"]) for point in points]

    def left(self, bits):
        """Bits a document; the curve ends where a bit saves a bit."""
        return np.interp(bits, self.told, self.leaves)

    def bits(self, redundancy):
        return np.interp(redundancy, self.leaves[::-1], self.told[::-1])


def least_left(bits, values, syntax):
    """What a description of so many bits leaves above the floor, at the best of all ways to share them; bits a document."""
    most = min(bits, syntax.told[-1])
    told = optimize.minimize_scalar(lambda s: syntax.left(s) + values.left(bits - s), bounds=(0, most), method="bounded", options={"xatol": 0.1})
    return told.fun
