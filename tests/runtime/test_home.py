"""The home folder and the lock that lets one session trade in it."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tradeworthy.core.errors import UsageError
from tradeworthy.runtime.home import Home, SessionLock, holder_words, home, read_holder

HOLD = """
import sys
from pathlib import Path
from tradeworthy.runtime.home import Home, SessionLock
lock = SessionLock(Home(Path(sys.argv[1])))
lock.take({"run": "breakout-1"})
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path: Path) -> Home:
    """A home folder that is made."""
    return Home(tmp_path / "home").make()


def test_the_environment_says_where_home_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TRADEWORTHY_HOME, and under it everything."""
    monkeypatch.setenv("TRADEWORTHY_HOME", str(tmp_path / "there"))
    found = home()
    assert found.path == tmp_path / "there"
    for part in (found.runs, found.control_socket, found.latch, found.lock, found.catalog):
        assert part.parent == found.path


def test_making_it_twice_changes_nothing(place: Home) -> None:
    """What lies there stays."""
    (place.runs / "breakout-1").mkdir()
    assert place.make() is place
    assert [folder.name for folder in place.runs.iterdir()] == ["breakout-1"]


@pytest.mark.parametrize("inside", ["home", "home/runs"])
def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path, inside: str) -> None:
    """Which file, and the way out (A11)."""
    (tmp_path / inside).parent.mkdir(exist_ok=True)
    (tmp_path / inside).touch()
    with pytest.raises(
        UsageError, match=r"can't make the home folder .*; move what stands there, or set TRADEW"
    ):
        Home(tmp_path / "home").make()


def test_a_folder_where_the_lock_should_be_is_refused(place: Home) -> None:
    """The operating system's word, and the way out."""
    place.lock.mkdir()
    with pytest.raises(
        UsageError, match=r"can't open .*session\.lock: Is a directory; move what stands there"
    ):
        SessionLock(place).take({})


def test_a_second_session_is_refused_and_told_of_the_first(place: Home) -> None:
    """The lock names its process and its run (A11)."""
    first = SessionLock(place)
    first.take({"run": "starting"})
    first.note({"run": "breakout-1"})
    with pytest.raises(UsageError, match=rf"a session is running in .*PID {os.getpid()}, run breakout-1"):
        SessionLock(place).take({})
    assert read_holder(place.lock) == {"pid": os.getpid(), "run": "breakout-1"}
    first.release()
    assert read_holder(place.lock) is None
    SessionLock(place).take({})


def test_who_only_looks_at_the_lock_does_not_keep_a_session_out(
    place: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`status` takes it for a moment to see whether it is free."""
    place.lock.touch()
    looking = os.open(place.lock, os.O_RDWR)
    fcntl.flock(looking, fcntl.LOCK_EX)
    monkeypatch.setattr("tradeworthy.runtime.home.time.sleep", lambda _: os.close(looking))
    lock = SessionLock(place)
    lock.take({"run": "breakout-1"})
    lock.release()


def test_two_who_look_do_not_take_each_other_for_a_session(place: Home) -> None:
    """A dashboard looks ten times a second, and so may another."""
    place.lock.touch()
    looking = os.open(place.lock, os.O_RDWR)
    fcntl.flock(looking, fcntl.LOCK_SH)
    try:
        assert read_holder(place.lock) is None
    finally:
        os.close(looking)


def test_the_lock_of_a_killed_process_is_free(place: Home) -> None:
    """The kernel lets go of it: nobody has to clean up."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(place.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        assert read_holder(place.lock) == {"pid": holder.pid, "run": "breakout-1"}
        with pytest.raises(UsageError, match=f"PID {holder.pid}"):
            SessionLock(place).take({})
        holder.kill()
    assert read_holder(place.lock) is None
    SessionLock(place).take({"run": "breakout-2"})


def test_a_lock_that_says_nothing_has_a_holder_all_the_same(place: Home) -> None:
    """Between taking it and writing to it a process may be looked at."""
    lock = SessionLock(place)
    lock.take({})
    os.ftruncate(lock._descriptor, 0)
    assert read_holder(place.lock) == {}
    place.lock.write_bytes(b'{"pi')
    assert read_holder(place.lock) == {}
    assert holder_words(read_holder(place.lock)) == "PID unknown, run starting"


def test_no_lock_file_no_holder(place: Home) -> None:
    """Nobody ever ran here."""
    assert read_holder(place.lock) is None
