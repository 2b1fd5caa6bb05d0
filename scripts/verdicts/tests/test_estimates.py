"""Intervals and fits against closed forms."""

import math
import unittest

import numpy as np
import pandas as pd

from verdicts import estimates
from verdicts.claims.collapse import bins, share_left
from verdicts.claims.syntax_first import below
from verdicts.runs import of_each_run
from verdicts.tuning import crossing
from verdicts.worlds import MetAndKept, frequencies

from .made_up import QUANTILE


class Intervals(unittest.TestCase):
    def test_student_of_two_is_cauchy(self):
        found = estimates.student([1.0, 2.0])
        # Half their distance is the standard error.
        half = 0.5 * math.tan(0.475 * math.pi)
        np.testing.assert_allclose(found, (1.5, 1.5 - half, 1.5 + half, 2), rtol=1e-9)

    def test_there_is_no_interval_of_one_seed_or_of_what_is_no_number(self):
        self.assertIsNone(estimates.student([1.0]))
        self.assertIsNone(estimates.student([1.0, math.nan, 2.0]))

    def test_runs_of_one_seed_are_one_number(self):
        runs = [{"seed": seed, "number": number} for seed, number in ((7, 1.0), (7, 3.0), (8, 5.0))]
        self.assertEqual(of_each_run(runs, lambda run: run["number"]).to_dict(), {7: 2.0, 8: 5.0})
        runs[0]["number"] = math.nan
        self.assertTrue(math.isnan(of_each_run(runs, lambda run: run["number"])[7]))

    def test_correlations_are_averaged_as_fishers_z(self):
        found = estimates.fisher(np.tanh([0.4, 0.5, 0.6]), pairs=100)
        half = 0.1 / math.sqrt(3) * QUANTILE
        np.testing.assert_allclose(found, (*np.tanh([0.5, 0.5 - half, 0.5 + half]), 3), rtol=1e-9)

    def test_a_correlation_of_one_is_half_a_step_less_than_the_next(self):
        # Of four pairs, of which two neighbours are exchanged, it is 0.8.
        np.testing.assert_allclose(estimates.fisher([1.0, 1.0], pairs=4)[:3], 0.9)

    def test_pseudo_values_of_a_mean_are_the_numbers(self):
        numbers = np.array([1.0, 2.0, 4.0])
        without = [np.delete(numbers, k).mean() for k in range(3)]
        np.testing.assert_allclose(estimates.jackknife(numbers.mean(), without), estimates.student(numbers))


class Fits(unittest.TestCase):
    def rows(self, exponents):
        rows = pd.DataFrame([{"seed": s, "x": x, "z": z} for s in exponents for x in (1, 10, 100) for z in (2, 3)])
        return rows.assign(y=[s * x ** -exponents[s] * z**0.25 for s, x, z in rows.itertuples(index=False)])

    def test_the_slope_of_a_power_law_is_its_exponent(self):
        rows = pd.DataFrame({"x": [1, 10, 100], "y": [3.0, 3.0 * 10**-0.7, 3.0 * 100**-0.7]})
        self.assertAlmostEqual(estimates.slope(rows, "x", "y"), 0.7)

    def test_each_seed_has_a_factor_and_the_exponents_of_seeds_make_the_interval(self):
        rows = self.rows({1: 0.4, 2: 0.5, 3: 0.6})
        half = 0.1 / math.sqrt(3) * QUANTILE
        np.testing.assert_allclose(estimates.exponent(rows, "x", "y"), (0.5, 0.5 - half, 0.5 + half, 3), rtol=1e-9)
        of_x, of_z = estimates.exponents(rows, ["x", "z"], "y")
        np.testing.assert_allclose(of_x, (-0.5, -0.5 - half, -0.5 + half, 3), rtol=1e-9)
        np.testing.assert_allclose(of_z, (0.25, 0.25, 0.25, 3), rtol=1e-9)

    def test_factors_of_seeds_with_other_places_are_no_part_of_the_slope(self):
        rows = pd.DataFrame({"seed": [1, 1, 2, 2], "x": [1, 10, 100, 1000], "y": [5.0, 50.0, 1.0, 10.0]})
        np.testing.assert_allclose(estimates.slopes(rows, ["x"], "y"), [1.0])

    def test_one_seed_has_no_interval_and_neither_has_no_run(self):
        rows = self.rows({1: 0.4})
        self.assertIsNone(estimates.exponent(rows, "x", "y"))
        self.assertIsNone(estimates.exponent(rows.iloc[:0], "x", "y"))

    def test_beside_a_curve_only_the_ratio_is_fitted(self):
        rows = self.rows({1: 0.5, 2: 0.5})
        rows["curve"] = np.log(rows["x"] + 1.0)
        rows["y"] = rows["curve"] * rows["x"] ** -0.1
        curve, found = estimates.beside(rows, "x", "y", "curve")
        self.assertAlmostEqual(curve, estimates.slope(rows, "x", "curve"))
        np.testing.assert_allclose(found[:3], curve + 0.1, rtol=1e-9)

    def test_crossings_are_where_the_lines_between_the_points_are(self):
        n, y = np.array([1.0, 100.0, 10000.0]), np.array([0.1, 0.1, 0.0])
        self.assertAlmostEqual(estimates.between(n, y, 2, 0.05), 1000.0)
        self.assertAlmostEqual(below(n, y), 1000.0)
        self.assertAlmostEqual(crossing(np.array([0.0, 10.0, 20.0]), np.array([0.2, 0.6, 1.0]), 0.7), 12.5)
        self.assertTrue(math.isnan(crossing(n, y, 0.5)))

    def test_nothing_is_left_about_a_line_and_all_of_what_x_says_nothing_of(self):
        x = np.arange(64.0)
        self.assertEqual(len(bins(x)), 7)
        self.assertAlmostEqual(share_left(pd.DataFrame({"x": x, "y": 2 * x + 1}), bins(x)), 0.0)
        zigzag = pd.DataFrame({"x": x, "y": (-1.0) ** x})
        # 64 squares for 64 - 8 degrees of freedom, over 64 for 63.
        self.assertAlmostEqual(share_left(zigzag, bins(x)), 63 / 56)


class Worlds(unittest.TestCase):
    def world(self, **law):
        return {"frequency": law, "relations": [{"name": "home", "values": 16}]}

    def test_frequencies_are_those_of_the_law(self):
        zipf = frequencies(self.world(law="zipf", exponent=1.0, elements=3))
        np.testing.assert_allclose(zipf, np.array([6, 3, 2]) / 11)

    def test_what_was_not_met_is_lost_and_what_has_no_room(self):
        facts, h = MetAndKept(self.world(law="uniform", elements=10)), math.log(16)
        self.assertAlmostEqual(facts.left(5), h * 0.9**5)
        self.assertAlmostEqual(facts.left(math.inf, nats=4 * h), h * 0.6)
        self.assertAlmostEqual(facts.left(0, nats=4 * h), h)
