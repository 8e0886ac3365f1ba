"""The pilot's pid file."""

import os
from pathlib import Path

import pytest
from structlog.testing import LogCapture

from tradeworthy.core.errors import UsageError
from tradeworthy.runtime.pid_file import clean, pid_file, read_pid


def test_it_names_the_process_while_it_is_entered(tmp_path: Path, log: LogCapture) -> None:
    """A8: `kill $(cat pilot.pid)`; a stale one is written over, and afterwards there is none."""
    path = tmp_path / "pilot.pid"
    path.write_text("1")
    with pid_file(path):
        assert path.read_text() == f"{os.getpid()}\n"
        assert read_pid(path) == os.getpid()
    assert not path.exists()
    assert [one["event"] for one in log.entries] == ["pid_file_written", "pid_file_cleaned"]
    assert not clean(path)


@pytest.mark.parametrize(("text", "pid"), [("12\n", 12), ("", 0), ("x", 0), ("-3", 0), ("٣", 0)])
def test_a_stale_one_says_whose_it_was(tmp_path: Path, text: str, pid: int) -> None:
    """0 where it holds no process id."""
    path = tmp_path / "pilot.pid"
    path.write_text(text)
    assert read_pid(path) == pid
    assert clean(path)
    assert read_pid(path) is None


def test_one_that_can_not_be_written_is_refused(tmp_path: Path) -> None:
    """A11: one line with the next step."""
    (tmp_path / "pilot.pid").mkdir()
    with pytest.raises(
        UsageError, match=r"can't write the pid file .*pilot\.pid: .*; move what stands there"
    ):
        pid_file(tmp_path / "pilot.pid").__enter__()
    assert read_pid(tmp_path / "pilot.pid") == 0
