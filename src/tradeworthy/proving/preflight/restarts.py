"""Drill 2: what a desk hangs on is killed in mid-day, and comes back.

By the specification's numbers: 2.1 the process that makes boosts, 2.2 the state store, 2.3 the watchdog that writes
postures, and the survival stack itself, 2.4 the store again, started anew. The store is killed under a whole session,
too, and the session's process in the middle of a turn: both must come to the orders and trades of a backtest.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from tradeworthy.core.events import Resumed, TimeAdvanced
from tradeworthy.gateways.state_reports import SAFETY
from tradeworthy.proving.parity.session_path import empty_home
from tradeworthy.proving.preflight.results import Drilled, Measure, at_least, exactly
from tradeworthy.proving.preflight.sessions import (
    DeskWatcher,
    check_servers,
    home_of_its_own,
    kill_redis,
    ledger_lines,
    session_plan,
)
from tradeworthy.proving.preflight.stack import LoneStack
from tradeworthy.proving.preflight.stage import Stage
from tradeworthy.proving.preflight.wire import Wire, safety_text
from tradeworthy.risk.operators import HealthObserved
from tradeworthy.risk.posture import BOOSTS, PostureSettings
from tradeworthy.risk.stance import Posture
from tradeworthy.runtime.backtest import run_backtest
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.session import run_session

START = 1_700_000_000_000_000_000
BAR_NS = 300_000_000_000
DAYS, KILL_BAR = 5, 140
"""Days of a session, which is struck on the last of them, at this bar."""

WAIT_S_MAX = 20.0
WATCHDOG = "watchdog"
KILLED = -int(signal.SIGKILL)


def drill_restarts(stage: Stage, days: int = DAYS) -> Drilled:
    """Postures over a Redis that is killed; sessions of `days` days, one whose Redis is killed and one that is itself.

    NotAvailable if database or store are not the home folder's own.
    """
    check_servers()
    postures = [*after_boosts(), *after_the_stack(), *after_redis()]
    expected, trades = _backtest(stage, days)
    store_killed, lines = _with_redis_killed(stage, days)
    exit_code, resumed = _killed_and_resumed(stage, days)
    return Drilled(
        2,
        "kills and restarts",
        f"boosts, watchdog, stack and store killed; {days} days with the store killed, and with the session killed,"
        f" on day {days}",
        (
            *postures,
            exactly("sessions that differ after the store's death", store_killed != expected, 0),
            exactly("days in the ledger of that session", lines, days),
            exactly("exit code of the killed session", exit_code, KILLED),
            exactly("sessions that differ after their own death", resumed != expected, 0),
            at_least("trades", trades, 1),
        ),
    )


def after_boosts() -> list[Measure]:
    """2.1: nobody makes boosts any more, and then somebody does."""
    stand = LoneStack(PostureSettings(), BAR_NS, START)
    gone = stand.hear(HealthObserved(BOOSTS, ok=False))
    back = stand.hear(HealthObserved(BOOSTS, ok=True))
    return [exactly("2.1 posture off APEX without boosts, and with them again", _off(gone) + _off(back), 0)]


def after_the_stack() -> list[Measure]:
    """2.3: the stack itself goes down in HIBERNATE; what made it so is over when it comes up."""
    stand = LoneStack(PostureSettings(), BAR_NS, START)
    down = stand.hear(HealthObserved("heartbeat", ok=False))
    still = stand.hear(HealthObserved("heartbeat", ok=True))
    again = LoneStack(PostureSettings(), BAR_NS, stand.now)
    again.restore(stand.snapshot())
    restarted = again.hear(Resumed(BAR_NS))
    return [
        exactly("2.3 HIBERNATE at once, and no step up at once", (down, still).count(Posture.HIBERNATE), 2),
        exactly("2.3 posture off APEX after a restart", _off(restarted), 0),
    ]


def after_redis() -> list[Measure]:
    """2.2 to 2.4 with a real Redis: the writer of postures dies and comes back, and so does the store."""
    with TemporaryDirectory(prefix="preflight-") as folder, Wire(Path(folder)) as wire:
        stand = LoneStack(PostureSettings(own_rules=False, reports="expected"), BAR_NS, START)
        said = 0

        def word_and_wait() -> Posture:
            nonlocal said
            said += 1
            wire.client.set(SAFETY, safety_text(Posture.APEX, said, 1.0, WATCHDOG))
            return _wait(wire, stand, Posture.APEX)

        first = word_and_wait()
        silent = stand.hear(TimeAdvanced(), 13 * BAR_NS)
        watched = word_and_wait()
        wire.server.stop()
        without = _wait(wire, stand, Posture.TURTLE)
        wire.server.open()
        again = word_and_wait()
    return [
        exactly("2.3 posture off APEX before", _off(first), 0),
        exactly("2.3 TURTLE while the watchdog is silent", silent is Posture.TURTLE, 1),
        exactly("2.3 posture off APEX when it is back", _off(watched), 0),
        exactly("2.2 TURTLE without the store", without is Posture.TURTLE, 1),
        exactly("2.4 posture off APEX when the store is back", _off(again), 0),
    ]


def _off(posture: Posture) -> int:
    return int(posture is not Posture.APEX)


def _wait(wire: Wire, stand: LoneStack, wanted: Posture) -> Posture:
    """The posture once it is `wanted`, or when waiting is over."""
    until = time.monotonic() + WAIT_S_MAX
    wire.carry_to(stand)
    while stand.current is not wanted and time.monotonic() < until:
        time.sleep(0.01)
        wire.carry_to(stand)
    return stand.current


# Whole sessions


def _backtest(stage: Stage, days: int) -> tuple[str, int]:
    """The fingerprint that all must come to, and how many trades are in it."""
    watcher = DeskWatcher(stage.desk)
    with empty_home() as home:
        done = run_backtest(session_plan(stage, 0, days, mode=Mode.BACKTEST), home, observers=[watcher])
    return str(done.figures["fingerprint"]), watcher.trades


def _with_redis_killed(stage: Stage, days: int) -> tuple[str, int]:
    """A session whose Redis dies in mid-day: its fingerprint, and the days in its ledger."""
    with home_of_its_own() as home:
        watcher = DeskWatcher(stage.desk, days - 1, KILL_BAR, lambda: kill_redis(home))
        plan = session_plan(stage, 0, days)
        ending = run_session(plan, home, observers=[watcher])
        return str(ending.figures["fingerprint"]), len(ledger_lines(plan, home, stage.desk))


def _killed_and_resumed(stage: Stage, days: int) -> tuple[int, str]:
    """A session whose process dies in mid-day and is started again: how it died, and its fingerprint in the end."""
    plan = session_plan(stage, 0, days)
    with home_of_its_own() as home:
        process = multiprocessing.get_context("spawn").Process(
            target=run_and_die, args=(plan, home, stage.desk, days - 1)
        )
        process.start()
        process.join()
        ending = run_session(plan, home)
        return process.exitcode or 0, str(ending.figures["fingerprint"])


def run_and_die(plan: Plan, home: Home, desk: str, day: int) -> None:
    """In a process of its own: run `plan` until it is struck on `day` (0: the first), in the middle of a turn."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    watcher = DeskWatcher(desk, day, KILL_BAR, lambda: os.kill(os.getpid(), signal.SIGKILL))
    with redirect_stdout(sys.stderr):
        run_session(plan, home, observers=[watcher])
