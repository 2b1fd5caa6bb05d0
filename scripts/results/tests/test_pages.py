"""Pages from a made-up report whose numbers are known."""

import json
import shutil
import tempfile
import unittest
from pathlib import Path

from results import numbers
from results.collect import collect
from results.pages import pages
from results.results import Results
from results.template import Unknown, fill

LAW = {
    "number": 1, "name": "data_law", "title": "Data law", "question": "Does it fall?", "measures": "The ratio.", "sort": "law", "relation": "equal",
    "study": "data", "predicted": 1.0, "measured": 0.98765, "ci95": [0.97, 1.01], "ci_holm": [0.95, 1.02], "margin": 0.15, "seeds": 5,
    "verdict": "agrees", "reason": "the interval is within the margin",
    "parts": [{"name": "Zipf 1.20, tau", "predicted": None, "measured": 12345.6, "ci95": None}],
}  # fmt: skip
FINDING = LAW | {
    "number": 2, "name": "clock", "title": "Clock", "sort": "finding", "relation": None, "predicted": None, "margin": None, "measured": -0.5,
    "ci_holm": None, "verdict": None, "parts": [],
}  # fmt: skip
UNASKED = LAW | {"number": 3, "name": "model_law", "title": "Third", "study": None, "predicted": None, "measured": None, "ci95": None, "ci_holm": None, "seeds": None}
VERDICT = {"claim": "data/Zipf 1.2", "relation": "below", "predicted": 0.1, "margin": None, "measured": 0.05, "ci95": [0, 0.07], "seeds": 3, "verdict": "agrees"}
README = "# kolmo\n\n<!-- found -->\nold\n<!-- end of found -->\n\nmore\n"


class Pages(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.root = Path(place.name)
        self.folder = self.root / "docs"
        (self.folder / "words").mkdir(parents=True)
        (self.root / "README.md").write_text(README)
        self.words("page", "{{ sections }}\n\n{{ verdicts }}\n")
        self.words("opening", "{{ data_law.measured }} of {{ made.runs }} runs\n\n{{ table }}\n\nnot: {{ unmeasured }}\n")
        run = self.root / "runs/data/runs/a"
        run.mkdir(parents=True)
        (run / "DONE").write_text("{}")
        (run / "metrics.jsonl").write_text('{"tokens":10}\n{"tokens":1200}\n')
        machine = {"processor": "A CPU"}
        manifest = {"machine": machine, "kolmo_version": "0.1.0", "git_revision": "abc", "started": "2026-01-02T", "ended": "2026-01-03T"}
        (run / "manifest.json").write_text(json.dumps(manifest))
        (self.root / "runs/data/runs/b").mkdir()
        shutil.copytree(run, self.root / "runs/data/runs/c")
        self.report = self.root / "report"
        (self.report / "figures").mkdir(parents=True)
        for name in ("headline-data-law.svg", "headline-data-law.png", "data-zipf.svg"):
            (self.report / "figures" / name).write_text("")
        numbers = {"headlines": [LAW, FINDING, UNASKED], "verdicts": [VERDICT], "left_out": [{"study": "data", "run": "runs/data/runs/c", "reason": "not_planned"}]}
        (self.report / "report.json").write_text(json.dumps(numbers))

    def words(self, name, text):
        (self.folder / "words" / f"{name}.md.in").write_text(text)

    def written(self):
        collect(self.report, [self.root / "runs/data"], self.folder)
        texts = pages(Results.read(self.folder), self.root / "README.md", self.folder)
        return texts[self.folder / "README.md"], texts[self.root / "README.md"]

    def test_only_what_is_between_the_marks_of_the_readme_changes(self):
        _, readme = self.written()
        self.assertTrue(readme.startswith("# kolmo\n\n<!-- found -->\n0.988 of 1 runs\n\n| "))
        self.assertTrue(readme.endswith("*\n<!-- end of found -->\n\nmore\n"))

    def test_every_headline_has_a_row_and_those_that_runs_answer_a_section(self):
        page, readme = self.written()
        self.assertIn("| 1 | **Data law**: Does it fall? | 1.00 ± 0.150 | 0.988 | [0.970, 1.01] | [0.950, 1.02] | 5 | agrees |", readme)
        self.assertIn("| – | −0.500 | [0.970, 1.01] | – | 5 | finding |", readme)
        self.assertNotIn("| 3 |", readme)
        self.assertIn("not: *Third*", readme)
        self.assertIn("**0.988 [0.950, 1.02]**, where 1.00 ± 0.150 is predicted: agrees.", page)
        self.assertIn("**−0.500 [0.970, 1.01]**. The interval", page)
        self.assertNotIn("### 3.", page)
        self.assertIn("| data/Zipf 1.2 | < 0.100 | 0.0500 | [0, 0.0700] | 3 | agrees |", page)

    def test_the_figure_of_a_headline_is_shown_where_there_is_one(self):
        page, _ = self.written()
        self.assertIn("![Data law: The ratio.](figures/headline-data-law.svg)", page)
        self.assertNotIn("figures/headline-clock", page)
        self.assertEqual([path.name for path in (self.folder / "figures").iterdir()], ["headline-data-law.svg"])

    def test_words_about_a_headline_have_places_for_numbers_too(self):
        self.words("data_law", 'tau is {{ data_law "Zipf 1.20, tau".measured }}, {{ verdict "data/Zipf 1.2".ci95 }}')
        page, _ = self.written()
        self.assertIn("tau is 12,346, [0, 0.0700]", page)

    def test_a_place_for_what_is_not_there_is_refused(self):
        for place in ("data_law.mean", "law.measured", 'data_law "tau".measured', "everything", 'verdict "x".measured'):
            self.words("opening", f"{{{{ {place} }}}}")
            with self.subTest(place), self.assertRaises(Unknown):
                self.written()

    def test_words_about_nothing_are_refused(self):
        self.words("data_lore", "")
        with self.assertRaises(Unknown):
            self.written()

    def test_who_made_the_runs_is_said_of_those_that_count(self):
        self.written()
        made = json.loads((self.folder / "made.json").read_text())
        expected = {"experiments": "data", "runs": 1, "tokens": 1200, "processors": "A CPU", "versions": "0.1.0 (abc)"}
        self.assertEqual(made, expected | {"first": "2026-01-02", "last": "2026-01-03"})

    def test_a_place_may_be_written_over_lines(self):
        collect(self.report, [], self.folder)
        self.assertEqual(fill("{{\n data_law.verdict\n}}", Results.read(self.folder)), "agrees")


class Numbers(unittest.TestCase):
    def test_three_digits_are_shown_and_thousands_separated(self):
        shown = {0: "0", 0.98765: "0.988", 0.99985: "1.00", 999.9: "1,000", -12.345: "−12.3", 12345.6: "12,346", 3.2e7: "3.20·10⁷", -4e-6: "−4.00·10⁻⁶", None: "–"}
        for number, text in shown.items():
            self.assertEqual(numbers.significant(number), text)


if __name__ == "__main__":
    unittest.main()
