"""A posture's way in, as other processes take it: a real Redis, the state store's reader, the survival stack."""

from __future__ import annotations

from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self

from tradeworthy.core.events import Event
from tradeworthy.gateways.embedded import EmbeddedRedis
from tradeworthy.gateways.state_reports import StateReports
from tradeworthy.gateways.state_store import StateStore, client_of
from tradeworthy.market.bars import utc_text
from tradeworthy.proving.preflight.stack import LoneStack
from tradeworthy.runtime.clocks import wall_now

AGE_NS_MAX = 60_000_000_000
"""How old a word may be that is still taken in."""


class Wire:
    """A Redis server of its own under `folder`, and what comes in from it; NotAvailable if there is no server.

    `client` is the other process, which writes.
    """

    def __init__(self, folder: Path) -> None:
        self.server = EmbeddedRedis(folder)
        self._waiting: SimpleQueue[Event] = SimpleQueue()

    def __enter__(self) -> Self:
        url = self.server.open()
        self.client = client_of(url)
        reports = StateReports(
            lambda _source, _position, event: self._waiting.put(event),
            age_ns_max=AGE_NS_MAX,
            now=wall_now,
            expects_posture=True,
        )
        # What is killed stays away until the drill starts it again.
        self.store = StateStore(url, reports)
        self.store.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.store.close()
        self.client.close()
        self.server.close()

    def carry_to(self, stand: LoneStack) -> list[Event]:
        """Let `stand` hear what has come in, at its session time; what that was."""
        came: list[Event] = []
        try:
            while True:
                came.append(self._waiting.get_nowait())
        except Empty:
            for event in came:
                stand.hear(event)
            return came


def safety_text(posture: str, seq: int, rm: float, writer: str) -> str:
    """The value of safety:latest: one JSON string, written whole."""
    now = utc_text(wall_now())
    return f'{{"posture":"{posture}","Rm":{rm!r},"seq":{seq},"ts":"{now}","writer":"{writer}","reasons":[]}}'
