"""`order`: whether facts are learnt in the order of their frequency."""

from scipy import stats

from ..claim import Claim
from ..estimates import fisher
from ..runs import half_learning, of_each_run, rows


def measured(sweep, verdict):
    runs = rows(sweep.of(verdict.of))
    timed = {run["id"]: half_learning(run) for run in runs}

    def correlation(run):
        at = timed[run["id"]]
        return stats.spearmanr(-at["probability"], at["time"]).statistic

    return fisher(of_each_run(runs, correlation), min(map(len, timed.values())))


def predicted(_sweep, verdict):
    return 0 if verdict.number == "rank correlation" else None


CLAIM = Claim("order", measured, predicted)
