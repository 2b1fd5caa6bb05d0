"""Headlines of made-up sweeps whose numbers are known, right and with one thing changed."""

import contextlib
import io
import json
import math
import tempfile
import unittest
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from checks import Failure

from verdicts.check import check
from verdicts.headlines import capacity, data_law
from verdicts.headlines.hallucination import deviance
from verdicts.ladder import ladders
from verdicts.runs import Sweep
from verdicts.times import BEFORE, NEVER, half_learnt, median, since
from verdicts.worlds import RIVALS, MetAndKept, met_and_kept

from . import made_up

# The least of eight tests that are one by one, and of a single one: Student's quantiles of five seeds.
FIRST, ALONE = (stats.t.ppf(1 - 0.025 / left, 4) for left in (8, 1))

# The exponent of each seed over the exact one, of every law: their mean is 1, their standard error 0.004.
RATIOS = {seed: 1 + 0.004 * math.sqrt(2) * (seed - 3) for seed in range(1, 6)}
LAWS = (1.2, 1.5, 1.8, 2.0)

ASKS = """
[[report.headlines]]
name = "{}"
statistic = "{}"
margin = {}
"""


def write(folder, runs, headline, margin, report=""):
    """A sweep of runs, each a row of what was measured with its configuration, that is asked one headline."""
    (folder / "summary").mkdir(parents=True)
    for k, (config, row) in enumerate(runs):
        row.update(id=f"run-{k}", state="done")
        (folder / "runs" / row["id"]).mkdir(parents=True)
        (folder / "runs" / row["id"] / "config.toml").write_text(config)
    rows = pd.DataFrame([row for _, row in runs])
    rows.to_parquet(folder / "summary/runs.parquet")
    pd.DataFrame({"id": rows["id"], "documents": 0}).to_parquet(folder / "summary/evaluations.parquet")
    asks = ASKS.format(headline.name, headline.statistic, margin)
    (folder / "sweep.toml").write_text(f"[report]\n{report}\n{asks}")


def config(exponent=1.5, documents=1000, width=8):
    return f"""
[world]
relations = [{{ name = "home", values = 16 }}]
frequency = {{ law = "zipf", exponent = {exponent}, elements = 1000 }}
[model]
d_model = {width}
[train]
documents = {documents}
batch_documents = 64
learning_rate = 0.01
"""


def data(laws=LAWS, lengths=(1000, 3000, 10000)):
    """Runs whose loss falls as the exact curve to the power of the ratio of the seed."""
    for exponent in laws:
        facts = MetAndKept({"relations": [{"values": 16}], "frequency": {"law": "zipf", "exponent": exponent, "elements": 1000}})
        for seed, ratio in RATIOS.items():
            for given in lengths:
                documents = given // 64 * 64
                yield config(exponent, given), {
                    "seed": seed,
                    "parameters": 1000,
                    "final_documents": documents,
                    "final_value_loss": facts.left(documents) ** ratio,
                }


def sizes(growth, lengths=(1000, 2000, 4000)):
    """Runs of sizes that store as many bits as they have parameters, and so much more after twice the documents."""
    for width, more in zip((2, 4, 8, 16), growth):
        for seed in range(1, 6):
            for given in lengths:
                parameters = 100 * width
                doublings = math.log2(given / lengths[-1])
                bits = parameters ** RATIOS[seed] * (1 + more) ** doublings
                row = {"seed": seed, "parameters": parameters, "final_documents": given, "final_bits_stored": bits}
                yield config(documents=given, width=width), row


