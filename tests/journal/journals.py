"""A small world to journal: two agents with timers, its inputs, and ways to write and read its records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.candidates import Candidate, Verdict
from tradeworthy.core.events import CountersClosed, Event, Quarantined, Resumed, TimeAdvanced, WokeUp
from tradeworthy.core.packets import Codec, Kind, Packet
from tradeworthy.core.ports import Recorder
from tradeworthy.core.sequencer import CLOCK, Sequencer
from tradeworthy.journal.digest import Digest
from tradeworthy.journal.reader import Record, read, verify
from tradeworthy.journal.recorder import ReplayRecorder
from tradeworthy.journal.segments import Header
from tradeworthy.journal.writer import JournalWriter

SECOND = 1_000_000_000
HEADER = Header("breakout-3f9a1c2e-1", {"lookback": 20}, "d3c1de", 7, versions={"python": "3.11"})


class Priced(Event, frozen=True):
    """A price as an input."""

    instrument: str
    price: float


class Averaged(Event, frozen=True):
    """What the averager makes of a price: not on record."""

    instrument: str
    mean: float


class AveragerState(State):
    """The mean so far by instrument."""

    means: dict[str, float] = {}
    count: int = 0


class Averager(Agent):
    """Answers each price with a running mean."""

    @on(Priced)
    def average(self, event: Priced, _: Context) -> Averaged:
        """Move the mean a tenth of the way."""
        mean = self.state.means.get(event.instrument, event.price)
        self.state.means[event.instrument] = mean + (event.price - mean) / 10
        self.state.count += 1
        return Averaged(event.instrument, self.state.means[event.instrument])


class TraderState(State):
    """What the trader remembers between turns."""

    wakes: list[int] = []
    last: dict[str, float] = {}
    open: dict[int, str] = {}


class Trader(Agent):
    """Opens a candidate now and then, skips some, and cancels the others when its timer fires."""

    @on(Averaged)
    def decide(self, event: Averaged, context: Context) -> Candidate | str:
        """Open a candidate if a draw says so."""
        drawn = context.draw("open", context.seq)
        self.state.last[event.instrument] = event.mean
        if drawn > 0.5:
            return "drawn too high"
        if drawn < 0.2:
            return Candidate("signal", event.instrument, {"mean": event.mean}, skip="too_small")
        context.wake_at(context.now + 3 * SECOND + int(drawn * SECOND), event.instrument)
        return Candidate("signal", event.instrument, {"mean": event.mean, "drawn": drawn})

    @on(Candidate)
    def remember(self, event: Candidate, context: Context) -> str:
        """Keep it open unless it was skipped."""
        if not event.skip:
            self.state.open[context.seq] = event.instrument
        return "known"

    @on(WokeUp)
    def close(self, event: WokeUp, context: Context) -> list[Verdict]:
        """Cancel all that is open on the instrument."""
        self.state.wakes.append(context.now)
        del self.state.wakes[:-5]
        ended = [seq for seq, instrument in self.state.open.items() if instrument == event.key]
        for seq in ended:
            del self.state.open[seq]
        return [Verdict(seq, self.desk, "CANCELLED", "timer") for seq in ended]  # type: ignore[arg-type]


CODEC = Codec(
    (Priced, Averaged, Candidate, Verdict, WokeUp, TimeAdvanced, CountersClosed, Resumed, Quarantined)
)


class ShutOutbox:
    """Sends nothing."""

    def dispatch(self, commands: Sequence[Packet]) -> None:
        """There are none in this world."""
        assert not commands


def world(recorder: Recorder, seed: int = 7) -> Sequencer:
    """A sequencer over both agents."""
    agents = [Averager("averager", AveragerState()), Trader("trader", TraderState(), desk="trade")]
    return Sequencer(agents, CODEC, recorder, ShutOutbox(), seed=seed)


def feed(sequencer: Sequencer, first: int, last: int) -> None:
    """Admit the prices of seconds `first` to `last`, the last one left out."""
    for index in range(first, last):
        event = Priced(("BTC", "ETH")[index % 2], 100.0 + index % 17 - index % 5 / 3)
        sequencer.admit("feed", index, (index + 1) * SECOND, event)


def replay(sequencer: Sequencer, recorder: ReplayRecorder, records: Iterable[Record]) -> None:
    """Admit the inputs on record, and hold the decisions on record against those made."""
    for record in records:
        if record.kind == Kind.INPUT:
            _, packet = CODEC.decode(record.body)
            source, event = packet.agent, packet.event
            assert source in {"feed", CLOCK}
            sequencer.admit(
                source,
                packet.position,
                packet.ts,
                event,
                trace=packet.trace,
                cause=packet.cause,
                body=record.body,
            )
        elif record.kind == Kind.DECISION:
            recorder.expect(record)


def replayed(records: Iterable[Record]) -> tuple[str, list[bytes]]:
    """The digest of a replay from the start, and the decisions that were not on record."""
    digest = Digest(b"seed")
    recorder = ReplayRecorder(digest, CODEC)
    replay(world(recorder), recorder, records)
    return digest.hex(), recorder.leftover()


def body(seq: int, kind: Kind = Kind.INPUT, text: str = "BTC") -> bytes:
    """The body of one record."""
    return CODEC.encode(kind, Packet(seq, seq, 0, seq * SECOND, "feed", Priced(text, seq / 3), seq))


def written(folder: Path, commits: Iterable[Sequence[bytes]], **options: int) -> list[bytes]:
    """Write each of `commits` in a write of its own, and close; all bodies in order."""
    writer = JournalWriter(verify(folder), HEADER, **options)
    bodies: list[bytes] = []
    for commit in commits:
        writer.end_turn(*commit, urgent=True)
        writer.wait_durable()
        bodies.extend(commit)
    writer.close()
    return bodies


def bodies_read(folder: Path) -> list[bytes]:
    """All bodies in the journal."""
    return [record.body for record in read(folder)]
