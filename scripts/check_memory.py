#!/usr/bin/env python3
"""Check that a long run needs no more memory at its end than at its beginning.

    python scripts/check_memory.py target/release/kolmo --steps 20000

Trains a tiny model for many steps, once with checkpoints as they are by default and once with one every second
(--every-s), and watches the process in /proc: the greatest resident memory (VmHWM) until 10 % of the steps
were done, and until all were. It may grow by 5 % and no more. What comes after the last step reads
metrics.jsonl as a whole and draws it: that memory, told apart, grows with the number of lines. Linux. Prints a
line a run and exits 1 if one grew.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import runs
from checks import expect, passed

MOST = 1.05
FIELD = re.compile(r"^(VmHWM|RssAnon):\s+(\d+) kB$", re.MULTILINE)


def memory(process):
    """Greatest resident memory so far, and what is allocated now, in KiB; none once the process is gone."""
    try:
        text = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return None
    found = {name: int(value) for name, value in FIELD.findall(text)}
    return (found["VmHWM"], found["RssAnon"]) if len(found) == 2 else None


def watch(binary, config, run, steps):
    """Trains; gives [(step, peak, allocated)], the last one from after the last step."""
    process = subprocess.Popen(
        runs.command(binary, config, run), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    samples = []
    while process.poll() is None:
        # The step first: the memory is then that of this step or a later one.
        step = runs.newest_line(run)
        found = memory(process)
        if found:
            samples.append((step, *found))
        time.sleep(0.01)
    said = process.stdout.read().strip()
    expect(process.returncode == 0 and not said, f"{run}: exit code {process.returncode}: {said}")
    expect(samples and samples[-1][0] == steps, f"{run}: it could not be watched to its end")
    return samples


def check(binary, config, folder, steps, title):
    begun = time.monotonic()
    run = folder / "run"
    samples = watch(binary, config, run, steps)
    early = [(peak, now) for step, peak, now in samples if step <= steps // 10]
    expect(early, f"{run}: no sample in the first tenth")
    trained = [sample for sample in samples if sample[0] < steps]
    peaks, finished = (early[-1][0], trained[-1][1]), samples[-1][1]
    growth = peaks[1] / peaks[0]
    allocated = [now for step, _, now in trained if step > 0]
    tenth = max(1, len(allocated) // 10)
    means = [
        sum(part) / len(part) for part in (allocated[tenth : 2 * tenth] or allocated, allocated[-tenth:])
    ]
    size = sum(path.stat().st_size for path in run.rglob("*") if path.is_file())
    first, last, finished, *means = map(runs.mebibytes, (*peaks, finished, *means))
    text = (
        f"{title}, {steps} steps: peak {first} at 10 % of the steps, {last} at the end "
        f"({100 * (growth - 1):+.1f} %), {finished} with the plots; allocated {means[0]} in the second tenth of "
        f"the time, {means[1]} in the last; {runs.mebibytes(size / 1024)} on disk; "
        f"{time.monotonic() - begun:.0f} s"
    )
    expect(growth <= MOST, text)
    passed(text)
    shutil.rmtree(run)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("binary", type=runs.executable, metavar="BINARY")
    parser.add_argument("--config", type=Path, help="a configuration instead of the tiny one, run as it is")
    parser.add_argument(
        "--steps", type=int, default=20000, help="of a run (20000); of --config, how many it has"
    )
    parser.add_argument(
        "--every-s", type=float, default=1.0, help="seconds between checkpoints of the second run (1)"
    )
    parser.add_argument("--log-every", type=int, default=10, help="steps between lines of metrics.jsonl (10)")
    parser.add_argument("--dir", type=Path, help="where the runs go: a temporary folder")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="kolmo-memory-", dir=arguments.dir))
    steps = arguments.steps

    def all_of_them():
        if arguments.config:
            check(arguments.binary, arguments.config, folder, steps, str(arguments.config))
            return
        for every_s, title in (
            (300.0, "checkpoints by default"),
            (arguments.every_s, "checkpoints every second"),
        ):
            config = runs.write_config(
                folder / "memory.toml", steps, log_every=arguments.log_every, every_s=every_s
            )
            check(arguments.binary, config, folder, steps, title)

    code = runs.ended(all_of_them, arguments.binary)
    shutil.rmtree(folder)
    return code


if __name__ == "__main__":
    sys.exit(main())
