"""`bits_per_parameter`: the bits stored against parameters."""

from ..claim import Claim, always
from ..estimates import exponents
from ..runs import inside, longest


def measured(sweep, verdict):
    runs = inside(longest(sweep.of(verdict.of)), "parameters", verdict.range)
    return exponents(runs, ["parameters"], "final_bits_stored")[0]


CLAIM = Claim("bits_per_parameter", measured, always(1))
