#!/usr/bin/env python3
"""Say how many CPU seconds each crate of a build takes, and the build as a whole.

    scripts/build_seconds.py --target-dir target/cold
    scripts/build_seconds.py --target-dir target/cold-gpu --features gpu --least 10

Runs `cargo build --release` in a folder of its own, cold unless --keep, with this very file as the wrapper of rustc, which
notes the user and system time of every call. A build script is a crate of its own: compiling it counts for `NAME (build)`, and
what it runs, a C compiler say, is in the whole alone. A Markdown table goes to standard output: crates of --least seconds and
more, then the others, build scripts at work with cargo itself, and all. Linux or macOS.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

LOG = "KOLMO_BUILD_SECONDS_LOG"


def spent():
    """CPU seconds of all processes that this one has waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def wrap(log, command):
    """Runs a call of rustc and notes what it took."""
    # Its jobserver is in open files.
    code = subprocess.run(command, check=False, close_fds=False).returncode
    name = command[command.index("--crate-name") + 1] if "--crate-name" in command else ""
    if name == "build_script_build":
        name = f"{os.environ.get('CARGO_PKG_NAME', name)} (build)"
    elif name and name != "___":
        name = os.environ.get("CARGO_PKG_NAME", name)
    with open(log, "a", encoding="utf-8") as file:
        file.write(f"{spent():.3f}\t{name}\n")
    return code


def build(target, features):
    """CPU seconds by crate, of all, and seconds of wall."""
    with tempfile.TemporaryDirectory() as place:
        log = Path(place, "seconds")
        log.touch()
        command = ["cargo", "build", "--release", "--quiet", "--target-dir", target]
        command += ["--features", features] if features else []
        environment = os.environ | {"RUSTC_WRAPPER": os.path.abspath(__file__), LOG: str(log)}
        before, begun = spent(), time.monotonic()
        subprocess.run(command, env=environment, check=True)
        wall, whole = time.monotonic() - begun, spent() - before
        by_crate = defaultdict(float)
        for line in log.read_text(encoding="utf-8").splitlines():
            seconds, name = line.split("\t")
            by_crate[name] += float(seconds)
    return by_crate, whole, wall


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--target-dir", type=Path, required=True, help="emptied first")
    parser.add_argument("--features", default="", help="as cargo takes them")
    parser.add_argument("--least", type=float, default=5.0, help="CPU seconds of a crate with a line (5)")
    parser.add_argument("--keep", action="store_true", help="build on what is there")
    arguments = parser.parse_args()
    if arguments.target_dir.exists() and not arguments.keep:
        shutil.rmtree(arguments.target_dir)
    by_crate, whole, wall = build(arguments.target_dir, arguments.features)
    named = sorted(by_crate.items(), key=lambda item: -item[1])
    shown = [(name, seconds) for name, seconds in named if seconds >= arguments.least and name]
    others = sum(by_crate.values()) - sum(seconds for _, seconds in shown)
    rows = [*shown, (f"{len(by_crate) - len(shown)} others", others)]
    rows += [("build scripts at work, and cargo", whole - sum(by_crate.values())), ("all", whole)]
    print("| crate | CPU seconds |\n| --- | ---: |")
    for name, seconds in rows:
        print(f"| {name} | {seconds:.0f} |")
    print(f"\nwall: {wall:.0f} s")
    return 0


if __name__ == "__main__":
    if LOG in os.environ:
        sys.exit(wrap(os.environ[LOG], sys.argv[1:]))
    sys.exit(main())
