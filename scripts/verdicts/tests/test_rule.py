"""The rule of verdicts on made-up intervals, margins and bounds."""

import math
import unittest

from checks import Failure

from verdicts import report, rule
from verdicts.estimates import Estimate
from verdicts.quantity import QUANTITIES, quantity

from . import made_up


def outcome(lo, hi, seeds=3, **changes):
    """The verdict on an interval, of a share that is predicted to be 0.5 and may be 0.1 off."""
    said = made_up.verdict(**{"quantity": "share", "predicted": 0.5, "margin": 0.1, "range": None, **changes})
    return rule.outcome(report.verdict(said), Estimate((lo + hi) / 2, lo, hi, seeds))


class Rule(unittest.TestCase):
    def test_all_inside_agrees_all_outside_disagrees_and_else_nothing_is_known(self):
        on, below, above, across, wide = (0.45, 0.55), (0.3, 0.39), (0.61, 0.7), (0.55, 0.65), (0.0, 1.0)
        expected = {
            "equal": ["agrees", "disagrees", "disagrees", "inconclusive", "inconclusive"],
            "above": ["inconclusive", "disagrees", "agrees", "agrees", "inconclusive"],
            "below": ["inconclusive", "agrees", "disagrees", "disagrees", "inconclusive"],
        }
        for relation, outcomes in expected.items():
            margin = 0.1 if relation == "equal" else None
            found = [outcome(*ends, relation=relation, margin=margin) for ends in (on, below, above, across, wide)]
            self.assertEqual(found, outcomes, relation)

    def test_the_ends_of_the_margin_belong_to_it_and_a_prediction_is_not_above_itself(self):
        self.assertEqual(outcome(0.25, 0.75, margin=0.25), "agrees")
        self.assertEqual(outcome(0.5, 0.6, relation="above", margin=None), "inconclusive")
        self.assertEqual(outcome(0.4, 0.5, relation="above", margin=None), "disagrees")
        self.assertEqual(outcome(0.5, 0.6, relation="below", margin=None), "disagrees")

    def test_two_seeds_say_nothing(self):
        for ends in ((0.49, 0.51), (0.8, 0.9)):
            self.assertEqual(outcome(*ends, seeds=2), "inconclusive")

    def test_less_than_a_decade_says_nothing_of_an_exponent_and_of_nothing_else(self):
        short, decade = ({"of": "documents", "lo": 10, "hi": hi} for hi in (99, 100))
        self.assertEqual(outcome(0.49, 0.51, quantity="exponent", range=short), "inconclusive")
        self.assertEqual(outcome(0.49, 0.51, quantity="exponent", range=decade), "agrees")
        self.assertEqual(outcome(0.49, 0.51, quantity="share", range=short), "agrees")

    def test_what_is_not_known_says_nothing(self):
        # All that is known of it is below.
        self.assertEqual(outcome(math.nan, 0.3, relation="below", margin=None), "inconclusive")
        self.assertEqual(outcome(0.3, 0.4, predicted=None), "inconclusive")
        self.assertEqual(outcome(0.3, 0.4, quantity="count", margin=None), "inconclusive")

    def test_another_verdict_is_as_good_only_near_to_where_it_turns(self):
        share = report.verdict(made_up.verdict(quantity="share", predicted=0.5, margin=0.1, range=None))
        # Its ends are 0.02 and 0.12 off, its half-width is 0.05.
        near = Estimate(0.53, 0.48, 0.58, 3)
        self.assertTrue(rule.is_near(share, near, 0.5))
        self.assertFalse(rule.is_near(share, near, 0.3))


class Margins(unittest.TestCase):
    def test_a_margin_is_that_of_its_quantity(self):
        exponents = [quantity("exponent").margin(predicted) for predicted in (-1.0, 1.35, 0.35, -0.2, 0.0)]
        for found, expected in zip(exponents, (0.1, 0.1, 0.035, 0.02, 0.05), strict=True):
            self.assertAlmostEqual(found, expected)
        others = {name: of.margin(0.3) for name, of in QUANTITIES.items() if name not in ("exponent", "count", "difference")}
        self.assertEqual(others, {"share": 0.05, "correlation": 0.1, "nats": 0.1, "ratio": 0.15, "rate": 0.15})

    def test_no_count_and_no_difference_is_predicted_to_be_a_number(self):
        for name in ("count", "difference"):
            self.assertTrue(math.isnan(quantity(name).margin(0.0)))

    def test_intervals_end_where_their_quantity_does(self):
        wide = Estimate(0.5, -9, 9, 3)
        bounds = {name: wide.within(of.least, of.greatest)[1:3] for name, of in QUANTITIES.items()}
        for name in ("exponent", "rate", "nats", "difference"):
            self.assertEqual(bounds.pop(name), (-9, 9))
        self.assertEqual(bounds, {"share": (0, 1), "correlation": (-1, 1), "ratio": (0, 9), "count": (0, 9)})

    def test_a_quantity_that_is_not_known_is_refused(self):
        with self.assertRaisesRegex(Failure, "quantity `bits`"):
            quantity("bits")
