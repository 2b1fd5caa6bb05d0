"""The list of claims against the claims that kolmo knows."""

import unittest
from pathlib import Path

from checks import Failure

from verdicts import claims
from verdicts.check import twin

ROOT = Path(__file__).parents[3]


def documented():
    """The names in the table of claims of docs/reproduce.md; a test of kolmo holds the table against its own list."""
    lines = iter((ROOT / "docs/reproduce.md").read_text().splitlines())
    for line in lines:
        if line.startswith("| claim |"):
            break
    next(lines)
    names = []
    for line in lines:
        if not line.startswith("|"):
            break
        names.append(line.split("|")[1].strip().strip("`"))
    return names


class Registry(unittest.TestCase):
    names = [claim.name for claim in claims.CLAIMS]

    def test_every_claim_of_kolmo_is_made_again_and_no_other(self):
        known = documented()
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
