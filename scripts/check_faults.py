#!/usr/bin/env python3
"""Let a run meet every failure a disk can have, and check that it says so and resumes.

    python scripts/check_faults.py target/release/kolmo            every call
    python scripts/check_faults.py target/release/kolmo --every 9  every ninth

Enumerated faults: scripts/faults/faults.c, compiled here with gcc, lets the k-th call fail that a run makes in its
directory, for each k: once, or this and all later ones, with "No space left on device", "Input/output error"
or "Read-only file system"; calls that write, then calls that read; of a run that starts, and of one that was
killed and resumes. In another pass the process is killed at the k-th call, and in a last one the power is cut
there: what was not forced to disk is gone. Each time the exit code must be 1, with a message that names the
file and the cause, or 0 where a run can do without (an event file, a plot, removing an old checkpoint); and
the same command without the fault must go on from the newest checkpoint and end with the same bits as a run
that nothing happened to.

Then real disasters: a disk that fills up, folders that are read-only or vanish, damaged checkpoints, files in
the way, terminals that are gone. Linux on x86-64; what needs more (root for mounts) is skipped with a word.
Prints a line a check and exits 1 at the first failure, with the run directories left for a look.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import runs
from checks import Failure
from faults.bench import Bench
from faults.calls import enumerated
from faults.disasters import disasters

# So many failures are shown in full.
SHOWN = 20


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("binary", type=runs.executable, metavar="BINARY")
    parser.add_argument(
        "--every", type=int, default=1, metavar="K", help="only every K-th call (1); 0 for none"
    )
    parser.add_argument("--quick", action="store_true", help="fewer kinds of faults, and every ninth call")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time (2)")
    parser.add_argument(
        "--dir", type=Path, help="where the runs go: a folder of /dev/shm, or a temporary one"
    )
    arguments = parser.parse_args()
    if arguments.quick and arguments.every == 1:
        arguments.every = 9
    begun = time.monotonic()
    memory = Path("/dev/shm")
    place = arguments.dir or (memory if os.access(memory, os.W_OK) else None)

    def check(folder):
        folder.chmod(0o755)
        bench, findings = Bench(arguments, folder), []
        disasters(bench, findings)
        count = enumerated(bench, arguments.quick, findings) if arguments.every else 0
        print(f"{count} calls failed one after another, in {time.monotonic() - begun:.0f} s")
        if findings:
            more = [f"and {len(findings) - SHOWN} more"] if len(findings) > SHOWN else []
            raise Failure("\n".join(findings[:SHOWN] + more))

    return runs.ended_in("kolmo-faults-", check, arguments.binary, within=place)


if __name__ == "__main__":
    sys.exit(main())
