"""The reader yields what was written where it was written, or says what is wrong: never anything else."""

import os
import struct
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.journal.journals import HEADER, bodies_read, body, written
from tradeworthy.core.errors import NotAvailable
from tradeworthy.core.packets import Kind
from tradeworthy.journal.reader import Damage, Reading, read, read_header, verify
from tradeworthy.journal.segments import FRAME, START, list_segments, segment_path
from tradeworthy.journal.writer import JournalWriter
from tradeworthy.runtime.tidying import compress_closed

COMMITS = [[body(1), body(2, Kind.DECISION)], [body(5)], [body(6), body(7, Kind.DECISION), body(9)]]
BODIES = [one for commit in COMMITS for one in commit]


def outcome(folder: Path) -> tuple[list[bytes], bool]:
    """The bodies that are read, and whether Damage ended the reading."""
    reading = Reading(folder)
    bodies: list[bytes] = []
    try:
        bodies.extend(record.body for record in reading)
    except Damage:
        return bodies, True
    return bodies, False


def frames(data: bytes) -> list[bytes]:
    """A segment's records, frames and all."""
    cut, at = [], 0
    while at < len(data):
        length, _ = FRAME.unpack_from(data, at)
        cut.append(data[at : at + FRAME.size + length])
        at += FRAME.size + length
    return cut


@pytest.fixture
def segment(tmp_path: Path) -> tuple[Path, bytes]:
    """A small journal of three commits, and the bytes of its only segment."""
    assert written(tmp_path, COMMITS) == BODIES
    return tmp_path, segment_path(tmp_path, 1).read_bytes()


def test_a_tail_cut_at_any_byte_is_trimmed_to_whole_records(segment: tuple[Path, bytes]) -> None:
    """Every prefix of the file reads as a prefix of the records; what is left is torn, trimmed, and resumed."""
    folder, data = segment
    path = segment_path(folder, 1)
    ends = [0]
    for frame in frames(data):
        ends.append(ends[-1] + len(frame))
    for size in reversed(range(len(data))):
        os.truncate(path, size)
        bodies, damaged = outcome(folder)
        assert not damaged
        assert bodies == BODIES[: len(bodies)]
        found = verify(folder)
        whole = max(end for end in ends if end <= size)
        assert (found.end.offset, found.torn_bytes) == (whole, size - whole)
        if size % 10 == 0:
            found.trim()
            assert path.stat().st_size == whole
            assert verify(folder).torn_bytes == 0
            path.write_bytes(data[:size])


def test_a_run_goes_on_after_a_cut_at_any_record(segment: tuple[Path, bytes]) -> None:
    """A torn tail, even one within the header, does not stop the next process."""
    folder, data = segment
    for size in {0, 5, *range(90, len(data), 37)}:
        for number in list_segments(folder):
            segment_path(folder, number).unlink()
        segment_path(folder, 1).write_bytes(data[:size])
        kept = bodies_read(folder)
        JournalWriter(verify(folder), HEADER).close()
        JournalWriter(verify(folder), HEADER).close()
        written(folder, [[body(99)]])
        assert bodies_read(folder) == [*kept, body(99)]
        assert read_header(folder).run == HEADER.run


def test_every_flipped_bit_is_found_and_nothing_is_misread(segment: tuple[Path, bytes]) -> None:
    """A flip in what a commit closed is damage; only one in the very last commit record can pass for a torn tail."""
    folder, data = segment
    path = segment_path(folder, 1)
    last_commit = len(data) - len(frames(data)[-1])
    with path.open("r+b", buffering=0) as file:
        for at, bit in product(range(len(data)), range(8)):
            os.pwrite(file.fileno(), bytes([data[at] ^ 1 << bit]), at)
            bodies, damaged = outcome(folder)
            assert bodies == BODIES[: len(bodies)]
            if at < last_commit:
                assert damaged, f"bit {bit} of byte {at}"
            else:
                assert bodies == BODIES
                assert damaged or verify(folder).torn_bytes == len(data) - last_commit
            os.pwrite(file.fileno(), data[at : at + 1], at)


