"""Closed segments are compressed without loss."""

import zlib
from pathlib import Path

import pytest

from tests.journal.journals import HEADER, bodies_read, body, written
from tradeworthy.journal.keeping import compress_closed
from tradeworthy.journal.reader import Damage, read, read_header, verify
from tradeworthy.journal.segments import list_segments, segment_path
from tradeworthy.journal.writer import JournalWriter


def several(folder: Path) -> list[bytes]:
    """A journal of several segments."""
    return written(folder, ([body(seq)] for seq in range(1, 31)), segment_bytes=700)


def test_a_compressed_journal_reads_the_same_and_goes_on(tmp_path: Path) -> None:
    """All but the last segment are compressed, once; header and records stay, and the run goes on."""
    bodies = several(tmp_path)
    numbers = list_segments(tmp_path)
    packed = list(compress_closed(tmp_path))
    assert [path.name for path in packed] == [f"{number:08d}.journal.z" for number in numbers[:-1]]
    assert sorted(path.name for path in tmp_path.glob("*.journal")) == [f"{numbers[-1]:08d}.journal"]
    assert (bodies_read(tmp_path), list_segments(tmp_path)) == (bodies, numbers)
    assert read_header(tmp_path) == HEADER
    assert list(compress_closed(tmp_path)) == []
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
    assert len(list(compress_closed(tmp_path))) == len(list_segments(tmp_path)) - 2
    assert bodies_read(tmp_path) == bodies


def test_no_flip_in_a_compressed_segment_is_misread(tmp_path: Path) -> None:
    """A flipped bit is damage, or changes nothing that is read."""
    bodies = several(tmp_path)
    path = list(compress_closed(tmp_path))[1]
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
    path = next(compress_closed(tmp_path))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Damage, match="can't be decompressed"):
        list(read(tmp_path))


def test_originals_may_stay_for_those_who_read_them(tmp_path: Path) -> None:
    """They are what is read, and go with the next call that does not keep them; nothing is compressed twice."""
    bodies = several(tmp_path)
    names = sorted(path.name for path in tmp_path.glob("*.journal"))
    assert len(list(compress_closed(tmp_path, keep=True))) == len(names) - 1
    assert sorted(path.name for path in tmp_path.glob("*.journal")) == names
    assert list(compress_closed(tmp_path, keep=True)) == []
    assert bodies_read(tmp_path) == bodies
    assert list(compress_closed(tmp_path)) == []
    assert [path.name for path in tmp_path.glob("*.journal")] == names[-1:]
    assert bodies_read(tmp_path) == bodies


def test_whoever_stops_between_two_segments_loses_none(tmp_path: Path) -> None:
    """The rest is left for the next time."""
    bodies = several(tmp_path)
    next(compress_closed(tmp_path))
    assert bodies_read(tmp_path) == bodies
    assert len(list(compress_closed(tmp_path))) == len(list_segments(tmp_path)) - 2
