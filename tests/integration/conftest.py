"""Fixtures: a Lab for each test, and the servers' logs in the report of a test that failed."""

import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from chorale.lab import Lab  # noqa: E402


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    setattr(item, "report_" + report.when, report)
    lab = getattr(item, "lab", None)
    if report.failed and lab:
        for title, text in lab.logs():
            report.sections.append(("log of " + title, text))


@pytest.fixture
def lab(request):
    # A short path: UNIX control sockets may not be longer than 107 octets.
    directory = pathlib.Path(tempfile.mkdtemp(prefix="chorale-"))
    made = request.node.lab = Lab(directory)
    yield made
    complaints = made.close()
    shutil.rmtree(directory, ignore_errors=True)
    assert not complaints, complaints
