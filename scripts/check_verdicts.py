#!/usr/bin/env python3
"""Makes every headline and every verdict of a report again from the files of its sweeps; the package `verdicts` beside this file says how.

    python3 scripts/check_verdicts.py report.json SWEEP_DIR...
    python3 scripts/check_verdicts.py --misreport KOLMO SWEEP_DIR

What was measured comes from summary/*.parquet and runs/*/facts.parquet (the syntax, which is in neither, from metrics.jsonl, and code lengths
from evaluations.jsonl and compression.json), what is claimed of it, its quantity and its range from report.json, and what was predicted from
closed forms where there are any. The margin of a headline comes from sweep.toml in the folder of the sweep; the margins of verdicts and the rule
are written here a second time (quantity.py, rule.py). With --misreport the law of the worlds is changed in a copy of the sweep, and theory has
to disagree.
"""

import os
import sys

# Matrices are small here, and threads would wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from checks import ended
from verdicts.check import check
from verdicts.misreport import misreport

if __name__ == "__main__":
    if sys.argv[1] == "--misreport":
        sys.exit(ended(lambda: misreport(sys.argv[2], sys.argv[3])))
    sys.exit(ended(lambda: check(sys.argv[1], sys.argv[2:])))
