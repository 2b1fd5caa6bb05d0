"""Makes every headline and every verdict of a report again from the files of its sweeps, with nothing of kolmo's but what the syntax of a world saves
(two_parts.py).

claims/         a file for each claim, and CLAIMS, the list of all of them
headlines/      a file for each headline, and HEADLINES
check.py        walks through a report, verdict by verdict
check_headlines.py  through its headlines
report.py       what report.json says of a verdict and of a headline
quantity.py     the margins and bounds of numbers
rule.py         from an interval to a verdict
holm.py         from several intervals to as many verdicts
known.py        what a model knows of facts
estimates.py    slopes, means and intervals
runs.py         the runs of sweeps as pandas sees them
misreport.py    a report in which theory is given the wrong law has to disagree
tests/          the tests of all this: python3 -m unittest discover -s scripts/verdicts/tests -t scripts

The other files are what several claims and headlines share.
"""
