"""A report of a made-up sweep whose numbers are known, right and with one thing changed."""

import contextlib
import io
import tempfile
import unittest
from pathlib import Path

from checks import Failure

from verdicts.check import check, confirm
from verdicts.claim import Claim
from verdicts.claims import data_scaling
from verdicts.estimates import student
from verdicts.report import verdict
from verdicts.runs import Sweep, of_each_run, rows

from . import made_up
from .made_up import HALF


class Check(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(place.cleanup)
        cls.folder = Path(place.name, "made_up")
        made_up.write_sweep(cls.folder)
        cls.sweep = Sweep(cls.folder)

    def check(self, *said):
        """What is printed about a report of these verdicts."""
        report = self.folder / "report.json"
        made_up.write_report(report, *said)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            check(report, [self.folder])
        return printed.getvalue()

    def assert_found(self, pattern, **changes):
        with self.assertRaisesRegex(Failure, pattern):
            self.check(made_up.verdict(**changes))

    def test_a_right_report_is_confirmed(self):
        printed = self.check(made_up.verdict(), made_up.verdict(sort="check"))
        self.assertIn("1 - alpha: agrees; measured 0.3333 [0.329, 0.3376], again 0.3333 [0.329, 0.3376]", printed)
        self.assertIn("2 verdicts", printed)
        self.assertIn("sorts: check 1, law 1; not measured: 0", printed)

    def test_the_numbers_are_those_that_the_losses_were_made_of(self):
        found = data_scaling.CLAIM.measured(self.sweep, verdict(made_up.verdict()))
        for number, expected in zip(found, (1 / 3, 1 / 3 - HALF, 1 / 3 + HALF, 3), strict=True):
            self.assertAlmostEqual(number, expected)

    def test_a_range_of_the_report_says_which_runs_count(self):
        inside = {"of": "documents", "lo": 4000, "hi": 16000}
        self.check(made_up.verdict(range=inside, verdict="inconclusive"))
        self.assert_found("by the rule .* inconclusive", range=inside)
        self.assert_found("another interval", range={"of": "documents", "lo": made_up.TOO_FEW, "hi": 64000})
        self.assert_found("no run at one of its ends", range={"of": "documents", "lo": 1000, "hi": 64001})

    def test_a_changed_verdict_is_found(self):
        for outcome in ("disagrees", "inconclusive"):
            self.assert_found("by the rule .* is agrees", verdict=outcome)

    def test_a_changed_interval_is_found(self):
        lo, hi = made_up.verdict()["ci95"]
        # The verdict would be the same.
        self.assert_found("another interval", ci95=[lo, hi + 0.1 * HALF])
        self.assert_found("another interval", measured=0.32, ci95=[0.315, 0.325])
        self.assert_found("is not in its interval", ci95=[lo - 0.1, lo])

    def test_a_changed_margin_is_found(self):
        self.assert_found("margin of 0.05.*`exponent`, it is 0.0333", margin=0.05)
        self.assert_found("margin of nan", margin=None)
        self.assert_found("margin of 0.1.* it is nan", relation="above", predicted=0.0, margin=0.1)

    def test_a_changed_quantity_is_found_where_its_margin_or_its_bounds_are_others(self):
        self.assert_found("margin of 0.0333.*`ratio`, it is 0.15", quantity="ratio")
        self.assert_found("beyond what its quantity, `share`, can be", quantity="share", predicted=1.0, margin=0.05, measured=1.0, ci95=[0.9, 1.1])

    def test_a_changed_prediction_is_found(self):
        self.assert_found("0.3 is predicted, again 0.3333", predicted=0.3, margin=0.03, verdict="inconclusive")

    def test_a_changed_number_of_seeds_is_found(self):
        self.assert_found("of 4 seeds, again of 3", seeds=4)

    def test_a_verdict_on_nothing_is_found(self):
        nothing = {"measured": None, "ci95": None, "seeds": None}
        self.assertIn("not measured: 1", self.check(made_up.verdict(**nothing, verdict="inconclusive")))
        self.assert_found("nothing was measured", **nothing)

    def test_a_report_of_an_older_kolmo_is_refused(self):
        for key in ("quantity", "sort"):
            said = made_up.verdict()
            del said[key]
            with self.assertRaisesRegex(Failure, f"no `{key}`.*older kolmo"):
                self.check(said)

    def test_a_sort_that_there_is_not_is_refused(self):
        self.assert_found("sort is 'guess'", sort="guess")

    def test_a_claim_and_a_sweep_that_are_not_here_are_refused(self):
        self.assert_found("`mean`", claim="mean/Zipf 1.50/mean")
        self.assert_found("no sweep is called other", study="other")

    def test_a_new_claim_is_one_object(self):
        losses = lambda sweep, said: student(of_each_run(rows(sweep.of(said.of)), lambda run: run["final_documents"]))
        mean = Claim("mean", losses, lambda sweep, said: 17020)
        numbers = {"predicted": 17020, "measured": 17020, "ci95": [17020, 17020], "margin": 0.15, "quantity": "ratio", "range": None}
        said = made_up.verdict(claim="mean/Zipf 1.50/mean", **numbers)
        self.assertIn("mean: agrees", confirm(verdict(said), self.sweep, mean))
