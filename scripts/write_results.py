#!/usr/bin/env python3
"""Writes the pages that show results, docs/results/README.md and the opening of README.md, from the numbers of a report.

    scripts/write_results.py collect runs/reproduce runs/reproduce/{data_scaling,acquisition}    # numbers and figures into docs/results
    scripts/write_results.py write                                                                # the pages
    scripts/write_results.py check                                                                # 1 if the pages say otherwise

The words are in docs/results/words, with places for numbers such as {{ data_law.measured }}.
"""

import argparse
import sys
from pathlib import Path

from results.collect import collect
from results.pages import pages
from results.results import Results
from results.template import Unknown

ROOT = Path(__file__).resolve().parent.parent
FOLDER, README = ROOT / "docs" / "results", ROOT / "README.md"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    taking = commands.add_parser("collect", help="numbers, figures and who made them into docs/results")
    taking.add_argument("report", type=Path, help="the folder of report.json")
    taking.add_argument("sweeps", type=Path, nargs="+", help="the folders of its experiments")
    commands.add_parser("write", help="the pages")
    commands.add_parser("check", help="whether the pages say what the report says")
    flags = parser.parse_args()
    if flags.command == "collect":
        collect(flags.report, flags.sweeps, FOLDER)
    try:
        wanted = pages(Results.read(FOLDER), README, FOLDER)
    except Unknown as error:
        sys.exit(f"docs/results: {error}")
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    if flags.command == "check":
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        sys.exit(f"{names}: not what docs/results/report.json says; scripts/write_results.py write" if stale else 0)
    for path in stale:
        path.write_text(wanted[path])


if __name__ == "__main__":
    main()
