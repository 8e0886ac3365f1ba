"""Closed segments are compressed without loss, and old runs go."""

import os
import zlib
from pathlib import Path

import pytest

from tests.journal.journals import HEADER, bodies_read, body, written
from tradeworthy.journal.keeping import compress_closed, remove_old_runs
from tradeworthy.journal.reader import Damage, read, read_header, verify
from tradeworthy.journal.segments import list_segments, segment_path
from tradeworthy.journal.writer import JournalWriter

DAY = 86_400 * 1_000_000_000


def several(folder: Path) -> list[bytes]:
    """A journal of several segments."""
    return written(folder, ([body(seq)] for seq in range(1, 31)), segment_bytes=700)


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
    compress_closed(tmp_path)
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


def test_runs_older_than_the_days_kept_go(tmp_path: Path) -> None:
    """A run goes when its last write is too old; what is no run stays."""
    for name, age in (("old", 31), ("young", 29), ("edge", 30)):
        several(tmp_path / name)
        compress_closed(tmp_path / name)
        for path in (tmp_path / name).iterdir():
            os.utime(path, ns=(0, (100 - age) * DAY))
    (tmp_path / "no run").mkdir()
    (tmp_path / "file").write_text("x")
    assert remove_old_runs(tmp_path, 30, 100 * DAY, lambda folder: folder.name == "old") == []
    assert remove_old_runs(tmp_path, 30, 100 * DAY, lambda _: False) == ["old"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["edge", "file", "no run", "young"]
    assert remove_old_runs(tmp_path / "nowhere", 30, 100 * DAY, lambda _: False) == []
