"""Numbers as a reader sees them: three significant digits, thousands separated."""

import math

NOTHING = "–"

# Beyond these a number is written with a power of ten.
SMALLEST, LARGEST = 1e-4, 1e7


def significant(x):
    """`x` to three significant digits: 0.0123, 1.98, 12,300."""
    if x is None:
        return NOTHING
    if x == 0:
        return "0"
    if not SMALLEST <= abs(x) < LARGEST:
        mantissa, power = f"{x:.2e}".split("e")
        return f"{mantissa}·10{''.join('⁰¹²³⁴⁵⁶⁷⁸⁹'[int(d)] if d.isdigit() else '⁻' for d in str(int(power)))}".replace("-", "−")
    # Of the rounded number: 0.9999 is 1.00.
    digits = max(0, 2 - math.floor(math.log10(abs(float(f"{x:.2e}")))))
    return f"{x:,.{digits}f}".replace("-", "−")


def count(x):
    """A whole number: 1,234."""
    return NOTHING if x is None else f"{x:,.0f}"


def interval(ends):
    """The two ends of an interval: [0.98, 1.02]."""
    return NOTHING if ends is None else f"[{significant(ends[0])}, {significant(ends[1])}]"
