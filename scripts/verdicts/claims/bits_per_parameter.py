"""`bits_per_parameter`: the bits stored against parameters."""

from ..claim import Claim
from ..estimates import exponents
from ..runs import inside, longest


def measured(sweep, verdict):
    runs = inside(longest(sweep.of(verdict.of)), "parameters", verdict.range)
    return exponents(runs, ["parameters"], "final_bits_stored")[0]


def predicted(_sweep, _verdict):
    return 1


CLAIM = Claim("bits_per_parameter", measured, predicted)