class Rows(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(place.cleanup)
        cls.place = Path(place.name)
        cls.folder = cls.place / "made_up"
        write(cls.folder, list(data()), data_law.HEADLINE, 0.15)
        # A sweep of another name, which asks no headline.
        made_up.write_sweep(cls.place / "verdicts")

    def row(self, **changes):
        said = {
            "study": "made_up",
            "predicted": 1.0,
            "measured": 1.0,
            "ci95": [1 - 0.004 * ALONE, 1 + 0.004 * ALONE],
            "ci_holm": [1 - 0.004 * FIRST, 1 + 0.004 * FIRST],
            "margin": 0.15,
            "seeds": 5,
            "verdict": "agrees",
        }
        return {**said, **changes}

    def check(self, headlines, folder=None):
        """What is printed about a report of these headlines, and of a verdict that is right."""
        report = self.place / "report.json"
        said = {"headlines": headlines, "verdicts": [made_up.verdict(study="verdicts")], "left_out": []}
        report.write_text(json.dumps(said))
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            check(report, [folder or self.folder, self.place / "verdicts"])
        return printed.getvalue()

    def assert_found(self, pattern, **changes):
        with self.assertRaisesRegex(Failure, pattern):
            self.check(made_up.headlines(data_law=self.row(**changes)))

    def test_a_right_report_is_confirmed(self):
        printed = self.check(made_up.headlines(data_law=self.row()))
        self.assertIn("data_law: agrees; corrected [0.979, 1.021]", printed)
        self.assertIn("12 headlines", printed)
        self.assertIn("answered: 1", printed)

    def test_a_changed_verdict_is_found(self):
        for outcome in ("disagrees", "inconclusive"):
            self.assert_found("which is agrees", verdict=outcome)

    def test_a_changed_number_or_interval_is_found(self):
        self.assert_found("another interval", measured=1.001)
        self.assert_found("another interval", ci95=[0.99, 1 + 0.004 * ALONE])
        # Not corrected.
        self.assert_found("another interval", ci_holm=self.row()["ci95"])
        self.assert_found("another interval", ci_holm=None)

    def test_changed_seeds_are_found(self):
        self.assert_found("of 4 seeds, again of 5", seeds=4)

    def test_a_margin_is_the_one_of_the_sweep_file(self):
        self.assert_found("margin of 0.2, and in the sweep file 0.15", margin=0.2)

    def test_a_changed_prediction_is_found(self):
        self.assert_found("0.9 is predicted, again 1", predicted=0.9)

    def test_what_decides_a_headline_is_not_changed(self):
        self.assert_found("its statistic is", statistic="other")
        self.assert_found("its relation is above", relation="above")
        self.assert_found("its quantity is share", quantity="share")
        self.assert_found("a law with the verdict None", verdict=None)

    def test_a_row_that_the_runs_answer_is_not_left_out(self):
        with self.assertRaisesRegex(Failure, "no runs answer it, and again those of made_up do"):
            self.check(made_up.headlines())

    def test_a_row_is_of_a_sweep_that_asks_it(self):
        self.assert_found("no sweep is called other", study="other")
        self.assert_found("the sweep file of verdicts does not ask it", study="verdicts")

    def test_all_headlines_are_there_and_no_other(self):
        rows = made_up.headlines(data_law=self.row())
        with self.assertRaisesRegex(Failure, "not all there are"):
            self.check(rows[:-1])
        with self.assertRaisesRegex(Failure, "`mean`"):
            self.check([*rows[:-1], {**rows[-1], "name": "mean"}])

    def test_a_number_out_of_nothing_is_found(self):
        rows = made_up.headlines(data_law=self.row(), capacity={"measured": 1.0, "ci95": [0.9, 1.1], "seeds": 5})
        with self.assertRaisesRegex(Failure, "capacity: measured"):
            self.check(rows)

    def test_few_laws_and_short_ranges_decide_nothing(self):
        for k, runs in enumerate((data(LAWS[:3]), data(lengths=(1000, 3000)))):
            folder = self.place / f"few-{k}/made_up"
            write(folder, list(runs), data_law.HEADLINE, 0.15)
            with self.assertRaisesRegex(Failure, "which is inconclusive"):
                self.check(made_up.headlines(data_law=self.row()), folder)
            self.check(made_up.headlines(data_law=self.row(verdict="inconclusive")), folder)

    def test_a_range_leaves_runs_out(self):
        folder = self.place / "range/made_up"
        write(folder, list(data(lengths=(500, 1000, 3000, 10000))), data_law.HEADLINE, 0.15, "documents = [1000, 10000]")
        self.assertFalse(data_law.HEADLINE.answer(Sweep(folder)).undecided)
        self.assertEqual(data_law.laws(Sweep(folder))[0]["given"].min(), 1000)


class Ladders(unittest.TestCase):
    def sweep(self, growth, **of):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        folder = Path(place.name, "made_up")
        write(folder, list(sizes(growth, **of)), capacity.HEADLINE, 0.1)
        return Sweep(folder)

    def test_only_sizes_at_capacity_count_where_there_are_enough(self):
        sweep = self.sweep((0.01, 0.01, 0.01, 0.05))
        [ladder] = ladders(sweep)
        self.assertTrue(ladder.enough)
        self.assertEqual(list(ladder.runs["parameters"].unique()), [200, 400, 800])
        self.assertEqual(set(ladder.runs["given"]), {4000})
        answer = capacity.HEADLINE.answer(sweep)
        self.assertFalse(answer.undecided)
        np.testing.assert_allclose(answer.of_each, list(RATIOS.values()))

    def test_sizes_that_grow_decide_nothing(self):
        [ladder] = ladders(sweep := self.sweep((0.01, 0.01, 0.05, 0.05)))
        self.assertFalse(ladder.enough)
        self.assertEqual(ladder.runs["parameters"].nunique(), 4)
        self.assertTrue(capacity.HEADLINE.answer(sweep).undecided)
        # Without runs of half the length nothing is known of the growth.
        self.assertTrue(capacity.HEADLINE.answer(self.sweep((0.01,) * 4, lengths=(1000, 4000))).undecided)


class Theory(unittest.TestCase):
    world = {"relations": [{"values": 32}] * 4, "frequency": {"law": "zipf", "exponent": 1.35, "elements": 2500}, "relations_per_document": "all"}

    def test_every_other_use_misses_more_than_the_best_one(self):
        facts = met_and_kept(self.world)
        for share in (0.01, 0.1, 0.4):
            nats = share * facts.met(1e9)
            for rival in RIVALS:
                self.assertGreater(facts.spread(rival, 1e9, nats), 1.01 * facts.left(1e9, nats), rival)

    def test_equal_shares_leave_the_rest_of_everything(self):
        facts = met_and_kept(self.world)
        self.assertAlmostEqual(facts.spread("equal shares", math.inf, 0.3 * facts.met(math.inf)), 0.7 * math.log(32))
        # What was not met cannot be stored.
        self.assertAlmostEqual(facts.spread("equal shares", 100, facts.met(100)), facts.left(100), delta=1e-6)

    def test_water_filling_spends_a_logarithm(self):
        world = {"relations": [{"values": 16}], "frequency": {"law": "grouped", "groups": [{"elements": 1, "weight": 0.8}, {"elements": 1, "weight": 0.2}]}}
        # Of a threshold of 0.2, ln 4 for the first and nothing for the second.
        h = math.log(16)
        self.assertAlmostEqual(MetAndKept(world).spread("water-filling", 1e9, h * math.log(4)), h * (0.2 + 0.2))

    def test_a_population_without_end_is_its_integral(self):
        elements, exponent = 2_000_000, 1.2
        p = np.arange(1.0, elements + 1) ** -exponent
        p /= p.sum()
        facts = MetAndKept({"relations": [{"values": 16}], "frequency": {"law": "zipf", "exponent": exponent, "elements": elements}})
        self.assertLess(len(facts.rate), elements / 4)
        for documents in (1e3, 1e6):
            direct = math.log(16) * np.sum(p * np.exp(documents * np.log1p(-p)))
            self.assertAlmostEqual(facts.left(documents) / direct, 1, delta=1e-9)

    def test_a_wrong_answer_is_about_what_was_not_met_or_kept(self):
        facts = met_and_kept(self.world)
        self.assertAlmostEqual(facts.wrong(0, math.inf, 1, 2500), 31 / 32)
        # Of the 5 bits of 4 facts, those of the first two subjects.
        nats = 2 * 4 * math.log(32)
        self.assertAlmostEqual(facts.wrong(1e12, nats, 1, 2), 0)
        self.assertAlmostEqual(facts.wrong(1e12, nats, 3, 4), 31 / 32)


class Numbers(unittest.TestCase):
    def test_a_deviance_is_that_of_binomials(self):
        wrong, expected, answers = (np.array(x) for x in ([0.3, 0.0], [0.2, 0.5], [100, 40]))
        log = lambda p: stats.binom.logpmf([30, 0], answers, p)
        self.assertAlmostEqual(deviance(wrong, expected, answers), 2 * np.sum(log(wrong) - log(expected)))
        # No rate is nearer to 0 than so many answers tell.
        self.assertTrue(math.isfinite(deviance(np.array([0.1]), np.array([0.0]), np.array([10.0]))))

    def test_facts_are_half_learnt_where_two_evaluations_say_so(self):
        n = np.array([10.0, 100.0, 1000.0, 10000.0])
        self.assertAlmostEqual(half_learnt(n, np.array([4, 3, 1, 0.1]), 2), 10**2.5)
        self.assertAlmostEqual(half_learnt(n, np.array([4, 1, 3, 1]), 2), 10**3.5)
        self.assertEqual(half_learnt(n, np.array([1, 1, 3, 1]), 2), BEFORE)
        self.assertEqual(half_learnt(n, np.array([3, 3, 3, 3]), 2), NEVER)

    def test_times_are_counted_from_the_plateau(self):
        self.assertEqual(list(since(np.array([5.0, 30.0, NEVER, BEFORE]), 10)), [BEFORE, 20, NEVER, BEFORE])
        self.assertAlmostEqual(median([NEVER, 100.0, 1.0, 4.0]), 20)
        self.assertEqual(median([NEVER, 100.0]), NEVER)
        self.assertEqual(median([BEFORE, 100.0]), 100)
