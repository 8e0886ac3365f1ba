"""Whether packets flow: green only while a session runs and its journal grows."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tradeworthy.journal.segments import segment_path
from tradeworthy.runtime.home import Home, SessionLock
from tradeworthy.runtime.pulse import LIVE, LIVE_S_MAX, QUIET, STOPPED, pulse_of


@pytest.fixture
def there(tmp_path: Path) -> Home:
    """A home with a run whose journal has grown just now."""
    home = Home(tmp_path).make()
    grown(home, 0.0)
    return home


def grown(home: Home, age_s: float) -> None:
    """Let the run's journal have grown so long ago."""
    file = segment_path(home.runs / "run-1", 1)
    file.parent.mkdir(exist_ok=True)
    file.touch()
    then = time.time() - age_s
    os.utime(file, (then, then))


def test_packets_flow_while_a_session_runs_and_its_journal_grows(there: Home) -> None:
    """A7: fifteen seconds without a packet, and the dot is no longer green."""
    lock = SessionLock(there)
    lock.take({"run": "run-1"})
    for age_s, state in ((0.0, LIVE), (LIVE_S_MAX - 1, LIVE), (LIVE_S_MAX + 1, QUIET)):
        grown(there, age_s)
        pulse = pulse_of(there, "run-1")
        assert pulse.state == state
        assert pulse.age_s == pytest.approx(age_s, abs=1.0)
    lock.release()


def test_without_a_session_nothing_flows_however_fresh_the_journal_is(there: Home) -> None:
    """A killed session's lock is dropped by the kernel at once."""
    assert pulse_of(there, "run-1").state == STOPPED


def test_a_session_that_has_no_journal_yet_is_quiet(there: Home) -> None:
    """It is starting: there is no packet to be the last."""
    lock = SessionLock(there)
    lock.take({"run": "starting"})
    assert pulse_of(there, "starting") == (QUIET, None)
    lock.release()
    assert pulse_of(there, "") == (STOPPED, None)


def test_a_compressed_journal_has_an_age_too(there: Home) -> None:
    """A run that ended is compressed."""
    file = segment_path(there.runs / "run-1", 1)
    file.rename(f"{file}.z")
    assert pulse_of(there, "run-1").age_s is not None
