"""Drill 5: the posture flips a hundred times a second for half a minute.

Of bars of five seconds that is 500 flips a bar and six bars; the desk's own bars are any length, and a burst is as
many flips and as many bars. The survival stack hears each flip, and each bar reads the posture once. What the desk
does is held against the reader's rules of the specification, section 8.
"""

from __future__ import annotations

from collections import Counter

from tradeworthy.core.draws import draw
from tradeworthy.proving.preflight.books import Books
from tradeworthy.proving.preflight.flips import flip_on_redis
from tradeworthy.proving.preflight.reader import Reader
from tradeworthy.proving.preflight.results import Drilled, at_least, exactly
from tradeworthy.proving.preflight.stack import LoneStack
from tradeworthy.proving.preflight.stage import DAY_NS, Stage
from tradeworthy.risk.operators import HealthObserved
from tradeworthy.risk.posture import REPORTS, PostureSettings
from tradeworthy.risk.stance import POSTURES, Posture, PostureReported

APEX, STALKER, TURTLE, HIBERNATE = POSTURES
FLIP_NS = 10_000_000
FLIPS_A_BAR, BARS = 500, 6
FLIPS = FLIPS_A_BAR * BARS
CAPS = {STALKER: 2.0, TURTLE: 1.0}
BEFORE, AFTER = 6, 2
"""A burst begins up to so many bars before an entry of the quiet day; a stern one up to so many after it."""

UNREADABLE_SHARE = 0.1
AGAIN_SHARE = 0.6
"""How often a bar's last flip says again what the bar before read: else nothing would ever be confirmed."""

STERN = (*POSTURES, *[HIBERNATE] * 4)
"""What a bar of every second burst may read: mostly the strictest, so that it is confirmed in mid-trade."""

WRITER = "preflight"


def drill_postures(stage: Stage, bursts: int, seconds: float) -> Drilled:
    """Play the stage's day `bursts` times, each with a burst about one of its entries; then flip on a real Redis.

    NotAvailable if there is no Redis server for this machine.
    """
    counted: Counter[str] = Counter()
    for number in range(bursts):
        _play(stage, number, counted)
    flip_on_redis(stage, seconds, counted)
    return Drilled(
        5,
        "postures that flip",
        f"{bursts:,} bursts of 30 s with {FLIPS:,} flips, {counted['bars read']:,} reads in them; {seconds:g} s of a"
        f" thread on Redis, {counted['written']:,} flips, {counted['bars on the wire']:,} reads",
        (
            exactly("half postures", counted["half"], 0),
            exactly("entries without 3 equal reads", counted["unconfirmed entries"], 0),
            exactly("entries above the posture's leverage", counted["above the cap"], 0),
            exactly("entries kept out wrongly", counted["kept out wrongly"], 0),
            exactly("halts without 3 reads of HIBERNATE", counted["unconfirmed halts"], 0),
            exactly("halts within 2 bars of the entry", counted["halts too soon"], 0),
            exactly("half-closed positions", counted["half-closed"], 0),
            exactly("silences not taken for TURTLE", counted["silence"], 0),
            at_least("entries", counted["entries"], 1),
            at_least("halts", counted["halts"], 1),
            at_least("entries kept out", counted["kept out"], 1),
            at_least("unreadable reads", counted["unreadable"], 1),
            at_least("words heard from Redis", counted["words heard"], 1),
        ),
    )


def _play(stage: Stage, number: int, counted: Counter[str]) -> None:
    """The stage's day with one burst."""
    engine, frame = stage.engine_before_day(), stage.day.frame
    stand = LoneStack(PostureSettings(own_rules=False, reports="expected"), frame.step_ns, int(frame.ts[0]))
    flipping, reader, books = Flipping(stand, stage.seed, number), Reader(counted), Books(stage, engine)
    first = _first_bar(stage, number)
    engine.begin_day(stage.day.date)
    for i in range(frame.rows):
        close = int(frame.closed_ts[i])
        if first <= i < first + BARS:
            expected = flipping.burst(close)
            counted["bars read"] += 1
            counted["unreadable"] += flipping.unreadable
        else:
            expected = flipping.say(APEX, close)
        read = stand.current
        engine.stance.hear(PostureReported(read, close), stage.desk)
        judged = engine.step_bar(frame, i)
        reader.take(judged, expected)
        books.take(frame, i, judged)
    counted["silence"] += stand.hear(HealthObserved(REPORTS, ok=True), 13 * frame.step_ns) is not TURTLE
    counted["half-closed"] += len(books.faults)
    result = engine.end_day()
    postures = {bar.bar_idx: Posture(bar.posture) for bar in result.bars_log or ()}
    counted["above the cap"] += sum(
        one.leverage > CAPS.get(postures[one.entry_bar], one.leverage) for one in result.trades
    )


def _first_bar(stage: Stage, number: int) -> int:
    """The bar at which burst `number` begins: about an entry of the quiet day."""
    turn, place = divmod(number // 2, len(stage.day.trades))
    bars: list[int] = (stage.day.frame.ts % DAY_NS // stage.day.frame.step_ns).tolist()
    entry = bars.index(stage.day.trades[place].entry_bar)
    if number % 2:
        return entry + 1 + turn % AFTER
    return max(0, entry - turn % (BEFORE + 1))


class Flipping:
    """An outside writer whose posture changes with every word; `last` is what it said last."""

    def __init__(self, stand: LoneStack, seed: int, number: int) -> None:
        self._stand, self._seed, self._stream = stand, seed, f"preflight/posture/{number}"
        self._targets = STERN if number % 2 else POSTURES
        self._said = self._drawn = 0
        self._last = APEX
        self.unreadable = False

    def say(self, posture: Posture, ts: int) -> Posture:
        """One word at session time `ts`, UTC ns; the posture that is then in force."""
        self._said += 1
        self._last, self.unreadable = posture, False
        self._stand.hear(
            PostureReported(posture, ts, self._said, writer=WRITER), max(0, ts - self._stand.now)
        )
        return posture

    def burst(self, close_ts: int) -> Posture:
        """The flips of the five seconds before a bar closes; the posture that is then in force."""
        before, last = self._last, self._target()
        turns = (last.rank - before.rank) % len(POSTURES)
        for flip in range(FLIPS_A_BAR):
            step = flip + 1 if flip < FLIPS_A_BAR - 1 else turns
            posture = POSTURES[(before.rank + step) % len(POSTURES)]
            self.say(posture, close_ts - (FLIPS_A_BAR - 1 - flip) * FLIP_NS)
        if self._draw() < UNREADABLE_SHARE:
            self.unreadable = True
            self._stand.hear(HealthObserved(REPORTS, ok=False))
            return TURTLE
        return last

    def _target(self) -> Posture:
        """What the bar will read."""
        if self._draw() < AGAIN_SHARE:
            return self._last
        return self._targets[int(self._draw() * len(self._targets))]

    def _draw(self) -> float:
        self._drawn += 1
        return draw(self._seed, self._stream, self._drawn)
