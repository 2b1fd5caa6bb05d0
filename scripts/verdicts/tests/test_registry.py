"""The lists of claims and headlines against those that kolmo knows."""

import unittest
from pathlib import Path

from checks import Failure

from verdicts import check_headlines, claims, headlines
from verdicts.check import twin

ROOT = Path(__file__).parents[3]


# What the table says of what decides a headline, by what its number should be to the prediction.
DECIDES = {
    "equal": "the margin of the sweep file",
    "above": "above the prediction",
    "below": "below the prediction",
    None: "nothing: a finding",
}


def documented(head):
    """The cells of the table of docs/reproduce.md that begins so; a test of kolmo holds the table against its own list."""
    lines = iter((ROOT / "docs/reproduce.md").read_text().splitlines())
    for line in lines:
        if line.startswith(head):
            break
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("`") for cell in line.split("|")[1:-1]])
    return rows


class Registry(unittest.TestCase):
    names = [claim.name for claim in claims.CLAIMS]

    def test_every_claim_of_kolmo_is_made_again_and_no_other(self):
        known = [row[0] for row in documented("| claim |")]
        self.assertGreater(len(known), 20)
        self.assertEqual(sorted(self.names), sorted(known))

    def test_every_file_of_a_claim_is_in_the_list_once(self):
        files = {path.stem for path in Path(claims.__file__).parent.glob("*.py")} - {"__init__"}
        self.assertEqual(sorted(self.names), sorted(files))

    def test_a_claim_is_found_by_its_name(self):
        self.assertEqual([twin(name).name for name in self.names], self.names)

    def test_a_claim_that_nothing_makes_again_fails_and_says_what_to_write(self):
        with self.assertRaisesRegex(Failure, r"`mean`.*claims/mean\.py.*CLAIMS"):
            twin("mean")


class Headlines(unittest.TestCase):
    names = [headline.name for headline in headlines.HEADLINES]

    def test_every_headline_of_kolmo_is_made_again_in_its_place(self):
        known = [(name, statistic, decides) for _, name, _, statistic, _, decides in documented("| | headline |")]
        self.assertEqual(len(known), 12)
        here = [(of.name, of.statistic, DECIDES[of.relation]) for of in headlines.HEADLINES]
        self.assertEqual(here, known)

    def test_every_file_of_a_headline_is_in_the_list_once(self):
        files = {path.stem for path in Path(headlines.__file__).parent.glob("*.py")} - {"__init__"}
        self.assertEqual(sorted(self.names), sorted(files))

    def test_a_headline_that_nothing_makes_again_fails_and_says_what_to_write(self):
        with self.assertRaisesRegex(Failure, r"`mean`.*headlines/mean\.py.*HEADLINES"):
            check_headlines.twin("mean")
