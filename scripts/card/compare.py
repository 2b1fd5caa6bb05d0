#!/usr/bin/env python3
"""The largest relative difference between the metrics of two runs: a line of JSON.

    scripts/card/compare.py RUN_DIR OTHER_RUN_DIR
"""

import json
import pathlib
import sys

# Of the machine and not of the run.
TIMES = ["per_s", "elapsed", "time"]


def main() -> None:
    runs = [pathlib.Path(folder, "metrics.jsonl").read_text().splitlines() for folder in sys.argv[1:]]
    differences = []
    for lines in zip(*runs):
        found, expected = map(json.loads, lines)
        for key, value in found.items():
            other = expected.get(key)
            if isinstance(value, float) and isinstance(other, float) and not any(part in key for part in TIMES):
                differences.append((abs(value - other) / max(abs(other), 1e-3), key, found["step"]))
    difference, key, step = max(differences)
    print(json.dumps({"name": "real size", "difference": difference, "of": key, "step": step, "steps": len(runs[0])}))


if __name__ == "__main__":
    main()
