"""Tells people outside of a session: its alerts in the log and to their addresses, and that it is alive."""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
from collections.abc import Callable

import structlog

from tradeworthy.core.errors import AllHalted
from tradeworthy.core.packets import Packet
from tradeworthy.gateways.alerts.cursor import Cursor, forget_others
from tradeworthy.gateways.alerts.heartbeat import Heartbeat
from tradeworthy.gateways.alerts.notifier import Notifier
from tradeworthy.gateways.alerts.sender import targets_of
from tradeworthy.gateways.alerts.settings import alert_settings
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.life import Life
from tradeworthy.runtime.narration import time_text
from tradeworthy.runtime.throttle import Allowance
from tradeworthy.store.alert_rules import AlertRules
from tradeworthy.store.alerts import TITLES_MAX, Alert, AlertState, Held, Severity

log = structlog.get_logger()

QUIET_BURST, QUIET_A_SECOND = 5, 0.1
LOUD_BURST, LOUD_A_SECOND = 50, 1.0
"""Log lines in a wall second: of low and normal alerts, and of the others. A run that is not paced would flood else."""

STOP_S_MAX = 5.0
"""The end of a session waits no longer for addresses: what is left is told by the next one."""

ANSWER_S_MAX = 5.0
"""A session whose thread takes longer for a word is not well."""


class AlertLog:
    """Writes alerts into the log, as the mirror shows the packets that make them."""

    def __init__(self, state: AlertState, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._rules = AlertRules(state)
        self._quiet = Allowance(QUIET_BURST, QUIET_A_SECOND, seconds=seconds)
        self._loud = Allowance(LOUD_BURST, LOUD_A_SECOND, seconds=seconds)
        self.left_out = 0

    def take(self, packet: Packet) -> None:
        """Say what `packet` is worth saying."""
        for alert in self._rules.take(packet):
            self.say(alert, packet.ts)

    def say(self, alert: Alert, ts: int) -> None:
        """One line, unless there were too many of late; those that matter more say what to do, too."""
        is_loud = alert.severity.rank >= Severity.HIGH.rank
        if not (self._loud if is_loud else self._quiet).take():
            self.left_out += 1
            return
        told = {"text": alert.text} if is_loud else {}
        write = log.warning if is_loud else log.info
        write("alert", severity=alert.severity.value, title=alert.title, **told, at=time_text(ts))

    def close(self) -> None:
        """Say how many were left out; they are all in the database."""
        if self.left_out:
            log.info("alerts_left_out_of_log", count=self.left_out, see="tradeworthy alerts list")
            self.left_out = 0


class Alerting:
    """The alerts of one session in `home`; UsageError if its `alerts.toml` or an address in it can't be used."""

    def __init__(self, home: Home) -> None:
        self._settings = alert_settings(home.path)
        targets = targets_of(self._settings)
        self._notifiers = [
            Notifier(target, Cursor(home.path, target.key, home.runs), self._settings, codec())
            for target in targets
        ]
        forget_others(home.path, {target.key for target in targets})
        self._heartbeat: Heartbeat | None = None
        self._log = AlertLog(AlertState())
        self._is_started = False

    def start(self, life: Life, loop: asyncio.AbstractEventLoop, *, resumed: bool) -> None:
        """Tell of the run of `life`, whose thread runs `loop`, from now on."""
        state = known_state(life) if resumed else AlertState()
        self._log = AlertLog(state)
        self._is_started = True
        for notifier in self._notifiers:
            # Each has its own: states are kept up.
            kept = known_state(life) if resumed else AlertState()
            notifier.begin(life.folder, lambda: life.writer.durable_bytes, resumed=resumed, state=kept)
            notifier.start()
        if url := self._settings.heartbeat_url:
            self._heartbeat = Heartbeat(
                url.get_secret_value(), self._settings.heartbeat_s, lambda: answers(life, loop)
            )
            self._heartbeat.start()

    def take(self, packet: Packet) -> None:
        """For the log: the next packet of the durable journal, as the mirror shows it."""
        self._log.take(packet)

    def tell(self, error: AllHalted) -> None:
        """Tell what ends the session and stands in no journal."""
        text = f"{error}. The session has ended; start it again with its own command."
        alert = Alert(Severity.CRITICAL, "session", "TRADING HALTED: the session ended", text)
        self._log.say(alert, 0)
        for notifier in self._notifiers:
            notifier.say(alert)

    def stop(self, timeout_s: float = STOP_S_MAX) -> None:
        """Tell what is durable by now, as far as addresses take it in `timeout_s`."""
        if not self._is_started:
            return
        self._is_started = False
        self._log.close()
        for part in (*self._notifiers, *((self._heartbeat,) if self._heartbeat else ())):
            part.hurry()
        until = time.monotonic() + timeout_s
        for notifier in self._notifiers:
            if not notifier.join(until - time.monotonic()):
                log.warning("alerts_late", to=notifier.target.name, next="the next session tells them")


def known_state(life: Life) -> AlertState:
    """What the rules should remember of a run that went on without them: what is held, and what markets ask."""
    held = {
        f"{one.desk}/{one.position}": Held(one.instrument, one.lots, one.cost)
        for one in life.core.positions()
    }
    known = list(life.core.markets.state.markets.values())[:TITLES_MAX]
    return AlertState(started=True, held=held, titles={one.market.id: one.market.title for one in known})


def answers(life: Life, loop: asyncio.AbstractEventLoop) -> bool:
    """Whether the session's thread answers in time, and its journal can be written."""

    async def word() -> bool:
        return life.halted is None and not life.writer.failed

    asking = word()
    try:
        asked = asyncio.run_coroutine_threadsafe(asking, loop)
    except RuntimeError:  # The loop is closed: the session is over.
        asking.close()
        return False
    try:
        return asked.result(ANSWER_S_MAX)
    except (TimeoutError, concurrent.futures.CancelledError):
        asked.cancel()
        return False
