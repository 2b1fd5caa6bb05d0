"""`wording`: in which words a fact can be asked for."""

from ..answers import answers
from ..claim import Claim
from ..estimates import student
from ..runs import of_each_run, rows
from ..tuning import difference, templates


def accuracy(run, wording):
    of = answers(run, "stated", wording)
    return (of["share"] * of["correct"]).sum()


def measured(sweep, verdict):
    by_count = {}
    for run in rows(sweep.runs):
        by_count.setdefault(templates(run), []).append(run)
    share = lambda run: accuracy(run, verdict.of) / accuracy(run, "statement")
    if verdict.number == "gain":
        return student(difference(by_count[max(by_count)], by_count[min(by_count)], share))
    return student(of_each_run(by_count[int(verdict.number.split()[0])], share))


def predicted(_sweep, verdict):
    return 0 if verdict.number == "gain" else 1


CLAIM = Claim("wording", measured, predicted)
