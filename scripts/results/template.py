"""Texts with places for numbers: {{ data_law.measured }}.

A place names a headline and a field of it, or a part of the headline and a field of that, in quotes:
{{ clock "Zipf 1.20, growth of tau".measured }}. Verdicts of the appendix are {{ verdict "data_scaling/Zipf 1.30/exact curve".measured }},
and what made the report is {{ made.runs }}. Whoever writes a name that is not there is told which there are.
"""

import re

from . import numbers

PLACE = re.compile(r"\{\{\s*(.*?)\s*\}\}", re.DOTALL)
FIELD = re.compile(r'(\w+)(?:\s+"([^"]+)")?\.(\w+)')


class Unknown(Exception):
    """A place whose number is not in the report."""


def fill(text, results):
    """`text` with the numbers of `results`.

    Raises Unknown for a place that names nothing."""
    return PLACE.sub(lambda place: value(place[1], results), text)


def value(place, results):
    if place in results.blocks:
        return results.blocks[place]()
    found = FIELD.fullmatch(place)
    if not found:
        raise Unknown(f"{{{{ {place} }}}}: a place is `headline.field`, `headline \"part\".field`, or one of {', '.join(results.blocks)}")
    name, part, field = found.groups()
    record = results.record(name, part)
    if field not in record:
        raise Unknown(f"{{{{ {place} }}}} has no field {field}: it has {', '.join(record)}")
    return shown(field, record[field])


def shown(field, number):
    """A field in a sentence: an interval in brackets, text as it is, a count without a fraction."""
    if isinstance(number, list):
        return numbers.interval(number)
    if isinstance(number, str):
        return number
    return numbers.count(number) if isinstance(number, int) else numbers.significant(number)
