"""Checks that a run of configs/quickstart.toml shows what the README says it shows.

usage: python scripts/check_quickstart.py RUN_DIR
Frequent facts are learnt, rare ones are not, and value loss keeps falling long after the syntax is
learnt. Prints one line a claim; the exit code is 1 if one does not hold.
"""

import json
import math
import sys
from pathlib import Path


def main(run: Path) -> int:
    steps = [json.loads(line) for line in (run / "metrics.jsonl").open()]
    evaluations = [json.loads(line) for line in (run / "evaluations.jsonl").open()]
    last = evaluations[-1]
    content = math.log(64)  # nats in a fact: every relation has 64 values

    # Syntax counts as learnt once its loss is within 5 % of its mean over the last tenth of the run.
    tail = steps[-max(1, len(steps) // 10) :]
    end = sum(step["loss_syntax"] for step in tail) / len(tail)
    learnt = next(s["step"] for s in steps if s["loss_syntax"] <= 1.05 * end)
    first = next(e for e in evaluations if e["step"] >= learnt)
    frequent, rare = last["classes"][0], last["classes"][-1]
    fall = first["value_loss"] / last["value_loss"]
    claims = [
        (
            frequent["value_loss"] < 0.1,
            f"ranks {frequent['lo_rank']}-{frequent['hi_rank']} end at "
            f"{frequent['value_loss']:.4f} nats a fact: below 0.1",
        ),
        (
            rare["value_loss"] > 0.9 * content,
            f"ranks {rare['lo_rank']}-{rare['hi_rank']} end at {rare['value_loss']:.2f} nats a fact: "
            f"above 90 % of ln V = {content:.2f}",
        ),
        (
            fall > 7,
            f"value loss falls {fall:.1f} times, from {first['value_loss']:.3f} nats a fact at step "
            f"{first['step']}, when the syntax is learnt, to {last['value_loss']:.3f}: above 7",
        ),
    ]
    for holds, claim in claims:
        print("ok  " if holds else "FAIL", claim)
    return 0 if all(holds for holds, _ in claims) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
