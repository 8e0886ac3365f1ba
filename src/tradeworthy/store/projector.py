"""The projector of a session: a thread that follows the durable journal. An outage only delays it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
import psycopg
import structlog

from tradeworthy.core.errors import Retryable, TradeworthyError
from tradeworthy.core.packets import Codec
from tradeworthy.journal.reader import read_header
from tradeworthy.journal.segments import START, Place
from tradeworthy.store.projection import Projection

POLL_S = 0.05
BACK_OFF_S = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Waits between attempts while the database is away; the last is repeated for as long as it takes."""


class Lag(NamedTuple):
    """How far the tables are: the last seq and session time in them, and what is durable but not there yet.

    `segments` and `bytes` say how far the journal is ahead (bytes within its newest segment). `error` is what keeps
    the tables back ("": nothing), `attempts` how often that was tried in a row, `outage_s` for how long.
    """

    seq: int
    ts: int
    segments: int
    bytes: int
    error: str
    attempts: int
    outage_s: float


class Projector:
    """Follows the journal of the run in `run_folder` from its own thread.

    `durable` gives the place up to which the journal is on disk (the writer's `durable_bytes`). `database_url` may be
    a callable, which is asked at each new connection: that of an embedded server starts it again if it died.
    """

    def __init__(
        self,
        run_folder: Path,
        database_url: str | Callable[[], str],
        codec: Codec,
        durable: Callable[[], Place],
    ) -> None:
        header = read_header(run_folder)
        self.run = header.run
        self._projection = Projection(run_folder, header, codec)
        self._url = database_url
        self._durable = durable
        self._wake = threading.Event()
        self._changed = threading.Condition()
        self._final = self._stopping = False
        self._settled: Place = START
        self._flushed: Place = START
        self._error, self._attempts, self._since = "", 0, 0.0
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="projector", daemon=True)

    def start(self) -> None:
        """Begin to follow, from where the tables stand."""
        self._thread.start()

    def drain(self, timeout_s: float) -> bool:
        """Wait until all that is durable now is safely in the tables, the last turn too; False if it takes longer.

        To be called between turns. What made the thread end, a damaged journal for one, is raised.
        """
        until = self._durable()
        self._final = True
        self._wake.set()
        with self._changed:
            done = self._changed.wait_for(lambda: self._failure or self._flushed[:2] >= until[:2], timeout_s)
        self._final = False
        if self._failure:
            raise self._failure
        return bool(done)

    def stop(self, timeout_s: float = 10.0) -> bool:
        """Drain and end the thread; False if some rows are left for the next start, or for `project_all`.

        Raises what `drain` does.
        """
        try:
            return (self._thread.is_alive() or self._failure is not None) and self.drain(timeout_s)
        finally:
            self._stopping = True
            self._wake.set()
            if self._thread.is_alive():
                self._thread.join(timeout_s)

    def lag(self) -> Lag:
        """How far the tables are behind, for health and screens."""
        place, durable, projection = self._settled, self._durable(), self._projection
        behind = durable.offset - (place.offset if place.segment == durable.segment else 0)
        outage_s = time.monotonic() - self._since if self._error else 0.0
        return Lag(
            projection.seq,
            projection.ts,
            max(0, durable.segment - place.segment),
            max(0, behind),
            self._error,
            self._attempts,
            outage_s,
        )

    def _run(self) -> None:
        try:
            while not self._stopping:
                try:
                    idle = not self._step()
                except (psycopg.Error, OSError, Retryable) as error:
                    self._note_outage(error)
                    self._projection.detach()
                    self._wake.wait(BACK_OFF_S[min(self._attempts, len(BACK_OFF_S)) - 1])
                else:
                    self._note_recovery()
                    if idle:
                        self._wake.wait(POLL_S)
                self._wake.clear()
        except (TradeworthyError, msgspec.MsgspecError) as failure:
            structlog.get_logger().error("projection_failed", run=self.run, error=str(failure))
            with self._changed:
                self._failure, self._error = failure, str(failure)
                self._changed.notify_all()
        finally:
            self._projection.detach()

    def _step(self) -> int:
        """Project what is durable; how many records. `_settled` is then how far nothing is left to do.

        While someone drains, what was projected is flushed too, which also finds a connection that died unnoticed.
        """
        until, final = self._durable(), self._final
        projection = self._projection
        if not projection.attached:
            projection.attach(self._url() if callable(self._url) else self._url)
            self._settled = START
        done = 0
        if self._settled != until:
            done = projection.advance(until, final=final)
            self._settled = projection.place if projection.held_back else until
        if final and self._flushed != until:
            projection.flush()
            with self._changed:
                self._flushed = self._settled
                self._changed.notify_all()
        return done

    def _note_outage(self, error: Exception) -> None:
        if not self._error:
            self._since = time.monotonic()
            structlog.get_logger().warning("projection_delayed", run=self.run, error=_first_line(error))
        self._error = _first_line(error)
        self._attempts += 1

    def _note_recovery(self) -> None:
        if self._error:
            outage_s = round(time.monotonic() - self._since, 1)
            structlog.get_logger().info("projection_resumed", run=self.run, outage_s=outage_s)
        self._error, self._attempts = "", 0


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
