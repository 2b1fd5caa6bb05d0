"""What the scripts that check something share: a line for each check, and an exit code."""

import sys


class Failure(Exception):
    """A check that failed; its message says what was found and what was expected."""


def expect(condition, message):
    if not condition:
        raise Failure(message)


def passed(text):
    print(f"ok    {text}", flush=True)


def skipped(text):
    print(f"skip  {text}", flush=True)


def ended(check):
    """The exit code of `check`, a function that raises Failure."""
    try:
        check()
    except Failure as failure:
        print(f"FAILED {failure}", file=sys.stderr)
        return 1
    return 0
