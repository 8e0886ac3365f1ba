"""A snapshot holds all that decides what comes next, and one that is damaged is passed over."""

import errno
import os
from pathlib import Path

import pytest

from tests.journal.journals import CODEC, HEADER, feed, replay, world
from tradeworthy.core.errors import AllHalted
from tradeworthy.journal import snapshots
from tradeworthy.journal.digest import Digest
from tradeworthy.journal.reader import read, verify
from tradeworthy.journal.recorder import JournalRecorder, ReplayRecorder
from tradeworthy.journal.segments import START
from tradeworthy.journal.snapshots import Snapshot
from tradeworthy.journal.writer import JournalWriter


def snapshot_at(inputs: int) -> Snapshot:
    """A snapshot of the small world after so many inputs."""
    digest = Digest(b"seed")
    sequencer = world(JournalRecorder(digest))
    feed(sequencer, 0, inputs)
    return snapshots.take(sequencer, digest, START)


def uninterrupted(inputs: int) -> str:
    """The digest of the small world without a stop."""
    digest = Digest(b"seed")
    feed(world(JournalRecorder(digest)), 0, inputs)
    return digest.hex()


@pytest.mark.parametrize("inputs", [0, 1, 2, 50, 137, 2_000])
def test_a_run_goes_on_from_a_snapshot_as_if_it_had_not_stopped(tmp_path: Path, inputs: int) -> None:
    """P1, A9: agents, timers, open candidates, counters and digest, through a file, end in the same digest."""
    snapshots.write(tmp_path, snapshot_at(inputs))
    found = snapshots.newest(tmp_path)
    assert found is not None
    digest = Digest(b"")
    sequencer = world(JournalRecorder(digest))
    snapshots.restore(sequencer, digest, found)
    feed(sequencer, inputs, 2_400)
    assert digest.hex() == uninterrupted(2_400)


def test_a_snapshot_is_not_changed_by_what_comes_after() -> None:
    """What was taken stands apart from the running agents, and can be restored twice."""
    digest = Digest(b"seed")
    sequencer = world(JournalRecorder(digest))
    feed(sequencer, 0, 100)
    taken = snapshots.take(sequencer, digest, START)
    feed(sequencer, 100, 200)
    wanted = digest.hex()
    for _ in range(2):
        snapshots.restore(sequencer, digest, taken)
        feed(sequencer, 100, 200)
        assert digest.hex() == wanted == uninterrupted(200)


def test_recovery_is_snapshot_and_tail(tmp_path: Path) -> None:
    """P1: the newest snapshot, then the records after its place, is the whole run again."""
    digest = Digest(b"seed")
    writer = JournalWriter(verify(tmp_path), HEADER, segment_bytes=4_000)
    sequencer = world(JournalRecorder(digest, writer))
    feed(sequencer, 0, 150)
    writer.wait_durable()
    snapshots.write(tmp_path, snapshots.take(sequencer, digest, writer.durable_bytes))
    feed(sequencer, 150, 260)
    writer.close()

    found = snapshots.newest(tmp_path)
    assert found is not None
    again = Digest(b"")
    judge = ReplayRecorder(again, CODEC, found.seq)
    recovered = world(judge)
    snapshots.restore(recovered, again, found)
    replay(recovered, judge, read(tmp_path, after=found.place))
    assert judge.leftover() == []
    assert (again.hex(), recovered.seq) == (digest.hex(), sequencer.seq)
    assert recovered.dump() == sequencer.dump()


def test_a_snapshot_damaged_at_any_byte_gives_way_to_the_older(tmp_path: Path) -> None:
    """Flipped or cut anywhere, the newer one is skipped."""
    wanted = snapshot_at(10)
    older = snapshots.write(tmp_path, wanted)
    newer = snapshots.write(tmp_path, snapshot_at(20))
    data = newer.read_bytes()
    with newer.open("r+b", buffering=0) as file:
        for at in range(len(data)):
            os.pwrite(file.fileno(), bytes([data[at] ^ 1 << at % 8]), at)
            assert snapshots.newest(tmp_path) == wanted
            os.pwrite(file.fileno(), data[at : at + 1], at)
        for size in reversed(range(len(data))):
            file.truncate(size)
            assert snapshots.newest(tmp_path) == wanted
    older.write_bytes(b"")
    assert snapshots.newest(tmp_path) is None


def test_the_last_few_are_kept(tmp_path: Path) -> None:
    """Old snapshots go when a new one is whole; seqs are compared as numbers."""
    seqs = []
    for inputs in (1, 5, 9, 40, 300):
        taken = snapshot_at(inputs)
        seqs.append(taken.seq)
        snapshots.write(tmp_path, taken)
    assert sorted(int(path.stem) for path in (tmp_path / "snapshots").iterdir()) == seqs[-snapshots.KEPT :]
    found = snapshots.newest(tmp_path)
    assert found is not None
    assert found.seq == seqs[-1]


def test_a_crash_while_writing_leaves_the_older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A draft that never got its name does not count, and a failing disk halts with one line."""
    snapshots.write(tmp_path, snapshot_at(10))

    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(AllHalted, match=r"No space left on device.*free or mend the disk"):
        snapshots.write(tmp_path, snapshot_at(20))
    assert snapshots.newest(tmp_path) == snapshot_at(10)


def test_no_snapshot_is_none(tmp_path: Path) -> None:
    """A run that is too young has none."""
    assert snapshots.newest(tmp_path) is None


def test_what_the_rooms_above_add_comes_back(tmp_path: Path) -> None:
    """`extra` is theirs."""
    taken = Snapshot(
        **{
            **{name: getattr(snapshot_at(3), name) for name in Snapshot.__struct_fields__},
            "extra": {"feed": b"\x01"},
        }
    )
    snapshots.write(tmp_path, taken)
    assert snapshots.newest(tmp_path) == taken
