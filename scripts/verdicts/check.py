"""Walks through a report: every verdict of it has to be the one that the files of the sweeps make."""

import collections
import functools
import math
from pathlib import Path

from checks import Failure, expect, passed

from . import check_headlines, rule
from .claims import CLAIMS
from .quantity import quantity
from .report import read
from .runs import Sweep


def twin(name):
    """The claim of that name; a report with one that is not here fails."""
    for claim in CLAIMS:
        if claim.name == name:
            return claim
    raise Failure(
        f"the report has verdicts on `{name}`, which nothing makes again: write scripts/verdicts/claims/{name}.py and add it to CLAIMS in "
        "scripts/verdicts/claims/__init__.py"
    )


def confirm_report(verdict):
    """What the report says of a verdict has to follow from what else it says of it."""
    kind = quantity(verdict.quantity)
    margin = kind.margin(verdict.predicted) if verdict.relation == "equal" else math.nan
    is_same = math.isnan(margin) and math.isnan(verdict.margin) or math.isclose(verdict.margin, margin, rel_tol=1e-9)
    expect(is_same, f"{verdict.name}: a margin of {verdict.margin}, and by its quantity, `{verdict.quantity}`, it is {margin}")
    said = verdict.estimate
    if said is None:
        expect(verdict.outcome == "inconclusive", f"{verdict.name}: {verdict.outcome}, and nothing was measured")
        return
    is_ordered = said.lo <= said.value <= said.hi or math.isnan(said.lo + said.value + said.hi)
    expect(is_ordered, f"{verdict.name}: {said.value} is not in its interval, {said.lo} to {said.hi}")
    is_possible = not said.lo < kind.least and not said.hi > kind.greatest
    expect(is_possible, f"{verdict.name}: {said} goes beyond what its quantity, `{verdict.quantity}`, can be")
    found = rule.outcome(verdict, said)
    expect(found == verdict.outcome, f"{verdict.name}: {verdict.outcome}, and by the rule {said} of {said.seeds} seeds is {found}")


def distance(said, again):
    """How far apart the intervals are, in half-widths of the second one: the greater distance of two ends."""
    apart = max(abs(said.lo - again.lo), abs(said.hi - again.hi))
    half = (again.hi - again.lo) / 2
    # Numbers that were counted, or of seeds that say all the same, are the same to rounding.
    return apart / max(half, 1e-6 * max(1, abs(again.value)))


def confirm(verdict, sweep, claim):
    """Makes a verdict again; a line about it."""
    confirm_report(verdict)
    predicted = claim.predicted(sweep, verdict)
    is_close = predicted is None or math.isclose(predicted, verdict.predicted, rel_tol=1e-3)
    expect(is_close, f"{verdict.name}: {verdict.predicted} is predicted, again {predicted}")
    said = verdict.estimate
    if said is None:
        return f"{verdict.name}: nothing was measured"
    again = claim.measured(sweep, verdict)
    if again is None:
        expect(said.seeds < 2, f"{verdict.name}: {said} of {said.seeds} seeds, and again there is no number of two seeds")
        return f"{verdict.name}: {verdict.outcome}; measured {said} of a single seed"
    kind = quantity(verdict.quantity)
    again = again.within(kind.least, kind.greatest)
    text, tolerance = f"{verdict.name}: {verdict.outcome}; measured {said}, again {again}", claim.tolerance(verdict.number)
    expect(said.seeds == again.seeds, f"{text}; of {said.seeds} seeds, again of {again.seeds}")
    expect(distance(said, again) <= tolerance, f"{text}, which is another interval")
    found = rule.outcome(verdict, again)
    expect(found == verdict.outcome or rule.is_near(verdict, again, tolerance), f"{text}, which is {found}")
    return text


def check(report, folders):
    """Makes every headline and every verdict of `report` again from the sweeps in `folders`; those that no verdict is about are not opened."""
    verdicts = read(report)
    folders = {folder.name: folder for folder in map(Path, folders)}
    sweep_of = functools.cache(lambda name: Sweep(folders[name]))
    check_headlines.check(report, folders, sweep_of)
    for verdict in verdicts:
        claim, study = twin(verdict.claim), verdict.study
        expect(study in folders, f"{verdict.name}: no sweep is called {study}")
        print(f"      {confirm(verdict, sweep_of(study), claim)}", flush=True)
    sorts = collections.Counter(verdict.sort for verdict in verdicts)
    refused = sum(verdict.estimate is None for verdict in verdicts)
    counts = ", ".join(f"{sort} {count}" for sort, count in sorted(sorts.items()))
    passed(f"{len(verdicts)} verdicts of {report}, made again; sorts: {counts}; not measured: {refused}")
