"""A small world around the sequencer: events, a tape of all that is recorded, and agents that do as told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, TypeVar

import msgspec

from tradeworthy.core.agents import Agent, Answer, Context, State, on
from tradeworthy.core.candidates import Candidate, Decision, Verdict
from tradeworthy.core.events import (
    CountersClosed,
    Event,
    Quarantined,
    Resumed,
    SessionEnded,
    TimeAdvanced,
    WokeUp,
)
from tradeworthy.core.packets import Codec, Kind, Packet
from tradeworthy.core.sequencer import CoreState, Sequencer

Kept = TypeVar("Kept", bound=Event)

SECOND = 1_000_000_000
HOUR = 3_600 * SECOND


class Tick(Event, frozen=True):
    """An input."""

    n: int


class Note(Event, frozen=True):
    """What agents tell each other, `hops` more times."""

    n: int
    hops: int = 0


class Ask(Event, frozen=True):
    """A command."""

    command: ClassVar[bool] = True
    decision: ClassVar[bool] = True
    n: int


class Signal(Candidate, frozen=True, kw_only=True):
    """A candidate that carries more than the core's own."""

    strength: float


CORE_EVENTS = (TimeAdvanced, WokeUp, Resumed, Quarantined, SessionEnded, CountersClosed)
CODEC = Codec((*CORE_EVENTS, Candidate, Decision, Verdict, Tick, Note, Ask, Signal))


class Tape:
    """The recorder: every body in order, and for each turn whether it was urgent."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.urgent: list[bool] = []

    def input(self, body: bytes) -> None:
        """Keep an input."""
        self.bodies.append(body)

    def packet(self, body: bytes, *, decision: bool) -> None:
        """Keep a packet, whose kind says the same as `decision`."""
        assert body[0] == (Kind.DECISION if decision else Kind.INTERNAL)
        self.bodies.append(body)

    def end_turn(self, *, urgent: bool) -> None:
        """Keep that a turn ended."""
        self.urgent.append(urgent)

    @property
    def records(self) -> list[tuple[int, Packet]]:
        """Kind and packet of all that was recorded."""
        return [CODEC.decode(body) for body in self.bodies]

    @property
    def packets(self) -> list[Packet]:
        """All packets, inputs included."""
        return [packet for _, packet in self.records]

    def of(self, kind: type[Kept]) -> list[Kept]:
        """The events of one type."""
        return [packet.event for packet in self.packets if isinstance(packet.event, kind)]


class Sent:
    """The outbox: the commands of each turn that had some."""

    def __init__(self) -> None:
        self.turns: list[list[Packet]] = []

    def dispatch(self, commands: Sequence[Packet]) -> None:
        """Keep a turn's commands."""
        self.turns.append(list(commands))


class Told(Agent):
    """Hears every packet and answers as `reply` does; `heard` keeps (seq, event)."""

    def __init__(self, name: str, reply: Callable[[Event, Context], Answer], desk: str = "") -> None:
        super().__init__(name, State(), desk)
        self._reply = reply
        self.heard: list[tuple[int, Event]] = []

    @on(Event)
    def hear(self, event: Event, context: Context) -> Answer:
        """Keep it and answer."""
        self.heard.append((context.seq, event))
        return self._reply(event, context)


Reply = Callable[[Event, Context], Answer]


def on_tick(answer: Answer | Callable[[Context], Answer]) -> Reply:
    """A reply to Tick alone."""

    def reply(event: Event, context: Context) -> Answer:
        if not isinstance(event, Tick):
            return None
        return answer(context) if callable(answer) else answer

    return reply


def silent(_: Event, __: Context) -> None:
    """A reply that says nothing."""


class World:
    """A sequencer over `agents`, its tape and its outbox; `tick` admits the next input of source `feed`."""

    def __init__(self, *agents: Agent, seed: int = 7, record_inputs: bool = True) -> None:
        self.tape, self.sent = Tape(), Sent()
        self.sequencer = Sequencer(
            agents, CODEC, self.tape, self.sent, seed=seed, record_inputs=record_inputs
        )

    def tick(self, ts: int, n: int = 0) -> bool:
        """Admit a Tick at `ts`."""
        return self.admit(ts, Tick(n))

    def admit(self, ts: int, event: Event, source: str = "feed") -> bool:
        """Admit `event` at the next position of `source`."""
        position = self.sequencer.positions.get(source, -1) + 1
        return self.sequencer.admit(source, position, ts, event)

    def dump(self) -> tuple[bytes, dict[str, bytes]]:
        """The core and each agent's state, as bytes."""
        encode = msgspec.msgpack.encode
        states = {name: encode(agent.state) for name, agent in self.sequencer.agents.items()}
        return encode(self.sequencer.dump()), states

    def load(self, dumped: tuple[bytes, dict[str, bytes]]) -> None:
        """Stand where `dump` was taken."""
        core, states = dumped
        for name, agent in self.sequencer.agents.items():
            agent.state = msgspec.msgpack.decode(states[name], type=type(agent.state))
        self.sequencer.load(msgspec.msgpack.decode(core, type=CoreState))
