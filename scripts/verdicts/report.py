"""What report.json says of a verdict."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

from checks import expect

from .estimates import Estimate

KEYS = ("study", "claim", "sort", "quantity", "relation", "predicted", "measured", "ci95", "margin", "seeds", "range", "verdict")
SORTS = ("check", "law", "finding")
RELATIONS = ("equal", "above", "below")
OUTCOMES = ("agrees", "disagrees", "inconclusive")


@dataclass(frozen=True)
class Range:
    """What a number was measured over."""

    of: str
    lo: float
    hi: float

    @property
    def decades(self):
        return math.log10(self.hi / self.lo)


@dataclass(frozen=True)
class Verdict:
    """`name` is `claim/of/number`, as `data_scaling/Zipf 1.50/exact curve`: the claim, the runs it is about, and the number of theirs."""

    name: str
    study: str
    sort: str
    quantity: str
    relation: str
    predicted: float
    margin: float
    # None where kolmo refused to measure; `ends` are not numbers where it knows no interval.
    estimate: Estimate | None
    range: Range | None
    outcome: str

    @property
    def claim(self):
        return self.name.split("/", 2)[0]

    @property
    def of(self):
        return self.name.split("/", 2)[1]

    @property
    def number(self):
        return self.name.split("/", 2)[2]


def number(of):
    """A number that is not finite is null in JSON."""
    return math.nan if of is None else of


def verdict(said):
    """A verdict as the file says it."""
    name = said.get("claim", "one without a name")
    for key in KEYS:
        expect(
            key in said,
            f"the verdict {name} has no `{key}`, for an older kolmo wrote the report: build kolmo in the folder that this script is from "
            "(cargo build --release), and make the report again with that (target/release/kolmo report SWEEP_DIR...)",
        )
    for key, words in (("sort", SORTS), ("relation", RELATIONS), ("verdict", OUTCOMES)):
        expect(said[key] in words, f"{name}: its {key} is {said[key]!r}, not one of {', '.join(words)}")
    expect(name.count("/") >= 2, f"{name} is not called claim/of/number")
    estimate = None
    if said["seeds"] is not None:
        expect(said["ci95"] is not None, f"{name}: a number of {said['seeds']} seeds without an interval")
        estimate = Estimate(*map(number, (said["measured"], *said["ci95"])), said["seeds"])
    return Verdict(
        name=name,
        study=said["study"],
        sort=said["sort"],
        quantity=said["quantity"],
        relation=said["relation"],
        predicted=number(said["predicted"]),
        margin=number(said["margin"]),
        estimate=estimate,
        range=said["range"] and Range(**said["range"]),
        outcome=said["verdict"],
    )


HEADLINE_KEYS = ("number", "name", "statistic", "sort", "quantity", "relation", "study", "predicted", "measured", "ci95", "ci_holm", "margin", "seeds", "verdict")


@dataclass(frozen=True)
class Row:
    """A headline as the file says it; `study` is None where no runs answer it, `relation` and `outcome` of a finding."""

    name: str
    statistic: str
    sort: str
    quantity: str
    relation: str | None
    study: str | None
    predicted: float
    margin: float
    # None where there is no number; ends are not numbers where there is no interval.
    estimate: Estimate | None
    holm: tuple[float, float]
    outcome: str | None


def row(said):
    """A headline as the file says it."""
    name = said.get("name", "one without a name")
    for key in HEADLINE_KEYS:
        expect(key in said, f"the headline {name} has no `{key}`: an older kolmo wrote the report")
    ends = lambda key: tuple(map(number, said[key] or (None, None)))
    estimate = None if said["measured"] is None else Estimate(said["measured"], *ends("ci95"), said["seeds"])
    of = {key: said[key] for key in ("name", "statistic", "sort", "quantity", "relation", "study")}
    return Row(
        **of,
        predicted=number(said["predicted"]),
        margin=number(said["margin"]),
        estimate=estimate,
        holm=ends("ci_holm"),
        outcome=said["verdict"],
    )


def headlines(path):
    """The headlines of a report, in their order."""
    said = json.loads(Path(path).read_text()).get("headlines")
    expect(said is not None, f"{path} has no headlines: an older kolmo wrote the report")
    return [row(of) for of in said]


def read(path):
    """The verdicts of a report, which may have headlines alone."""
    report = json.loads(Path(path).read_text())
    said = report["verdicts"]
    answered = any(row["study"] is not None for row in report.get("headlines", []))
    expect(said or answered, f"{path} has neither verdicts nor a headline that is answered")
    return [verdict(of) for of in said]
