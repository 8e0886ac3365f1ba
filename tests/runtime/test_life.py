"""A run's lives: whatever ended the last one, the next stands where its record ends, and goes on as if nothing was."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.rig import (
    BUY,
    ETH,
    LEAVE,
    REST,
    SECOND,
    SKIP,
    START,
    TOLD,
    WAKE,
    Place,
    book,
    desk,
    events_of,
    marks_of,
    packets_of,
    place,
    price,
)
from tradeworthy.core.errors import AllHalted
from tradeworthy.core.events import CountersClosed, Event, SessionEnded, TimeAdvanced
from tradeworthy.core.packets import Kind
from tradeworthy.execution.orders import FillObserved
from tradeworthy.journal import snapshots
from tradeworthy.journal.reader import Damage, read
from tradeworthy.journal.recorder import Divergence
from tradeworthy.runtime.concluded import is_concluded
from tradeworthy.runtime.life import FEED, Life
from tradeworthy.runtime.replay import replay

STORY: tuple[Event, ...] = (
    book(),
    book(2_000, ETH),
    price(BUY),
    price(WAKE),
    price(SKIP),
    price(at=7.0),
    price(BUY, at=200.0, instrument=ETH),
    price(LEAVE),
    price(REST),
    book(890),
    price(LEAVE, instrument=ETH),
    price(at=8.0),
)
"""Twelve inputs with fills, a rest, a skip and a timer."""


def tell(life: Life, until: int = len(STORY)) -> None:
    """The story up to an input, from where the life stands; its feed has one input a second."""
    first = life.core.sequencer.positions.get(FEED, -1) + 1
    for position in range(first, until):
        life.admit(FEED, START + (position + 1) * SECOND, STORY[position], position=position)


@pytest.fixture
def there(tmp_path: Path) -> Place:
    """A place for a session of one desk that does as it is told."""
    return place(tmp_path)


@pytest.fixture
def whole(tmp_path: Path) -> str:
    """The digest of the story told in one life."""
    with place(tmp_path / "whole").opened() as life:
        tell(life)
        return life.digest.hex()


@pytest.mark.parametrize("kept", [False, True])
def test_many_lives_come_out_like_one(there: Place, whole: str, kept: Any) -> None:
    """Stopped after each input, with and without a snapshot: the digest is that of an unbroken run (P1)."""
    for until in range(len(STORY) + 1):
        with there.opened() as life:
            tell(life, until)
            if kept:
                life.snapshot()
    with there.opened() as life:
        assert life.digest.hex() == whole
    assert replay(there.folder).digest == whole


def test_only_what_came_after_the_snapshot_is_replayed(there: Place, whole: str) -> None:
    """Eight inputs before it, four after it (and one timer)."""
    with there.opened() as life:
        tell(life, 8)
        life.snapshot()
        tell(life)
    with there.opened() as life:
        timers = [one for one in packets_of(there.folder) if isinstance(one.event, TimeAdvanced)]
        late = [one for one in timers if one.ts > START + 8 * SECOND]
        assert life.recovery.replayed == 4 + len(late)
        assert life.digest.hex() == whole


def test_a_damaged_snapshot_is_passed_over(there: Place, whole: str) -> None:
    """An older one, or none at all, gives the same."""
    for until in (4, 8, 12):
        with there.opened() as life:
            tell(life, until)
            life.snapshot()
    for path in sorted(there.folder.glob("snapshots/*"), key=lambda path: -int(path.stem)):
        path.write_bytes(path.read_bytes()[:-1])
        with there.opened() as life:
            assert life.digest.hex() == whole


def test_a_tail_torn_anywhere_is_trimmed_told_of_and_told_again(
    there: Place, whole: str, tmp_path: Path
) -> None:
    """Whatever of the last records the disk has: the feed goes on where the record ends, to the same digest."""
    with there.opened() as life:
        tell(life, 9)
        life.snapshot()
        tell(life)
    path = max(there.folder.glob("*.journal"))
    data = path.read_bytes()
    kept = snapshots.newest(there.folder)
    assert kept
    torn = 0
    for end in range(len(data) - 1, kept.place.offset, -(len(data) - kept.place.offset) // 40):
        cut = there.copy(tmp_path / f"cut-{end}")
        (cut.folder / path.name).write_bytes(data[:end])
        with cut.opened() as life:
            torn += life.recovery.torn_bytes > 0
            tell(life)
            assert life.digest.hex() == whole, end
    assert torn > 20


def test_a_turn_that_a_crash_cut_short_is_made_whole(there: Place, whole: str, tmp_path: Path) -> None:
    """Inputs on record whose decisions are not: they are made again, and written."""
    with there.opened() as life:
        tell(life)
    path = there.folder / "00000001.journal"
    for record, after in pairwise(read(there.folder)):
        if record.kind == Kind.INPUT and after.kind == Kind.DECISION:
            cut = there.copy(tmp_path / f"cut-{record.seq}")
            (cut.folder / path.name).write_bytes(path.read_bytes()[: record.offset_after])
            with cut.opened() as life:
                life.writer.wait_durable()
                assert [one.seq for one in packets_of(cut.folder)][-1] > record.seq
                tell(life)
                assert life.digest.hex() == whole
            assert replay(cut.folder).digest == whole


def test_code_that_decides_otherwise_under_the_same_name_is_named(tmp_path: Path) -> None:
    """The first packet and field that differ, and both values; the record is left as it was (P1)."""
    file = tmp_path / "told.py"
    shutil.copy(TOLD, file)
    there = place(tmp_path, desk(file=str(file)))
    with there.opened() as life:
        tell(life)
    before = (there.folder / "00000001.journal").read_bytes()
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('skip="not_today"', 'skip="never"'), encoding="utf-8")
    with pytest.raises(Divergence) as diverged:
        there.open()
    (skipped,) = [one for one in packets_of(there.folder) if getattr(one.event, "skip", "")]
    error = diverged.value
    assert (error.seq, error.field) == (skipped.seq, "event.skip")
    assert (error.recorded, error.made) == ("'not_today'", "'never'")
    assert (there.folder / "00000001.journal").read_bytes() == before
    file.write_text(text, encoding="utf-8")
    with there.opened() as life:
        assert life.recovery.replayed > len(STORY)


def test_code_that_decides_more_or_less_than_then_is_named(tmp_path: Path) -> None:
    """A candidate that is on record and not made, or made and not on record."""
    file = tmp_path / "told.py"
    there = place(tmp_path, desk(file=str(file)))
    text = TOLD.read_text(encoding="utf-8")
    other = text.replace(
        'return Candidate("signal", name, {"price": price.price}, skip="not_today")', 'return "x"'
    )
    assert other != text
    for then, now, said in (
        (text, other, "in packet: Candidate is on record, None was made"),
        (other, text, "in packet: None is on record, Candidate was made"),
    ):
        file.write_text(then, encoding="utf-8")
        with there.opened() as life:
            tell(life)
        file.write_text(now, encoding="utf-8")
        with pytest.raises(Divergence, match=said):
            there.open()
        shutil.rmtree(there.folder)


def test_damage_is_named_and_nothing_is_written_over_it(there: Place) -> None:
    """A flipped bit in what was durable: the seq before it, and the way out."""
    with there.opened() as life:
        tell(life)
    path = there.folder / "00000001.journal"
    data = bytearray(path.read_bytes())
    records = [record for record in read(there.folder) if record.kind == Kind.INPUT]
    data[records[6].offset_after - 3] ^= 1
    path.write_bytes(data)
    with pytest.raises(
        Damage, match=r"is damaged at byte \d+, after seq \d+: .*start with --fresh"
    ) as damage:
        there.open()
    assert damage.value.seq < records[6].seq <= damage.value.seq + 12
    assert path.read_bytes() == data
    assert [one.name for one in there.folder.glob("*.journal")] == [path.name]


@pytest.mark.parametrize("fails", ["fdatasync", "write"])
def test_a_disk_that_fails_halts_all_until_another_life(
    there: Place, whole: str, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    """Each later call says so; what was durable is where the next life goes on."""
    with there.opened() as life:
        tell(life, 5)
    life = there.open()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        if fails == "write":
            patched.setattr(life.writer, "_write", fail)
        else:
            patched.setattr("tradeworthy.journal.writer.os.fdatasync", fail)
        tell(life, 6)
        with pytest.raises(AllHalted, match="No space left on device"):
            life.writer.wait_durable()
        with pytest.raises(AllHalted, match="No space left on device"):
            tell(life)
    seq = life.core.sequencer.seq
    calls: list[Callable[[], None]] = [
        lambda: tell(life),
        lambda: life.advance(START + 90 * SECOND),
        life.snapshot,
        life.check,
    ]
    for call in calls:
        with pytest.raises(AllHalted, match="No space left on device"):
            call()
    assert life.core.sequencer.seq == seq
    with pytest.raises(AllHalted, match="No space left on device"):
        life.close()
    with there.opened() as life:
        tell(life)
        assert life.digest.hex() == whole


def test_what_a_run_is_told_first_is_told_once(there: Place) -> None:
    """Cash is not put in again with each life."""
    for _ in range(3):
        with there.opened() as life:
            state = life.core.ledger.state
            assert state.deposits == state.cash == 10_000 * 10**8
    assert [packet.agent for packet in packets_of(there.folder)] == ["configuration"] * 3


def test_a_finished_run_has_ended_its_orders_and_closed_its_counts(there: Place) -> None:
    """Timers fire first; then what works is cancelled, and the hour so far is written."""
    with there.opened() as life:
        tell(life, 9)
        assert life.core.sequencer.candidates.open
        life.finish(START + 60 * SECOND)
        assert not life.core.sequencer.candidates.open
        assert not is_concluded(there.folder)
        life.snapshot()
        life.conclude()
        figures = life.figures()
    assert is_concluded(there.folder)
    (counted,) = events_of(there.folder, CountersClosed)
    assert counted.counts["watching"] == 2
    assert marks_of(there.folder, "concluded") == [figures]
    assert events_of(there.folder, SessionEnded) == [SessionEnded()]
    found = replay(there.folder)
    assert (found.digest, found.fingerprint, found.digests) == (figures["digest"], figures["fingerprint"], 1)


def test_finishing_again_changes_nothing(there: Place) -> None:
    """A kill between the end and the closing line: the next life ends as this one."""
    with there.opened() as life:
        tell(life)
        life.finish(START + 60 * SECOND)
        figures = life.figures()
    with there.opened() as life:
        life.finish(START + 60 * SECOND)
        assert life.figures() == figures


def test_rows_of_a_feed_are_admitted_as_one_by_one(tmp_path: Path, whole: str) -> None:
    """The fast way is the same way."""
    with place(tmp_path / "rows").opened() as life:
        life.admit_rows([(at, START + (at + 1) * SECOND, event) for at, event in enumerate(STORY)])
        assert life.digest.hex() == whole


def test_a_timer_before_an_input_fires_before_it(there: Place) -> None:
    """At its own time, and it is an input on record."""
    with there.opened() as life:
        tell(life, 4)
        life.admit(FEED, START + 60 * SECOND, price(), position=4)
        assert life.core.sequencer.agents["told"].state.woken == [START + 9 * SECOND]
    times = [one.ts - START for one in packets_of(there.folder) if isinstance(one.event, TimeAdvanced)]
    assert times == [9 * SECOND]


def test_small_segments_make_no_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: str
) -> None:
    """A run over many segments, in many lives."""
    there = place(tmp_path / "segments")
    for until in range(0, len(STORY) + 1, 3):
        with there.opened() as life:
            monkeypatch.setattr(life.writer, "_segment_bytes", 500)
            for one in range(until):
                tell(life, one + 1)
                life.writer.wait_durable()
    assert len([*there.folder.glob("*.journal")]) > 8
    with there.opened() as life:
        assert life.digest.hex() == whole
    assert len(events_of(there.folder, FillObserved)) == 5


def test_opening_that_fails_can_be_tried_again(
    there: Place, monkeypatch: pytest.MonkeyPatch, whole: str
) -> None:
    """Nothing is left open, and nothing is lost."""
    with there.opened() as life:
        tell(life, 6)

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    for name in ("_load_faults", "_note_death", "_replay"):
        with monkeypatch.context() as patched:
            patched.setattr(Life, name, fail)
            with pytest.raises(KeyboardInterrupt):
                there.open()
    with there.opened() as life:
        tell(life)
        assert life.digest.hex() == whole


def test_a_journal_without_its_middle_segment_is_damaged(there: Place) -> None:
    """A missing file is named, not skipped."""
    for until in (4, 8, 12):
        with there.opened() as life:
            tell(life, until)
    (there.folder / "00000002.journal").unlink()
    with pytest.raises(Damage, match="a segment is missing"):
        there.open()
