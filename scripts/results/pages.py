"""The two pages that show results: docs/results/README.md as a whole, and README.md between two marks."""

from .results import OPENING, PAGE
from .template import fill

MARKS = "<!-- found -->", "<!-- end of found -->"


def pages(results, readme, folder):
    """What each file should hold: {path: text}. `readme` is README.md, `folder` docs/results."""
    before, rest = readme.read_text().split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    opening = fill(results.words[OPENING], results).strip()
    return {
        # The text of a headline has places too, so what the page puts in is filled once more.
        folder / "README.md": fill(fill(results.words[PAGE], results), results).rstrip() + "\n",
        readme: f"{before}{MARKS[0]}\n{opening}\n{MARKS[1]}{after}",
    }
