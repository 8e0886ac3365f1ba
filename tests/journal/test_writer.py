"""The writer makes turns durable in groups, says how far, and stops at the first error."""

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journal.journals import HEADER, bodies_read, body, written
from tradeworthy.core.errors import AllHalted
from tradeworthy.core.packets import Kind
from tradeworthy.journal import writer as writer_module
from tradeworthy.journal.reader import Damage, read, read_header, verify
from tradeworthy.journal.segments import list_segments, segment_path
from tradeworthy.journal.writer import JournalWriter


class Disk:
    """Stands before os.fdatasync: counts, holds it at a gate, or has it fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.syncs = 0
        self.reached = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self.error: OSError | None = None
        self._real = os.fdatasync
        monkeypatch.setattr(os, "fdatasync", self.sync)

    def sync(self, handle: int) -> None:
        """What os.fdatasync does, or not."""
        self.reached.set()
        assert self.gate.wait(10)
        if self.error:
            raise self.error
        self.syncs += 1
        self._real(handle)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """The disk, as a test wants it."""
    return Disk(monkeypatch)


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    """Header and records come back as they went in, in order."""
    bodies = written(tmp_path / "run", [[body(1), body(2, Kind.DECISION)], [body(5)]])
    assert bodies_read(tmp_path / "run") == bodies
    assert read_header(tmp_path / "run") == HEADER
    assert [(record.kind, record.seq) for record in read(tmp_path / "run")] == [(1, 1), (2, 2), (1, 5)]


def test_several_turns_share_a_commit(tmp_path: Path, disk: Disk) -> None:
    """A hundred turns that come within the commit's time cost one fdatasync."""
    writer = JournalWriter(verify(tmp_path), HEADER, commit_ms=10_000)
    began = disk.syncs
    for seq in range(1, 101):
        writer.append(body(seq))
        writer.end_turn(urgent=False)
    assert disk.syncs == began
    assert writer.durable_seq == 0
    writer.wait_durable(100)
    assert disk.syncs == began + 1
    assert writer.durable_seq == 100
    writer.close()


def test_an_urgent_turn_is_durable_at_once(tmp_path: Path) -> None:
    """An urgent turn takes those before it along and does not wait for the commit's time."""
    writer = JournalWriter(verify(tmp_path), HEADER, commit_ms=10_000_000)
    writer.append(body(1))
    writer.end_turn(urgent=False)
    writer.append(body(2))
    writer.end_turn(body(3, Kind.DECISION), urgent=True)
    task = writer.committing
    task.result(10)
    assert writer.durable_seq == 3
    assert [record.seq for record in read(tmp_path, limit=writer.durable_bytes)] == [1, 2, 3]
    writer.close()


def test_a_turn_is_durable_within_the_commit_time_without_being_asked(tmp_path: Path) -> None:
    """Nobody waits, and the turn is committed all the same."""
    writer = JournalWriter(verify(tmp_path), HEADER, commit_ms=1)
    writer.append(body(1))
    writer.end_turn(urgent=False)
    writer.committing.result(10)
    assert writer.durable_seq == 1
    writer.close()


def test_durable_never_runs_ahead_of_the_disk(tmp_path: Path, disk: Disk) -> None:
    """While fdatasync is under way neither durable_seq nor durable_bytes has moved."""
    writer = JournalWriter(verify(tmp_path), HEADER)
    began = writer.durable_bytes
    disk.gate.clear()
    disk.reached.clear()
    writer.append(body(1))
    writer.end_turn(urgent=True)
    assert disk.reached.wait(10)
    assert (writer.durable_seq, writer.durable_bytes) == (0, began)
    assert list(read(tmp_path, limit=writer.durable_bytes)) == []
    with pytest.raises(AllHalted, match=r"no answer in 0\.0 s"):
        writer.wait_durable(1, timeout_s=0.0)
    disk.gate.set()
    writer.wait_durable(1)
    assert writer.durable_seq == 1
    assert writer.durable_bytes.offset > began.offset
    writer.close()


def test_what_is_taken_during_a_commit_waits_for_the_next(tmp_path: Path, disk: Disk) -> None:
    """A record taken while the disk is at work is not called durable with those before it."""
    writer = JournalWriter(verify(tmp_path), HEADER)
    disk.gate.clear()
    disk.reached.clear()
    writer.append(body(1))
    writer.end_turn(urgent=True)
    first = writer.committing
    assert disk.reached.wait(10)
    writer.append(body(2))
    disk.gate.set()
    first.result(10)
    assert writer.durable_seq == 1
    writer.wait_durable(2)
    assert writer.durable_seq == 2
    writer.close()


def test_waiting_for_a_packet_that_is_not_on_record_waits_for_those_before_it(tmp_path: Path) -> None:
    """A command that is no decision has no record: all taken before it is made durable, and that is enough."""
    writer = JournalWriter(verify(tmp_path), HEADER, commit_ms=10_000)
    writer.append(body(1))
    writer.end_turn(urgent=False)
    writer.wait_durable(9)
    assert writer.durable_seq == 1
    writer.close()


