"""Shows the durable journal to whoever listens, bus and log: whatever goes out there is on disk already."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from tradeworthy.core.packets import Codec, Kind, Packet
from tradeworthy.gateways.quotes import Conflation
from tradeworthy.journal.reader import read
from tradeworthy.journal.segments import Place

POLL_S = 0.05

Listener = Callable[[Packet], None]
"""Is given each packet on record once, in order, in the mirror's thread; of books, one a second of each instrument."""


class Mirror:
    """Follows the run in `folder` up to what `durable` says, past `after` (None: from its present end on)."""

    def __init__(
        self,
        folder: Path,
        codec: Codec,
        durable: Callable[[], Place],
        listeners: Sequence[Listener],
        after: Place | None = None,
    ) -> None:
        self._folder, self._codec, self._durable = folder, codec, durable
        self._listeners = tuple(listeners)
        self._books = Conflation()
        self._place = durable() if after is None else after
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mirror", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Show what is durable by now, and end; a second time it does nothing."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(POLL_S):
            self._step()
        self._step()
        self._show(self._books.rest())

    def _step(self) -> None:
        until = self._durable()
        if until == self._place:
            return
        for record in read(self._folder, self._place, until):
            if record.kind in {Kind.INPUT, Kind.DECISION}:
                self._show(self._books.admit(record.ts, record.body))
        self._place = until

    def _show(self, bodies: Sequence[bytes]) -> None:
        for body in bodies:
            packet = self._codec.decode(body)[1]
            for listen in self._listeners:
                listen(packet)
