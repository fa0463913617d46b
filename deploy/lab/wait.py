"""Waiting for events: a condition is looked at until it holds or the deadline passes."""

import time

INTERVAL = 0.05  # seconds between two looks


class Wrong(Exception):
    """Something is not as it should be."""


def until(what, condition, deadline=120.0):
    """The first true value of condition(); after `deadline` seconds, Wrong with `what` was awaited."""
    end = time.monotonic() + deadline
    while True:
        seen = condition()
        if seen:
            return seen
        if time.monotonic() > end:
            raise Wrong("not within %.0f s: %s" % (deadline, what))
        time.sleep(INTERVAL)