def test_damage_names_the_seq_after_which_it_stands(segment: tuple[Path, bytes]) -> None:
    """The message has file, byte, seq and the next step in one line."""
    folder, data = segment
    flipped = bytearray(data)
    at = data.index(body(6))
    flipped[at + 30] ^= 4
    segment_path(folder, 1).write_bytes(flipped)
    with pytest.raises(
        Damage, match=rf"00000001.journal is damaged at byte {at - 8}, after seq 5: .*--fresh"
    ) as one:
        list(read(folder))
    assert one.value.seq == 5
    assert "\n" not in str(one.value)
    found = verify(folder)
    assert found.damage
    assert found.damage.seq == found.last_seq == 5
    with pytest.raises(Damage):
        found.trim()
    assert segment_path(folder, 1).read_bytes() == flipped


def rearranged(change: Callable[[list[bytes], int], list[bytes] | None], data: bytes) -> list[bytes]:
    """The segment with `change` done at each of its records, where it changes anything."""
    cut = frames(data)
    changed = (change(list(cut), at) for at in range(len(cut)))
    return [whole for one in changed if one is not None and (whole := b"".join(one)) != data]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda cut, at: [*cut[: at + 1], *cut[at:]], id="doubled"),
        pytest.param(lambda cut, at: [*cut, cut[at]], id="doubled at the end"),
        pytest.param(
            lambda cut, at: [*cut[:at], *cut[at + 1 :]] if at + 1 < len(cut) else None, id="dropped"
        ),
        pytest.param(lambda cut, at: [*cut[:at], *cut[at : at + 2][::-1], *cut[at + 2 :]], id="swapped"),
        pytest.param(lambda cut, at: [*cut[:at], *cut[at + 1 :], cut[at]], id="moved to the end"),
    ],
)
def test_records_out_of_place_are_damage(
    segment: tuple[Path, bytes], change: Callable[[list[bytes], int], list[bytes] | None]
) -> None:
    """Doubled, dropped, swapped or moved: the chain of crcs breaks there, and nothing after it is read."""
    folder, data = segment
    variants = rearranged(change, data)
    assert len(variants) >= 8
    for variant in variants:
        segment_path(folder, 1).write_bytes(variant)
        bodies, damaged = outcome(folder)
        assert bodies == BODIES[: len(bodies)]
        assert damaged or (variant.startswith(data) and not holds_a_commit(variant[len(data) :]))


def holds_a_commit(data: bytes) -> bool:
    """Whether the last record of the small segment stands in `data`."""
    return b"\xc1committed\xc1" in data


@given(
    at=st.integers(0, 10_000),
    junk=st.binary(min_size=1, max_size=60),
    keep=st.integers(0, 80),
)
def test_no_splice_is_misread(
    tmp_path_factory: pytest.TempPathFactory, at: int, junk: bytes, keep: int
) -> None:
    """Whatever stands in the file, only a prefix of what was written is read."""
    folder = tmp_path_factory.mktemp("run")
    written(folder, COMMITS)
    path = segment_path(folder, 1)
    data = path.read_bytes()
    at %= len(data)
    path.write_bytes(data[:at] + junk + data[at + keep :])
    bodies, _ = outcome(folder)
    assert bodies == BODIES[: len(bodies)]


def test_a_length_that_runs_past_the_file_is_damage_in_the_middle_and_torn_at_the_end(
    segment: tuple[Path, bytes],
) -> None:
    """A huge length hides what follows it from a parser, but not from the search for a commit."""
    folder, data = segment
    path = segment_path(folder, 1)
    at = data.index(body(5)) - FRAME.size
    path.write_bytes(data[:at] + struct.pack("<I", 1 << 30) + data[at + 4 :])
    assert outcome(folder) == (BODIES[:2], True)
    path.write_bytes(data + struct.pack("<II", 1 << 30, 7) + b"and no commit after it")
    assert outcome(folder) == (BODIES, False)


def test_a_tail_of_zeros_is_torn(segment: tuple[Path, bytes]) -> None:
    """What some file systems leave after a power cut is trimmed."""
    folder, data = segment
    segment_path(folder, 1).write_bytes(data + bytes(4096))
    assert outcome(folder) == (BODIES, False)
    found = verify(folder)
    assert found.torn_bytes == 4096
    found.trim()
    assert segment_path(folder, 1).read_bytes() == data


