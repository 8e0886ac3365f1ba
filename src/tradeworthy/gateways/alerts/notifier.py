"""Tells one address what the rules make of the durable journal: at least once, in order, whatever happens to it.

The journal is the queue. A notifier reads no further while its address does not answer, and its cursor moves only
past what was taken: what is left at a stop or a kill is told by the next session, of whichever run it is.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from tradeworthy.core.errors import AllHalted, NotAvailable
from tradeworthy.core.packets import HEAD, Codec, Kind
from tradeworthy.gateways.alerts.cursor import Cursor, Stand
from tradeworthy.gateways.alerts.grouping import Grouping, Happened, Message
from tradeworthy.gateways.alerts.sender import Target
from tradeworthy.gateways.alerts.settings import AlertSettings
from tradeworthy.journal.reader import Record, read
from tradeworthy.journal.segments import START, Place, list_segments, segment_path
from tradeworthy.store.alert_rules import AlertRules
from tradeworthy.store.alerts import Alert, AlertState

log = structlog.get_logger()

POLL_S = 0.1
SAVE_EVERY_S = 1.0
"""How long the cursor on disk may be behind while nothing was sent: such packets are only read again."""

BACK_OFF_S = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
"""Pauses between attempts while an address does not answer; the last one repeats."""

DAILY = "daily"

Durable = Callable[[], Place]

_split = msgspec.msgpack.Decoder(tuple[int, int, str, int, msgspec.Raw]).decode
_ARRAY16, _STR8 = 0xDC, 0xD9


def event_name(body: bytes) -> str:
    """The event class of a record body; the event itself is not decoded: there may be 10,000 a second."""
    event = memoryview(_split(memoryview(body)[HEAD.size :])[4])
    at = 3 if event[0] == _ARRAY16 else 1
    size, begin = (event[at + 1], at + 2) if event[at] == _STR8 else (event[at] & 0x1F, at + 1)
    return str(event[begin : begin + size], "ascii")


class Notifier:
    """Tells `target`, from where `cursor` stands; `now` is wall time in UTC seconds.

    `work` does what can be done at once; `start` has a thread do it for as long as the session lives.
    """

    def __init__(
        self,
        target: Target,
        cursor: Cursor,
        settings: AlertSettings,
        codec: Codec,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.target, self.attempts = target, 0
        self._cursor, self._settings, self._codec, self._now = cursor, settings, codec, now
        self._grouping = Grouping(cursor.state.grouping, settings)
        self._outbox: deque[Message] = deque()
        self._said_aside: deque[Alert] = deque()
        self._run, self._folder = "", Path()
        self._durable: Durable = lambda: START
        self._saved_at, self._is_saved, self._since = 0.0, True, 0.0
        self._is_abandoned = False
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._keep_working, name="notifier", daemon=True)

    def begin(self, folder: Path, durable: Durable, *, resumed: bool, state: AlertState) -> None:
        """Take the run in `folder` for the living one, on record from now on, whatever becomes of the process.

        Of a `resumed` run that is older than the address is told what comes from now on, by rules that remember
        `state`.
        """
        self._run, self._folder, self._durable = folder.name, folder, durable
        known = self._cursor.state
        there = {run for run in (*known.runs, *known.before) if (folder.parent / run).exists()}
        known.runs = {run: stand for run, stand in known.runs.items() if run in there}
        known.before = [run for run in known.before if run in there]
        if folder.name not in known.runs:
            is_older = resumed and folder.name in known.before
            known.runs[folder.name] = (
                Stand(durable(), 0, state) if is_older else Stand(START, 0, AlertState())
            )
        known.runs[folder.name].is_over = False
        self._grouping.forget_others(folder.name)
        self._save()

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def say(self, alert: Alert) -> None:
        """Tell of what is in no journal, once, with the next work."""
        self._said_aside.append(alert)

    def hurry(self) -> None:
        """Have the thread tell what is durable by now, once, and end; does not wait for it."""
        self._stopping.set()
        self._wake.set()

    def join(self, timeout_s: float) -> bool:
        """Whether the thread has ended with all told; what is left is told by the next session."""
        if self._thread.is_alive():
            self._thread.join(max(0.0, timeout_s))
            self._is_abandoned = self._thread.is_alive()
        return not self._thread.is_alive() and not self._outbox and self._is_saved

    def work(self, *, last: bool = False) -> bool:
        """Tell what is to be told by now; False if the address did not take it.

        `last` has nothing wait for its turn any longer.
        """
        if not self._send_all():
            return False
        for run, stand in self._cursor.state.runs.items():
            if run != self._run and not stand.is_over and not self._finish(run, stand):
                return False
        if self._run and not self._follow(self._run, self._folder, self._durable()):
            return False
        while self._said_aside:
            self._offer(Happened(self._said_aside.popleft(), self._run, 0))
        self._outbox.extend(self._grouping.due(self._now(), last=last))
        if not self._send_all():
            return False
        if not self._is_saved and (last or not 0.0 <= self._now() - self._saved_at < SAVE_EVERY_S):
            self._save()
        return True

    def _keep_working(self) -> None:
        try:
            while not self._stopping.is_set():
                well = self._worked()
                self._wake.wait(POLL_S if well else BACK_OFF_S[min(self.attempts, len(BACK_OFF_S)) - 1])
            self.work(last=True)
        except (AllHalted, NotAvailable, msgspec.MsgspecError, OSError) as error:
            log.error("alerts_ended", to=self.target.name, run=self._run, error=str(error))  # noqa: TRY400

    def _worked(self) -> bool:
        """Whether `work` went well. A file that can't be read just now is tried again, as an address is."""
        try:
            well = self.work()
        except OSError:
            self._note_delay()
            return False
        if well and self.attempts:
            self._note_end_of_delay()
        return well

    def _note_delay(self) -> None:
        if not self.attempts:
            self._since = self._now()
            log.warning("alerts_delayed", to=self.target.name)
        self.attempts += 1

    def _note_end_of_delay(self) -> None:
        log.info("alerts_go_on", to=self.target.name, outage_s=round(self._now() - self._since, 1))
        self.attempts = 0

    def _finish(self, run: str, stand: Stand) -> bool:
        """Tell what is left of a run whose process is gone."""
        folder = self._folder.parent / run
        try:
            _make_durable(folder)
            if not self._follow(run, folder, None):
                return False
        except (AllHalted, NotAvailable, msgspec.MsgspecError, OSError) as error:
            log.warning("alerts_lost", to=self.target.name, run=run, error=str(error))
        stand.is_over = True
        self._save()
        return True

    def _follow(self, run: str, folder: Path, until: Place | None) -> bool:
        """Tell of the records of `run` up to `until` (None: all there are); False if the address did not take it."""
        stand = self._cursor.state.runs[run]
        if until is not None and stand.place[:2] >= until[:2]:
            return True
        rules = AlertRules(stand.state)
        for record in read(folder, stand.place, until):
            if record.kind in {Kind.INPUT, Kind.DECISION} and rules.wants(event_name(record.body)):
                self._tell(rules, run, record)
            stand.place, stand.seq = record.place, max(stand.seq, record.seq)
            self._is_saved = False
            if (self._outbox and not self._send_all()) or self._is_abandoned:
                return False
        return True

    def _tell(self, rules: AlertRules, run: str, record: Record) -> None:
        packet = self._codec.decode(record.body)[1]
        for alert in rules.take(packet):
            self._offer(Happened(alert, run, packet.ts))

    def _offer(self, happened: Happened) -> None:
        alert = happened.alert
        wanted = alert.severity in self.target.severities
        if not wanted or (alert.key == DAILY and not self._settings.daily_summary):
            return
        message = self._grouping.offer(happened, self._now())
        self._is_saved = False
        if message is not None:
            self._outbox.append(message)

    def _send_all(self) -> bool:
        """Send what waits, in order; the cursor on disk moves when all of it was taken."""
        if not self._outbox:
            return True
        while self._outbox:
            if self._is_abandoned:
                return False
            if not self.target.send(self._outbox[0]):
                self._note_delay()
                return False
            self._outbox.popleft()
            if self.attempts:
                self._note_end_of_delay()
        self._save()
        return True

    def _save(self) -> None:
        self._saved_at, self._is_saved = self._now(), True
        try:
            self._cursor.save()
        except OSError as error:
            log.warning("alert_cursor_not_saved", to=self.target.name, error=error.strerror)


def _make_durable(folder: Path) -> None:
    """A cursor may only stand at what is on disk, and a killed process may have left its last write to the kernel."""
    numbers = list_segments(folder)
    path = segment_path(folder, numbers[-1]) if numbers else folder
    if numbers and path.exists():
        with path.open("rb") as file:
            os.fsync(file.fileno())