def test_the_core_waits_when_too_much_waits_for_the_disk(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is pending is bounded: past the bound a turn ends when it is on disk."""
    monkeypatch.setattr(writer_module, "PENDING_MAX", 10)
    writer = JournalWriter(verify(tmp_path), HEADER, commit_ms=10_000)
    writer.end_turn(*(body(seq) for seq in range(1, 12)), urgent=False)
    assert writer.durable_seq == 11
    writer.close()


def test_a_failed_fdatasync_latches(tmp_path: Path, disk: Disk) -> None:
    """After EIO every call raises AllHalted with one line, and the file is not touched again."""
    writer = JournalWriter(verify(tmp_path), HEADER)
    writer.append(body(1))
    writer.end_turn(urgent=True)
    writer.wait_durable(1)
    disk.error = OSError(errno.EIO, os.strerror(errno.EIO))
    writer.append(body(2))
    writer.end_turn(urgent=True)
    with pytest.raises(
        AllHalted, match=r"00000001\.journal can't be written: .*Input/output error; seq 1 is"
    ):
        writer.wait_durable(2)
    disk.error = None
    left = segment_path(tmp_path, 1).read_bytes()
    calls: list[Callable[[], None]] = [
        lambda: writer.append(body(3)),
        lambda: writer.end_turn(body(3), urgent=True),
        lambda: writer.mark("digest", "00"),
        lambda: writer.wait_durable(1),
        writer.close,
    ]
    for call in calls:
        with pytest.raises(AllHalted, match="free or mend the disk") as raised:
            call()
        assert "\n" not in str(raised.value)
    assert segment_path(tmp_path, 1).read_bytes() == left
    assert writer.durable_seq == 1


def test_a_full_disk_halts_and_nothing_is_sent_after(tmp_path: Path) -> None:
    """A real RLIMIT_FSIZE: the turn that does not fit is not durable, and the journal before it reads well."""
    code = """
import resource, sys
from pathlib import Path
from tests.journal.journals import HEADER, body
from tradeworthy.core.errors import AllHalted
from tradeworthy.journal.reader import verify
from tradeworthy.journal.writer import JournalWriter

writer = JournalWriter(verify(Path(sys.argv[1])), HEADER)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
sent = 0
try:
    for seq in range(1, 1000):
        writer.append(body(seq))
        writer.end_turn(urgent=True)
        writer.wait_durable(seq)
        sent = seq
except AllHalted as halted:
    print(sent, writer.durable_seq, halted)
    try:
        writer.append(body(1000))
    except AllHalted:
        print("latched")
"""
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    first, latched = ran.stdout.splitlines()
    sent, durable, message = first.split(" ", 2)
    assert latched == "latched"
    assert "File too large" in message
    found = verify(tmp_path)
    assert found.damage is None
    assert found.torn_bytes > 0
    assert 0 < int(sent) == int(durable) <= found.last_seq < 999
    assert segment_path(tmp_path, 1).stat().st_size <= 5000


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    """A11: a file where the folder should be."""
    (tmp_path / "run").write_text("in the way")
    with pytest.raises(AllHalted, match=r"File exists.*free or mend the disk"):
        JournalWriter(verify(tmp_path / "run"), HEADER)


def test_a_closed_writer_takes_nothing_and_closes_twice(tmp_path: Path) -> None:
    """After close nothing can be lost in silence."""
    writer = JournalWriter(verify(tmp_path), HEADER, commit_ms=10_000)
    writer.append(body(1))
    writer.close()
    writer.close()
    assert [record.seq for record in read(tmp_path)] == [1]
    with pytest.raises(AllHalted, match="is closed"):
        writer.append(body(2))


def test_segments_follow_each_other_as_one_journal(tmp_path: Path) -> None:
    """A full segment is left for the next at a commit; each begins with the header, and they read as one."""
    bodies = written(tmp_path, ([body(seq)] for seq in range(1, 41)), segment_bytes=700)
    assert len(list_segments(tmp_path)) > 5
    assert bodies_read(tmp_path) == bodies
    assert read_header(tmp_path) == HEADER


def test_a_journal_is_gone_on_with_in_a_new_segment(tmp_path: Path) -> None:
    """What an earlier process left is trimmed and never appended to; reading shows one journal."""
    first = written(tmp_path, [[body(1)], [body(2)]])
    with segment_path(tmp_path, 1).open("ab") as file:
        file.write(b"\x55\x00\x00\x00torn")
    found = verify(tmp_path)
    assert found.torn_bytes == 8
    writer = JournalWriter(found, HEADER)
    assert writer.durable_seq == 2
    writer.end_turn(body(3), urgent=False)
    writer.close()
    assert bodies_read(tmp_path) == [*first, body(3)]
    assert list_segments(tmp_path) == [1, 2]
    assert verify(tmp_path).torn_bytes == 0


def test_a_damaged_journal_is_not_gone_on_with(tmp_path: Path) -> None:
    """Damage is raised by the writer too, and nothing is cut or written."""
    written(tmp_path, [[body(1)], [body(2)]])
    path = segment_path(tmp_path, 1)
    data = bytearray(path.read_bytes())
    data[-120] ^= 1
    path.write_bytes(data)
    with pytest.raises(Damage):
        JournalWriter(verify(tmp_path), HEADER)
    assert path.read_bytes() == data
    assert list_segments(tmp_path) == [1]


def test_a_mark_speaks_between_the_turns(tmp_path: Path) -> None:
    """A mark keeps name and data, may speak of an earlier seq, and does not count as one."""
    writer = JournalWriter(verify(tmp_path), HEADER)
    writer.end_turn(body(1), body(2), urgent=False)
    writer.mark("quarantined", {"seq": 1, "desk": "trade"}, seq=1, ts=5)
    writer.end_turn(body(3), urgent=False)
    writer.mark("digest", "ab12", seq=3)
    writer.close()
    records = list(read(tmp_path))
    marks = [(record.seq, record.mark) for record in records if record.kind == Kind.MARK]
    assert marks == [(1, ("quarantined", {"seq": 1, "desk": "trade"})), (3, ("digest", "ab12"))]
    assert verify(tmp_path).last_seq == 3
    assert writer.durable_seq == 3
