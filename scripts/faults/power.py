"""The power is cut at every call: what was not forced to disk is gone."""

import shutil
import subprocess

import runs
from checks import Failure, expect, passed, skipped

from .bench import Fault


def power_cut(bench, start, image, at):
    """The machine stops at the call `at`: the disk holds what was forced to it, and not more."""
    place = bench.folder / f"power-{next(bench.numbers)}"
    disk, again, platter = place / "disk", place / "again", place / "platter"
    for folder in (disk, again):
        folder.mkdir(parents=True)
    # As hard as ext4 can be on those who rename without forcing the content to disk first.
    options = "loop,noauto_da_alloc,data=writeback"
    subprocess.run(["cp", "--sparse=always", image, platter], check=True)
    mounted = []

    def mount(what, where):
        subprocess.run(["mount", "-o", options, what, where], check=True)
        mounted.append(where)

    try:
        mount(platter, disk)
        if start:
            shutil.copytree(start, disk / "run")
            subprocess.run(["sync", "-f", disk], check=True)
        bench.faulted(disk / "run", at, Fault(0))
        # What is in the system's memory is not in the file behind the disk.
        subprocess.run(["cp", "--sparse=always", platter, place / "after"], check=True)
        before = runs.newest_checkpoint(disk / "run")
        mount(place / "after", again)
        found = runs.newest_checkpoint(again / "run")
        expect(found >= before - 1, f"a checkpoint of step {before} was there, and {found} is what is left")
        bench.finish(again / "run")
        runs.compare(bench.reference, again / "run")
    except Failure as failure:
        raise Failure(
            f"a power cut at call {at} of {start.name if start else 'a new run'}: {failure}"
        ) from failure
    finally:
        for where in reversed(mounted):
            subprocess.run(["umount", where], check=True)
    shutil.rmtree(place)


def power_cuts(bench, start, findings):
    """Cuts the power at every call. Gives how many."""
    image, probe = bench.folder / "blank", bench.folder / "probe disk"
    probe.mkdir(exist_ok=True)
    with image.open("wb") as file:
        file.truncate(8 << 20)
    made = (
        shutil.which("mkfs.ext4") and subprocess.run(["mkfs.ext4", "-q", image], check=False).returncode == 0
    )
    quiet = {"stderr": subprocess.DEVNULL, "check": False}
    if not made or subprocess.run(["mount", "-o", "loop", image, probe], **quiet).returncode != 0:
        skipped("power cuts: they need mkfs.ext4, and to be let mount")
        return 0
    subprocess.run(["umount", probe], check=True)
    run = bench.folder_for(start, "count")
    _, calls = bench.faulted(run, 0, Fault(0))
    shutil.rmtree(run)
    places = range(1, len(calls) + 1, bench.every)
    bad = []
    for at in places:
        try:
            power_cut(bench, start, image, at)
        except Failure as failure:
            bad.append(str(failure))
    findings += bad
    title = start.name if start else "a new run"
    text = f"{title}, the power is cut at a call: {len(places)} of {len(calls)} calls"
    if bad:
        print(f"FAILED {text}: {len(bad)} bad", flush=True)
    else:
        passed(text)
    return len(places)
