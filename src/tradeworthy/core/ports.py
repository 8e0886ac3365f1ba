"""What the core needs from outside: somewhere to record, and a door for commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tradeworthy.core.packets import Packet


class Recorder(Protocol):
    """Takes record bodies (see packets) in seq order: an input before it is handled, a packet when made."""

    def input(self, body: bytes) -> None:
        """An input is about to be handled."""

    def packet(self, body: bytes, *, decision: bool) -> None:
        """A packet was made in the present turn."""

    def end_turn(self, *, urgent: bool) -> None:
        """What was recorded of a turn is whole; `urgent` (it has a command) asks for durability at once."""


class Outbox(Protocol):
    """Takes the commands of a whole, recorded turn. Shut during replay."""

    def dispatch(self, commands: Sequence[Packet]) -> None:
        """Send `commands` once their records are durable."""
