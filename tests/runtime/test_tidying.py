"""Journals stay small, and nothing that may still be read goes."""

import os
import shutil
import threading
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest
from structlog.testing import LogCapture

from tests.journal.journals import HEADER, bodies_read, body, written
from tradeworthy.journal.reader import Damage, read, read_header, verify
from tradeworthy.journal.segments import list_segments, segment_path
from tradeworthy.journal.writer import JournalWriter
from tradeworthy.runtime import tidying
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.tidying import Tidying, compress_closed, remove_old_runs

DAY = 86_400 * 1_000_000_000


def several(folder: Path) -> list[bytes]:
    """A journal of several segments."""
    return written(folder, ([body(seq)] for seq in range(1, 31)), segment_bytes=700)


def originals(folder: Path) -> list[str]:
    """The names of segments that are not compressed, or not alone."""
    return sorted(path.name for path in folder.glob("*.journal"))


def at_rest(tidied: Tidying) -> threading.Thread:
    """The thread, ended."""
    assert tidied._worker is not None
    tidied._worker.join()
    return tidied._worker


def test_a_compressed_journal_reads_the_same_and_goes_on(tmp_path: Path) -> None:
    """All but the last segment are compressed, once; header and records stay, and the run goes on."""
    bodies = several(tmp_path)
    numbers = list_segments(tmp_path)
    packed = compress_closed(tmp_path)
    assert [path.name for path in packed] == [f"{number:08d}.journal.z" for number in numbers[:-1]]
    assert sorted(path.name for path in tmp_path.glob("*.journal")) == [f"{numbers[-1]:08d}.journal"]
    assert (bodies_read(tmp_path), list_segments(tmp_path)) == (bodies, numbers)
    assert read_header(tmp_path) == HEADER
    assert compress_closed(tmp_path) == []
    JournalWriter(verify(tmp_path), HEADER).close()
    written(tmp_path, [[body(31)]])
    assert bodies_read(tmp_path) == [*bodies, body(31)]


def test_a_crash_while_compressing_leaves_a_whole_segment(tmp_path: Path) -> None:
    """With both files there the original is read; a half-written copy does not count."""
    bodies = several(tmp_path)
    path = segment_path(tmp_path, 1)
    whole = path.read_bytes()
    path.with_name(path.name + ".z.draft").write_bytes(zlib.compress(whole)[:20])
    assert bodies_read(tmp_path) == bodies
    path.with_name(path.name + ".z").write_bytes(zlib.compress(whole))
    assert bodies_read(tmp_path) == bodies
    assert len(compress_closed(tmp_path)) == len(list_segments(tmp_path)) - 1
    assert bodies_read(tmp_path) == bodies


def test_no_flip_in_a_compressed_segment_is_misread(tmp_path: Path) -> None:
    """A flipped bit is damage, or changes nothing that is read."""
    bodies = several(tmp_path)
    path = compress_closed(tmp_path)[1]
    data = path.read_bytes()
    for at in range(len(data)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :])
        got: list[bytes] = []
        try:
            got.extend(record.body for record in read(tmp_path))
        except Damage:
            assert got == bodies[: len(got)]
        else:
            assert got == bodies  # the bits that fill up a last byte mean nothing


def test_a_cut_compressed_segment_is_damage(tmp_path: Path) -> None:
    """A compressed segment has no torn tail."""
    several(tmp_path)
    path = compress_closed(tmp_path)[0]
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Damage, match="can't be decompressed"):
        list(read(tmp_path))


def test_a_session_compresses_while_it_runs_and_the_rest_at_its_end(tmp_path: Path) -> None:
    """So that an end takes as long after a week as after an hour; where followers read, nothing is touched before."""
    folder = tmp_path / "runs" / "one-1"
    bodies, numbers = several(folder), list_segments(folder)
    tidied = Tidying(Home(tmp_path), folder, 30)
    tidied.go_on()
    at_rest(tidied)
    assert len(numbers) > len(originals(folder)) == tidying.SPARED_WHILE_AT_WORK + 1
    assert bodies_read(folder) == bodies
    tidied.end()
    assert (len(originals(folder)), list_segments(folder)) == (1, numbers)
    assert bodies_read(folder) == bodies
    tidied.go_on()
    assert not at_rest(tidied).is_alive(), "what has ended begins nothing"


