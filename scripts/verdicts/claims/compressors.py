"""`compressors`: a trained model beside other compressors."""

import numpy as np

from ..claim import Claim
from ..codes import compressed, group, record
from ..estimates import Estimate, student
from ..runs import of_each_run

LEARNERS = ("model", "bayes", "bayes_untrained")

# An arithmetic code may be so many bits longer than the information in it.
SLACK = 64


def lengths(of):
    return {compressor["name"]: compressor for compressor in of["text"]["compressors"]}


def over_the_best(run):
    """Bits of the model over those of the best general compressor."""
    codes = lengths(record(run))
    return codes["model"]["bits"] / min(code["bits"] for name, code in codes.items() if name not in LEARNERS)


def measured(sweep, verdict):
    if verdict.number == "shortest":
        runs = [run for run in group(sweep, verdict.of) if record(run)]
        return student(of_each_run(runs, over_the_best))
    runs = compressed(sweep, verdict.of)
    codes = [lengths(of)[verdict.number] for _, of in runs]
    written, said = np.array([[code["coded_bits"], code["information_bits"]] for code in codes]).T
    worst = np.max(np.abs(written / said - 1) if verdict.number == "bayes" else (written - said - SLACK) / said)
    # Counted, not estimated.
    return Estimate(worst, worst, worst, len({run["seed"] for run, _ in runs}))


def predicted(_sweep, verdict):
    return 1 if verdict.number == "shortest" else 1e-3


CLAIM = Claim("compressors", measured, predicted)
