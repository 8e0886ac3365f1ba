"""The path of the batch engine: a plain loop over bars with the desk's pure functions, and integers for an account.

There is no sequencer, journal, agent, guard or database. What happens together in the session (one input and all it
causes, layer by layer) happens here in that order: all bars of a turn, all decisions, all orders, all fills.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import NamedTuple

from tradeworthy.core.candidates import Candidate
from tradeworthy.core.events import Event
from tradeworthy.desks.uptrend.checks import gates_of
from tradeworthy.desks.uptrend.engine import judge
from tradeworthy.desks.uptrend.episode_log import sample_of, skipped
from tradeworthy.desks.uptrend.episodes import Bar, Ended, take_bar
from tradeworthy.desks.uptrend.events import EngineJudged, PositionStatusChanged, SocialSignal
from tradeworthy.desks.uptrend.gates import judged
from tradeworthy.desks.uptrend.geometry import geometry
from tradeworthy.desks.uptrend.holdings import Pending, watch
from tradeworthy.desks.uptrend.names import TIMEFRAMES, Row, Status
from tradeworthy.desks.uptrend.technicals import technicals
from tradeworthy.desks.uptrend.trader import BARS_REACHED
from tradeworthy.desks.uptrend.uptrend_engine import BARS_LOOKED_AT, BARS_MIN
from tradeworthy.execution.fingerprint import fingerprint_of
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed
from tradeworthy.proving.parity.uptrend_account import Account, Closed, Sent
from tradeworthy.proving.parity.uptrend_around import Around
from tradeworthy.proving.parity.uptrend_bars import Turn, turns
from tradeworthy.proving.parity.uptrend_learning import Learning
from tradeworthy.proving.parity.uptrend_manager import Manager
from tradeworthy.proving.parity.uptrend_outcomes import Notes, UptrendOutcome
from tradeworthy.proving.parity.uptrend_rows import Rows, Standing
from tradeworthy.proving.parity.uptrend_subject import SECOND_NS, UptrendSubject
from tradeworthy.runtime.token_parts import overrides_of

BATCH = "batch engine"


class UptrendBatch(NamedTuple):
    """What the engine came to, and its orders and round trips for an outside engine to do again."""

    outcome: UptrendOutcome
    sent: tuple[Sent, ...]
    closed: tuple[Closed, ...]


def run_batch(subject: UptrendSubject, whole: Collection[int] = ()) -> UptrendBatch:
    """The desk over all its feed; records of session times in `whole` are kept as they are, others as digests."""
    began = time.perf_counter()
    loop = _Loop(subject, Notes(whole))
    for turn in turns(subject.rows(), subject.settings.market, subject.grace_ns, subject.end_ts):
        loop.learn_until(turn.ts)
        loop.take(turn)
    loop.learn_until(subject.end_ts)
    account = loop.account
    outcome = UptrendOutcome(
        BATCH,
        loop.notes,
        account.rows,
        fingerprint_of(account.rows),
        account.at_cost(),
        time.perf_counter() - began,
    )
    return UptrendBatch(outcome, tuple(account.sent), tuple(account.closed))


class _Loop:
    """All that the engine remembers between two turns."""

    def __init__(self, subject: UptrendSubject, notes: Notes) -> None:
        configuration, settings = subject.configuration, subject.settings
        self.desk, self.settings, self.notes = subject.name, settings, notes
        self.account = Account(
            subject.name,
            subject.instruments,
            subject.cash,
            subject.share_ppm,
            configuration.venue.participation,
        )
        self.rows = Rows(subject.name, settings)
        pending: dict[str, Pending] = {}
        self.around = Around(settings, configuration.pm_thresholds, self.rows, self.account, pending)
        table = overrides_of(configuration.starting_overrides)
        self.learning = Learning(configuration.learning, subject.feed.span()[0], table)
        self.manager = Manager(self.desk, settings.manager, self.around, configuration.learning, self.say)
        self.now = 0

    def say(self, event: Event) -> None:
        """Put what the desk did on record, and let learning see it."""
        self.notes.take(event, self.now)
        self.learning.take(event, self.now)

    def learn_until(self, ts: int) -> None:
        """Do the learning jobs that are due by session time `ts`."""
        while self.learning.due_ts <= ts:
            self.now = self.learning.due_ts
            changed = self.learning.run_due(self.now)
            if changed is not None:
                self.notes.take(changed, self.now)
        self.manager.overrides = self.learning.active

    def take(self, turn: Turn) -> None:
        """One turn to its end."""
        self.now = turn.ts
        if isinstance(turn.event, SocialSignal):
            self.rows.hear(turn.event, turn.ts, self.account.capital(), self.say)
        said = [one for bar in turn.bars if (one := self._bar(bar)) is not None]
        asked: list[tuple[Standing, Pending]] = []
        for standing, event in said:
            if self._is_logged(standing, event):
                self._log(standing, event)
            pending = self.manager.judge(standing, event.payload, self.now)
            if pending is not None:
                asked.append((standing, pending))
        for standing, pending in asked:
            self.manager.place(standing, pending, self.now)
        for standing, pending in asked:
            self.manager.fill(standing, pending, self.now)
        for standing, pending in asked:
            self.manager.finish(standing, pending, self.now)
        self.account.end_turn()

    # One bar

    def _bar(self, bar: BarClosed) -> tuple[Standing, EngineJudged] | None:
        self.account.last[bar.instrument] = bar
        place = Row(bar.instrument, bar.timeframe)
        column = self.rows.bars.get(place)
        if column is not None:
            column.append(bar.ts_event, (bar.open, bar.high, bar.low, bar.close, bar.volume))
        standing = self.rows.standing.get(place.key)
        if standing is not None:
            self._count(standing, place)
        self.around.see_bar(place, self.now)
        event = self._engine(standing, place) if standing is not None else None
        self._watch(bar)
        if standing is None or event is None:
            return None
        self.notes.take(event, self.now)
        self.notes.take_levels(standing.row.position, standing.levels, self.now)
        return standing, event

    def _count(self, standing: Standing, place: Row) -> None:
        """Let a dormant row be traded once it has its bars."""
        row = standing.row
        if row.status is not Status.DORMANT:
            return
        row.bars_count = self.rows.count(place)
        if row.bars_count >= row.bars_threshold:
            before, row.status = row.status, Status.WATCHLIST
            changed = PositionStatusChanged(
                self.desk, row.position, before, row.status, BARS_REACHED, row.bars_count
            )
            self.say(changed)

    def _engine(self, standing: Standing, place: Row) -> EngineJudged | None:
        """What the engine says of the row's newest bar."""
        row, market = standing.row, self.settings.market
        window = self.rows.window(place, BARS_LOOKED_AT)
        if len(window.ts) < min(BARS_MIN.get(place.timeframe, 0), row.bars_threshold):
            return None
        end = int(window.ts[-1]) + TIMEFRAMES_NS[place.timeframe]
        if not standing.levels_ts or end - standing.levels_ts >= market.geometry_every_s * SECOND_NS:
            standing.levels = geometry(window, row.chain, row.contract, end)
            standing.levels_ts = end
        gates = gates_of(self.settings.engine, self.around.read(place.timeframe))
        seen, dormant = technicals(window), row.status is Status.DORMANT
        payload, standing.memory = judge(
            standing.memory, window, seen, standing.levels, gates, dormant=dormant
        )
        return EngineJudged(self.desk, row.position, row.instrument, row.timeframe, row.status, payload)

    def _watch(self, bar: BarClosed) -> None:
        """Follow the price of what is held, and tell its worth from time to time."""
        for timeframe in TIMEFRAMES:
            one = self.rows.standing.get(Row(bar.instrument, timeframe).key)
            if one is None or not one.holding.trade:
                continue
            if timeframe == bar.timeframe:
                watch(one.holding, bar.low, bar.high)
            if self.now - one.holding.refreshed_ts >= self.settings.manager.refresh_every_s * SECOND_NS:
                self.manager.tell_books(one, "refresh", self.now)

    # Episodes

    def _is_logged(self, standing: Standing, event: EngineJudged) -> bool:
        """Whether the bar counts for the row's episodes."""
        traded = event.status in {Status.WATCHLIST, Status.ACTIVE}
        return traded and not event.payload.warmup and event.payload.bar_ts > standing.episodes.last_ts

    def _log(self, standing: Standing, event: EngineJudged) -> None:
        payload, manager = event.payload, self.settings.manager
        scope = self.around.scope(standing, self.around.levers(standing, payload))
        tuned = self.learning.active if manager.tuning_overrides else ()
        said = judged(payload, tuned, scope, self.manager.learning)
        for made in take_bar(standing.episodes, Bar(payload, said, scope, sample_of(payload)), self.desk):
            if not isinstance(made, Ended):
                self.say(made)
                continue
            self.say(made.event)
            if not made.window.acted:
                found: Candidate = skipped(made.event, made.window.last)
                self.say(found)
