"""Walks through the headlines of a report: every row of it has to be the one that the files of the sweeps make."""

import math
from dataclasses import dataclass

import numpy as np

from checks import Failure, expect, passed

from . import rule
from .estimates import Estimate
from .headline import Answer, Headline
from .headlines import HEADLINES
from .holm import holm
from .quantity import quantity
from .report import headlines
from .runs import asked

UNKNOWN = Estimate(math.nan, math.nan, math.nan, 0)


@dataclass(frozen=True)
class Placed:
    """What the rule places."""

    quantity: str
    relation: str
    predicted: float
    margin: float
    range: None = None


@dataclass(frozen=True)
class Again:
    """A headline made again; no answer where no sweep has runs for it."""

    headline: Headline
    answer: Answer | None
    margin: float

    @property
    def estimate(self):
        """Student's, wherever it ends."""
        return self.answer and self.answer.estimate

    @property
    def placed(self):
        of, answer = self.headline, self.answer
        predicted = answer.predicted if answer else math.nan
        return Placed(of.quantity, of.relation, predicted, self.margin if of.relation == "equal" else 0)


def twin(name):
    """The headline of that name; a report with one that is not here fails."""
    for headline in HEADLINES:
        if headline.name == name:
            return headline
    raise Failure(
        f"the report has a headline `{name}`, which nothing makes again: write scripts/verdicts/headlines/{name}.py and add it to HEADLINES "
        "in scripts/verdicts/headlines/__init__.py"
    )


def asks(folder, name):
    """What the sweep file in a folder says of a headline; None where it does not name it."""
    return next((of for of in asked(folder).get("headlines", []) if of["name"] == name), None)


def confirm_kind(row, headline):
    """What a row says of itself has to be so whatever the runs say."""
    for key in ("statistic", "quantity", "relation"):
        said, known = getattr(row, key), getattr(headline, key)
        expect(said == known, f"{row.name}: its {key} is {said}, again {known}")
    sort = "finding" if headline.relation is None else "law"
    expect(row.sort == sort, f"{row.name}: it is a {row.sort}, again a {sort}")
    expect((row.outcome is None) == (headline.relation is None), f"{row.name}: a {sort} with the verdict {row.outcome}")


def again(row, headline, folders, sweep_of):
    """The row made again, from the sweep that it is of."""
    asking = {name: of for name, folder in folders.items() if (of := asks(folder, headline.name)) is not None}
    if row.study is None:
        for name in asking:
            expect(headline.answer(sweep_of(name)) is None, f"{row.name}: no runs answer it, and again those of {name} do")
        return Again(headline, None, math.nan)
    expect(row.study in folders, f"{row.name}: no sweep is called {row.study}")
    expect(row.study in asking, f"{row.name}: the sweep file of {row.study} does not ask it")
    of = asking[row.study]
    expect(of["statistic"] == headline.statistic, f"{row.name}: the sweep file decides it by {of['statistic']}, again {headline.statistic}")
    answer = headline.answer(sweep_of(row.study))
    expect(answer is not None, f"{row.name}: of {row.study}, whose runs again do not answer it")
    return Again(headline, answer, of.get("margin", math.nan))


def near(said, of, tolerance):
    """Whether two intervals are the same, or both are not known."""
    if np.isnan(of).any():
        return bool(np.isnan(said).all())
    half = (of[1] - of[0]) / 2
    # Numbers that were counted, or of seeds that say all the same, are the same to rounding.
    return max(abs(said[0] - of[0]), abs(said[1] - of[1])) <= max(tolerance * half, 1e-6 * max(1, abs(sum(of)) / 2))


