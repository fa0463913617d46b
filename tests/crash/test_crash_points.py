"""kill -9 at every write, sync, rename and send of a scripted session (threats.md, "Nothing lost").

CHORALE_CRASH_POINTS: how many points are tried, spread over the session ("all": each, before,
after and, for file writes, torn). CHORALE_CRASH_ONLY=137:after runs one, as a failure prints it.
"""

import concurrent.futures
import multiprocessing
import os

import pytest

import combiner_process as process
from session import Crash, run_session

AT_LEAST = 200          # points that the session must have
SPREAD = 240            # points tried unless told otherwise
AT_ONCE = 2             # sessions that run side by side
MOMENTS = ("before", "after", "torn")
RECOVERIES = 30         # crashes while recovering from a crash
SESSION_SECONDS = 120   # no session takes longer, whatever happens



@pytest.fixture(scope="module")
def shim():
    path = os.environ.get("CHORALE_CRASH_SHIM", "")
    assert os.path.exists(path), "CHORALE_CRASH_SHIM names the built crash_points module"
    return path


@pytest.fixture(scope="module")
def counted(shim):
    """The session without a crash, and how many points it has."""
    _, outcome, wrong = run_session(shim, [Crash(0)])
    assert wrong is None, wrong
    print(f"points of the session: {outcome.counts}, {outcome.seconds:.2f} s")
    return outcome


def run_all(shim, plans):
    """Results of all plans, a few at a time, in processes of their own."""
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(AT_ONCE, context) as pool:
        futures = [pool.submit(run_session, shim, plan) for plan in plans]
        limit = SESSION_SECONDS * len(plans) / AT_ONCE
        return [one.result() for one in concurrent.futures.as_completed(futures, limit)]


def judge(results, least_crashes):
    wrong = [(plan, text) for plan, _, text in results if text is not None]
    right = [outcome for _, outcome, _ in results if outcome is not None]
    crashed = sum(outcome.crashes for outcome in right)
    print(f"{len(results)} sessions, {crashed} crashes, {len(wrong)} wrong; unanswered UPDATEs: "
          f"{sum(one.unanswered_kept for one in right)} kept whole, "
          f"{sum(one.unanswered_lost for one in right)} not there; mean "
          f"{sum(one.seconds for one in right) / max(1, len(right)):.2f} s")
    assert not wrong, "\n".join(
        f"CHORALE_CRASH_ONLY={','.join(f'{one.at}:{one.when}' for one in plan)} {text}"
        for plan, text in wrong[:10])
    assert crashed >= least_crashes, "crashes happened where they were planned"


def test_session_has_enough_points(counted):
    assert counted.counts["total"] >= AT_LEAST, counted.counts
    assert counted.crashes == 0
    for kind in ("write", "sync", "send"):
        assert counted.counts[kind] > 0, counted.counts


def plans_for(total):
    only = os.environ.get("CHORALE_CRASH_ONLY")
    if only:
        points = [one.partition(":") for one in only.split(",")]
        return [[Crash(int(at), when or "before") for at, _, when in points]]
    wanted = os.environ.get("CHORALE_CRASH_POINTS", str(SPREAD))
    if wanted == "all":
        return [[Crash(at, when)] for at in range(1, total + 1) for when in MOMENTS]
    number = max(1, int(wanted))
    return [[Crash(1 + index * total // number, MOMENTS[index % len(MOMENTS)])]
            for index in range(number)]


def test_kill_at_every_point(shim, counted):
    plans = plans_for(counted.counts["total"])
    results = run_all(shim, plans)
    # The order of threads and NOTIFYs varies a little: the last points may not be reached.
    judge(results, least_crashes=len(plans) * 9 // 10)


def test_kill_again_while_recovering(shim, counted):
    """A second kill within the first steps of the restart, then a clean start."""
    total = counted.counts["total"]
    plans = [[Crash(1 + (7 + index * 13) * total // (RECOVERIES * 14), MOMENTS[index % 3]),
              Crash(1 + index, MOMENTS[(index // 3) % 3])] for index in range(RECOVERIES)]
    judge(run_all(shim, plans), least_crashes=RECOVERIES)
