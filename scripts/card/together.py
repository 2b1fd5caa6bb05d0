#!/usr/bin/env python3
"""Tokens a second of several `kolmo bench train --json` that ran at once: a line of JSON.

    scripts/card/together.py job-1.json job-2.json ...
"""

import json
import pathlib
import sys


def main() -> None:
    reports = [json.loads(pathlib.Path(file).read_text()) for file in sys.argv[1:]]
    speed = sum(report["tokens_per_s"] for report in reports)
    print(json.dumps({"name": "together", "processes": len(reports), "tokens_per_s": speed}))


if __name__ == "__main__":
    main()
