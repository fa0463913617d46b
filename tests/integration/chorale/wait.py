"""Waiting for events, never for time: a condition is polled until it holds or a deadline passes."""

import time

_INTERVAL = 0.03  # between two looks; short against every deadline, long against a core


class Late(AssertionError):
    """The awaited event did not come before the deadline."""


def until(condition, what, deadline=20.0):
    """The first true value of condition(); fails with what was awaited and what was seen last."""
    end = time.monotonic() + deadline
    while True:
        seen = condition()
        if seen:
            return seen
        if time.monotonic() > end:
            text = what() if callable(what) else what
            raise Late("not within %.0f s: %s (last seen: %r)" % (deadline, text, seen))
        time.sleep(_INTERVAL)


def never(condition, what, watch):
    """For things that must not happen: looks all the time for `watch` seconds.

    Only where no event proves the contrary; a counter or an answer is better where there is one."""
    end = time.monotonic() + watch
    while time.monotonic() < end:
        seen = condition()
        assert not seen, "%s (seen: %r)" % (what, seen)
        time.sleep(_INTERVAL)
