"""Journals stay small, and nothing that may still be read goes."""

import os
from pathlib import Path

import pytest
from structlog.testing import LogCapture

from tests.journal.journals import bodies_read, body, written
from tradeworthy.journal.keeping import compress_closed
from tradeworthy.journal.segments import list_segments
from tradeworthy.runtime import tidying
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.tidying import Tidying, remove_old_runs

DAY = 86_400 * 1_000_000_000


def several(folder: Path) -> list[bytes]:
    """A journal of several segments."""
    return written(folder, ([body(seq)] for seq in range(1, 31)), segment_bytes=700)


def originals(folder: Path) -> list[str]:
    """The names of segments that are not compressed, or not alone."""
    return sorted(path.name for path in folder.glob("*.journal"))


def at_rest(tidied: Tidying) -> None:
    """Wait for the thread."""
    assert tidied._worker is not None
    tidied._worker.join()


def test_a_session_compresses_while_it_runs_and_drops_originals_at_its_end(tmp_path: Path) -> None:
    """So that an end takes as long after a week as after an hour."""
    folder = tmp_path / "runs" / "one-1"
    bodies, numbers = several(folder), list_segments(folder)
    tidied = Tidying(Home(tmp_path), folder, 30)
    tidied.go_on()
    at_rest(tidied)
    assert len(originals(folder)) == len(numbers)
    assert len(list(folder.glob("*.z"))) == len(numbers) - 1
    tidied.end()
    assert len(originals(folder)) == 1
    assert bodies_read(folder) == bodies


def test_an_end_does_not_take_longer_than_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a killed session left is much; the next one goes on with it."""
    monkeypatch.setattr(tidying, "END_S_MAX", -1.0)
    folder = tmp_path / "runs" / "one-1"
    bodies = several(folder)
    Tidying(Home(tmp_path), folder, 30).end()
    assert len(list(folder.glob("*.z"))) == 1
    assert bodies_read(folder) == bodies


def test_a_folder_that_can_not_be_written_is_a_line_in_the_log(tmp_path: Path, log: LogCapture) -> None:
    """The session ends in good order all the same, and loses nothing."""
    folder = tmp_path / "runs" / "one-1"
    bodies = several(folder)
    blocked = folder / "00000001.journal.z.draft"
    blocked.mkdir()
    tidied = Tidying(Home(tmp_path), folder, 30)
    tidied.go_on()
    at_rest(tidied)
    tidied.end()
    assert [entry["event"] for entry in log.entries] == ["journals_not_tidied"] * 2
    blocked.rmdir()
    assert bodies_read(folder) == bodies


def test_runs_older_than_the_days_kept_go(tmp_path: Path) -> None:
    """A run goes when its last write is too old; what is no run stays."""
    for name, age in (("old", 31), ("young", 29), ("edge", 30)):
        several(tmp_path / name)
        assert list(compress_closed(tmp_path / name))
        for path in (tmp_path / name).iterdir():
            os.utime(path, ns=(0, (100 - age) * DAY))
    (tmp_path / "no run").mkdir()
    (tmp_path / "file").write_text("x")
    assert remove_old_runs(tmp_path, 30, 100 * DAY, lambda folder: folder.name == "old") == []
    assert remove_old_runs(tmp_path, 30, 100 * DAY, lambda _: False) == ["old"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["edge", "file", "no run", "young"]
    assert remove_old_runs(tmp_path / "nowhere", 30, 100 * DAY, lambda _: False) == []
