"""What the sequencer records can be replayed to the same digest, or the first difference is named."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar
from zlib import crc32

import msgspec
import pytest

from tests.journal.journals import CODEC, HEADER, SECOND, Priced, feed, replay, replayed, world
from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.candidates import Candidate, Verdict
from tradeworthy.core.errors import AllHalted
from tradeworthy.core.events import Event, TimeAdvanced, WokeUp
from tradeworthy.core.packets import HEAD, Codec, Kind, Packet
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.journal.digest import Digest
from tradeworthy.journal.flight import FlightRecorder, read_flight
from tradeworthy.journal.reader import Record, read, verify
from tradeworthy.journal.recorder import Divergence, JournalRecorder, ReplayRecorder
from tradeworthy.journal.writer import JournalWriter


def session(folder: Path, inputs: int = 300) -> str:
    """Run the small world over a journal; its digest."""
    digest = Digest(b"seed")
    writer = JournalWriter(verify(folder), HEADER)
    feed(world(JournalRecorder(digest, writer)), 0, inputs)
    writer.close()
    return digest.hex()


def record_of(packet: Packet, kind: Kind = Kind.DECISION) -> Record:
    """`packet` as it is read from a journal."""
    return Record(kind, packet.seq, packet.ts, CODEC.encode(kind, packet), 1, 0, 0)


def test_a_run_and_its_replay_have_equal_digests(tmp_path: Path) -> None:
    """P1: inputs alone make every packet again, timers included, and each decision equals its record."""
    digest = session(tmp_path)
    records = list(read(tmp_path))
    kinds = [record.kind for record in records]
    assert kinds.count(Kind.INPUT) > 300
    assert kinds.count(Kind.DECISION) > 100
    assert replayed(records) == (digest, [])
    assert replayed(records[:-50])[0] != digest


def test_a_turn_cut_short_leaves_decisions_to_append(tmp_path: Path) -> None:
    """P1: a crash between an input and its decisions loses none: the replay makes them, and they are appended."""
    session(tmp_path)
    records = list(read(tmp_path))
    first = next(index for index, record in enumerate(records) if record.kind == Kind.DECISION)
    _, left = replayed(records[:first])
    assert left[0] == records[first].body
    assert replayed(records[: first + len(left)])[1] == []


def test_the_journal_has_inputs_and_decisions_and_the_digest_all(tmp_path: Path) -> None:
    """Internal packets are in the digest alone."""
    session(tmp_path, 50)
    kinds = {CODEC.decode(record.body)[0] for record in read(tmp_path)}
    assert kinds == {Kind.INPUT, Kind.DECISION}
    digest = Digest(b"seed")
    taken: list[bytes] = []
    feed(world(JournalRecorder(digest, on_decision=taken.append)), 0, 50)
    decisions = [record.body for record in read(tmp_path) if record.kind == Kind.DECISION]
    assert taken == decisions
    assert digest.hex() == session(tmp_path / "again", 50)


def candidate(seq: int = 4, **changes: object) -> Packet:
    """A decision."""
    event = msgspec.structs.replace(Candidate("signal", "BTC", {"mean": 1.5, "n": 3}), **changes)
    return Packet(seq, 1, 3, 5 * SECOND, "trader", event)


@pytest.mark.parametrize(
    ("made", "field", "recorded", "other"),
    [
        (candidate(kind="exit"), "event.kind", "'signal'", "'exit'"),
        (candidate(figures={"mean": 1.25, "n": 3}), "event.figures.mean", "1.5", "1.25"),
        (candidate(figures={"mean": 1.5, "n": 3.0}), "event.figures.n", "3", "3.0"),
        (candidate(figures={"mean": 1.5}), "event.figures.n", "3", "nothing"),
        (candidate(figures={"mean": 1.5, "n": 3, "z": 0}), "event.figures.z", "nothing", "0"),
        (msgspec.structs.replace(candidate(), cause=2), "cause", "3", "2"),
        (msgspec.structs.replace(candidate(), agent="other"), "agent", "'trader'", "'other'"),
        (msgspec.structs.replace(candidate(), ts=6), "ts", "5000000000", "6"),
        (candidate(seq=5), "seq", "4", "5"),
        (
            msgspec.structs.replace(candidate(), event=Verdict(4, "trade", "FILLED", "")),  # type: ignore[arg-type]
            "packet",
            "Candidate",
            "Verdict",
        ),
        (None, "packet", "Candidate", "None"),
    ],
)
def test_the_first_field_that_differs_is_named(
    made: Packet | None, field: str, recorded: str, other: str
) -> None:
    """P1: Divergence has the seq, the field and both values, in one line."""
    recorder = ReplayRecorder(Digest(b""), CODEC)
    if made:
        recorder.packet(CODEC.encode(Kind.DECISION, made), decision=True)
        recorder.end_turn(urgent=False)
    with pytest.raises(Divergence) as raised:
        recorder.expect(record_of(candidate()))
    error = raised.value
    assert (error.seq, error.field, error.recorded, error.made) == (4, field, recorded, other)
    assert str(error).startswith(
        f"replay differs at seq 4 in {field}: {recorded} is on record, {other} was made"
    )
    assert "\n" not in str(error)


def test_a_nan_equals_itself() -> None:
    """Equal bytes are equal whatever they mean."""
    recorder = ReplayRecorder(Digest(b""), CODEC)
    packet = candidate(figures={"mean": float("nan")})
    recorder.packet(CODEC.encode(Kind.DECISION, packet), decision=True)
    recorder.end_turn(urgent=False)
    recorder.expect(record_of(packet))
    assert recorder.leftover() == []


def test_the_first_divergent_packet_of_a_run_is_named(tmp_path: Path) -> None:
    """P1: one changed input shows at the first decision that rests on it, not at a later one."""
    session(tmp_path)
    records = list(read(tmp_path))
    at = max(
        index
        for index, record in enumerate(records[:-1])
        if b"Priced" in record.body and b"signal" in records[index + 1].body
    )
    _, packet = CODEC.decode(records[at].body)
    assert isinstance(packet.event, Priced)
    event = Priced(packet.event.instrument, packet.event.price + 1)
    changed = msgspec.structs.replace(packet, event=event)
    records[at] = record_of(changed, Kind.INPUT)
    with pytest.raises(Divergence) as raised:
        replayed(records)
    assert raised.value.seq == records[at + 1].seq
    assert raised.value.field == "event.figures.mean"


def test_a_decision_that_is_not_on_record_is_named(tmp_path: Path) -> None:
    """P1: a record taken out shows at once, by the decision that was made all the same."""
    session(tmp_path, 60)
    records = list(read(tmp_path))
    last = max(
        index
        for index, record in enumerate(records[:-1])
        if record.kind == Kind.DECISION and records[index + 1].kind == Kind.INPUT
    )
    with pytest.raises(Divergence) as raised:
        replayed(records[:last] + records[last + 1 :])
    assert (raised.value.seq, raised.value.recorded) == (records[last].seq, "None")


def test_another_number_of_packets_is_named() -> None:
    """P1: a turn that makes an internal packet more or less shows at the next input."""
    recorder = ReplayRecorder(Digest(b""), CODEC, seq=10)
    recorder.input(HEAD.pack(Kind.INPUT, 11, 0) + b"x")
    recorder.packet(HEAD.pack(Kind.INTERNAL, 12, 0) + b"x", decision=False)
    recorder.end_turn(urgent=False)
    with pytest.raises(Divergence, match="packets before it: 13 is on record, 12 was made"):
        recorder.input(HEAD.pack(Kind.INPUT, 14, 0) + b"x")


def test_an_input_is_noted_before_it_is_handled(tmp_path: Path) -> None:
    """The flight recorder and the journal have the input while its turn is at work, and not after."""
    path = tmp_path / "inflight"
    flight = FlightRecorder(path, 1)
    writer = JournalWriter(verify(tmp_path), HEADER)
    recorder = JournalRecorder(Digest(b""), writer, flight)
    body = CODEC.encode(Kind.INPUT, Packet(3, 3, 0, 7, "feed", Priced("BTC", 1.0)))
    recorder.input(body)
    assert read_flight(path) == (3, crc32(body), 1)
    writer.wait_durable(3)
    assert [record.body for record in read(tmp_path)] == [body]
    recorder.end_turn(urgent=False)
    assert read_flight(path) is None
    writer.close()


def test_nothing_is_handled_after_the_disk_failed(tmp_path: Path) -> None:
    """A turn on a latched writer raises before a handler sees the input."""
    writer = JournalWriter(verify(tmp_path), HEADER)
    sequencer = world(JournalRecorder(Digest(b"seed"), writer))
    feed(sequencer, 0, 5)
    writer.failed = "the disk is gone"
    with pytest.raises(AllHalted, match="the disk is gone"):
        feed(sequencer, 5, 6)
    assert sequencer.agents["averager"].state.count == 5
    with pytest.raises(AllHalted):
        writer.close()


def test_a_replay_can_begin_anywhere_between_turns(tmp_path: Path) -> None:
    """P1: two replays, one on from where the other stopped, end in the whole run's digest."""
    digest = session(tmp_path)
    records = list(read(tmp_path))
    half = next(index for index in range(200, 400) if records[index].kind == Kind.INPUT)
    running = Digest(b"seed")
    recorder = ReplayRecorder(running, CODEC)
    sequencer = world(recorder)
    replay(sequencer, recorder, records[:half])
    second = Digest(b"")
    second.load(running.dump())
    judge = ReplayRecorder(second, CODEC, sequencer.seq)
    sequencer.recorder = judge
    replay(sequencer, judge, records[half:])
    assert (second.hex(), judge.leftover()) == (digest, [])


