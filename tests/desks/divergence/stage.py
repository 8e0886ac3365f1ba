"""One or more agents in a core of their own, and what they answer."""

from typing import TypeVar

from tests.execution.trading import Tape
from tradeworthy.core.agents import Agent
from tradeworthy.core.events import Event, TimeAdvanced
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.runtime.event_union import codec

SECOND = 1_000_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
START = 20_000 * DAY
"""2024-10-04, a Friday, 00:00 UTC."""

Kind = TypeVar("Kind", bound=Event)


class Stage:
    """`agents` from START on."""

    def __init__(self, *agents: Agent) -> None:
        self.tape = Tape(codec())
        self.sequencer = Sequencer(agents, codec(), self.tape, self.tape, seed=1)
        self.sequencer.now = START
        self._position = 0

    @property
    def now(self) -> int:
        """Session time."""
        return self.sequencer.now

    def put(self, event: Event, ts: int = 0) -> list[Event]:
        """Admit `event` at `ts` (0: now); what was made of it, by the timers before it too."""
        before = len(self.tape.packets)
        self._position += 1
        assert self.sequencer.admit("test", self._position, ts or self.now, event)
        made = [packet.event for packet in self.tape.packets[before:]]
        return [one for one in made if one is not event]

    def wait(self, ns: int) -> list[Event]:
        """Let time pass."""
        return self.put(TimeAdvanced(), self.now + ns)


def only(events: list[Event], kind: type[Kind]) -> list[Kind]:
    """Those of one kind."""
    return [event for event in events if isinstance(event, kind)]
