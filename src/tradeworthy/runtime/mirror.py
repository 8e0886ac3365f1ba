"""Shows the durable journal to the bus: whatever goes out there is on disk already."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from tradeworthy.core.packets import Codec, Kind
from tradeworthy.gateways.bus import Bus
from tradeworthy.journal.reader import read
from tradeworthy.journal.segments import Place

POLL_S = 0.05


class Mirror:
    """Follows the run in `folder` from its present end on, up to what `durable` says, into `bus`."""

    def __init__(self, folder: Path, codec: Codec, durable: Callable[[], Place], bus: Bus) -> None:
        self._folder, self._codec, self._durable, self._bus = folder, codec, durable, bus
        self._place = durable()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mirror", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Offer what is durable by now, and end."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(POLL_S):
            self._step()
        self._step()

    def _step(self) -> None:
        until = self._durable()
        if until == self._place:
            return
        for record in read(self._folder, self._place, until):
            if record.kind in {Kind.INPUT, Kind.DECISION}:
                self._bus.offer(self._codec.decode(record.body)[1])
        self._place = until
