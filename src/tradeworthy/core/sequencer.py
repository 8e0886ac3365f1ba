"""The sequencer: one thread; an input and all it causes at a time, first in, first out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from tradeworthy.core.agents import Agent, Answer, Context
from tradeworthy.core.candidates import Candidate, CandidateBook, OpenCandidate, Outcome, Verdict
from tradeworthy.core.counters import Counters
from tradeworthy.core.errors import Bug
from tradeworthy.core.events import Event, Resumed, TimeAdvanced, WokeUp
from tradeworthy.core.packets import HEAD, Codec, Kind, Packet
from tradeworthy.core.ports import Outbox, Recorder
from tradeworthy.core.timers import NEVER, Timer, Timers

TURN_LIMIT = 10_000
"""Packets that one turn may hold."""

CLOCK = "clock"
"""The source of TimeAdvanced."""

_pack = HEAD.pack
_INPUT, _DECISION, _INTERNAL = int(Kind.INPUT), int(Kind.DECISION), int(Kind.INTERNAL)


class TurnTooLong(Bug):
    """One packet more than TURN_LIMIT in a turn: an agent answers itself without end."""


@dataclass(frozen=True, slots=True)
class Route:
    """One agent's handler for one type of event; `desk` is the agent's."""

    agent: Agent
    desk: str
    handler: Callable[[Any, Context], Answer]
    context: Context


class Routes(dict[type[Event], tuple[Route, ...]]):
    """Who handles which event; a Bug where an event is none that can be recorded."""

    def __missing__(self, kind: type) -> tuple[Route, ...]:
        raise Bug(f"{kind.__name__} is none of the run's events: give its class to the run's event union")


class CoreState(msgspec.Struct):
    """All that the sequencer remembers between turns; agents keep their own."""

    seq: int
    now: int
    inputs: int
    positions: dict[str, int]
    timers: list[Timer]
    candidates: dict[int, OpenCandidate]


class Sequencer:
    """Admits inputs, hands packets to agents in a fixed order, and has all of it recorded.

    `record_inputs=False` leaves inputs out of record and digest: a backtest's enter by their feed's hash.
    `withheld` maps a packet's seq to the desks that must not be given it ("" for all agents).
    While a handler runs, `handling` and `route` say which packet and whose; they still do after it raised.
    """

    def __init__(
        self,
        agents: Sequence[Agent],
        codec: Codec,
        recorder: Recorder,
        outbox: Outbox,
        *,
        seed: int,
        record_inputs: bool = True,
    ) -> None:
        self.seed = seed
        self.timers = Timers()
        self.candidates = CandidateBook()
        self.positions: dict[str, int] = {}
        self.seq = self.now = self.inputs = self.handling = self.trace = self._first = 0
        self.withheld: dict[int, frozenset[str]] = {}
        self.route: Route | None = None
        self.recorder, self.outbox, self._record_inputs = recorder, outbox, record_inputs
        self._encode = codec.encode_payload
        self._queue: deque[tuple[int, int, Event, tuple[Route, ...]]] = deque()
        self._reasons: dict[str, str] = {}
        self._opened: list[str] = []
        self._commands: list[Packet] = []
        self._counters = Counters()
        self.agents: dict[str, Agent] = {}
        for agent in (self._counters, *agents):
            if agent.name in self.agents or agent.name == CLOCK:
                raise Bug(f"two agents are named {agent.name!r}")
            self.agents[agent.name] = agent
        contexts = {name: agent.context(self) for name, agent in self.agents.items()}
        self._counting = contexts[self._counters.name]
        self._routes = Routes()
        for event in codec.events.values():
            self._routes[event] = tuple(
                Route(agent, agent.desk, getattr(agent, handler), contexts[name])
                for name, agent in self.agents.items()
                if (handler := agent.handler_of(event))
            )
        self._wakes = {route.agent.name: (route,) for route in self._routes[WokeUp]}
        self._routes[WokeUp] = ()

    def admit(
        self,
        source: str,
        position: int,
        ts: int,
        event: Event,
        *,
        trace: int = 0,
        cause: int = 0,
        body: bytes = b"",
    ) -> bool:
        """Handle one input to its end; timers due at or before `ts` fire first.

        False if `source` already stood at `position` or beyond: a repeat, dropped. `body` is the record of
        a replayed input. What a handler raises passes through, the state half changed: load a snapshot.
        """
        if position <= self.positions.get(source, -1):
            return False
        routes = self._routes[type(event)]
        if ts < self.now:
            ts = self.now
        if self.timers.due <= ts and source != CLOCK:
            if type(event) is Resumed:
                self.timers.drop_missed(ts)
            else:
                self.advance(ts)
        self.positions[source] = position
        self.inputs += 1
        self.now = ts
        self.seq = self._first = self.handling = seq = self.seq + 1
        self.trace = trace or seq
        if self._record_inputs:
            made = body or _pack(_INPUT, seq, ts) + self._encode((self.trace, cause, source, position, event))
            self.recorder.input(made)
        if source == CLOCK:
            self._wake(ts)
        self._drain(event, routes)
        if self._record_inputs or self.seq != seq:
            self._end_turn()
        return True

    def advance(self, ts: int) -> None:
        """Let session time reach `ts`: each due timer fires in a TimeAdvanced of its own time."""
        while (due := self.timers.due) <= ts:
            self.admit(CLOCK, self.positions.get(CLOCK, -1) + 1, due, TimeAdvanced())

    def set_timer(self, timer: Timer) -> None:
        """Let `timer` fire: in this turn if it is due by now, else in a TimeAdvanced of its own time."""
        if timer.agent not in self._wakes or type(timer.ts) is not int or timer.ts >= NEVER:
            where = f"{timer.agent} sets timer {timer.key!r} at {timer.ts!r}"
            raise Bug(f"{where}: give it session time, an int of ns, and a handler of WokeUp")
        self.timers.set(timer)
        if timer.ts <= self.now:
            self._wake(self.now)

    def dump(self) -> CoreState:
        """The state between two turns."""
        positions, candidates = dict(self.positions), dict(self.candidates.open)
        return CoreState(self.seq, self.now, self.inputs, positions, self.timers.dump(), candidates)

    def load(self, state: CoreState) -> None:
        """Stand where `state` was dumped; whatever a raise left half done is forgotten."""
        self.seq, self.now, self.inputs = state.seq, state.now, state.inputs
        self.positions = dict(state.positions)
        self.timers.load(state.timers)
        self.candidates.open = dict(state.candidates)
        self.route = None
        for part in (self._queue, self._reasons, self._opened, self._commands):
            part.clear()

    def _drain(self, event: Event, routes: tuple[Route, ...]) -> None:
        queue, reasons = self._queue, self._reasons
        while True:
            kept_from = self.withheld.get(self.handling) if self.withheld else None
            for route in routes:
                if kept_from is not None and ("" in kept_from or route.desk in kept_from):
                    continue
                self.route = route
                handler = route.handler
                answer = handler(event, route.context)
                if type(answer) is str:
                    reasons[route.desk] = answer
                    continue
                if answer is not None:
                    self._emit(route.agent, (answer,) if isinstance(answer, (Event, str)) else answer)
                if route.desk:
                    reasons.setdefault(route.desk, "unstated")
            if not queue:
                break
            self.handling, self.trace, event, routes = queue.popleft()
        self.route = None
        if reasons:
            self._counters.take(reasons, self._opened, self._counting)

    def _emit(self, agent: Agent, answers: Iterable[Event | str]) -> None:
        for event in answers:
            if isinstance(event, str):
                self._reasons[agent.desk] = str.__str__(event)
                continue
            seq = self._append(agent.name, event, self.trace, self.handling, self._routes[type(event)])
            if isinstance(event, Candidate):
                if not agent.desk:
                    raise Bug(f"{agent.name} is no desk's agent and opened candidate {event.kind!r}")
                self.candidates.add(seq, agent.desk, self.now)
                self._opened.append(agent.desk)
                if event.skip:
                    verdict = Verdict(seq, agent.desk, Outcome.SKIPPED, event.skip, figures=event.figures)
                    self._append(agent.name, verdict, self.trace, seq, self._routes[Verdict])
                    self.candidates.close(verdict)
            elif isinstance(event, Verdict):
                self.candidates.close(event)
            if event.command:
                self._commands.append(Packet(seq, self.trace, self.handling, self.now, agent.name, event))

    def _append(self, name: str, event: Event, trace: int, cause: int, routes: tuple[Route, ...]) -> int:
        """Number a new packet, have it recorded, and queue it."""
        self.seq = seq = self.seq + 1
        if seq - self._first >= TURN_LIMIT:
            raise TurnTooLong(f"{name} made packet {seq}: over {TURN_LIMIT} in the turn of {self._first}")
        decision = event.decision
        head = _pack(_DECISION if decision else _INTERNAL, seq, self.now)
        self.recorder.packet(head + self._encode((trace, cause, name, 0, event)), decision=decision)
        self._queue.append((seq, trace, event, routes))
        return seq

    def _wake(self, ts: int) -> None:
        """Let the timers due by `ts` fire; they fall due in silence where this input is withheld from all."""
        silent = "" in self.withheld.get(self._first, ())
        while timer := self.timers.pop(ts):
            if not silent:
                event, routes = WokeUp(timer.agent, timer.key), self._wakes[timer.agent]
                self._append(CLOCK, event, timer.trace, timer.cause, routes)

    def _end_turn(self) -> None:
        self._opened.clear()
        urgent = bool(self._commands)
        self.recorder.end_turn(urgent=urgent)
        if urgent:
            commands, self._commands = self._commands, []
            self.outbox.dispatch(commands)
