"""Agents: a name, a plain state, and handlers by event type."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import msgspec

from tradeworthy.core.draws import draw
from tradeworthy.core.errors import Bug
from tradeworthy.core.events import Event
from tradeworthy.core.timers import Timer

if TYPE_CHECKING:
    from tradeworthy.core.sequencer import Sequencer

Answer = Event | str | Iterable[Event | str] | None
"""What a handler gives back: events, or (a desk) the reason why it opens no candidate (None: "unstated")."""

Method = TypeVar("Method", bound=Callable[..., Answer])


class State(msgspec.Struct):
    """An agent's plain state: msgspec can write and read it, so snapshots hold it whole."""


def on(*events: type[Event]) -> Callable[[Method], Method]:
    """Mark a method of an Agent as the handler of `events`: `(event, context) -> Answer`."""

    def mark(method: Method) -> Method:
        method.handles = events  # type: ignore[attr-defined]
        return method

    return mark


class Context:
    """What an agent may know besides its event: session time, draws, timers, and where it is."""

    __slots__ = ("_agent", "_sequencer")

    def __init__(self, sequencer: Sequencer, agent: Agent) -> None:
        self._sequencer = sequencer
        self._agent = agent

    @property
    def now(self) -> int:
        """Session time, UTC ns."""
        return self._sequencer.now

    @property
    def seq(self) -> int:
        """The seq of the packet being handled."""
        return self._sequencer.handling

    @property
    def candidate_desk(self) -> str:
        """The desk that opened the candidate being handled ("" if the packet is no open candidate)."""
        candidate = self._sequencer.candidates.open.get(self._sequencer.handling)
        return candidate.desk if candidate else ""

    def draw(self, stream: str, key: int | str) -> float:
        """A uniform number in [0, 1), the same for the same (seed, agent, stream, key)."""
        return draw(self._sequencer.seed, f"{self._agent.name}/{stream}", key)

    def wake_at(self, ts: int, key: str, *, late_ok: bool = False) -> None:
        """Have `WokeUp(key)` at session time `ts`, in this turn if that is not ahead; replaces that key's timer.

        After a gap on the wall clock a missed timer fires only if `late_ok`.
        """
        sequencer = self._sequencer
        sequencer.set_timer(Timer(ts, 0, self._agent.name, key, sequencer.trace, sequencer.handling, late_ok))


class Agent:
    """A part of the core with a fixed name. Subclasses mark their handlers with `@on(Event)`.

    `desk` names the desk it belongs to ("" for the parts under the desks); `state` is all it remembers.
    """

    handlers: ClassVar[dict[type[Event], str]] = {}

    def __init__(self, name: str, state: State, desk: str = "") -> None:
        self.name = name
        self.state: Any = state
        self.desk = desk

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.handlers = {}
        for base in reversed(cls.__mro__):
            marks = [(kind, name) for name, m in vars(base).items() for kind in getattr(m, "handles", ())]
            if len(marks) > len(dict(marks)):
                raise Bug(
                    f"{base.__name__} has two handlers of one event among {[name for _, name in marks]}"
                )
            cls.handlers.update(marks)

    def handler_of(self, event: type[Event]) -> str:
        """The name of the method that handles `event`: its own type's first, then its bases' ("" if none)."""
        return next((self.handlers[kind] for kind in event.__mro__ if kind in self.handlers), "")

    def context(self, sequencer: Sequencer) -> Context:
        """The context that this agent's handlers are given."""
        return Context(sequencer, self)
