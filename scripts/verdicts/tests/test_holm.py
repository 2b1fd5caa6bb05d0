"""Holm's correction on made-up rows."""

import math
import unittest

from verdicts import report
from verdicts.estimates import Estimate
from verdicts.holm import LEVEL, holm
from verdicts.rule import outcome

from . import made_up


def row(value, error, seeds=5, quantile=2.7764451051977934):
    """A number that is predicted to be 1 within 0.1, with Student's interval of so many standard errors."""
    said = made_up.verdict(quantity="rate", predicted=1, margin=0.1, range=None)
    return report.verdict(said), Estimate(value, value - quantile * error, value + quantile * error, seeds)


class Holm(unittest.TestCase):
    def test_each_step_has_its_level(self):
        # The same in crates/kolmo-stats/src/holm/tests.rs.
        rows = [row(1, 0.03), row(1, 0.005), row(1, 0.0125), row(1.1, 0.01)]
        found = holm(rows)
        self.assertEqual([round(LEVEL / level, 9) for level, _ in found], [2, 4, 3, 2])
        outcomes = [outcome(verdict, estimate) for (verdict, _), (_, estimate) in zip(rows, found)]
        self.assertEqual(outcomes, ["inconclusive", "agrees", "agrees", "inconclusive"])
        # With 5 seeds the first of twelve steps is 5.9 standard errors wide.
        _, first = holm([row(1, 0.01)] * 12)[0]
        self.assertAlmostEqual(first.hi - 1, 0.0588, delta=1e-3)

    def test_a_single_row_is_what_it_was(self):
        one = row(1, 0.01)
        self.assertEqual(holm([one]), [(LEVEL, one[1])])

    def test_one_seed_and_what_is_not_known_are_never_decided(self):
        verdict, sure = row(1, 1e-6)
        for few in (sure._replace(seeds=1), sure._replace(lo=math.nan, hi=math.nan)):
            for beside in range(4):
                _, found = holm([(verdict, sure)] * beside + [(verdict, few)])[-1]
                self.assertEqual(outcome(verdict, found), "inconclusive")