def several(folder: Path) -> list[bytes]:
    """A journal of many segments, with its bodies."""
    return written(folder, ([body(seq)] for seq in range(1, 31)), segment_bytes=700)


@pytest.mark.parametrize("change", ["missing", "cut", "emptied", "swapped", "doubled"])
def test_segments_out_of_place_are_damage(tmp_path: Path, change: str) -> None:
    """All but the last segment must be whole, present, and each after its own."""
    bodies = several(tmp_path)
    one, two = segment_path(tmp_path, 2), segment_path(tmp_path, 3)
    match change:
        case "missing":
            one.unlink()
        case "cut":
            one.write_bytes(one.read_bytes()[:-1])
        case "emptied":
            one.write_bytes(b"")
        case "swapped":
            kept = one.read_bytes()
            one.write_bytes(two.read_bytes())
            two.write_bytes(kept)
        case "doubled":
            two.write_bytes(one.read_bytes())
    read_so_far, damaged = outcome(tmp_path)
    assert damaged
    assert read_so_far == bodies[: len(read_so_far)]


def test_reading_goes_on_from_any_place(tmp_path: Path) -> None:
    """The place after a record leads to exactly those after it, over segments, compressed ones too."""
    bodies = several(tmp_path)
    records = list(read(tmp_path))
    for packed in (False, True):
        if packed:
            assert compress_closed(tmp_path)
        for index, record in enumerate(records):
            assert [one.body for one in read(tmp_path, after=record.place)] == bodies[index + 1 :]
        for index, record in enumerate(records):
            assert [one.body for one in read(tmp_path, limit=record.place)] == bodies[: index + 1]
            middle = records[index // 2]
            between = read(tmp_path, after=middle.place, limit=record.place)
            assert [one.body for one in between] == bodies[index // 2 + 1 : index + 1]
    assert verify(tmp_path, after=records[9].place).records == 20


def test_a_place_that_the_file_does_not_reach_is_damage(tmp_path: Path) -> None:
    """A snapshot or a projector that stood further than the journal now goes has lost what was durable."""
    written(tmp_path, COMMITS)
    end = verify(tmp_path).end
    path = segment_path(tmp_path, 1)
    path.write_bytes(path.read_bytes()[:-200])
    for reading in (read(tmp_path, after=end), read(tmp_path, limit=end)):
        with pytest.raises(Damage, match="shorter than it was"):
            list(reading)
    path.unlink()
    with pytest.raises(Damage, match="a segment is missing"):
        list(read(tmp_path, after=end))


def test_the_first_record_after_a_place_is_judged_by_the_one_before(tmp_path: Path) -> None:
    """A place carries the chain, so a flip right after it is found."""
    written(tmp_path, COMMITS)
    place = list(read(tmp_path))[2].place
    path = segment_path(tmp_path, 1)
    data = bytearray(path.read_bytes())
    data[data.index(body(6)) + 40] ^= 1
    path.write_bytes(data)
    with pytest.raises(Damage):
        next(read(tmp_path, after=place))


def test_a_limit_is_durable_so_anything_bad_before_it_is_damage(tmp_path: Path) -> None:
    """Up to durable_bytes there is no torn tail."""
    written(tmp_path, COMMITS)
    end = verify(tmp_path).end
    path = segment_path(tmp_path, 1)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert len(list(read(tmp_path))) == len(BODIES)
    with pytest.raises(Damage):
        list(read(tmp_path, limit=end))


def test_seqs_that_do_not_grow_are_never_read(tmp_path: Path) -> None:
    """Even where the chain holds, an input or decision with an old seq stops the reading."""
    written(tmp_path, [[body(5)], [body(5)], [body(6)]])
    assert outcome(tmp_path) == ([body(5)], True)


def test_no_journal_is_not_available(tmp_path: Path) -> None:
    """A11: no run, or one that died within its header, is told as such; reading it gives nothing."""
    assert outcome(tmp_path / "none") == ([], False)
    with pytest.raises(NotAvailable, match="name the folder of a run"):
        read_header(tmp_path / "none")
    segment_path(tmp_path, 1).write_bytes(b"\x10\x00")
    with pytest.raises(NotAvailable):
        read_header(tmp_path)
    assert verify(tmp_path / "none").end == START
