"""What docs/results holds: the numbers of a report, and who made them."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from . import numbers
from .template import Unknown

REPORT, MADE, FIGURES = "report.json", "made.json", "figures"

# Texts with places for numbers are called so: they are no pages yet.
IN = ".md.in"

# The texts that are whole pages, or stand in one.
OPENING, PAGE = PAGES = "opening", "page"

# What a row has to be for its number, by its relation to the prediction.
SIGN = {"equal": "", "above": "> ", "below": "< "}


@dataclass
class Results:
    """The rows and verdicts of a report by name, and what made them."""

    headlines: list
    verdicts: list
    made: dict
    figures: Path
    words: dict = field(default_factory=dict)

    @classmethod
    def read(cls, folder):
        report = json.loads((folder / REPORT).read_text())
        made = json.loads((folder / MADE).read_text())
        words = {path.name.removesuffix(IN): path.read_text() for path in sorted((folder / "words").glob(f"*{IN}"))}
        results = cls(report["headlines"], report["verdicts"], made, folder / FIGURES, words)
        strange = sorted(set(words) - {one["name"] for one in results.headlines} - {*PAGES})
        if strange:
            raise Unknown(f"words/{strange[0]}{IN} is of no headline and no page")
        return results

    @property
    def blocks(self):
        return {"table": self.table, "sections": self.sections, "verdicts": self.verdict_table, "unmeasured": self.unmeasured}

    def record(self, name, part):
        """The numbers of a headline, of a part of one, of a verdict, or of what made the report."""
        if name == "made":
            return self.made
        if name == "verdict":
            return named(self.verdicts, "claim", part)
        headline = named(self.headlines, "name", name)
        return headline if part is None else named(headline["parts"], "name", part)

    def answered(self):
        return [one for one in self.headlines if one["study"] is not None]

    def unmeasured(self):
        """The titles of the headlines that no runs answer."""
        return ", ".join(f"*{one['title']}*" for one in self.headlines if one["study"] is None)

    def table(self):
        """A row for each headline that runs answer."""
        rows = [
            [
                str(one["number"]),
                f"**{one['title']}**: {one['question']}",
                predicted(one),
                *measured(one),
                numbers.interval(one["ci_holm"]),
                numbers.count(one["seeds"]),
                one["verdict"] or one["sort"],
            ]
            for one in self.answered()
        ]
        return table(["", "question", "predicted", "measured", "95 % interval", "corrected", "seeds", "verdict"], rows)

    def sections(self):
        """A section for each headline that runs answer: what was found, its figure, and what is to be said of it."""
        return "\n\n".join(self.section(one) for one in self.answered())

    def section(self, one):
        blocks = [f"### {one['number']}. {one['title']}", one["question"], f"{found(one)} {one['reason'][:1].upper()}{one['reason'][1:]}."]
        figure = f"headline-{one['name'].replace('_', '-')}.svg"
        if (self.figures / figure).is_file():
            blocks.append(f"![{one['title']}: {one['measures']}]({FIGURES}/{figure})")
        if one["name"] in self.words:
            blocks.append(self.words[one["name"]].strip())
        if one["parts"]:
            blocks.append(folded(f"Its parts ({len(one['parts'])})", parts(one["parts"])))
        return "\n\n".join(blocks)

    def verdict_table(self):
        rows = [[one["claim"], predicted(one), *measured(one), numbers.count(one["seeds"]), one["verdict"]] for one in self.verdicts]
        return table(["claim", "predicted", "measured", "95 % interval", "seeds", "verdict"], rows)


def named(records, key, name):
    for record in records:
        if record[key] == name:
            return record
    raise Unknown(f"nothing of the report is called {name!r}: there are {', '.join(repr(record[key]) for record in records)}")


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def measured(one):
    """The cells of a number and its interval."""
    return numbers.significant(one["measured"]), numbers.interval(one["ci95"])


def predicted(one):
    if one["predicted"] is None:
        return numbers.NOTHING
    margin = f" ± {numbers.significant(one['margin'])}" if one["margin"] is not None else ""
    return SIGN[one["relation"]] + numbers.significant(one["predicted"]) + margin


def found(one):
    """What was found, in a sentence."""
    if one["measured"] is None:
        return "Nothing was measured."
    ends = one["ci_holm"] or one["ci95"]
    number = f"**{numbers.significant(one['measured'])} {numbers.interval(ends)}**"
    return f"{number}, where {predicted(one)} is predicted: {one['verdict']}." if one["verdict"] else f"{number}."


def parts(records):
    rows = [[part["name"], numbers.significant(part["predicted"]), *measured(part)] for part in records]
    return table(["number", "predicted", "measured", "95 % interval"], rows)


def folded(title, text):
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"
