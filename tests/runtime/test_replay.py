"""A replay from the journal alone: equal, or the first packet and field that differ are named (P1)."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import msgspec
import pytest

from tests.journal.journals import HEADER
from tests.runtime.rig import (
    BUY,
    LEAVE,
    SKIP,
    START,
    TOLD,
    WAKE,
    Place,
    book,
    desk,
    feed,
    place,
    price,
)
from tradeworthy.core.candidates import Decision
from tradeworthy.core.errors import DeskHalted, NotAvailable
from tradeworthy.core.packets import Kind
from tradeworthy.execution.orders import FillObserved
from tradeworthy.journal.reader import Damage, read, read_header, verify
from tradeworthy.journal.recorder import Divergence
from tradeworthy.journal.segments import Header
from tradeworthy.journal.writer import JournalWriter
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.identity import cpu_features, versions
from tradeworthy.runtime.opening import open_run
from tradeworthy.runtime.plan import Mode
from tradeworthy.runtime.replay import differing, replay

STORY = (book(), price(BUY), price(WAKE), price(SKIP), price(LEAVE), price())


@pytest.fixture
def there(tmp_path: Path) -> Place:
    """A place where a story was told, stopped in good order."""
    there = place(tmp_path)
    with there.opened() as life:
        feed(life, *STORY)
        life.snapshot()
    return there


def test_a_replay_makes_the_same_packets(there: Place) -> None:
    """Digest, fingerprint, counts; nothing is written."""
    with there.opened() as life:
        figures = life.figures()
    before = {path: path.read_bytes() for path in there.folder.rglob("*") if path.is_file()}
    seen: list[int] = []
    found = replay(there.folder, seen.append)
    assert (found.run, found.packets) == (figures["run"], figures["packets"])
    assert (found.digest, found.fingerprint) == (figures["digest"], figures["fingerprint"])
    assert (found.inputs, found.digests) == (3 + len(STORY), 1)
    assert found.decisions > 10
    assert found.differing == []
    assert {path: path.read_bytes() for path in there.folder.rglob("*") if path.is_file()} == before


def rewritten(there: Place, folder: Path, change: type, **fields: object) -> Path:
    """The journal with one field of the first `change` event on record changed, its checksums right."""
    run = folder / there.folder.name
    writer = JournalWriter(
        verify(run), msgspec.structs.replace(read_header(there.folder), segment=1, chain=0)
    )
    changed = 0
    for record in read(there.folder):
        body = record.body
        if record.kind == Kind.DECISION and not changed:
            packet = codec().decode(body)[1]
            if isinstance(packet.event, change):
                changed = packet.seq
                event = msgspec.structs.replace(packet.event, **fields)
                body = codec().encode(Kind.DECISION, msgspec.structs.replace(packet, event=event))
        writer.append(body)
    writer.close()
    assert changed
    return run


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [(FillObserved, "ticks", 1_002), (Decision, "approved", False), (FillObserved, "reason", "luck")],
)
def test_a_changed_decision_on_record_is_named(
    there: Place, tmp_path: Path, kind: type, field: str, value: object
) -> None:
    """Its seq, its field, what is on record and what was made (P1)."""
    (first, *_) = [
        record.seq
        for record in read(there.folder)
        if record.kind == Kind.DECISION and isinstance(codec().decode(record.body)[1].event, kind)
    ]
    with pytest.raises(Divergence) as diverged:
        replay(rewritten(there, tmp_path / "forged", kind, **{field: value}))
    assert (diverged.value.seq, diverged.value.field) == (first, f"event.{field}")
    assert diverged.value.recorded == repr(value)
    assert diverged.value.made != repr(value)
    assert diverged.value.exit_code == 1


def test_a_forged_figure_of_the_run_is_named(there: Place, tmp_path: Path) -> None:
    """A digest that nothing leads to."""
    run = tmp_path / "forged" / there.folder.name
    writer = JournalWriter(
        verify(run), msgspec.structs.replace(read_header(there.folder), segment=1, chain=0)
    )
    for record in read(there.folder):
        if record.kind == Kind.MARK and record.mark[0] == "digest":
            writer.mark("digest", record.mark[1] | {"digest": "00"}, seq=record.seq)
        else:
            writer.append(record.body)
    writer.close()
    with pytest.raises(Divergence, match=r"in digest: 00 is on record, [0-9a-f]{64} was made"):
        replay(run)


def test_a_flipped_bit_is_damage_and_no_divergence(there: Place) -> None:
    """What was written is not what is there."""
    path = there.folder / "00000001.journal"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    with pytest.raises(Damage, match="is damaged at byte"):
        replay(there.folder)


def test_changed_code_is_named_beside_what_it_changed(tmp_path: Path) -> None:
    """The same decisions by other code are equal, and it says that the code is another."""
    file = tmp_path / "told.py"
    shutil.copy(TOLD, file)
    there = place(tmp_path, desk(file=str(file)))
    with there.opened() as life:
        feed(life, *STORY)
    text = file.read_text(encoding="utf-8")
    file.write_text(text + "# a remark\n", encoding="utf-8")
    assert [line.partition(" ")[0] for line in replay(there.folder).differing] == ["decision"]
    file.write_text(text.replace('"signal", name, Side.BUY', '"sign", name, Side.BUY'), encoding="utf-8")
    with pytest.raises(Divergence, match=r"in event\.kind: 'signal' is on record, 'sign' was made"):
        replay(there.folder)
    file.write_text(text.replace("self.state.heard.append", "self.state.hear.append"), encoding="utf-8")
    with pytest.raises(DeskHalted, match=r"told raises AttributeError: .* where the run on record went on"):
        replay(there.folder)


def test_a_desk_that_moved_is_missed_in_one_line(tmp_path: Path) -> None:
    """The header names its file (A11)."""
    file = tmp_path / "told.py"
    shutil.copy(TOLD, file)
    there = place(tmp_path, desk(file=str(file)))
    with there.opened() as life:
        feed(life, *STORY)
    file.unlink()
    with pytest.raises(Exception, match=r"there is no desk file .*told\.py") as missed:
        replay(there.folder)
    assert missed.value.__class__.__name__ == "UsageError"


def test_a_backtest_has_nothing_to_replay(tmp_path: Path) -> None:
    """Its inputs are in its feed."""
    there = place(tmp_path)
    run = open_run(dataclasses.replace(there.plan, mode=Mode.BACKTEST), there.home, {"feed": "test"}, START)
    run.life.close()
    with pytest.raises(NotAvailable, match="is a backtest: its inputs are in its feed; run it again instead"):
        replay(there.home.runs / run.life.header.run)


def test_what_differs_on_another_machine_is_said_in_words() -> None:
    """CPU features that only one of them has, versions, code."""
    here = msgspec.structs.replace(
        HEADER, decision_hash="a" * 64, cpu=cpu_features().split(), versions=versions()
    )
    assert differing(here, "a" * 64) == []
    there: Header = msgspec.structs.replace(
        here, cpu=[*here.cpu, "avx9"], versions={**here.versions, "numpy": "1.0"}
    )
    said = differing(there, "b" * 64)
    assert said[0] == f"decision hash {'a' * 12} then, {'b' * 12} now"
    assert said[1] == "CPU features that only one has: avx9"
    assert said[2].startswith("numpy 1.0 then, ")


def test_a_torn_tail_replays_up_to_where_it_is_torn(tmp_path: Path) -> None:
    """What was never durable is not missed."""
    there = place(tmp_path)
    with there.opened() as life:
        feed(life, *STORY)
        packets = life.core.sequencer.seq
    path = there.folder / "00000001.journal"
    path.write_bytes(path.read_bytes()[:-500])
    assert 3 < replay(there.folder).packets <= packets


def test_what_a_snapshot_saw_and_the_journal_has_not_is_damage(there: Place) -> None:
    """It was durable once: the end was cut off since."""
    path = there.folder / "00000001.journal"
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(Damage, match="it is shorter than it was"):
        replay(there.folder)
