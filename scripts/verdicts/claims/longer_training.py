"""`longer_training`: whether longer training changes what is missing against parameters."""

from ..claim import Claim, always
from ..estimates import slope, student
from ..runs import inside, longest, of_each_seed


def measured(sweep, verdict):
    runs = inside(sweep.of(verdict.of), "parameters", verdict.range)
    exponents = [of_each_seed(longest(runs, back), lambda of_seed: slope(of_seed, "parameters", "final_missing")) for back in (0, 1)]
    return student(exponents[0] - exponents[1])


CLAIM = Claim("longer_training", measured, always(0))
