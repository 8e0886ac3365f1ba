"""What the machine says of the installation."""

import os
from pathlib import Path

import pytest

from tradeworthy.runtime.home import Home
from tradeworthy.web.pages.system import host as system_host
from tradeworthy.web.pages.system.host import measured, resident_bytes


def test_journals_are_counted_and_so_is_this_process(tmp_path: Path) -> None:
    """A10: memory, segments and sizes, as they are on disk."""
    folder = tmp_path / "runs" / "one-1"
    folder.mkdir(parents=True)
    for number, size in ((1, 100), (2, 50)):
        (folder / f"{number:08d}.journal").write_bytes(bytes(size))
    (tmp_path / "runs" / "two-1").mkdir()
    found = measured(Home(tmp_path), os.getpid(), "one-1")
    assert (found.journal_bytes, found.segments) == (150, 2)
    assert (found.runs, found.runs_bytes) == (2, 150)
    assert found.session_bytes == found.server_bytes
    assert found.disk_free_bytes is not None


def test_what_is_not_there_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No run, no session, no /proc: nothing, and no error."""
    monkeypatch.setattr(system_host, "PROCESSES", tmp_path / "none")
    found = measured(Home(tmp_path / "home"), None, "")
    assert (found.session_bytes, found.server_bytes, found.disk_bytes) == (None, None, None)
    assert (found.journal_bytes, found.segments, found.runs) == (0, 0, 0)
    assert resident_bytes(1) is None
