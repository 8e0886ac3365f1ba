"""The trader: the book of rows, four for each token, and when each has bars enough to be judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from tradeworthy.core.agents import Agent, Answer, Context, State, on
from tradeworthy.core.events import Event, WokeUp
from tradeworthy.desks.uptrend.config import UptrendSettings
from tradeworthy.desks.uptrend.events import (
    Allocated,
    PositionsAllocated,
    PositionStatusChanged,
    RowOperated,
    SignalDecided,
)
from tradeworthy.desks.uptrend.names import Row, Status, part_name
from tradeworthy.learning.events import Scope
from tradeworthy.market.backfill import BackfillAnswered, RequestBackfill
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed

PART = "trader"
RECOUNT, RECOUNTED = "recount", "rows_recounted"
RECOUNT_NS = TIMEFRAMES_NS["1h"]

BARS_REACHED = "bars_reached"
OPEN_QUANTITY, OPEN_TRADE, NO_SUCH_ROW = "open_quantity", "open_trade", "no_such_row"
"""Why a person's word on rows is not followed."""

NOT_ASKED, ASKED, FAILED, ANSWERED = "", "asked", "failed", "answered"

_HELD_BACK = (Status.PAUSED, Status.ARCHIVED)


class BarCounts(Protocol):
    """What the trader needs of the bar history."""

    def count(self, row: Row) -> int:
        """How many bars of the row are kept."""


class RowState(State):
    """One token on one timeframe. `cap` is the most it may deploy (cash units), `decision` the seq of its decision.

    `allocation_pct` is in percent of the capital; `trade` is the open trade's id ("": none); `backfill` says how far
    the request for its history is ("", asked, failed or answered).
    """

    position: str
    instrument: str
    timeframe: str
    chain: str
    contract: str
    ticker: str
    cap: int
    allocation_pct: float
    split: float
    status: Status
    entry_context: Scope
    curator_sources: tuple[str, ...]
    bars_count: int
    bars_threshold: int
    created_ts: int
    decision: int
    trade: str = ""
    backfill: str = NOT_ASKED


class TraderState(State):
    """The rows by key, in order of creation; backfills under way (request to row), and how many were asked so far.

    `decided` holds the seq of the decision whose rows are about to come, by instrument.
    """

    rows: dict[str, RowState] = {}
    asked: dict[str, str] = {}
    requests: int = 0
    decided: dict[str, int] = {}