def test_a_compressed_segment_has_the_times_of_its_original(tmp_path: Path) -> None:
    """A page must not say that packets flow because one was compressed; nor do drafts look like a journal."""
    several(tmp_path)
    path = segment_path(tmp_path, 1)
    os.utime(path, ns=(5 * DAY, 7 * DAY))
    assert compress_closed(tmp_path)[0].stat().st_mtime_ns == 7 * DAY
    assert list(tmp_path.glob("*draft*")) == []


def test_an_original_is_what_counts(tmp_path: Path) -> None:
    """One that was restored from a copy replaces a compressed file that was damaged."""
    bodies = several(tmp_path)
    whole = segment_path(tmp_path, 1).read_bytes()
    packed = compress_closed(tmp_path)[0]
    packed.write_bytes(b"")
    segment_path(tmp_path, 1).write_bytes(whole)
    assert compress_closed(tmp_path) == [packed]
    assert bodies_read(tmp_path) == bodies


def test_whoever_stops_it_loses_nothing(tmp_path: Path) -> None:
    """In the middle of a segment, too; the rest is left for the next time."""
    bodies = several(tmp_path)
    asked = iter([False, True])
    assert len(compress_closed(tmp_path, stop=lambda: next(asked))) == 1
    assert list(tmp_path.glob("*draft*")) == []
    assert bodies_read(tmp_path) == bodies
    assert len(compress_closed(tmp_path)) == len(list_segments(tmp_path)) - 2


def test_without_room_nothing_is_compressed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the disk has left is for the journal."""
    several(tmp_path)
    free = SimpleNamespace(free=3 * segment_path(tmp_path, 1).stat().st_size)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free)
    assert compress_closed(tmp_path) == []


def test_an_end_does_not_take_longer_than_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a killed session left is much; the next one goes on with it."""
    monkeypatch.setattr(tidying, "END_S_MAX", -1.0)
    folder = tmp_path / "runs" / "one-1"
    bodies = several(folder)
    Tidying(Home(tmp_path), folder, 30).end()
    assert list(folder.glob("*.z")) == []
    assert bodies_read(folder) == bodies


def test_a_folder_that_can_not_be_written_is_a_line_in_the_log(tmp_path: Path, log: LogCapture) -> None:
    """The session ends in good order all the same, and loses nothing."""
    folder = tmp_path / "runs" / "one-1"
    bodies = several(folder)
    (folder / tidying.DRAFT).mkdir()
    tidied = Tidying(Home(tmp_path), folder, 30)
    tidied.go_on()
    at_rest(tidied)
    tidied.end()
    assert [entry["event"] for entry in log.entries] == ["journals_not_tidied"] * 2
    assert bodies_read(folder) == bodies


def test_runs_older_than_the_days_kept_go(tmp_path: Path) -> None:
    """A run goes when its last write is too old; what is no run stays."""
    for name, age in (("old", 31), ("young", 29), ("edge", 30)):
        several(tmp_path / name)
        assert compress_closed(tmp_path / name)
        for path in (tmp_path / name).iterdir():
            os.utime(path, ns=(0, (100 - age) * DAY))
    (tmp_path / "no run").mkdir()
    (tmp_path / "file").write_text("x")
    assert remove_old_runs(tmp_path, 30, 100 * DAY, lambda folder: folder.name == "old") == []
    assert remove_old_runs(tmp_path, 30, 100 * DAY, lambda _: False) == ["old"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["edge", "file", "no run", "young"]
    assert remove_old_runs(tmp_path / "nowhere", 30, 100 * DAY, lambda _: False) == []
