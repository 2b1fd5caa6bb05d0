#!/usr/bin/env python3
"""Check the closed forms of `kolmo theory` against sums in 30 digits.

    pip install mpmath
    python scripts/check_theory.py target/release/kolmo

The sums over ranks are counted out for the first ranks and closed by Euler-Maclaurin with quadrature in
mpmath, which shares nothing with kolmo's own way. Both curves of model bits against data bits are checked at
every point, in worlds whose facts are counted out at every number of mentions. Prints a line a check and exits 1
at the first failure.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

from mpmath import ceil, diff, digamma, exp, expm1, floor, gamma, log, log1p, mp, mpf, quad

from checks import Failure, ended, passed

mp.dps = 30

# Relative, as docs/theory.md promises.
TOLERANCE = mpf(10) ** -10

# Ranks counted out before Euler-Maclaurin takes over.
COUNTED = 3000

VALUES = 64

RELATION = f"[[world.relations]]\nname = 'fact'\nvalues = {VALUES}\n"

# Slopes that differ by less are the same to kolmo, relative.
SAME_SLOPE = mpf(10) ** -9


def predict(kolmo, law, start, end, rest=RELATION):
    config = f"[world.frequency]\n{law}\n{rest}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "world.toml"
        path.write_text(config, encoding="utf-8")
        command = [kolmo, "theory", str(path), "--json", "--from", str(start), "--to", str(end)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"{' '.join(command)} exited with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


class Zipf:
    """p_i = (i + bias)^-exponent / Z, i = 1..elements."""

    def __init__(self, elements, exponent, bias):
        self.elements, self.exponent, self.bias = elements, mpf(exponent), mpf(bias)
        self.total = mpf(1)
        self.total = self.sum(lambda p: p)

    def probability(self, rank):
        return (rank + self.bias) ** -self.exponent / self.total

    def sum(self, f):
        def term(rank):
            return f(self.probability(rank))

        head = sum((term(mpf(i)) for i in range(1, min(COUNTED, self.elements + 1))), mpf(0))
        if self.elements < COUNTED:
            return head
        lo, hi = mpf(COUNTED), mpf(self.elements)
        # Panels of a factor e, in the logarithm of the rank.
        ends = [log(lo)]
        while ends[-1] + 1 < log(hi):
            ends.append(ends[-1] + 1)
        ends.append(log(hi))
        integral = quad(lambda t: term(exp(t)) * exp(t), ends)
        edges = (term(lo) + term(hi)) / 2
        slopes = sum(
            weight * (diff(term, hi, order, h=hi / 10**6) - diff(term, lo, order, h=lo / 10**6))
            for order, weight in ((1, mpf(1) / 12), (3, -mpf(1) / 720))
        )
        return head + integral + edges + slopes


def compare(name, found, expected, tolerance=TOLERANCE):
    error = abs(mpf(found) / expected - 1)
    if error > tolerance:
        raise Failure(f"{name} is {found!r}, in 30 digits {mp.nstr(expected, 20)}: off by {mp.nstr(error, 2)}")
    return error


def check_zipf(kolmo, elements, exponent, bias, start, end):
    law = f"law = 'zipf'\nelements = {elements}\nexponent = {exponent}\nbias = {bias}"
    found = predict(kolmo, law, start, end)
    truth = Zipf(elements, exponent, bias)
    worst = compare("H(p)", found["entropy_nats"]["subject"], truth.sum(lambda p: -p * log(p)))
    loss = {point["n"]: point["value"] for point in found["bayes_value_loss"]}
    distinct = {point["n"]: point["value"] for point in found["expected_distinct"]}
    monofacts = {point["n"]: point["value"] for point in found["monofact_rate"]}
    content = log(mpf(VALUES))
    for n in (start, end):
        expected = content * truth.sum(lambda p: p * exp(n * log1p(-p)))
        worst = max(worst, compare(f"the value loss at {n}", loss[n], expected))
        # One relation, stated by each document.
        expected = truth.sum(lambda p: p * exp((n - 1) * log1p(-p)))
        worst = max(worst, compare(f"the monofact rate of {n}", monofacts[n], expected))
        expected = truth.sum(lambda p: -expm1(n * log1p(-p)))
        worst = max(worst, compare(f"E[K_{n}]", distinct[n], expected))
    # The largest capacity whose facts can be counted out; the last one is stored in part.
    points = (point for point in found["capacity"] if point["facts"] < COUNTED)
    point = max(points, key=lambda point: point["facts"])
    facts = mpf(point["bits"]) * log(mpf(2)) / content
    whole, part = floor(facts), facts - floor(facts)
    stored = sum((truth.probability(mpf(i)) for i in range(1, int(whole) + 1)), mpf(0))
    expected = content * (1 - stored - part * truth.probability(whole + 1))
    worst = max(worst, compare(f"the loss at {point['bits']} bits", point["value_loss"], expected))
    passed(f"zipf, {elements} elements, exponent {exponent}, bias {bias}: within {mp.nstr(worst, 2)}")


def check_pitman_yor(kolmo, discount, concentration, start, end):
    law = f"law = 'pitman_yor'\ndiscount = {discount}\nconcentration = {concentration}"
    prior = predict(kolmo, law, start, end)["prior"]
    a, b = mpf(discount), mpf(concentration)
    worst = compare("E[H]", prior["entropy_nats"], digamma(b + 1) - digamma(1 - a))
    distinct = {point["n"]: point["value"] for point in prior["expected_distinct"]}
    for n in (start, end):
        if b == 0:
            expected = gamma(n + a) / (gamma(1 + a) * gamma(n))
        else:
            expected = b / a * (gamma(b + a + n) * gamma(b) / (gamma(b + a) * gamma(b + n)) - 1)
        worst = max(worst, compare(f"E[K_{n}]", distinct[n], expected))
    passed(f"pitman_yor, discount {discount}, concentration {concentration}: within {mp.nstr(worst, 2)}")


class Mentions:
    """Facts of one relation by how often documents state them, in expectation."""

    def __init__(self, frequencies, documents, share, values, name):
        self.content = log(mpf(values))
        self.cost = name + self.content
        self.number = [mpf(0)] * (documents + 1)
        for p in frequencies:
            f = p * share
            mass = (1 - f) ** documents
            for count in range(documents + 1):
                self.number[count] += mass
                mass *= f / (1 - f) * (documents - count) / (count + 1)

    def least(self, slope):
        return max(1, int(ceil(slope * (1 - SAME_SLOPE) * self.cost / self.content)))

    def split(self, slope):
        """The facts told, what they cost, and what the mentions of the others cost."""
        least = self.least(slope)
        told = sum(self.number[least:], mpf(0))
        left = sum((count * number for count, number in enumerate(self.number[:least])), mpf(0))
        return told, self.cost * told, self.content * left


class Choice:
    """The least that describing a choice of two takes, and what it leaves: lines of what the best of eleven Bayes learners pays in n draws."""

    def __init__(self, first, made, saving):
        self.made, self.corners = made, [(mpf(0), mpf(0))]
        # Twice as far as the curve goes, so that the corners on it are what they are.
        draws = [1]
        while draws[-1] < 2 * made:
            draws.append(draws[-1] + 1 if draws[-1] < 16 else math.ceil(draws[-1] * 1.1))
        learners = [self.rising(mpf(2) ** -k, draws[-1]) for k in range(11)]
        for n in draws:
            mass = self.binomial(first, n)
            entropy = n * (first * log(first) + (1 - first) * log(1 - first))
            paid = (entropy + total[n] - sum(m * (each[k] + each[n - k]) for k, m in enumerate(mass)) for each, total in learners)
            self.add((mpf(n), saving if n == 1 else min(n * saving, *paid)))

    @staticmethod
    def rising(concentration, most):
        """ln Gamma(c + j) - ln Gamma(c) of an outcome and of all."""

        def logs(c):
            found = [mpf(0)]
            for j in range(most):
                found.append(found[-1] + log(c + j))
            return found

        return logs(concentration), logs(2 * concentration)

    @staticmethod
    def binomial(p, n):
        mass, found = (1 - p) ** n, []
        for k in range(n + 1):
            found.append(mass)
            mass *= p / (1 - p) * (n - k) / (k + 1)
        return found

    def add(self, point):
        if point[1] <= self.corners[-1][1]:
            return

        def slope(one, two):
            return (two[1] - one[1]) / (two[0] - one[0])

        while len(self.corners) > 1 and slope(*self.corners[-2:]) <= slope(self.corners[-2], point):
            self.corners.pop()
        self.corners.append(point)

    def at(self, slope):
        n = self.made / (slope * (1 - SAME_SLOPE))
        after = next(k for k, corner in enumerate(self.corners) if corner[0] > n)
        one, two = self.corners[after - 1], self.corners[after]
        each = (two[1] - one[1]) / (two[0] - one[0])
        return one[1] - one[0] * each, self.made * each


def check_structure(kolmo, elements, exponent, documents, first, values, pools):
    """Two relations, of which a document states the first with probability `first`, the only choice of the syntax."""
    weights = (first, 1 - mpf(first))
    rest = f"[world.names]\npools = {pools}\n[world.syntax]\ntemplates = 1\nfiller_slots = 0\n"
    for name, weight, count in zip("ab", weights, values, strict=True):
        rest += f"[[world.relations]]\nname = '{name}'\nvalues = {count}\nweight = {weight}\n"
    rest += f"[train]\ndocuments = {documents}\nbatch_documents = 1\n"
    law = f"law = 'zipf'\nelements = {elements}\nexponent = {exponent}"
    found = predict(kolmo, law, 1, 1000, rest)
    truth = Zipf(elements, exponent, 0)
    frequencies = [truth.probability(mpf(rank)) for rank in range(1, elements + 1)]
    shares = [mpf(weight) for weight in weights]
    entropy = -sum(q * log(q) for q in shares)
    everything_known = documents * (entropy - sum(p * log(p) for p in frequencies))
    saving = documents * (log(mpf(2)) - entropy)
    names = mpf(1)
    for pool in pools:
        names *= pool

    described = Choice(shares[0], documents, saving / documents).at

    def written(slope):
        cost = log1p(mpf(documents)) / 2
        left = saving / (1 + documents)
        return (cost, left) if saving - left >= slope * (1 - SAME_SLOPE) * cost else (mpf(0), saving)

    worst = mpf(0)
    for key, name, syntax in (("structure_function", mpf(0), described), ("two_part_code", log(names), written)):
        relations = [Mentions(frequencies, documents, q, v, name) for q, v in zip(shares, values, strict=True)]
        for point in found[key]:
            slope = mpf(point["saved_per_bit"])
            cost, left = syntax(slope)
            splits = [relation.split(slope) for relation in relations]
            least = min(relation.least(slope) for relation in relations)
            if point["least_mentions"] != min(least, documents + 1):
                raise Failure(f"{key} at {slope}: {point['least_mentions']} mentions, expected {least}")
            expected = {
                "model_bits": (cost + sum(stored for _, stored, _ in splits)) / log(mpf(2)),
                "data_bits": (everything_known + left + sum(left for _, _, left in splits)) / log(mpf(2)),
                "facts": sum(told for told, _, _ in splits),
                "syntax_share": 1 - left / saving,
            }
            for field, value in expected.items():
                # What is next to nothing is 0.
                if abs(value) > SAME_SLOPE or abs(point[field]) > SAME_SLOPE:
                    worst = max(worst, compare(f"{field} of {key} at {slope}", point[field], value))
        total = [point["model_bits"] + point["data_bits"] for point in found[key]]
        if key == "structure_function" and min(total) < total[-1] * (1 - TOLERANCE):
            raise Failure("model and documents take less before the end of the structure function")
    passed(f"model and data bits, {elements} elements, {documents} documents: within {mp.nstr(worst, 2)}")


def check(kolmo):
    check_structure(kolmo, 100, "1.3", 400, "0.2", (16, 5), [10, 20])
    check_structure(kolmo, 40, "0.8", 1000, "0.45", (64, 64), [8, 5])
    check_structure(kolmo, 500, "2.0", 50, "0.01", (2, 1000), [100, 100])
    check_zipf(kolmo, 1_000_000, "2.0", "0.0", 1000, 100_000)
    check_zipf(kolmo, 1_000_000_000, "1.5", "0.0", 1000, 10**9)
    check_zipf(kolmo, 1_000_000_000, "1.05", "0.0", 100, 10**12)
    check_zipf(kolmo, 100_000, "1.35", "1000.0", 1000, 10**6)
    check_zipf(kolmo, 1_000_000_000, "0.8", "3.5", 10, 10**10)
    check_pitman_yor(kolmo, "0.5", "1.0", 1000, 10**9)
    check_pitman_yor(kolmo, "0.6", "0.0", 1000, 10**9)
    check_pitman_yor(kolmo, "0.3", "-0.2", 1000, 10**9)
    check_pitman_yor(kolmo, "0.2", "1000.0", 10, 10**12)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kolmo", help="the program")
    kolmo = parser.parse_args().kolmo
    return ended(lambda: check(kolmo))


if __name__ == "__main__":
    sys.exit(main())
