"""What the sequencer records into: the journal of a live run, or the judge of a replayed one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import msgspec

from tradeworthy.core.errors import AllHalted
from tradeworthy.core.packets import HEAD, Codec
from tradeworthy.journal.digest import Digest
from tradeworthy.journal.flight import FlightRecorder
from tradeworthy.journal.reader import Record
from tradeworthy.journal.writer import JournalWriter


@dataclass(slots=True)
class JournalRecorder:
    """Digests all, journals inputs at once and decisions with their turn; after a raise, make a new one.

    Without a `writer` (a backtest) it only digests; `on_decision` is given each decision when its turn ends.
    """

    digest: Digest
    writer: JournalWriter | None = None
    flight: FlightRecorder | None = None
    on_decision: Callable[[bytes], None] | None = None
    _decisions: list[bytes] = field(default_factory=list)

    @property
    def unfinished(self) -> list[bytes]:
        """The decisions of the present turn, or of one that a raise has ended."""
        return self._decisions

    def input(self, body: bytes) -> None:
        """Record what begins a turn, before a handler can fail."""
        if self.flight:
            self.flight.begin(HEAD.unpack_from(body)[1], crc32(body))
        self.digest.update(body)
        if self.writer:
            self.writer.append(body)

    def packet(self, body: bytes, *, decision: bool) -> None:
        """Digest a packet, and hold a decision until its turn is whole."""
        self.digest.update(body)
        if decision:
            self._decisions.append(body)

    def end_turn(self, *, urgent: bool) -> None:
        """Hand the turn's decisions over."""
        if self.writer:
            self.writer.end_turn(*self._decisions, urgent=urgent)
        if self.on_decision:
            for body in self._decisions:
                self.on_decision(body)
        self._decisions.clear()
        if self.flight:
            self.flight.end()


class Divergence(AllHalted):
    """A replay made something else than is on record: `field` of packet `seq` is the first to differ."""

    def __init__(self, seq: int, field: str, recorded: str, made: str) -> None:
        text = f"replay differs at seq {seq} in {field}: {recorded} is on record, {made} was made"
        super().__init__(f"{text}; compare code, versions and CPU with the journal's header")
        self.seq, self.field, self.recorded, self.made = seq, field, recorded, made


class ReplayRecorder(JournalRecorder):
    """Judges a replay that begins after `seq`: admit each input on record, and `expect` each decision."""

    def __init__(self, digest: Digest, codec: Codec, seq: int = 0) -> None:
        self._made: list[bytes] = []
        super().__init__(digest, on_decision=self._made.append)
        self._codec, self._seq = codec, seq

    def expect(self, record: Record) -> None:
        """Compare a decision on record with the next one made."""
        made = self._made.pop(0) if self._made else b""
        if made != record.body:
            raise self._divergence(record.body, made)

    def input(self, body: bytes) -> None:
        """Digest an input; the turn before must have made as many packets as then, and no other decision."""
        if self._made:
            raise self._divergence(b"", self._made[0])
        self._seq += 1
        if (seq := HEAD.unpack_from(body)[1]) != self._seq:
            raise Divergence(seq, "packets before it", str(seq - 1), str(self._seq - 1))
        self.digest.update(body)

    def packet(self, body: bytes, *, decision: bool) -> None:
        """Digest a packet, and keep a decision for the record that it must equal."""
        self._seq += 1
        self.digest.update(body)
        if decision:
            self._decisions.append(body)

    def leftover(self) -> list[bytes]:
        """Take the decisions that are not on record, of the turn that a crash cut short: to be appended."""
        left, self._made[:] = self._made[:], []
        return left

    def _divergence(self, recorded: bytes, made: bytes) -> Divergence:
        seq = min(HEAD.unpack_from(body)[1] for body in (recorded, made) if body)
        was, now = (dict(_fields("", self._codec.decode(it)[1] if it else None)) for it in (recorded, made))
        name = next((name for name in {**was, **now} if was.get(name) != now.get(name)), "bytes")
        return Divergence(seq, name or "packet", was.get(name, "nothing"), now.get(name, "nothing"))


def _fields(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """All fields of `value`, as text: so a NaN equals itself, and -0.0 is not 0.0."""
    if isinstance(value, msgspec.Struct):
        yield name, type(getattr(value, "event", value)).__name__
        value = msgspec.structs.asdict(value)
    elif isinstance(value, list | tuple):
        value = dict(enumerate(value))
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _fields(f"{name}.{key}".lstrip("."), part)
    else:
        yield name, repr(value)
