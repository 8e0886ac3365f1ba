"""The survival stack in a core of its own, for drills that are only about postures."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tradeworthy.core.events import Event
from tradeworthy.core.packets import Packet
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.execution.ledger import Ledger
from tradeworthy.market.listing import Listing
from tradeworthy.market.marks import Marks
from tradeworthy.risk.posture import PostureSettings, StackState, SurvivalStack
from tradeworthy.risk.stance import Posture
from tradeworthy.runtime.event_union import codec

SOURCE = "preflight"


class Unrecorded:
    """A recorder and an outbox that keep and send nothing."""

    def input(self, body: bytes) -> None:
        """Forgotten."""

    def packet(self, body: bytes, *, decision: bool) -> None:
        """Forgotten."""

    def end_turn(self, *, urgent: bool) -> None:
        """Nothing to make durable."""

    def dispatch(self, commands: Sequence[Packet]) -> None:
        """Nothing leaves."""


class LoneStack:
    """A survival stack on bars of `bar_ns`, from session time `now` on (UTC ns)."""

    def __init__(self, settings: PostureSettings, bar_ns: int, now: int) -> None:
        listing = Listing()
        marks, ledger = Marks(listing), Ledger(listing)
        self.stack = SurvivalStack(settings, bar_ns, ledger, marks)
        nowhere = Unrecorded()
        agents = [listing, marks, ledger, self.stack]
        self._sequencer = Sequencer(agents, codec(), nowhere, nowhere, seed=0)
        self._sequencer.now = now

    @property
    def now(self) -> int:
        """Session time, UTC ns."""
        return self._sequencer.now

    @property
    def current(self) -> Posture:
        """The posture that holds now."""
        return self.stack.current(self.now)

    @property
    def rm(self) -> float:
        """The multiplier of the last evaluation."""
        return self.stack.state.rm

    def hear(self, event: Event, after_ns: int = 0) -> Posture:
        """Admit `event` so much later; the posture that then holds."""
        assert self._sequencer.admit(SOURCE, self._sequencer.inputs, self.now + after_ns, event)
        return self.current

    def snapshot(self) -> bytes:
        """The stack's state, as a session's snapshot holds it."""
        return msgspec.msgpack.encode(self.stack.state)

    def restore(self, data: bytes) -> None:
        """Go on where `snapshot` was taken."""
        self.stack.state = msgspec.msgpack.decode(data, type=StackState)
