"""`forgetting`: what new facts cost old ones, with replay and without, in the old syntax and a new one."""

from ..claim import Claim, always
from ..estimates import student
from ..tuning import bits_after, bits_before, difference, variant


def lost(run):
    return 1 - bits_after(run) / bits_before(run)


def measured(sweep, verdict):
    kind, rest = verdict.number.split(", ", 1)
    if kind == "replay":
        pair = [f"{rest}, no replay", f"{rest}, 50.0 % replayed"]
    else:
        share = "no replay" if rest == "no replay" else "50.0 % replayed"
        pair = [f"new syntax, {share}", f"old syntax, {share}"]
    return student(difference(*[variant(sweep, verdict.of, tuned) for tuned in pair], lost))


CLAIM = Claim("forgetting", measured, always(0))
