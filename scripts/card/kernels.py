#!/usr/bin/env python3
"""The kernels of CubeCL's profile at level `full`, summed by name and number of workgroups, the longest first.

    scripts/card/kernels.py kernels.log

Of the last half of the log: kernels are tuned in the first. Times are of kernels that wait for one another.
"""

import collections
import re
import statistics
import sys

MICROSECONDS = {"ns": 1e-3, "µs": 1.0, "ms": 1e3, "s": 1e6}


def main() -> None:
    with open(sys.argv[1], errors="replace") as file:
        text = file.read()
    parts = re.split(r"^\| ([\d.]+)(ns|µs|ms|s)\s*\| ", text, flags=re.M)[1:]
    launches = []
    for number, unit, rest in zip(parts[::3], parts[1::3], parts[2::3]):
        counts = re.findall(r"CubeCount (?:Static)?\(([\d, ]+)\)", rest)
        name = rest.split()[0].rstrip(":").split("<")[0].split("::")[-1]
        launches.append((float(number) * MICROSECONDS[unit], name, counts[-1] if counts else "?"))
    launches = launches[len(launches) // 2 :]
    by_kernel = collections.defaultdict(list)
    for time, name, cubes in launches:
        by_kernel[name, cubes].append(time)
    total = sum(time for time, _, _ in launches)
    print(f"{len(launches)} launches, {total:.0f} µs")
    for (name, cubes), times in sorted(by_kernel.items(), key=lambda pair: -sum(pair[1]))[:60]:
        part = 100 * sum(times) / total
        print(f"{part:5.1f} %  {len(times):6} × {statistics.median(times):10.2f} µs  {cubes:>20}  {name}")


if __name__ == "__main__":
    main()
