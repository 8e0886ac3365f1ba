"""Agents that follow a random table, and random inputs for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.core.world import SECOND, Ask, Note, Signal, Tick, World
from tradeworthy.core.agents import Agent, Answer, Context, State, on
from tradeworthy.core.candidates import Candidate, Outcome, Verdict
from tradeworthy.core.events import Event, Resumed, SessionEnded, WokeUp


@dataclass(frozen=True)
class Say:
    """Give a reason."""

    reason: str


@dataclass(frozen=True)
class Tell:
    """Emit notes to which all agents answer, if hops are left; a draw picks their numbers."""

    count: int


@dataclass(frozen=True)
class Wake:
    """Set a timer, so many seconds ahead (or behind)."""

    seconds: int
    key: str
    late_ok: bool


@dataclass(frozen=True)
class Open:
    """Open a candidate, or skip it for a reason."""

    skip: str


@dataclass(frozen=True)
class Close:
    """Give the oldest open candidate its verdict."""

    outcome: Outcome


@dataclass(frozen=True)
class Order:
    """Emit a command."""


Action = Say | Tell | Wake | Open | Close | Order
Rows = tuple[tuple[Action, ...], ...]
Tables = tuple[Rows, Rows, Rows]


class Memory(State):
    """Candidates of the agent's desk that are open, and how many packets it has answered."""

    open: list[int] = []
    answered: int = 0


class Player(Agent):
    """Answers packets by the rows of its table, one after the other.

    It does nothing at packet `deaf_to`, and raises behind its answers if it is `broken`.
    """

    deaf_to = 0
    broken = False

    def __init__(self, name: str, table: Rows, desk: str = "") -> None:
        super().__init__(name, Memory(), desk)
        self._table = table
        self.heard: list[tuple[int, Event]] = []

    @on(Event)
    def hear(self, event: Event, context: Context) -> Answer:
        """Keep what was heard; nothing is answered to what has no hops left, so that each turn ends."""
        if context.seq == self.deaf_to:
            return None
        self.heard.append((context.seq, event))
        if isinstance(event, Candidate) and context.candidate_desk == self.desk != "":
            self.state.open.append(context.seq)
        if isinstance(event, Tick):
            return self._answers(context, hops=1)
        if isinstance(event, Note) and event.hops:
            return self._answers(context, hops=event.hops - 1)
        if isinstance(event, WokeUp) and (left := int(event.key[1:])):
            return self._answers(context, hops=0, left=left - 1)
        return None

    def _answers(self, context: Context, hops: int, left: int = 2) -> Iterator[Event | str]:
        row = self._table[self.state.answered % len(self._table)]
        self.state.answered += 1
        for number, action in enumerate(row):
            match action:
                case Say(reason):
                    yield reason
                case Tell(count):
                    for index in range(count):
                        yield Note(int(100 * context.draw(f"{number}", context.seq + index)), hops)
                case Wake(seconds, key, late_ok):
                    context.wake_at(context.now + seconds * SECOND, f"{key}{left}", late_ok=late_ok)
                case Open(skip) if self.desk:
                    yield Signal("go", "BTC", {"row": number}, skip=skip, strength=0.5)
                case Close(outcome) if self.state.open:
                    yield Verdict(self.state.open.pop(0), self.desk, outcome, "told")
                case Order():
                    yield Ask(number)
        if self.broken:
            raise ZeroDivisionError


ACTION = st.one_of(
    st.builds(Say, st.sampled_from(["quiet", "busy"])),
    st.builds(Tell, st.integers(1, 2)),
    st.builds(Wake, st.integers(-5, 4_000), st.sampled_from("xy"), st.booleans()),
    st.builds(Open, st.sampled_from(["", "late"])),
    st.builds(Close, st.sampled_from([Outcome.FILLED, Outcome.EXPIRED])),
    st.builds(Order),
)
TABLE = st.lists(st.lists(ACTION, max_size=2).map(tuple), min_size=1, max_size=4).map(tuple)
TABLES = st.tuples(TABLE, TABLE, TABLE)

Input = tuple[str, int, int, Event]
"""Source, position, ts and event."""


@st.composite
def inputs(draw: st.DrawFn, *, seconds_max: int = 2_000) -> list[Input]:
    """Up to a dozen inputs from two sources; their times wander, and sometimes fall."""
    rows: list[Input] = []
    positions, ts = {"feed": -1, "ops": -1}, 0
    for number in range(draw(st.integers(1, 12))):
        source = draw(st.sampled_from(["feed", "ops"]))
        positions[source] += draw(st.integers(1, 3))
        ts = max(0, ts + draw(st.integers(-10, seconds_max)) * SECOND)
        event = draw(st.sampled_from([*[Tick(number)] * 8, Resumed(ts), SessionEnded()]))
        rows.append((source, positions[source], ts, event))
    return rows


def world_of(tables: Tables, *, record_inputs: bool = True) -> World:
    """A part without a desk, and two desks."""
    core, alpha, beta = tables
    players = Player("core", core), Player("a", alpha, "alpha"), Player("b", beta, "beta")
    return World(*players, record_inputs=record_inputs)


def played(tables: Tables, rows: list[Input]) -> World:
    """A world to which all of `rows` happened."""
    world = world_of(tables)
    for row in rows:
        world.sequencer.admit(*row)
    return world


def players_of(world: World) -> list[Player]:
    """The agents but for the counters, in their order."""
    return [agent for agent in world.sequencer.agents.values() if isinstance(agent, Player)]