def confirm_number(row, made):
    """The number of a row and its interval; a line about it."""
    kind, said, estimate = quantity(row.quantity), row.estimate, made.estimate
    predicted = math.nan if made.answer is None or made.answer.predicted is None else made.answer.predicted
    is_same = math.isnan(predicted) and math.isnan(row.predicted) or math.isclose(predicted, row.predicted, rel_tol=1e-6, abs_tol=1e-12)
    expect(is_same, f"{row.name}: {row.predicted} is predicted, again {predicted}")
    margin = made.margin if row.relation == "equal" and row.study is not None else math.nan
    is_same = math.isnan(margin) and math.isnan(row.margin) or margin == row.margin
    expect(is_same, f"{row.name}: a margin of {row.margin}, and in the sweep file {margin}")
    of_each = made.answer.of_each if made.answer else []
    known = len(of_each) > 0 and np.isfinite(of_each).all()
    expect((said is not None) == known, f"{row.name}: measured {said}, again of the seeds {list(of_each)}")
    if said is None:
        return f"{row.name}: nothing was measured"
    expect(said.seeds == len(of_each), f"{row.name}: of {said.seeds} seeds, again of {len(of_each)}")
    if estimate is None:
        expect(math.isnan(said.lo + said.hi), f"{row.name}: {said} of a single seed")
        expect(math.isclose(said.value, of_each.iloc[0], rel_tol=1e-3), f"{row.name}: {said.value}, again {of_each.iloc[0]}")
        return f"{row.name}: measured {said.value:.4g} of a single seed"
    within = estimate.within(kind.least, kind.greatest)
    text = f"{row.name}: measured {said}, again {within}"
    half = (estimate.hi - estimate.lo) / 2
    is_same = abs(said.value - estimate.value) <= max(made.headline.tolerance * half, 1e-6 * max(1, abs(estimate.value)))
    expect(is_same and near((said.lo, said.hi), within[1:3], made.headline.tolerance), f"{text}, which is another interval")
    return text


def confirm_verdict(row, made, corrected):
    """The verdict of a tested row, by the interval that holds with all others; a line about it."""
    text = f"{row.name}: {row.outcome}; corrected [{row.holm[0]:.4g}, {row.holm[1]:.4g}], again [{corrected.lo:.4g}, {corrected.hi:.4g}]"
    kind, tolerance = quantity(row.quantity), made.headline.tolerance
    is_possible = not row.holm[0] < kind.least and not row.holm[1] > kind.greatest
    expect(is_possible, f"{text}, and goes beyond what a {row.quantity} can be")
    expect(near(row.holm, corrected[1:3], tolerance), f"{text}, which is another interval")
    found = rule.outcome(made.placed, corrected)
    if made.answer is None or made.answer.undecided:
        found = "inconclusive"
        is_near = False
    else:
        is_near = rule.is_near(made.placed, corrected, tolerance)
    expect(found == row.outcome or is_near, f"{text}, which is {found}")
    return text


def confirm(rows, folders, sweep_of):
    """Makes all rows again; lines about each that runs answer."""
    names = [row.name for row in rows]
    pairs = [(row, twin(row.name)) for row in rows]
    expect(names == [headline.name for headline in HEADLINES], f"the report has the headlines {', '.join(names)}, and not all there are, in order")
    made = []
    for row, headline in pairs:
        confirm_kind(row, headline)
        made.append(again(row, headline, folders, sweep_of))
        line = confirm_number(row, made[-1])
        if row.study is not None:
            yield line
    # A tested row that nobody answers counts too.
    tested = [(row, of) for row, of in zip(rows, made) if of.headline.relation is not None]
    corrected = holm([(of.placed, of.estimate or UNKNOWN) for _, of in tested])
    for (row, of), (_, estimate) in zip(tested, corrected, strict=True):
        kind = quantity(row.quantity)
        line = confirm_verdict(row, of, estimate.within(kind.least, kind.greatest))
        if row.study is not None:
            yield line


def check(report, folders, sweep_of):
    """Makes every headline of `report` again from the sweeps in `folders`, by name, of which `sweep_of` has one."""
    rows = headlines(report)
    for line in confirm(rows, folders, sweep_of):
        print(f"      {line}", flush=True)
    answered = sum(row.study is not None for row in rows)
    passed(f"{len(rows)} headlines of {report}, made again; answered: {answered}")
