"""What a model knows of facts, of simulated models that know so much."""

import math
import unittest

import numpy as np

from ..known import fold, known, saved

VALUES = 64


def simulated(right, confidence, random):
    """Losses of answers that are right with such probabilities."""
    is_right = random.random(len(right)) < right
    loss = -np.log(np.where(is_right, confidence, (1 - confidence) / (VALUES - 1)))
    information = math.log(VALUES) + right * np.log(right) + (1 - right) * np.log((1 - right) / (VALUES - 1))
    return loss, information.sum()


def asked(count):
    return np.array([fold(rank, 0) for rank in range(1, count + 1)]), np.full(count, 300.0), np.full(count, math.log(VALUES))


class Known(unittest.TestCase):
    def test_a_model_knows_what_it_was_made_to_know(self):
        random = np.random.default_rng(1)
        count = 1000
        sure = random.random(count) < 0.25
        partly = np.where(sure, 0.999, 1 / VALUES), np.where(sure, 0.98, random.uniform(0.1, 0.8, count))
        over = np.full(count, 0.6), np.full(count, 0.99)
        for right, confidence in (partly, over):
            loss, truth = simulated(right, confidence, random)
            found = known(*asked(count), loss, confidence)
            # Four standard errors of a fact or so each.
            self.assertLess(abs(found / 300 - truth), 4 * 2 * math.sqrt(count))
        loss, truth = simulated(*partly, random)
        self.assertLess(known(*asked(count), loss, partly[1], parameters=1) / 300, 0.75 * truth)

    def test_luck_is_not_knowledge(self):
        random = np.random.default_rng(1)
        loss, _ = simulated(np.full(300, 1 / VALUES), np.full(300, 0.5), random)
        self.assertEqual(known(*asked(300), loss, np.full(300, 0.5)), 0)
        self.assertTrue((saved(*asked(300), loss, np.full(300, 0.5)) == 0).all())

    def test_it_is_what_kolmo_says(self):
        # The same in crates/kolmo-theory/src/information/tests.rs.
        k = np.arange(1, 61)
        confidence = 0.05 + 0.9 * ((k * 37) % 61) / 61
        is_right = (k * 17) % 61 < 61 * confidence**2
        loss = -np.log(np.where(is_right, confidence, (1 - confidence) / 63))
        folds = np.array([fold(rank, rank % 3) for rank in k])
        stands_for = 1.0 + k % 2
        of = folds, stands_for, np.full(60, math.log(64)), loss, confidence
        self.assertAlmostEqual(known(*of), TWO, delta=0.01)
        self.assertAlmostEqual(known(*of, parameters=1), ONE, delta=0.05)


TWO, ONE = 78.8693, 75.9741
