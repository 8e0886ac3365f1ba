"""Drill 1: many threads change the boost while a day is traded.

The lock and the one pending pair live here, as in any driver that lets others write: the last write wins, and the
engine is told between two bars. The day must come out as one that is told the same pairs at the same bars by nobody
but itself.
"""

from __future__ import annotations

import math
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from tradeworthy.core.draws import draw
from tradeworthy.desks.divergence.engine import DivergenceEngine
from tradeworthy.proving.preflight.books import Books
from tradeworthy.proving.preflight.results import Drilled, at_least, exactly
from tradeworthy.proving.preflight.stage import Stage, restored, trace_of
from tradeworthy.risk.stance import BETA_MAX, BOOST_MAX, BOOST_MIN, check_boost

THREADS = 50
PAUSE_S = 0.002
"""Between two updates of a thread."""

SWITCH_S = 0.0002
"""How long a thread may go on while another waits: about a bar, so that boosts come between any two."""

START_S_MAX = 60.0
BAD_EVERY = 8
"""Each so many updates of a thread are none that may be taken."""

BAD = (
    (math.nan, 0.2),
    (1.0, math.nan),
    (math.inf, 0.2),
    (math.nextafter(BOOST_MIN, 0.0), 0.2),
    (math.nextafter(BOOST_MAX, 5.0), 0.2),
    (1.0, -0.1),
    (1.0, math.nextafter(BETA_MAX, 3.0)),
)

Pair = tuple[float, float]


class PendingBoost:
    """One pair that waits for the next bar; any thread may replace it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: Pair | None = None
        self.updates = 0

    def update_acb_boost(self, boost: float, beta: float) -> None:
        """Let the pair hold from the next bar on; ValueError if it may not be, and the one before stays."""
        check_boost(boost, beta)
        with self._lock:
            self._pending = boost, beta
            self.updates += 1

    def take(self) -> Pair | None:
        """The pair that was written last since the last call."""
        with self._lock:
            pending, self._pending = self._pending, None
        return pending


def drill_boosts(stage: Stage, days: int) -> Drilled:
    """Trade the stage's day `days` times while THREADS threads write boosts."""
    threaded, alone = stage.engine(), stage.engine()
    counted, faults = Counter[str](), list[str]()
    with _switching(SWITCH_S), ThreadPoolExecutor(THREADS) as pool:
        for number in range(days):
            restored(threaded, stage.day.before)
            applied, books = _day(stage, threaded, number, pool, counted)
            faults += books.faults
            restored(alone, stage.day.before)
            counted["days that differ"] += _told(stage, alone, applied) != _result(threaded)
            counted["trades"] += len(threaded.trades)
    return Drilled(
        1,
        "boosts from threads",
        f"{days:,} days of {stage.day.frame.rows} bars, {THREADS} threads, {counted['updates']:,} updates",
        (
            exactly("crashes", counted["crashes"], 0),
            exactly("half-closed positions", len(faults), 0),
            exactly("torn pairs", counted["torn"], 0),
            exactly("updates lost", counted["accepted"] - counted["updates"], 0),
            exactly("bad values taken", counted["bad taken"], 0),
            exactly("days that differ from a serial one", counted["days that differ"], 0),
            at_least("bad values refused", counted["refused"], 1),
            exactly("threads that wrote nothing on a day", counted["silent"], 0),
            at_least("boosts taken while a position was open", counted["taken in a trade"], days),
            at_least("trades", counted["trades"], days),
        ),
        note=faults[0] if faults else "",
    )


@contextmanager
def _switching(seconds: float) -> Iterator[None]:
    """Threads take turns after `seconds`."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _day(
    stage: Stage, engine: DivergenceEngine, number: int, pool: ThreadPoolExecutor, counted: Counter[str]
) -> tuple[list[Pair | None], Books]:
    """Trade the day while the threads write; the pair that was taken before each bar, and what held after it."""
    pending, done, start = PendingBoost(), threading.Event(), threading.Barrier(THREADS + 1)
    writing = [
        pool.submit(_write, pending, (stage.seed, number, thread), start, done) for thread in range(THREADS)
    ]
    frame, applied, books = stage.day.frame, list[Pair | None](), Books(stage, engine)
    start.wait(START_S_MAX)
    try:
        engine.begin_day(stage.day.date)
        for i in range(frame.rows):
            pair = pending.take()
            applied.append(pair)
            if pair is not None:
                engine.set_boost(*pair)
                counted["torn"] += pair[1] != _beta_of(pair[0])
                counted["taken in a trade"] += books.lots != 0
            books.take(frame, i, engine.step_bar(frame, i))
        engine.end_day()
    finally:
        done.set()
    _count(writing, counted)
    counted["updates"] += pending.updates
    return applied, books


def _write(
    pending: PendingBoost, key: tuple[int, int, int], start: threading.Barrier, done: threading.Event
) -> Counter[str]:
    """One thread: write until the day is done."""
    seed, number, thread = key
    stream, counted, turn = f"preflight/boost/{number}", Counter[str](), 0
    start.wait(START_S_MAX)
    while not turn or not done.is_set():
        turn += 1
        if turn % BAD_EVERY == 0:
            counted[_write_bad(pending, turn // BAD_EVERY + thread)] += 1
        else:
            boost = BOOST_MIN + (BOOST_MAX - BOOST_MIN) * draw(seed, stream, turn * THREADS + thread)
            pending.update_acb_boost(boost, _beta_of(boost))
            counted["accepted"] += 1
        done.wait(PAUSE_S)
    return counted


def _write_bad(pending: PendingBoost, turn: int) -> str:
    try:
        pending.update_acb_boost(*BAD[turn % len(BAD)])
    except ValueError:
        return "refused"
    return "bad taken"


def _beta_of(boost: float) -> float:
    """The one beta that belongs to `boost`: a pair of two writers would show."""
    return BETA_MAX * ((boost - BOOST_MIN) / (BOOST_MAX - BOOST_MIN))


def _count(writing: Sequence[Future[Counter[str]]], counted: Counter[str]) -> None:
    """Add up what the threads did; one that raised is a crash."""
    for one in writing:
        if one.exception() is not None:
            counted["crashes"] += 1
            continue
        counted.update(one.result())
        counted["silent"] += one.result()["accepted"] == 0


def _told(stage: Stage, engine: DivergenceEngine, applied: Sequence[Pair | None]) -> str:
    """The same day by one thread, told the same pairs at the same bars."""
    engine.begin_day(stage.day.date)
    for i, pair in enumerate(applied):
        if pair is not None:
            engine.set_boost(*pair)
        engine.step_bar(stage.day.frame, i)
    return _result(engine)


def _result(engine: DivergenceEngine) -> str:
    return trace_of(engine, engine.end_day())
