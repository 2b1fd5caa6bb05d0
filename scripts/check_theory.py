#!/usr/bin/env python3
"""Check the closed forms of `kolmo theory` against sums in 30 digits.

    pip install mpmath
    python scripts/check_theory.py target/release/kolmo

The sums over ranks are counted out for the first ranks and closed by Euler-Maclaurin with quadrature in
mpmath, which shares nothing with kolmo's own way. Prints a line a check and exits 1 at the first failure.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from mpmath import diff, digamma, exp, expm1, gamma, log, log1p, mp, mpf, quad

from checks import Failure, ended, passed

mp.dps = 30

# Relative, as docs/theory.md promises.
TOLERANCE = mpf(10) ** -10

# Ranks counted out before Euler-Maclaurin takes over.
COUNTED = 3000

VALUES = 64


def predict(kolmo, law, start, end):
    config = f"[world.frequency]\n{law}\n[[world.relations]]\nname = 'fact'\nvalues = {VALUES}\n"
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
    content = log(mpf(VALUES))
    for n in (start, end):
        expected = content * truth.sum(lambda p: p * exp(n * log1p(-p)))
        worst = max(worst, compare(f"the value loss at {n}", loss[n], expected))
        expected = truth.sum(lambda p: -expm1(n * log1p(-p)))
        worst = max(worst, compare(f"E[K_{n}]", distinct[n], expected))
    # The largest capacity whose facts can be counted out; the last one is stored in part.
    points = (point for point in found["capacity"] if point["facts"] < COUNTED)
    point = max(points, key=lambda point: point["facts"])
    whole, part = divmod(mpf(point["bits"]) * log(mpf(2)) / content, 1)
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


def check(kolmo):
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