class Ordered(Event, frozen=True):
    """A command that is on record."""

    decision: ClassVar[bool] = True
    command: ClassVar[bool] = True

    price: float


class Buyer(Agent):
    """Orders at every price."""

    @on(Priced)
    def order(self, event: Priced, _: Context) -> Ordered:
        """One order."""
        return Ordered(event.price)


class Door:
    """An outbox that sends what is durable."""

    def __init__(self, writer: JournalWriter) -> None:
        self.writer = writer
        self.sent: list[int] = []

    def dispatch(self, commands: Sequence[Packet]) -> None:
        """Wait for the disk, then send."""
        self.writer.wait_durable(commands[-1].seq)
        self.sent.extend(command.seq for command in commands)


def test_a_command_is_sent_once_it_is_on_disk_and_never_after_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P1: at each sending the order is in the durable journal; after EIO nothing is handled or sent."""
    writer = JournalWriter(verify(tmp_path), HEADER, commit_ms=10_000_000)
    door = Door(writer)
    codec = Codec((Priced, Ordered, TimeAdvanced, WokeUp))
    agents = [Buyer("buyer", State())]
    sequencer = Sequencer(agents, codec, JournalRecorder(Digest(b""), writer), door, seed=1)
    for index in range(5):
        sequencer.admit("feed", index, index, Priced("BTC", float(index)))
        durable = [record.seq for record in read(tmp_path, limit=writer.durable_bytes)]
        assert door.sent[-1] == durable[-1] == sequencer.seq

    def fail(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fdatasync", fail)
    sent = list(door.sent)
    for index in range(5, 8):
        with pytest.raises(AllHalted, match="Input/output error"):
            sequencer.admit("feed", index, index, Priced("BTC", 1.0))
    assert door.sent == sent
    with pytest.raises(AllHalted):
        writer.close()
