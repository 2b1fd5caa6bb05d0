#!/usr/bin/env python3
"""One run of kolmo, and what each of its threads computes in a step: a line of JSON.

    scripts/card/threads.py NAME KOLMO bench train FLAGS... --json

`wall_s` less the measured steps is what starting, compiling and tuning take.
"""

import json
import os
import subprocess
import sys
import time

TICK = os.sysconf("SC_CLK_TCK")
# The end of a run is steady: all is tuned.
STEADY_S = 1.5


def threads(process: int) -> dict[str, float]:
    """Processor seconds of each thread so far."""
    seconds = {}
    for thread in os.listdir(f"/proc/{process}/task"):
        try:
            with open(f"/proc/{process}/task/{thread}/stat") as file:
                text = file.read()
        except OSError:
            continue
        name = text[text.index("(") + 1 : text.rindex(")")]
        fields = text[text.rindex(")") + 2 :].split()
        seconds[f"{name}-{thread}"] = (int(fields[11]) + int(fields[12])) / TICK
    return seconds


def main() -> None:
    name, *command = sys.argv[1:]
    begun = time.time()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    seen = []
    while child.poll() is None:
        try:
            seen.append((time.time(), threads(child.pid)))
        except OSError:
            break
        time.sleep(0.25)
    assert child.stdout is not None
    text = child.stdout.read()
    report = {"name": name, "wall_s": round(time.time() - begun, 2), "exit": child.wait()}
    if text:
        report |= json.loads(text)
        late = [one for one in seen if one[0] > seen[-1][0] - STEADY_S]
        if len(late) > 1:
            (start, before), (end, after) = late[0], late[-1]
            steps = 1e3 * (end - start) / report["ms_median"]
            busy = {thread: 1e6 * (after[thread] - before.get(thread, 0)) / steps for thread in after}
            most = sorted(busy.items(), key=lambda pair: -pair[1])[:6]
            report["host_us_per_step"] = {thread: round(us, 1) for thread, us in most}
    print(json.dumps(report))


if __name__ == "__main__":
    main()