class Trader(Agent):
    """The only one who makes rows.

    `holding_lots` gives the lots held under a row's key; the desk sets it, because who holds them is made later.
    """

    holding_lots: Callable[[str], int]

    def __init__(self, desk: str, settings: UptrendSettings, history: BarCounts) -> None:
        self._market, self._history = settings.market, history
        self._pools = {one.instrument: one.pool for one in settings.tokens}
        super().__init__(part_name(desk, PART), TraderState(), desk=desk)

    # What the desk's other parts read

    def row(self, key: str) -> RowState | None:
        """The row of that key, to be read, or None."""
        found: RowState | None = self.state.rows.get(key)
        return found

    def rows(self) -> list[RowState]:
        """All rows, in order of creation."""
        return list(self.state.rows.values())

    def bars_count(self, row: Row) -> int:
        """Bars of the row that are kept."""
        return self._history.count(row)

    # Rows

    @on(SignalDecided)
    def hear(self, decided: SignalDecided, context: Context) -> None:
        """Keep the decision's seq for the rows that follow it."""
        if decided.desk == self.desk and decided.approved:
            self.state.decided[decided.instrument] = context.seq

    @on(PositionsAllocated)
    def allocate(self, event: PositionsAllocated, context: Context) -> Answer:
        """Make the rows or take over what the new decision says of them, and ask for missing history.

        A decision speaks of all four; what the run before this one handed over, of those that hold something.
        """
        if event.desk != self.desk:
            return None
        decision = self.state.decided.pop(event.instrument, 0)
        for one in event.rows:
            known = self.row(one.position)
            if known is None:
                self.state.rows[one.position] = _made(event, one, decision, context.now)
            else:
                known.cap, known.split, known.allocation_pct = one.cap, one.split, one.allocation_pct
                known.entry_context, known.curator_sources = event.entry_context, event.curator_sources
                known.decision = decision
        context.wake_at(_next_recount(context.now), RECOUNT, late_ok=True)
        return [made for one in event.rows for made in self._ask(self.state.rows[one.position])]

    def _ask(self, row: RowState) -> Iterator[RequestBackfill]:
        """A request where the feed makes such bars and fewer than the target are there, unless one is under way."""
        market = self._market
        target = max(market.backfill_bars, row.bars_threshold)
        wanted = market.backfill and row.timeframe in market.bars and row.backfill in {NOT_ASKED, FAILED}
        if not wanted or self._count(row) >= target:
            return
        self.state.requests += 1
        key = f"{self.desk}/{row.position}/{self.state.requests}"
        self.state.asked[key] = row.position
        row.backfill = ASKED
        pool = self._pools.get(row.instrument, "")
        yield RequestBackfill(key, row.instrument, row.timeframe, target, row.chain, row.contract, pool)

    # Bars

    @on(BarClosed)
    def count_bar(self, bar: BarClosed, _: Context) -> Answer:
        """Let the row go from dormant to watchlist at the bar that makes its history long enough."""
        row = self.row(Row(bar.instrument, bar.timeframe).key)
        return self._wake_row(row) if row is not None else None

    @on(BackfillAnswered)
    def take_history(self, answer: BackfillAnswered, _: Context) -> Answer:
        """Count again; a request that failed may be asked again at the next recount."""
        asked = self.row(self.state.asked.pop(answer.key, ""))
        if asked is not None:
            asked.backfill = FAILED if answer.error else ANSWERED
        row = self.row(Row(answer.instrument, answer.timeframe).key)
        return self._wake_row(row) if row is not None else None

    @on(WokeUp)
    def recount(self, _: WokeUp, context: Context) -> Answer:
        """Count the bars of rows that wait for them once an hour, and ask again for a history that did not come."""
        waiting = [row for row in self.rows() if self._is_waiting(row)]
        made: list[Event | str] = [RECOUNTED]
        for row in waiting:
            if changed := self._wake_row(row):
                made.append(changed)
            elif row.backfill == FAILED:
                made += self._ask(row)
        if waiting:
            context.wake_at(_next_recount(context.now), RECOUNT, late_ok=True)
        return made

    def _is_waiting(self, row: RowState) -> bool:
        """Whether the row has too few bars to be traded; one that was taken over is active all the same."""
        if row.status is Status.ACTIVE and row.bars_count < row.bars_threshold:
            return self._count(row) < row.bars_threshold
        return row.status is Status.DORMANT

    def _wake_row(self, row: RowState) -> PositionStatusChanged | None:
        if row.status is not Status.DORMANT or self._count(row) < row.bars_threshold:
            return None
        return self._changed(row, Status.WATCHLIST, BARS_REACHED)

    def _count(self, row: RowState) -> int:
        row.bars_count = self._history.count(Row(row.instrument, row.timeframe))
        return row.bars_count

    # Status

    @on(PositionStatusChanged)
    def follow(self, event: PositionStatusChanged, _: Context) -> None:
        """Take over what the position manager says of a row."""
        row = self.row(event.position)
        if event.desk == self.desk and row is not None:
            row.status, row.trade = event.status, event.trade

    @on(RowOperated)
    def operate(self, event: RowOperated, _: Context) -> Answer:
        """Pause or archive rows, or bring them back (any other status): to watchlist if they have bars, else dormant.

        A row that holds something, or whose trade is still open, stays as it is.
        """
        chosen = [
            row
            for row in self.rows()
            if row.instrument == event.instrument and event.timeframe in {"", row.timeframe}
        ]
        if not chosen:
            return NO_SUCH_ROW
        made: list[Event | str] = []
        for row in chosen:
            back = event.status not in _HELD_BACK
            if self.holding_lots(row.position):
                made.append(OPEN_QUANTITY)
            elif row.status is Status.ACTIVE:
                made.append(OPEN_TRADE)
            elif not back and row.status is not event.status:
                made.append(self._changed(row, event.status, event.reason))
            elif back and row.status in _HELD_BACK:
                enough = self._count(row) >= row.bars_threshold
                made.append(self._changed(row, Status.WATCHLIST if enough else Status.DORMANT, event.reason))
        return made

    def _changed(self, row: RowState, status: Status, reason: str) -> PositionStatusChanged:
        before, row.status = row.status, status
        return PositionStatusChanged(self.desk, row.position, before, status, reason, row.bars_count)


def _made(event: PositionsAllocated, row: Allocated, decision: int, now: int) -> RowState:
    return RowState(
        position=row.position,
        instrument=event.instrument,
        timeframe=row.timeframe,
        chain=event.chain,
        contract=event.contract,
        ticker=event.ticker,
        cap=row.cap,
        allocation_pct=row.allocation_pct,
        split=row.split,
        status=row.status,
        entry_context=event.entry_context,
        curator_sources=event.curator_sources,
        bars_count=row.bars_count,
        bars_threshold=row.bars_threshold,
        created_ts=now,
        decision=decision,
    )


def _next_recount(now: int) -> int:
    return (now // RECOUNT_NS + 1) * RECOUNT_NS
