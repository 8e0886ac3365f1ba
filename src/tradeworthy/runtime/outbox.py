"""The outbox: commands leave once their records are durable, and not at all while it is shut."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tradeworthy.core.events import Event
from tradeworthy.core.packets import Packet
from tradeworthy.runtime.errands import ASKED

Send = Callable[[Packet], None]


class DurableOutbox:
    """Hands commands to the gateway of their type after `wait_durable(seq)`.

    A command without a gateway is one that a part of the core itself answers (the paper venue). Those that an input
    answers stand in `unanswered`, by their seq, until it does; also while the outbox is shut.
    """

    def __init__(self, wait_durable: Callable[[int], None]) -> None:
        self._wait_durable = wait_durable
        self._gateways: dict[type[Event], Send] = {}
        self.unanswered: dict[int, Packet] = {}
        self.shut = True

    def connect(self, command: type[Event], send: Send) -> None:
        """From now on `send` is given the packets of that command."""
        self._gateways[command] = send

    def dispatch(self, commands: Sequence[Packet]) -> None:
        """Send `commands` in order; AllHalted passes through if they can't be made durable."""
        for packet in commands:
            if isinstance(packet.event, ASKED):
                self.unanswered[packet.seq] = packet
        leaving = [packet for packet in commands if type(packet.event) in self._gateways]
        if self.shut or not leaving:
            return
        self._wait_durable(leaving[-1].seq)
        for packet in leaving:
            self._gateways[type(packet.event)](packet)
