"""Every call that a run makes in its directory fails in turn, or is the last one."""

import errno
import os
import platform
import shutil
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import runs
from checks import Failure, expect, passed, skipped

from .bench import STEPS, TEMPORARY, Fault
from .power import power_cuts


def names_of(run, path):
    """What a message may call the file of a failing call: itself, the file it is to become, its folder."""
    path = Path(path)
    parts = [match.group(1) if (match := TEMPORARY.match(part)) else part for part in path.parts]
    target = Path(*parts)
    folders = (one for one in (target.parent, path.parent) if one.is_relative_to(run))
    return {str(one) for one in (target, path, *folders)}


def outcome_of(run, fault, result, failed):
    """What came of a fault, in a word; fails if that is not as it should be."""
    said, code = result.stdout.strip(), result.returncode
    expect("panicked" not in said, said)
    if not failed:
        expect(code == 0, f"no call failed, and the exit code is {code}: {said}")
        return "not reached"
    if fault.error == 0:
        expect(code == -9, f"exit code {code}: {said}")
        return "killed"
    cause = os.strerror(fault.error)
    if code == 0:
        expect((run / "DONE").is_file(), f"exit code 0 and no DONE: {said}")
        if "warning" in said:
            expect(cause in said, f"the warning does not say {cause}: {said}")
            return "warned"
        # What a run does without, and nobody would miss: see the list that is printed.
        beside = all(call.part(run) in ("tensorboard", "figures") for call in failed)
        removing = failed[0].name in ("rmdir", "unlink")
        expect(fault.reads or removing or not beside, f"exit code 0 and no word: {said}")
        return "unnoticed"
    expect(code == 1, f"exit code {code}: {said}")
    removing = failed[0].name in ("rmdir", "unlink")
    expect(not fault.events or removing, f"a failing event file ended the run: {said}")
    # Who asks whether a file is there is told no, and says what follows from that.
    asked = any(call.name == "stat" for call in failed) and ("File exists" in said or "vanished" in said)
    expect(cause in said or asked, f"the message does not say {cause}: {said}")
    names = set().union(*(names_of(run, call.path) for call in failed))
    expect(any(name in said for name in names), f"the message does not name the file: {said}")
    return "failed"


def one_fault(bench, start, fault, at):
    """Lets the call `at` fail, resumes, compares. Gives what came of it, in a word, and the call."""
    run = bench.folder_for(start, str(at))
    result, calls = bench.faulted(run, at, fault)
    failed = [call for call in calls if call.failed]
    place = f"{failed[0].name} {failed[0].path}" if failed else "no call"
    try:
        outcome = outcome_of(run, fault, result, failed)
        found, was_done = runs.newest_checkpoint(run), (run / "DONE").is_file()
        said = bench.finish(run)
        if not was_done and found:
            begun = runs.sessions(run)[-1]["from_step"]
            expect(
                begun == found,
                f"the first run said: {result.stdout.strip()}\nThe second resumed from step {begun}, "
                f"though there was a checkpoint of step {found}: {said}",
            )
        # Done all the same, with a warning: without a plot, or with an old checkpoint that could not go.
        spared = {call.part(run) for call in failed} if outcome == "warned" else set()
        runs.compare(bench.reference, run, figures="figures" not in spared, clean="checkpoints" not in spared)
    except Failure as failure:
        raise Failure(f"call {at}, {place}: {failure}") from failure
    shutil.rmtree(run)
    return outcome, failed[0] if failed else None


def enumerate_faults(bench, start, fault, findings):
    """Lets every call fail in turn. Gives how many."""
    title = f"{start.name if start else 'a new run'}, {fault.title()}"
    run = bench.folder_for(start, "count")
    result, calls = bench.faulted(run, 0, fault)
    expect(result.returncode == 0 and calls, f"{title}: exit code {result.returncode}: {result.stdout}")
    runs.compare(bench.reference, run)
    shutil.rmtree(run)
    tally, bad, survived = Counter(), [], {"warned": Counter(), "unnoticed": Counter()}

    def one(at):
        try:
            return one_fault(bench, start, fault, at)
        except Failure as failure:
            return failure, None

    with ThreadPoolExecutor(bench.jobs) as pool:
        for outcome, call in pool.map(one, range(1, len(calls) + 1, bench.every)):
            if isinstance(outcome, Failure):
                bad.append(outcome)
                continue
            tally[outcome] += 1
            if outcome in survived:
                survived[outcome][call.told()] += 1
    count = tally.total() + len(bad)
    words = ", ".join(f"{number} {outcome}" for outcome, number in sorted(tally.items()))
    if bad:
        findings += [f"{title}: {failure}" for failure in bad]
        print(f"FAILED {title}: {len(bad)} of {count}; {words}", flush=True)
    else:
        passed(f"{title}: {count} of {len(calls)} calls, {words}")
    for outcome, told in survived.items():
        if told:
            print(
                f"      {outcome}: {', '.join(f'{call} ({number})' for call, number in sorted(told.items()))}"
            )
    return count


def enumerated(bench, quick, findings):
    if sys.platform != "linux" or platform.machine() != "x86_64" or not shutil.which("gcc"):
        skipped("enumerated faults: they need gcc, and Linux on x86-64")
        return 0
    bench.compile()
    resumed = bench.folder / "a killed run"
    kill = Fault(0)
    # Where the run has written past its last checkpoint, while it writes the next one.
    result, calls = bench.faulted(bench.folder / "probe", 0, kill)
    expect(result.returncode == 0 and calls, f"the faults do not load: {result.returncode}: {result.stdout}")
    shutil.rmtree(bench.folder / "probe")
    last = max(
        at for at, call in enumerate(calls, start=1) if ".step-00000006" in call.path and call.name == "write"
    )
    bench.faulted(resumed, last, kill)
    expect(runs.newest_checkpoint(resumed) == STEPS - 1, f"{resumed}: not killed where it should be")

    run = bench.folder_for(bench.reference, "again")
    result, calls = bench.faulted(run, 0, Fault(errno.ENOSPC))
    expect(result.returncode == 0 and not calls, f"a finished run is written to: {calls}")
    passed("a finished run: exit code 0, and nothing is written")
    shutil.rmtree(run)

    full, broken = errno.ENOSPC, errno.EIO
    faults = [Fault(full, on=True), Fault(broken), Fault(broken, reads=True), kill]
    events = [Fault(full, on=True, events=True)]
    if not quick:
        faults += [Fault(full), Fault(broken, on=True), Fault(broken, on=True, reads=True)]
        faults += [Fault(errno.EROFS, on=True)]
        events += [Fault(broken, events=True)]
    starts = (None, resumed)
    count = sum(
        enumerate_faults(bench, start, fault, findings) for start in starts for fault in faults + events
    )
    return count + sum(power_cuts(bench, start, findings) for start in starts)
