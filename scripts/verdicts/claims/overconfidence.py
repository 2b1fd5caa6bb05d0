"""`overconfidence`: how much worse than a guess a model is on facts that it never met."""

import re

from ..answers import stated
from ..claim import Claim, always
from ..estimates import exponents, student
from ..runs import inside, of_each_run, rows


def excess(run):
    """The loss on strangers above that of a guess."""
    of = stated(run, "strangers")
    return (of["loss_nats"] - of["content_nats"]).mean()


def measured(sweep, verdict):
    runs = sweep.of(verdict.of)
    if verdict.number.startswith("exponent"):
        runs = runs.assign(excess=[excess(run) for run in rows(runs)])
        columns = ["parameters", "final_documents"]
        which = 0 if verdict.number.endswith("parameters") else 1
        return exponents(inside(runs, columns[which], verdict.range), columns, "excess")[which]
    size, documents = (int(x.replace(",", "")) for x in re.findall(r"\d[\d,]*", verdict.number)[:2])
    runs = runs[(runs["parameters"] == size) & (runs["final_documents"] == documents)]
    return student(of_each_run(rows(runs), excess))


CLAIM = Claim("overconfidence", measured, always(0))
